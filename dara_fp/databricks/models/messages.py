"""What Genie says: questions, their answers, and the rows behind them."""

from typing import Any

import attrs

from dara_fp.databricks.errors import DatabricksError

__all__ = [
    "Attachment",
    "Message",
    "MessageError",
    "MessageFailed",
    "Query",
    "QueryRows",
    "Text",
]

_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "QUERY_RESULT_EXPIRED"})


class MessageFailed(DatabricksError):
    """A question to Genie ended without an answer; its `error_code` is the status or Genie's."""


@attrs.frozen(kw_only=True)
class Query:
    """The SQL that answers a question: what it does, the statement, and its id where it ran."""

    title: str = ""
    description: str = ""
    query: str = ""
    statement_id: str | None = None


@attrs.frozen(kw_only=True)
class Text:
    """The part of an answer that is words."""

    content: str = ""


@attrs.frozen(kw_only=True)
class Attachment:
    """One part of an answer: a text or a query, which has an id."""

    attachment_id: str | None = None
    query: Query | None = None
    text: Text | None = None


@attrs.frozen(kw_only=True)
class MessageError:
    """Why there is no answer: Genie's words and its code."""

    error: str = ""
    type: str | None = None


@attrs.frozen(kw_only=True)
class Message:
    """A question to a space, and its answer once it has ended.

    Attributes:
        content: The question.
        status: Such as `ASKING_AI`; `COMPLETED` where there is an answer.
        attachments: The parts of the answer.
    """

    space_id: str
    conversation_id: str
    message_id: str
    content: str = ""
    status: str = "UNKNOWN"
    attachments: tuple[Attachment, ...] = ()
    error: MessageError | None = None

    @property
    def has_ended(self) -> bool:
        """Tell whether nothing more will come."""
        return self.status in _ENDED

    @property
    def text(self) -> str:
        """Give the answer in words; empty where it is only a query."""
        parts = [part.text.content for part in self.attachments if part.text is not None]
        return "\n".join(part for part in parts if part)

    @property
    def queries(self) -> tuple[Attachment, ...]:
        """Give the parts of the answer that are queries."""
        return tuple(part for part in self.attachments if part.query is not None)


@attrs.frozen(kw_only=True)
class QueryRows:
    """The beginning of what a query of an answer gave.

    Attributes:
        columns: Their names.
        rows: Values as the workspace writes them: text, or None.
        row_count: How many rows there are in all, where the workspace tells.
        is_truncated: Whether there are more than it keeps.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    row_count: int | None = None
    is_truncated: bool = False

    @property
    def records(self) -> tuple[dict[str, Any], ...]:
        """Give the rows as mappings from column to value."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)
