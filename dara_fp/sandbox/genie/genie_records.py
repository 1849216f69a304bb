"""What Genie knows: spaces with the questions they have SQL for, and conversations in them."""

import re
import time
import unicodedata
import uuid
from enum import StrEnum

import attrs
import msgspec

from dara_fp.sandbox.server.errors import missing
from dara_fp.sandbox.server.wire import parse

__all__ = [
    "ENDED",
    "Attachment",
    "Conversation",
    "Example",
    "Message",
    "Space",
    "Status",
    "examples_of",
    "new_id",
    "now",
]

_WORD = re.compile(r"\w+")


class Status(StrEnum):
    """How far a message is."""

    SUBMITTED = "SUBMITTED"
    EXECUTING_QUERY = "EXECUTING_QUERY"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    QUERY_RESULT_EXPIRED = "QUERY_RESULT_EXPIRED"


ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})


@attrs.frozen(kw_only=True)
class Example:
    """A question that a space has SQL for."""

    question: str
    sql: str


class _Written(msgspec.Struct):
    question: str | tuple[str, ...] = ""
    sql: str | tuple[str, ...] = ""


class _Instructions(msgspec.Struct):
    example_question_sqls: tuple[_Written, ...] = ()


class _Serialized(msgspec.Struct):
    instructions: _Instructions = msgspec.field(default_factory=_Instructions)


def examples_of(serialized_space: str) -> list[Example]:
    """Give the questions with SQL in *serialized_space*: its `instructions.example_question_sqls`.

    One without words would fit whatever has none, and one without SQL has no answer.

    Raises:
        ApiError: 400; it is no JSON of a space.
    """
    read = parse(serialized_space, _Serialized, "serialized_space")
    found = (
        Example(question=" ".join(_lines(known.question)), sql="\n".join(_lines(known.sql)))
        for known in read.instructions.example_question_sqls
    )
    return [known for known in found if _plain(known.question) and known.sql.strip()]


@attrs.frozen(kw_only=True)
class Space:
    """A space; times are in ms since 1970, *etag* is another one after each change."""

    space_id: str
    title: str
    description: str
    warehouse_id: str
    parent_path: str
    serialized_space: str
    created: int
    updated: int
    etag: str

    @property
    def examples(self) -> list[Example]:
        """The questions it has SQL for."""
        return examples_of(self.serialized_space)

    def example(self, question: str) -> Example | None:
        """Give what it has for *question*, in whatever case, spaces and punctuation."""
        asked = _plain(question)
        return next((known for known in self.examples if _plain(known.question) == asked), None)


@attrs.frozen(kw_only=True)
class Attachment:
    """A part of an answer: words, or a query and the statement that ran it."""

    attachment_id: str
    text: str = ""
    query: str = ""
    question: str = ""
    statement_id: str = ""
    row_count: int = 0
    truncated: bool = False


@attrs.frozen(kw_only=True)
class Message:
    """A question, and how it was answered; times are in ms since 1970."""

    message_id: str
    content: str
    created: int
    updated: int
    status: Status = Status.SUBMITTED
    attachments: tuple[Attachment, ...] = ()
    error: str = ""
    error_type: str = ""

    @property
    def query(self) -> Attachment | None:
        """The query among its attachments."""
        return next((known for known in self.attachments if known.query), None)


@attrs.frozen(kw_only=True)
class Conversation:
    """Questions in a space, the oldest first."""

    conversation_id: str
    space_id: str
    title: str
    created: int
    messages: tuple[Message, ...] = ()

    def message(self, message_id: str) -> Message:
        """Give the message *message_id*.

        Raises:
            ApiError: 404; there is none.
        """
        for known in self.messages:
            if known.message_id == message_id:
                return known
        raise missing(f"Message {message_id[:100]} does not exist.")

    def having(self, message: Message) -> "Conversation":
        """Give it with *message* as it is now, if it still has it."""
        same = message.message_id
        messages = (message if known.message_id == same else known for known in self.messages)
        return attrs.evolve(self, messages=tuple(messages))

    def asked(self, message: Message) -> "Conversation":
        """Give it with one *message* more."""
        return attrs.evolve(self, messages=(*self.messages, message))

    def without(self, message_id: str) -> "Conversation":
        """Give it without the message *message_id*."""
        left = (known for known in self.messages if known.message_id != message_id)
        return attrs.evolve(self, messages=tuple(left))


def new_id() -> str:
    """Give an id that is nobody's, in the form that Genie's have."""
    return uuid.uuid4().hex


def now() -> int:
    """Give the time in ms since 1970."""
    return time.time_ns() // 1_000_000


def _lines(written: str | tuple[str, ...]) -> list[str]:
    lines = [written] if isinstance(written, str) else list(written)
    return [line.removesuffix("\n") for line in lines]


def _plain(question: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", question).casefold())
