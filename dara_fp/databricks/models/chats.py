"""Answers of chat models, whole or as a stream of tokens, in the shape that OpenAI gave them."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, nullcontext
from http import HTTPStatus
from typing import Any, cast

import attrs
import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import (
    CLASS_OF_CODE,
    CLASS_OF_STATUS,
    ConnectionFailed,
    DatabricksError,
    kind_of_status,
)
from dara_fp.databricks.http.calls import MAX_JSON, Answer
from dara_fp.databricks.http.doubt import not_to_be_repeated
from dara_fp.databricks.http.event_streams import Event, events
from dara_fp.databricks.http.redaction import hiding
from dara_fp.databricks.http.refusals import TRANSIENT_STATUSES, excerpt
from dara_fp.databricks.http.transport import Reply

__all__ = ["Chat", "ChatStream", "Usage", "chat_of"]

_END = "[DONE]"
_SAID = 2_000


@attrs.frozen(kw_only=True)
class Usage:
    """How many tokens a question and its answer had."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


@attrs.frozen(kw_only=True)
class Chat:
    """What a model answered.

    Attributes:
        text: The answer; empty where the model only called tools.
        finish_reason: Why it ended: `stop` by itself, `length` at the limit of tokens.
        model: The model that answered.
        usage: What it took.
    """

    text: str
    finish_reason: str | None = None
    model: str | None = None
    usage: Usage = Usage()


class ChatStream:
    """An answer on its way: iterate over it for its text, piece by piece as the model makes it.

    Attributes:
        model: The model that answers, once its first piece has come.
        finish_reason: Why it ended; None before the end.
        usage: What it took; known at the end, and only where the model tells.
    """

    def __init__(self, reply: Reply, call: str, *, reads: bool = True) -> None:
        """Read the answer to *call*, which may do more than it *reads*, from *reply*."""
        self.model: str | None = None
        self.finish_reason: str | None = None
        self.usage = Usage()
        self._reply = reply
        self._head = Answer.of(reply, call, b"", repeatable=reads)
        self._pieces = self._read()

    def __aiter__(self) -> AsyncIterator[str]:
        """Give the pieces of text, each read from the network when it is asked for.

        Raises:
            ConnectionFailed: The stream was cut before its end.
            DatabricksError: The model failed on the way.
        """
        return self._pieces

    async def aclose(self) -> None:
        """Stop listening; the model stops when it notices."""
        await self._pieces.aclose()
        await self._reply.aclose()

    async def _read(self) -> AsyncGenerator[str]:
        doubting = nullcontext() if self._head.repeatable else not_to_be_repeated()
        with doubting, hiding(self._reply.secrets):
            if "event-stream" not in self._reply.headers.get("content-type", ""):
                yield await self._whole()
                return
            # In chunks of a size, tokens would wait for later ones to fill it.
            async with aclosing(events(self._reply.chunks(None))) as found:
                async for event in found:
                    if event.data.strip() == _END:
                        return
                    for piece in self._pieces_of(event):
                        yield piece
            if self.finish_reason is None:
                raise self._cut()

    def _pieces_of(self, event: Event) -> list[str]:
        chunk = _decoded(event.data, self._head)
        if (failed := _failure(event, chunk, self._head)) is not None:
            raise failed
        self.model = chunk.model or self.model
        self.usage = chunk.usage or self.usage
        # Where several answers were asked for, the first one is read.
        first = [choice for choice in chunk.choices if choice.index == 0]
        for choice in first:
            self.finish_reason = choice.finish_reason or self.finish_reason
        return [text for choice in first if (text := _text(choice.delta.content))]

    async def _whole(self) -> str:
        """Read an answer that the endpoint gave in one piece, since its model does not stream."""
        content = await self._reply.read(MAX_JSON)
        chat = chat_of(attrs.evolve(self._head, content=content))
        self.model, self.finish_reason, self.usage = chat.model, chat.finish_reason, chat.usage
        return chat.text

    def _cut(self) -> ConnectionFailed:
        said = f"{self._head.call}: the stream of tokens ended before the answer did: ask again"
        request_id = self._head.request_id
        return ConnectionFailed(StepError(message=said, request_id=request_id, retryable=True))


def chat_of(answer: Answer) -> Chat:
    """Give the first choice of a whole *answer*.

    Raises:
        UnexpectedAnswer: There is none.
    """
    completion = answer.decoded(_Completion)
    if not completion.choices:
        raise answer.unexpected("no answer in it: check that the endpoint serves a chat model")
    first = min(completion.choices, key=lambda choice: choice.index)
    return Chat(
        text=_text(first.message.content),
        finish_reason=first.finish_reason,
        model=completion.model,
        usage=completion.usage or Usage(),
    )


class _Part(msgspec.Struct):
    type: str = ""
    text: str = ""


class _Said(msgspec.Struct):
    # Models that think aloud answer a list of parts; only those of text are the answer.
    content: str | list[_Part] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Said = msgspec.field(default_factory=_Said)
    delta: _Said = msgspec.field(default_factory=_Said)
    finish_reason: str | None = None


class _Completion(msgspec.Struct):
    """A whole answer, a chunk of one, or a failure in the shapes that were seen."""

    choices: list[_Choice] = []
    model: str | None = None
    usage: Usage | None = None
    error: Any = None
    error_code: str | int | None = None
    message: str = ""


def _text(content: str | list[_Part] | None) -> str:
    if isinstance(content, list):
        return "".join(part.text for part in content if part.type == "text")
    return content or ""


def _decoded(data: str, head: Answer) -> _Completion:
    try:
        return msgspec.json.decode(data, type=_Completion, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        shown = excerpt(data, secrets=head.secrets)
        raise head.unexpected(f"the stream brought {shown!r}, no chat ({error})") from None


def _failure(event: Event, chunk: _Completion, head: Answer) -> DatabricksError | None:
    if chunk.error is None and chunk.error_code is None and event.kind != "error":
        return None
    told, code = _told(chunk)
    status = int(code) if code.isdecimal() and code.isascii() and len(code) == 3 else None  # noqa: PLR2004 - of digits
    known = CLASS_OF_STATUS.get(status or 0, DatabricksError)
    error = StepError(
        kind=kind_of_status(status or HTTPStatus.INTERNAL_SERVER_ERROR),
        message=f"{head.call}: the model failed in the middle:"
        f" {excerpt(told or event.data, _SAID)}",
        status=status or head.status,
        error_code=code or None,
        request_id=head.request_id,
        retryable=status in TRANSIENT_STATUSES,
    )
    return CLASS_OF_CODE.get(code, known)(error)


def _told(chunk: _Completion) -> tuple[str, str]:
    """Give the message and the code of a failure."""
    if not isinstance(chunk.error, Mapping):
        return str(chunk.error or chunk.message), str(chunk.error_code or "")
    error = cast("Mapping[str, Any]", chunk.error)
    return str(error.get("message") or ""), str(error.get("code") or error.get("type") or "")
