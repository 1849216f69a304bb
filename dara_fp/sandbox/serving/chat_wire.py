"""Chats as requests and answers, whole or as server-sent events, in the shape of OpenAI."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator
from typing import Annotated

import attrs
import msgspec
from starlette.responses import Response, StreamingResponse

from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.server.wire import Json, json_response
from dara_fp.sandbox.serving.chat import Turn, answer_to

__all__ = ["CHAT_MODELS", "ChatRequest", "chat_response", "tokens"]

CHAT_MODELS = ("databricks-meta-llama-3-3-70b-instruct", "databricks-claude-sonnet-4")
"""The endpoints that are there. One answerer stands behind both, which only quotes."""

Count = Annotated[int, msgspec.Meta(ge=1)]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_PIECE = re.compile(r"\s*\S+")


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream tells beside the answer."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """The body of a chat; what steers chance has nothing to steer here."""

    messages: Annotated[tuple[Turn, ...], msgspec.Meta(min_length=1)]
    model: str = ""
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Count | None = None
    max_completion_tokens: Count | None = None
    stop: str | tuple[str, ...] | None = None
    n: int | None = None

    @property
    def limit(self) -> int | None:
        """How many tokens the answer may have."""
        return self.max_tokens or self.max_completion_tokens


@attrs.frozen(kw_only=True)
class _Answer:
    """An answer with all that is said about it."""

    id: str
    model: str
    created: int
    text: str
    finish_reason: str
    usage: dict[str, int]

    def body(self, kind: str, choices: list[Json]) -> Json:
        """Give one JSON object of the *kind* with *choices*."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def chat_response(name: str, asked: ChatRequest) -> Response:
    """Answer *asked* as the model *name*.

    Raises:
        ApiError: 400; more than one answer is wanted.
    """
    if asked.n not in {None, 1}:
        said = f"n is {asked.n}: the sandbox gives one answer."
        raise ApiError(status=400, error_code="BAD_REQUEST", message=said)
    answer = _answered(name, asked)
    headers = {"served-model-name": name}
    if asked.stream:
        events = _events(answer, asked)
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)
    message = {"role": "assistant", "content": answer.text}
    choice: Json = {"index": 0, "message": message, "finish_reason": answer.finish_reason}
    body = answer.body("chat.completion", [choice])
    return json_response({**body, "usage": answer.usage}, headers)


def tokens(text: str) -> int:
    """Count the words and signs of *text*."""
    return len(_TOKEN.findall(text))


def _answered(name: str, asked: ChatRequest) -> _Answer:
    text, finish_reason = _cut(answer_to(asked.messages), asked)
    prompt, completion = sum(tokens(turn.text) for turn in asked.messages), tokens(text)
    return _Answer(
        id=f"chatcmpl-{uuid.uuid4()}",
        model=name,
        created=int(time.time()),
        text=text,
        finish_reason=finish_reason,
        usage={
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        },
    )


def _cut(text: str, asked: ChatRequest) -> tuple[str, str]:
    """Give *text* up to the first stop and the limit of tokens, and why it ends there."""
    stops = (asked.stop,) if isinstance(asked.stop, str) else asked.stop or ()
    ends = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    text = text[: min(ends, default=len(text))]
    found = [*_TOKEN.finditer(text)]
    if asked.limit is None or len(found) <= asked.limit:
        return text, "stop"
    return text[: found[asked.limit - 1].end()], "length"


async def _events(answer: _Answer, asked: ChatRequest) -> AsyncIterator[bytes]:
    yield _event(_chunk(answer, {"role": "assistant", "content": ""}))
    for piece in _PIECE.findall(answer.text):
        yield _event(_chunk(answer, {"content": piece}))
        # Each piece goes out by itself, as from a model that still thinks about the next one.
        await asyncio.sleep(0)
    yield _event(_chunk(answer, {}, end=answer.finish_reason))
    if asked.stream_options is not None and asked.stream_options.include_usage:
        last = answer.body("chat.completion.chunk", [])
        yield _event({**last, "usage": answer.usage})
    yield b"data: [DONE]\n\n"


def _chunk(answer: _Answer, delta: Json, end: str | None = None) -> Json:
    choice: Json = {"index": 0, "delta": delta, "finish_reason": end}
    return answer.body("chat.completion.chunk", [choice])


def _event(body: Json) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
