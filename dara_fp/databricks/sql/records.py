"""What the Statement Execution API answers, as frozen records, and the error of a statement."""

from collections.abc import Mapping
from typing import Any

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.refusals import excerpt

__all__ = ["Chunk", "Column", "Link", "Manifest", "Statement", "StatementFailed", "succeeded"]

_SAID = 4_000
_ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "CLOSED"})
_KINDS = {
    "ABORTED": Kind.CONFLICT,
    "ALREADY_EXISTS": Kind.CONFLICT,
    "BAD_REQUEST": Kind.REJECTED,
    "CANCELLED": Kind.CANCELLED,
    "DEADLINE_EXCEEDED": Kind.TIMEOUT,
    "NOT_FOUND": Kind.REJECTED,
    "UNAUTHENTICATED": Kind.REJECTED,
}
_PASSING = frozenset(
    {
        "RESOURCE_EXHAUSTED",
        "SERVICE_UNDER_MAINTENANCE",
        "TEMPORARILY_UNAVAILABLE",
        "WORKSPACE_TEMPORARILY_UNAVAILABLE",
    },
)


class StatementFailed(DatabricksError):
    """A SQL statement ended, and not well; `error.error_code` is the service's own code."""


@attrs.frozen(kw_only=True)
class Column:
    """A column of a result.

    Attributes:
        name: Its name, which need not be unique.
        type_name: Kind of type, such as `LONG`.
        type_text: The type in SQL, such as `BIGINT` or `ARRAY<STRING>`.
        type_precision: Digits of a decimal.
        type_scale: Digits of a decimal after the point.
    """

    name: str = ""
    type_name: str = ""
    type_text: str = ""
    type_precision: int | None = None
    type_scale: int | None = None


@attrs.frozen(kw_only=True)
class ResultSchema:
    """The columns of a result, in order."""

    columns: tuple[Column, ...] = ()


@attrs.frozen(kw_only=True)
class Manifest:
    """What a result is made of; *truncated* where there would have been more."""

    format: str = ""
    schema: ResultSchema = ResultSchema()
    total_byte_count: int = 0
    total_chunk_count: int = 0
    total_row_count: int = 0
    truncated: bool = False


@attrs.frozen(kw_only=True)
class _Part:
    """What is told of a part of a result; None is not told.

    Attributes:
        chunk_index: Its number, from 0.
        row_offset: How many rows come before it.
        row_count: How many rows it has.
        byte_count: How many bytes it has.
    """

    chunk_index: int = 0
    row_offset: int | None = None
    row_count: int | None = None
    byte_count: int | None = None


@attrs.frozen(kw_only=True)
class Link(_Part):
    """Where a chunk of a result lies; the address is the permission, so it is never shown."""

    external_link: str = attrs.field(repr=False)
    expiration: str = ""
    http_headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Chunk(_Part):
    """A part of a result: its rows, or where they lie."""

    data_array: tuple[tuple[Any, ...], ...] = attrs.field(default=(), repr=False)
    external_links: tuple[Link, ...] = ()


@attrs.frozen(kw_only=True)
class ServiceError:
    """Why a statement failed."""

    error_code: str | None = None
    message: str = ""


@attrs.frozen(kw_only=True)
class StatementStatus:
    """How far a statement is."""

    state: str = "UNKNOWN"
    error: ServiceError | None = None
    sql_state: str | None = None


@attrs.frozen(kw_only=True)
class Statement:
    """A statement, how far it is, and the beginning of its result once it has succeeded.

    Attributes:
        statement_id: Names it.
        status: How far it is.
        manifest: What the result is made of.
        result: The beginning of the result.
        http_status: Status of the answer that told all this.
        request_id: The workspace's id of the request that was answered so.
    """

    statement_id: str
    status: StatementStatus = StatementStatus()
    manifest: Manifest | None = None
    result: Chunk | None = None
    http_status: int | None = None
    request_id: str | None = None

    @property
    def state(self) -> str:
        """Tell where it is, such as `RUNNING`."""
        return self.status.state

    @property
    def has_ended(self) -> bool:
        """Tell whether it is over, well or not."""
        return self.state in _ENDED


def succeeded(statement: Statement) -> Statement:
    """Give *statement* if it has ended well.

    Raises:
        StatementFailed: It has not; the error has the code, the SQLSTATE and the message.
    """
    if statement.state == "SUCCEEDED":
        return statement
    error = statement.status.error or ServiceError()
    code = error.error_code or {"CANCELED": "CANCELLED"}.get(statement.state)
    said = excerpt(error.message, _SAID) or _UNSAID.get(
        statement.state, "the workspace says no more"
    )
    state = f" (SQLSTATE {statement.status.sql_state})" if statement.status.sql_state else ""
    raise StatementFailed(
        StepError(
            kind=_KINDS.get(code or "", Kind.FAILED),
            message=f"statement {statement.statement_id} ended {statement.state}{state}: {said}",
            status=statement.http_status,
            error_code=code or statement.state,
            request_id=statement.request_id,
            retryable=code in _PASSING,
        ),
    )


_UNSAID = {
    "CANCELED": "it was cancelled",
    "CLOSED": "its result was closed, or is older than an hour: run it again",
}
