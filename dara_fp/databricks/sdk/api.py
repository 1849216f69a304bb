"""What an asynchronous service uses in the place of the SDK's `ApiClient`: our own calls."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import date, timedelta
from enum import Enum
from typing import Any, cast
from urllib.parse import quote

import attrs

from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Calls, Request
from dara_fp.databricks.http.doubt import not_to_be_repeated
from dara_fp.databricks.sdk.failures import seen
from dara_fp.databricks.sdk.streams import Stream

__all__ = ["Api", "Facts"]

_STRAY = re.compile("%(?![0-9A-Fa-f]{2})")
# Not "?" and "#": a name that holds one must not end the path and hit another thing.
_KEPT = "%!$&'()*+,/:;=@[]~"

# What is sent by POST and changes nothing, in the services of databricks-sdk 0.36 to 0.162.
_READS = re.compile(
    r"/api/2\.\d/(vector-search/indexes/[^/]+/(query|query-next-page|scan)"
    r"|vector-search/endpoints/[^/]+/metrics"
    r"|ai-search/.+:(query|scan)"
    r"|mlflow/(experiments|logged-models|runs)/search"
    r"|mlflow/registered-models/get-latest-versions"
    r"|clusters/events)"
)
_ASKS = re.compile(r"/serving-endpoints/[^/]+/invocations")  # which costs, so it is sent once


@attrs.frozen(kw_only=True)
class Facts:
    """What services read of their client's configuration.

    Attributes:
        host: Address of the workspace or the account console.
        workspace_id: Id of the workspace, sent along where given.
        account_id: Id of the account.
        host_type: Never known; SDK 0.85 to 0.100 ask for it.
    """

    host: str
    workspace_id: str | None = None
    account_id: str | None = None
    host_type: None = None


class Api:
    """Makes the calls of services, with the parameters that the SDK's client has."""

    def __init__(self, calls: Calls, facts: Facts) -> None:
        """Make *calls* for services that read *facts*."""
        self._calls = calls
        self._cfg = facts

    @property
    def account_id(self) -> str | None:
        """Tell the account."""
        return self._cfg.account_id

    async def do(
        self,
        method: str,
        path: str = "",
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        raw: bool = False,
        response_headers: Sequence[str] | None = None,
        **more: Any,
    ) -> Any:
        """Make one call.

        Args:
            method: Verb.
            path: Path from the root, names in it as they are.
            query: Parameters.
            headers: More headers.
            body: What to send as JSON.
            raw: Whether to answer a stream of bytes, under `contents`.
            response_headers: Headers to put into the answer.
            more: What generated services do not use: forms, files, other addresses.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
            ValueError: *body* holds NaN or infinity.
            TypeError: *body* holds what cannot be sent.
            NotImplementedError: There is *more*.
        """
        if used := [name for name, value in more.items() if value is not None]:
            raise NotImplementedError(
                f"{method} {path}: the installed databricks-sdk sends this with"
                f" {' and '.join(used)}, which is not offered here: use workspace.files for files,"
                " or databricks.sdk.WorkspaceClient in a thread"
            )
        typed = {} if body is None else {"Content-Type": "application/json"}
        request = Request(
            method=method,
            path=_quoted(path),
            query=query,
            headers={**typed, **(headers or {})},
            body=None if body is None else Body(_json(body)),
            reads=any(route.fullmatch(path) for route in (_READS, _ASKS)),
            idempotent=_repeatable(path, body),
        )
        wanted = response_headers or ()
        if raw:
            reply = await self._calls.open(request)
            return {**_picked(reply.headers, wanted), "contents": Stream(reply)}
        # Whoever calls again has another token.
        with not_to_be_repeated() if _has_token(body) else nullcontext():
            answer = await self._calls.answer(request)
            seen(answer)
            content: Any = answer.decoded(cast("type[Any]", Any))
        if isinstance(content, dict):
            return {**_picked(answer.headers, wanted), **cast("dict[str, Any]", content)}
        return content

    async def send_form(self, path: str, fields: Mapping[str, str | None], content: bytes) -> None:
        """Post *fields* and a file, *content*, as a browser's form does.

        Args:
            path: Path from the root.
            fields: The form's texts; None is left out.
            content: The file.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        border = secrets.token_hex(16)
        request = Request(
            method="POST",
            path=_quoted(path),
            headers={"Content-Type": f"multipart/form-data; boundary={border}"},
            body=Body(b"".join(_form(border, fields, content))),
        )
        await self._calls.answer(request)


def _form(border: str, fields: Mapping[str, str | None], content: bytes) -> Iterator[bytes]:
    for name, value in fields.items():
        if value is not None:
            yield _part(border, f'name="{name}"') + value.encode()
    yield _part(border, 'name="content"; filename="content"') + content
    yield f"\r\n--{border}--\r\n".encode()


def _part(border: str, naming: str) -> bytes:
    return f"\r\n--{border}\r\nContent-Disposition: form-data; {naming}\r\n\r\n".encode()


def _picked(headers: Mapping[str, str], wanted: Sequence[str]) -> dict[str, str | None]:
    return {name: headers.get(name) for name in wanted}


def _repeatable(path: str, body: Any) -> bool | None:
    """Tell whether a call may take effect twice without harm, where more than its verb tells."""
    if _has_token(body):
        return True
    return False if _ASKS.fullmatch(path) else None


def _has_token(body: Any) -> bool:
    """Tell whether the workspace does what *body* says once, however often it comes."""
    return isinstance(body, dict) and bool(cast("dict[str, object]", body).get("idempotency_token"))


def _quoted(path: str) -> str:
    """Quote *path*, leaving what is quoted already.

    >>> _quoted("/api/2.1/unity-catalog/tables/main.a b.c#1/50%/x%20y")
    '/api/2.1/unity-catalog/tables/main.a%20b.c%231/50%25/x%20y'
    """
    return quote(_STRAY.sub("%25", path), safe=_KEPT)


def _json(body: Any) -> bytes:
    return json.dumps(body, allow_nan=False, default=_plain, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """Give *value*, which stands in a field that takes anything, as the SDK sends it."""
    for writing in ("as_dict", "ToJsonString"):
        if callable(write := getattr(value, writing, None)):
            return write()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds()}s"
    if isinstance(value, Enum):
        return value.value
    raise TypeError(
        f"a {type(value).__name__} cannot be sent as JSON: give it as a str, number, list or dict"
    )
