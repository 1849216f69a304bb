"""One call as the API describes it, and what it was answered."""

from collections.abc import Mapping
from typing import Any, Self, TypeVar

import attrs
import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import UnexpectedAnswer
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.redaction import hiding
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.http.request_ids import request_id_of
from dara_fp.databricks.http.transport import Reply

__all__ = ["MAX_JSON", "Answer", "Request"]

T = TypeVar("T")

MAX_JSON = 100 * 1024 * 1024
"""Bytes of the longest JSON answer that is read."""

_READING = frozenset({"GET", "HEAD"})
_IDEMPOTENT = _READING | {"PUT", "DELETE"}


@attrs.frozen(kw_only=True)
class Request:
    """One call to the workspace, as the API describes it.

    Attributes:
        method: Verb.
        path: Path from the root, already quoted.
        query: Parameters; None is left out, a list repeats its key, a mapping is dotted.
        headers: Headers beside those every call has; `Authorization` takes our own one's place.
        body: What to send.
        reads: Whether it changes nothing, as a query that is sent by POST; it is never in doubt.
        idempotent: Whether the call may take effect twice without harm; None asks the verb, and
            whether it reads.
        secrets: What no error about the call may show, beside our credentials.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = attrs.field(default=None, repr=False)  # it may hold a token
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: Body | None = None
    reads: bool = False
    idempotent: bool | None = None
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def name(self) -> str:
        """Name the call without its query."""
        return f"{self.method} {self.path}"

    @property
    def only_reads(self) -> bool:
        """Tell whether the call changes nothing."""
        return self.reads or self.method in _READING

    @property
    def may_repeat(self) -> bool:
        """Tell whether the call may take effect twice without harm."""
        if self.idempotent is not None:
            return self.idempotent
        return self.reads or self.method in _IDEMPOTENT

    @property
    def resendable(self) -> bool:
        """Tell whether the body, if any, can be sent once more."""
        return self.body is None or self.body.resendable


@attrs.frozen(kw_only=True)
class Answer:
    """An answer that was read to its end.

    Attributes:
        call: What was asked.
        status: HTTP status.
        headers: Its headers; names are found in any case.
        content: Its body.
        secrets: What no error about it may show.
        repeatable: Whether the call may be made twice without harm; where it may not, an answer
            that is not understood leaves it in doubt.
    """

    call: str
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    content: bytes = attrs.field(repr=False)
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    repeatable: bool = True

    @classmethod
    def of(cls, reply: Reply, call: str, content: bytes, *, repeatable: bool = True) -> Self:
        """Give what *reply* to *call* brought, its body being *content*."""
        return cls(
            call=call,
            status=reply.status,
            headers=reply.headers,
            content=content,
            secrets=reply.secrets,
            repeatable=repeatable,
        )

    @property
    def request_id(self) -> str | None:
        """Tell the service's id of the request."""
        return request_id_of(self.headers, secrets=self.secrets)

    def decoded(self, wanted: type[T]) -> T:
        """Give the content as *wanted*; nothing and `null` are an empty object.

        Raises:
            UnexpectedAnswer: The content is something else.
        """
        content = b"{}" if self.content.strip() in {b"", b"null"} else self.content
        with hiding(self.secrets):
            return self._decoded(content, wanted)

    def unexpected(self, said: str) -> UnexpectedAnswer:
        """Give the error of this answer, which is not what the API promises: *said* tells why."""
        error = StepError(
            message=f"{self.call}: {said}",
            status=self.status,
            request_id=self.request_id,
            in_doubt=not self.repeatable,
        )
        return UnexpectedAnswer(error)

    def secret(self, wanted: type[T]) -> T:
        """Give the content as *wanted*; an error shows nothing of it: addresses are permissions.

        Raises:
            UnexpectedAnswer: The content is something else.
        """
        try:
            return self.decoded(wanted)
        except UnexpectedAnswer as error:
            hidden = error.changed(
                message=f"{self.call}: the answer, which is kept secret, is not what the API"
                " promises: check that the host is a workspace"
            )
        # Raised out here, it does not carry the one that quotes the answer as its context.
        raise hidden.with_traceback(None)

    def _decoded(self, content: bytes, wanted: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=wanted, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self.unexpected(
                f"answered {excerpt(content, secrets=self.secrets)!r}, which is not the JSON it"
                f" promises ({error}): check that the host is a workspace"
            ) from None
