"""Answers as they come over the wire: packed, in chunks, without a body, cut in the middle."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable

import pytest

from dara_fp.databricks.errors import (
    ConnectionFailed,
    DatabricksError,
    PermissionDenied,
    UnexpectedAnswer,
)
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import Answering, Heard, VirtualTime, answer, saying, served

JSON = b'{"a": "b"}'
NAMED = "x-request-id: named\r\n"
PATH = "/Volumes/main/default/in/a"


def chunked(body: bytes, more: str = "") -> bytes:
    """Give an HTTP answer in two chunks and the end."""
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{more}\r\n".encode()
    pieces = (body[:7], body[7:], b"")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def cut(status: str, body: bytes, more: str = NAMED) -> bytes:
    """Give the beginning of an HTTP answer of 500 bytes."""
    return f"HTTP/1.1 {status}\r\nContent-Length: 500\r\n{more}\r\n".encode() + body


def hanging_up(content: bytes) -> Answering:
    """Send *content* and close the connection."""

    async def say(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        raise ConnectionResetError

    return say


WHOLE = {
    "plain": answer(JSON),
    "gzip": answer(gzip.compress(JSON), more="content-ENCODING: GZIP\r\n"),
    "deflate": answer(zlib.compress(JSON), more="Content-Encoding: deflate\r\n"),
    "identity": answer(JSON, more="Content-Encoding: identity\r\n"),
    "chunked": chunked(JSON),
    "chunked gzip": chunked(gzip.compress(JSON), "Content-Encoding: gzip\r\n"),
    "continued": b"HTTP/1.1 100 Continue\r\n\r\n" + answer(JSON),
}


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
async def test_an_answer_is_read_however_it_is_sent_and_the_connection_used_again(
    content: bytes,
) -> None:
    async with (
        served(saying(content)) as server,
        stage.workspace(host=server.host) as workspace,
    ):
        for verb in ("GET", "POST"):
            assert await workspace.do(verb, "/x") == {"a": "b"}
    assert {heard.connection for heard in server.heard} == {1}


@pytest.mark.parametrize("more", ["", "Content-Encoding: gzip\r\n", "Content-Length: 7\r\n"])
async def test_what_has_no_body_by_its_nature_is_not_waited_for(more: str) -> None:
    nothing = f"HTTP/1.1 204 No Content\r\n{more}\r\n".encode()
    async with (
        served(saying(nothing)) as server,
        stage.workspace(host=server.host) as workspace,
        asyncio.timeout(5),
    ):
        for verb in ("GET", "HEAD", "GET"):
            assert await workspace.do(verb, "/x") == {}


async def test_a_refusal_that_is_cut_in_the_middle_is_a_refusal_all_the_same() -> None:
    refusal = cut("403 No", b'{"error_code": "PERMISSION_DENIED", "mess')
    async with (
        served(hanging_up(refusal)) as server,
        stage.workspace(host=server.host) as workspace,
    ):
        with pytest.raises(PermissionDenied) as caught:
            await workspace.do("POST", "/x", body={})
    assert (caught.value.status, caught.value.request_id) == (403, "named")
    assert not caught.value.in_doubt
    assert len(server.heard) == 1


async def test_a_refusal_that_cannot_be_unpacked_is_a_refusal_all_the_same() -> None:
    refusal = answer(b"hello", status="403 No", more=f"{NAMED}Content-Encoding: gzip\r\n")
    async with served(saying(refusal)) as server, stage.workspace(host=server.host) as workspace:
        with pytest.raises(PermissionDenied) as caught:
            await workspace.do("POST", "/x", body={})
    assert caught.value.request_id == "named"


async def test_who_is_turned_away_by_an_answer_that_is_cut_waits_as_long_as_it_says(
    time: VirtualTime,
) -> None:
    away = cut("429 Slow", b"{", "Retry-After: 7\r\n")

    async def say(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        is_first = len(server.heard) == 1
        writer.write(away if is_first else answer(JSON))
        await writer.drain()
        if is_first:
            raise ConnectionResetError

    async with served(say) as server, stage.workspace(time, host=server.host) as workspace:
        assert await workspace.do("POST", "/x", body={}) == {"a": "b"}
    assert 7.0 <= sum(time.naps) <= 8.0


async def _read(workspace: Workspace) -> object:
    return await workspace.do("GET", "/x")


async def _streamed(workspace: Workspace) -> object:
    async with workspace.files.download(PATH) as file:
        return [chunk async for chunk in file]


READING: tuple[Callable[[Workspace], Awaitable[object]], ...] = (_read, _streamed)


@pytest.mark.parametrize("reading", READING)
@pytest.mark.parametrize("head", ["Content-Length: 500\r\n", "Transfer-Encoding: chunked\r\n"])
async def test_an_answer_that_is_cut_in_the_middle_names_its_request(
    head: str, reading: Callable[[Workspace], Awaitable[object]]
) -> None:
    content = f"HTTP/1.1 200 OK\r\n{NAMED}{head}\r\n".encode() + b"a\r\n" + JSON
    async with (
        served(hanging_up(content)) as server,
        stage.workspace(host=server.host, seconds=0) as workspace,
    ):
        with pytest.raises(ConnectionFailed) as caught:
            await reading(workspace)
    assert caught.value.request_id == "named"
    assert caught.value.sent


async def test_an_answer_that_stands_still_in_the_middle_names_its_request() -> None:
    async def stand(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(cut("200 OK", b"{"))
        await writer.drain()
        await asyncio.sleep(60)

    async with (
        served(stand) as server,
        Workspace(server.host, token="t", retry_seconds=0.3, timeout_seconds=4) as workspace,
    ):
        with pytest.raises(ConnectionFailed, match=r"not answered within 0\.3 s") as caught:
            await workspace.do("POST", "/x")
    assert (caught.value.request_id, caught.value.in_doubt) == ("named", True)


async def test_an_answer_that_is_too_long_names_its_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dara_fp.databricks.http.calls.MAX_JSON", 5)
    long = answer(JSON, more=NAMED)
    async with served(saying(long)) as server, stage.workspace(host=server.host) as workspace:
        with pytest.raises(UnexpectedAnswer, match="longer than 5 bytes") as caught:
            await workspace.do("GET", "/x")
    assert (caught.value.status, caught.value.request_id) == (200, "named")


async def test_an_answer_that_is_not_packed_as_it_says_is_not_asked_for_again() -> None:
    odd = answer(b"hello", more=f"{NAMED}Content-Encoding: gzip\r\n")
    async with served(saying(odd)) as server, stage.workspace(host=server.host) as workspace:
        with pytest.raises(DatabricksError, match="cannot be unpacked") as caught:
            await workspace.do("GET", "/x")
    assert isinstance(caught.value, UnexpectedAnswer)
    assert caught.value.request_id == "named"
    assert len(server.heard) == 1


@pytest.mark.parametrize("body", [b"{", b'{"data": [{"embedding": [1.0], "index": 7}]}'])
async def test_a_request_id_that_echoes_a_secret_is_not_shown(body: bytes) -> None:
    more = f"x-request-id: of {stage.TOKEN}\r\n"
    content = cut("200 OK", body, more) if body == b"{" else answer(body, more=more)
    async with (
        served(hanging_up(content)) as server,
        stage.workspace(host=server.host, seconds=0) as workspace,
    ):
        with pytest.raises(DatabricksError) as caught:
            await workspace.models.embed("m", ["a"])
    assert caught.value.request_id == "of [redacted]"
