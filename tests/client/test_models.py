"""Served models: batches of embeddings, chats, whole and as streams that break in every way."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    BadRequest,
    ConnectionFailed,
    DatabricksError,
    TooManyRequests,
    UnexpectedAnswer,
)
from dara_fp.databricks.http.event_streams import LONGEST_EVENT, Event, events
from dara_fp.databricks.models.models import Chat, Usage
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import Heard, served

PATH = "/serving-endpoints/llm/invocations"
STREAM = {"content-type": "text/event-stream; charset=utf-8"}


def piece(text: str, *, end: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": end}
    return b"data: " + json.dumps({"model": "m", "choices": [choice], **more}).encode() + b"\n\n"


async def heard(workspace: Workspace, *, texts: list[str]) -> Chat:
    async with workspace.models.stream("llm", "hi") as stream:
        async for text in stream:
            texts.append(text)  # noqa: PERF401 - what came before a failure is looked at, too
        return Chat(
            text="".join(texts),
            finish_reason=stream.finish_reason,
            model=stream.model,
            usage=stream.usage,
        )


async def given(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(*chunks: bytes) -> list[Event]:
    return [event async for event in events(given(*chunks))]


WRITTEN = (
    "\ufeffdata: ä\r\n: a comment\r\ndata\r\ndata:b\rdata:  c\n\nid: 7\nretry: 5\n\n"
    "event: error\ndata: x\n\ndata: lost"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_events_are_the_same_wherever_the_bytes_are_cut(size: int) -> None:
    cut = [WRITTEN[start : start + size] for start in range(0, len(WRITTEN), size)]
    assert await read(*cut) == [Event(data="ä\n\nb\n c"), Event(data="x", kind="error")]


@pytest.mark.parametrize("line", [b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
async def test_an_event_without_end_is_refused_before_it_fills_the_memory(line: bytes) -> None:
    chunks = [line * 100] * (LONGEST_EVENT // 100_000 + 1)
    with pytest.raises(UnexpectedAnswer, match="longer than 4,194,304 bytes"):
        await read(*chunks)


async def test_a_stream_gives_its_pieces_and_then_what_it_took(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    ended = b'data: {"choices": [], "usage": ' + json.dumps(usage).encode() + b"}\n\n"
    body = piece("Hel") + piece("") + piece("lo", end="stop") + ended + b"data: [DONE]\n\n"
    route = wire.post(PATH).respond(content=body, headers=STREAM)
    texts: list[str] = []
    chat = await heard(workspace, texts=texts)
    assert texts == ["Hel", "lo"]
    assert (chat.finish_reason, chat.model) == ("stop", "m")
    assert chat.usage == Usage(prompt_tokens=3, completion_tokens=2, total_tokens=5)
    asked = json.loads(stage.last(route).content)
    assert asked == {"messages": [{"role": "user", "content": "hi"}], "stream": True}
    assert "text/event-stream" in stage.last(route).headers["accept"]


async def test_an_endpoint_that_does_not_stream_gives_one_piece(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    choice = {"message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}
    wire.post(PATH).respond(json={"choices": [choice], "usage": {"total_tokens": 9}})
    texts: list[str] = []
    chat = await heard(workspace, texts=texts)
    assert (texts, chat.finish_reason, chat.usage.total_tokens) == (["whole"], "stop", 9)


@pytest.mark.parametrize(
    ("broken", "kind", "code", "said"),
    [
        (b'{"error": {"message": "busy", "code": 429}}', TooManyRequests, "429", "busy"),
        (b'{"error": {"message": "bad", "type": "server_error"}}', DatabricksError,
         "server_error", "bad"),
        (b'{"error_code": "BAD_REQUEST", "message": "too long"}', DatabricksError,
         "BAD_REQUEST", "too long"),
        (b'{"error_code": 400, "message": "too long"}', BadRequest, "400", "too long"),
        (b'{"error": "it broke"}', DatabricksError, None, "it broke"),
        (b"<html>", UnexpectedAnswer, None, "'<html>', no chat"),
    ],
)  # fmt: skip
async def test_a_failure_in_the_middle_is_an_error_after_what_came_before(
    wire: respx.MockRouter,
    workspace: Workspace,
    broken: bytes,
    kind: type[DatabricksError],
    code: str | None,
    said: str,
) -> None:
    body = piece("begun ") + b"data: " + broken + b"\n\n" + piece("late")
    route = wire.post(PATH).respond(content=body, headers={**STREAM, "x-request-id": "r7"})
    texts: list[str] = []
    with pytest.raises(kind, match=said) as failure:
        await heard(workspace, texts=texts)
    assert texts == ["begun "]
    assert (failure.value.error_code, route.call_count) == (code, 1)
    status = int(code) if code and code.isdecimal() else 200
    assert (failure.value.status, failure.value.request_id) == (status, "r7")


async def test_a_stream_that_ends_too_soon_is_no_answer(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(PATH).respond(content=piece("begun"), headers=STREAM)
    with pytest.raises(ConnectionFailed, match="ended before the answer did") as failure:
        await heard(workspace, texts=[])
    assert failure.value.retryable
    # Some servers leave the last mark out; the model's own end is enough.
    wire.post(PATH).respond(content=piece("all", end="length"), headers=STREAM)
    assert (await heard(workspace, texts=[])).finish_reason == "length"


async def test_a_failure_in_the_middle_does_not_show_the_token(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    body = b'data: {"error": {"message": "who is ' + stage.TOKEN.encode() + b'?"}}\n\n'
    wire.post(PATH).respond(content=body, headers=STREAM)
    with pytest.raises(DatabricksError, match="redacted") as failure:
        await heard(workspace, texts=[])
    assert stage.TOKEN not in str(failure.value)


async def test_a_refused_stream_is_the_error_it_says(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    refusal = {"error_code": "BAD_REQUEST", "message": "no messages"}
    wire.post(PATH).respond(400, json=refusal)
    with pytest.raises(BadRequest, match="no messages"):
        await heard(workspace, texts=[])


@asynccontextmanager
async def endless() -> AsyncGenerator[tuple[Workspace, asyncio.Event]]:
    """Serve a model that speaks until its listener is gone, which the event tells."""
    closed = asyncio.Event()

    async def speaking(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        try:
            while True:
                writer.write(piece("on and on "))
                await writer.drain()
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    async with served(speaking) as server, stage.workspace(host=server.host) as workspace:
        yield workspace, closed


async def test_a_cut_reader_closes_the_connection_while_the_model_speaks() -> None:
    async with endless() as (workspace, closed):
        texts: list[str] = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await heard(workspace, texts=texts)
        assert texts
        async with asyncio.timeout(5):
            await closed.wait()


async def test_a_reader_that_has_heard_enough_closes_the_connection() -> None:
    async with endless() as (workspace, closed):
        async with workspace.models.stream("llm", "hi") as stream:
            async for _text in stream:
                break
        async with asyncio.timeout(5):
            await closed.wait()
        assert stream.finish_reason is None  # it is kept until here: nobody else has closed it


async def test_a_long_answer_takes_no_more_memory_than_a_short_one() -> None:
    mebibytes = 16

    async def speaking(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(b"Connection: close\r\n\r\n")
        for _ in range(mebibytes * 16):
            writer.write(piece("x" * 65536))
            await writer.drain()
        writer.write(b"data: [DONE]\n\n")
        await writer.drain()
        writer.close()

    async with served(speaking) as server, stage.workspace(host=server.host) as workspace:
        total = 0
        async with workspace.models.stream("llm", "hi") as stream:
            tracemalloc.start()
            try:
                async for text in stream:
                    total += len(text)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
    assert total == mebibytes * 1024 * 1024
    assert peak < 6 * 1024 * 1024


async def test_a_whole_answer_is_the_first_choice_and_only_its_text(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    parts = [{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "42"}]
    choices = [
        {"index": 1, "message": {"content": "43"}},
        {"index": 0, "message": {"content": parts}, "finish_reason": "stop"},
    ]
    route = wire.post(PATH).respond(json={"model": "m", "choices": choices})
    said = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "?"}]
    chat = await workspace.models.chat("llm", said, max_tokens=5)
    assert chat == Chat(text="42", finish_reason="stop", model="m")
    assert json.loads(stage.last(route).content) == {"messages": said, "max_tokens": 5}
    wire.post(PATH).respond(json={"choices": []})
    with pytest.raises(UnexpectedAnswer, match="serves a chat model"):
        await workspace.models.chat("llm", "hi")


async def test_many_texts_go_in_bounded_batches_a_few_at_once(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    now = most = 0
    sizes: list[int] = []

    async def embed(request: httpx.Request) -> httpx.Response:
        nonlocal now, most
        texts = json.loads(request.content)["input"]
        now, most = now + 1, max(most, now + 1)
        sizes.append(len(texts))
        await asyncio.sleep(0.001)
        now -= 1
        found = [{"index": at, "embedding": [float(text)]} for at, text in enumerate(texts)]
        return httpx.Response(200, json={"data": found[::-1]})

    wire.post(PATH).mock(side_effect=embed)
    texts = [str(number) for number in range(103)]
    vectors = await workspace.models.embed("llm", texts, batch=10, at_once=3)
    assert vectors == [[float(number)] for number in range(103)]
    assert (most, sorted(sizes)) == (3, [3, *[10] * 10])
    with pytest.raises(ValueError, match="batch is 0"):
        await workspace.models.embed("llm", texts, batch=0)


async def test_one_refused_batch_cuts_the_others(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    cut = 0

    async def embed(request: httpx.Request) -> httpx.Response:
        nonlocal cut
        if b'"0"' in request.content:
            return httpx.Response(400, json={"error_code": "BAD_REQUEST", "message": "no"})
        try:
            await asyncio.sleep(30)
        finally:
            cut += 1
        raise AssertionError

    wire.post(PATH).mock(side_effect=embed)
    with pytest.raises(BadRequest) as failure:
        await workspace.models.embed("llm", ["0", "1", "2"], batch=1, at_once=3)
    assert (cut, failure.value.error.kind) == (2, Kind.REJECTED)
