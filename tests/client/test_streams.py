"""Streams against a real server: flat memory, back-pressure, stalls and cuts."""

import asyncio
import logging
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dara_fp.databricks.errors import (
    AlreadyExists,
    BadRequest,
    ConnectionFailed,
    UnexpectedAnswer,
)
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.databricks.http.transport import Call, Transport
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import Heard, answer, listening, saying, served

MIB = 1024 * 1024
PATH = "/Volumes/main/default/in/a"
STORED = answer(b"", status="204 No Content").replace(b"Content-Length: 0\r\n", b"")


async def zeros(mebibytes: int) -> AsyncIterator[bytes]:
    for _ in range(mebibytes):
        yield bytes(MIB)


async def test_64_mib_go_up_with_flat_memory() -> None:
    async with (
        served(saying(STORED), keep=False) as server,
        stage.workspace(host=server.host) as workspace,
    ):
        workspace.files.sizes = UploadSizes(small=64 * MIB)
        await workspace.files.upload(PATH, b"warm")
        tracemalloc.start()
        try:
            assert await workspace.files.upload(PATH, zeros(64), length=64 * MIB) == 64 * MIB
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 * MIB
    assert server.heard[-1].headers["content-length"] == str(64 * MIB)
    assert "transfer-encoding" not in server.heard[-1].headers


async def test_64_mib_come_down_with_flat_memory() -> None:
    async def giving(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {64 * MIB}\r\n\r\n".encode())
        for _ in range(64 * 4):
            writer.write(bytes(MIB // 4))
            await writer.drain()

    async with served(giving) as server, stage.workspace(host=server.host) as workspace:
        tracemalloc.start()
        try:
            total = 0
            async with workspace.files.download(PATH) as file:
                assert file.metadata.content_length == 64 * MIB
                async for chunk in file:
                    total += len(chunk)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert total == 64 * MIB
    assert peak < 8 * MIB
    assert server.heard[0].headers["accept"] == "application/octet-stream"
    assert server.heard[0].headers["accept-encoding"] == "identity"


async def test_a_reader_slower_than_the_timeout_loses_nothing() -> None:
    """The clock watches the peer, and the peer is not to blame."""
    body = bytes(4 * MIB)
    async with (
        served(saying(answer(body))) as server,
        stage.workspace(host=server.host, timeout_seconds=0.1) as workspace,
        workspace.files.download(PATH) as file,
    ):
        total = 0
        async for chunk in file:
            await asyncio.sleep(0.3 if total == 0 else 0)
            total += len(chunk)
    assert total == len(body)


async def test_a_source_slower_than_the_timeout_is_waited_for() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(0.3)
        yield b"b"

    async with (
        served(saying(STORED)) as server,
        stage.workspace(host=server.host, timeout_seconds=0.1) as workspace,
    ):
        assert await workspace.files.upload(PATH, slow(), length=2) == 2
    assert server.heard[0].body == b"ab"


async def test_a_peer_that_takes_nothing_is_given_up() -> None:
    async def deaf(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(60)

    async with (
        listening(deaf) as host,
        stage.workspace(host=host, timeout_seconds=0.2) as workspace,
        asyncio.timeout(5),
    ):
        workspace.files.sizes = UploadSizes(small=64 * MIB)
        with pytest.raises(ConnectionFailed, match="no answer in time"):
            await workspace.files.upload(PATH, zeros(64), length=64 * MIB)


@pytest.mark.parametrize(
    ("length", "said"), [(5, "ended after 3 of the 5"), (2, "more than the 2")]
)
async def test_a_stream_of_another_length_fails_and_is_not_stored(length: int, said: str) -> None:
    async def three() -> AsyncIterator[bytes]:
        yield b"abc"

    async with served(saying(STORED)) as server, stage.workspace(host=server.host) as workspace:
        with pytest.raises(BadRequest, match=said):
            await workspace.files.upload(PATH, three(), length=length)
    assert server.heard == []


async def test_what_a_source_raises_comes_out_as_it_is() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"a"
        raise LookupError("no more")

    async with served(saying(STORED)) as server, stage.workspace(host=server.host) as workspace:
        with pytest.raises(LookupError, match="no more"):
            await workspace.files.upload(PATH, breaking(), length=2)
    assert server.heard == []


async def test_a_refusal_before_the_end_of_the_body_is_heard() -> None:
    refusal = answer(b'{"error_code":"ALREADY_EXISTS","message":"m"}', status="409 Conflict")

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        while await reader.read(MIB):
            pass

    async with (
        listening(early) as host,
        stage.workspace(host=host) as workspace,
        asyncio.timeout(5),
    ):
        with pytest.raises(AlreadyExists):
            await workspace.files.upload(PATH, zeros(64), length=64 * MIB)


async def test_a_download_that_is_cut_short_fails() -> None:
    async def cut(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        await writer.drain()
        writer.close()

    async with (
        served(cut) as server,
        stage.workspace(host=server.host) as workspace,
        workspace.files.download(PATH) as file,
    ):
        with pytest.raises(ConnectionFailed, match="connection failed"):
            _ = [chunk async for chunk in file]


async def test_a_download_that_is_left_early_lets_go() -> None:
    async with (
        served(saying(answer(bytes(MIB)))) as server,
        stage.workspace(host=server.host) as workspace,
    ):
        for _ in range(3):
            async with workspace.files.download(PATH) as file:
                async for _chunk in file:
                    break
        async with workspace.files.download(PATH) as file:
            assert sum([len(chunk) async for chunk in file]) == MIB


async def test_calls_share_a_connection_and_keep_no_cookie() -> None:
    cookie = answer(b"{}", more="Set-Cookie: session=mine; Path=/\r\n")
    async with served(saying(cookie)) as server:
        by_name = server.host.replace("127.0.0.1", "localhost")  # jars keep nothing of addresses
        async with stage.workspace(host=by_name) as workspace:
            for _ in range(3):
                await workspace.do("POST", "/x", body={"a": 1})
    assert {heard.connection for heard in server.heard} == {1}
    assert not any("cookie" in heard.headers for heard in server.heard)


async def test_a_netrc_that_knows_the_host_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with served(saying(answer())) as server, stage.workspace(host=server.host) as workspace:
        await workspace.do("GET", "/x")
    assert server.heard[0].headers["authorization"] == f"Bearer {stage.TOKEN}"


async def test_a_call_without_a_body_names_no_type_of_it() -> None:
    async with served(saying(STORED)) as server, stage.workspace(host=server.host) as workspace:
        await workspace.files.create_directory("/Volumes/a")
    assert server.heard[0].headers["content-length"] == "0"
    assert "content-type" not in server.heard[0].headers


async def test_no_more_connections_are_open_than_allowed() -> None:
    async with (
        served(saying(answer())) as server,
        Workspace(server.host, token="t", max_connections=3) as workspace,
    ):
        await asyncio.gather(*(workspace.do("GET", "/x") for _ in range(50)))
    assert len(server.heard) == 50
    assert {heard.connection for heard in server.heard} <= {1, 2, 3}


async def test_an_answer_of_no_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dara_fp.databricks.http.calls.MAX_JSON", 1000)
    async with (
        served(saying(answer(bytes(2000)))) as server,
        stage.workspace(host=server.host) as workspace,
    ):
        with pytest.raises(UnexpectedAnswer, match="longer than 1,000 bytes"):
            await workspace.do("GET", "/x")


async def test_large_json_is_sent_without_a_warning() -> None:
    async with served(saying(answer())) as server, stage.workspace(host=server.host) as workspace:
        await workspace.do("POST", "/x", body={"text": "x" * (3 * MIB)})
    assert len(server.heard[0].body) == 3 * MIB + len('{"text":""}')


async def test_a_signature_in_a_url_is_in_no_log_and_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The HTTP library logs whole URLs."""
    caplog.set_level(logging.DEBUG)
    async with served(saying(answer(), None)) as server:
        transport = Transport(timeout_seconds=5, max_connections=2)
        call = Call(method="GET", url=f"{server.host}/part?sig=hush", headers={"a": "hush"})
        await (await transport.send(call)).read(100)
        with pytest.raises(ConnectionFailed) as caught:
            await transport.send(call)
        await transport.aclose()
    assert server.heard[0].target == "/part?sig=hush"
    assert "hush" not in caplog.text + str(caught.value) + repr(call)


async def test_a_workspace_of_another_loop_says_so() -> None:
    async with served(saying(answer())) as server, stage.workspace(host=server.host) as workspace:
        await workspace.do("GET", "/x")
        with pytest.raises(RuntimeError, match="another event loop"):
            await asyncio.to_thread(lambda: asyncio.run(workspace.do("GET", "/x")))


async def test_a_closed_workspace_opens_again() -> None:
    async with served(saying(answer())) as server, stage.workspace(host=server.host) as workspace:
        await workspace.do("GET", "/x")
        await workspace.aclose()
        assert await workspace.do("GET", "/x") == {}


async def test_a_host_that_does_not_speak_http_is_told_at_once() -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n" + bytes(99999))
        await writer.drain()
        await asyncio.sleep(60)

    async with listening(other) as host, stage.workspace(host=host) as workspace:
        with pytest.raises(UnexpectedAnswer, match="does not speak HTTP") as caught:
            await workspace.do("GET", "/x?sig=hush")
    assert len(str(caught.value)) < 200
    assert "hush" not in str(caught.value)
