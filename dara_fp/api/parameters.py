"""What stands in an address: read, checked, and told in the OpenAPI document."""

import base64
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from starlette.requests import Request

from dara_fp.api.problems import Rejected
from dara_fp.store.records import State

__all__ = [
    "AFTER",
    "CURSOR",
    "LAST_EVENT_ID",
    "OWNER",
    "SIGNAL",
    "START",
    "STATE",
    "TASK_ID",
    "WORKFLOW",
    "cursor_of",
    "limit_parameter",
    "opaque",
    "refuse_parameter",
    "state_of",
    "text_of",
    "whole_number",
]

_LAST_EVENT = 2**62
_LONGEST_TEXT = 200


def _described(where: str, name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        "schema": schema,
    }


_TEXT = {"type": "string", "maxLength": _LONGEST_TEXT}
_NUMBER = {"type": "integer", "minimum": 0}

TASK_ID = _described("path", "task_id", "What the start of the task answered.", _TEXT)
SIGNAL = _described("path", "name", "What the workflow waits for.", _TEXT)
WORKFLOW = _described("query", "workflow", "Only tasks of this workflow.", _TEXT)
OWNER = _described("query", "owner", "Only tasks that this user started.", _TEXT)
CURSOR = _described("query", "cursor", "The `next` of the page before.", {"type": "string"})
START = _described(
    "query",
    "from",
    "Path of the step to go on from; the one that failed if left out.",
    {"type": "string", "maxLength": 1000},
)
STATE = _described(
    "query",
    "state",
    "Only tasks in this state.",
    {"type": "string", "enum": [state.value for state in State]},
)
AFTER = _described("query", "after", "Only events with a higher number.", {**_NUMBER, "default": 0})
LAST_EVENT_ID = _described(
    "header", "Last-Event-ID", "The same as `after`; browsers send it.", _NUMBER
)


def limit_parameter(default: int, most: int) -> dict[str, Any]:
    """Describe how many things a page holds."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return _described("query", "limit", "How many to give at most.", schema)


def text_of(request: Request, parameter: Mapping[str, Any]) -> str | None:
    """Give the text of a query *parameter*, or None if it is not there or empty.

    Raises:
        Rejected: 422 for a text that is too long.
    """
    name: str = parameter["name"]
    text = request.query_params.get(name) or None
    longest = parameter["schema"].get("maxLength", _LONGEST_TEXT)
    if text is not None and len(text) > longest:
        refuse_parameter(name, f"has {len(text)} characters: give {longest} at most")
    return text


def state_of(request: Request) -> State | None:
    """Give the state that the query asks for, or None.

    Raises:
        Rejected: 422 for what is no state.
    """
    text = text_of(request, STATE)
    if text is not None and text not in set(State):
        refuse_parameter("state", f"is {text!r}: give {', '.join(State)}")
    return State(text) if text else None


def whole_number(
    text: str | None, name: str, default: int, *, least: int = 0, most: int = _LAST_EVENT
) -> int:
    """Give the number in *text*, or *default* if there is none.

    Raises:
        Rejected: 422 for what is no whole number from *least* to *most*.
    """
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,19}", text) or not least <= int(text) <= most:
        refuse_parameter(name, f"is {text!r:.100}: give a whole number from {least} to {most}")
    return int(text)


def opaque(cursor: str | None) -> str | None:
    """Give *cursor* in a form that nobody is tempted to read or to make.

    >>> opaque("7.5 a")
    'Ny41IGE'
    """
    if cursor is None:
        return None
    return base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")


def cursor_of(request: Request) -> str | None:
    """Give what `opaque` was given, from the query; None for the first page.

    Raises:
        Rejected: 422 for what `opaque` never gave.
    """
    text = text_of(request, CURSOR)
    if text is None:
        return None
    try:
        return base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        ).decode()
    except ValueError:
        refuse_cursor()


def refuse_cursor() -> NoReturn:
    """Refuse a cursor that no page gave."""
    refuse_parameter("cursor", "is none that a page gave: begin without it")


def refuse_parameter(name: str, message: str) -> NoReturn:
    """Refuse the request because of its parameter *name*.

    Raises:
        Rejected: Always.
    """
    raise Rejected(
        422, "INVALID_PARAMETERS", f"The parameter {name} {message}", problems={name: message}
    )
