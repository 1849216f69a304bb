"""Starting once, however often the request is sent: by the header `Idempotency-Key`."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from dara_fp.api.bodies import Given
from dara_fp.api.problems import Rejected
from dara_fp.core.codec import codec_of
from dara_fp.core.workflow import Workflow

__all__ = ["KEY_PARAMETER", "digest_of", "idempotency_key", "key_reused", "task_id_of"]

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ID_LENGTH = 32

KEY_PARAMETER: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names this start, so that it can be sent again: the same key with the same "
    "body gives the same task, with another body 422. One to 200 visible ASCII characters, such "
    "as a UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}
"""How the header is told in the OpenAPI document."""


def idempotency_key(request: Request) -> str | None:
    """Give the key of *request*, or None if it has none.

    Raises:
        Rejected: 400 for a key that is empty, too long, or not visible ASCII; or for several.
    """
    found = request.headers.getlist("idempotency-key")
    if not found:
        return None
    if len(found) > 1 or not _KEY.fullmatch(found[0]):
        detail = (
            f"The header Idempotency-Key is {', '.join(found)!r:.220}: give one key of 1 to 200 "
            "visible ASCII characters, such as a UUID"
        )
        raise Rejected(400, "INVALID_IDEMPOTENCY_KEY", detail)
    return found[0]


def task_id_of(workflow: str, owner: str | None, key: str) -> str:
    """Give the id of the task that *key* stands for, the same whenever it is asked.

    >>> task_id_of("count", None, "k") == task_id_of("count", None, "k")
    True
    >>> task_id_of("count", None, "k") == task_id_of("count", "ann", "k")
    False
    """
    named = msgspec.json.encode((workflow, owner, key))
    return hashlib.sha256(named).hexdigest()[:_ID_LENGTH]


def digest_of(
    workflow: Workflow[Any, Any], given: Given, files: Mapping[str, tuple[str, ...]]
) -> str:
    """Tell what was *given* to *workflow* from anything else.

    It is taken from the decoded values, so order and white space of the body do not matter; and
    only from the fields that were given, since defaults may be drawn anew each time.

    Args:
        workflow: Whose context it is.
        given: What the request gave.
        files: Digests of the files' contents by field; where they were put does not matter.
    """
    context = codec_of(workflow.context).encode(given.context)
    values = msgspec.json.decode(context, type=dict[str, Any])
    kept = {
        name: _without_paths(values[name]) if name in files else values[name]
        for name in given.fields
    }
    body = msgspec.json.encode((kept, files), order="deterministic")
    return hashlib.sha256(body).hexdigest()


def key_reused() -> Rejected:
    """Give the answer for a key that came with another body before."""
    detail = (
        "This Idempotency-Key came with another body before: send that body again to get its "
        "task, or a new key to start another one"
    )
    return Rejected(422, "IDEMPOTENCY_KEY_REUSED", detail)


def _without_paths(uploads: dict[str, Any] | list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out where *uploads*, one or several, were put."""
    several = uploads if isinstance(uploads, list) else [uploads]
    return [{name: value for name, value in one.items() if name != "path"} for one in several]
