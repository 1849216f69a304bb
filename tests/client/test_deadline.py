"""One limit for all that a call waits for, whatever kind of call it is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from dara_fp.databricks.errors import ConnectionFailed
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Calls, Request
from dara_fp.databricks.http.deadline import Deadline
from dara_fp.databricks.http.transport import Call
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import Heard, answer, saying, served

Making = Callable[[Calls, str], Awaitable[object]]
X = Request(method="GET", path="/x")


async def silent(_heard: Heard, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def made(host: str, *, seconds: float = 0.3, timeout: float = 4.0, room: int = 9) -> Workspace:
    return Workspace(
        host, token="t", retry_seconds=seconds, timeout_seconds=timeout, max_connections=room
    )


def calls_of(workspace: Workspace) -> Calls:
    return workspace._calls  # pyright: ignore[reportPrivateUsage] # noqa: SLF001


async def seconds_of(awaited: Awaitable[object], said: str) -> tuple[float, ConnectionFailed]:
    began = asyncio.get_running_loop().time()
    with pytest.raises(ConnectionFailed, match=said) as caught:
        await awaited
    return asyncio.get_running_loop().time() - began, caught.value


def presigned(host: str) -> Call:
    return Call(method="GET", url=f"{host}/x?sig=hush", headers={})


MAKINGS: list[Making] = [
    lambda calls, _: calls.json("GET", "/x"),
    lambda calls, _: calls.open(X),
    lambda calls, host: calls.elsewhere(presigned(host)),
    lambda calls, host: calls.open_elsewhere(presigned(host)),
]


@pytest.mark.parametrize("making", MAKINGS, ids=["json", "open", "elsewhere", "open_elsewhere"])
async def test_no_kind_of_call_waits_longer_for_an_answer_than_the_budget(making: Making) -> None:
    async with served(silent) as server, made(server.host) as workspace:
        calls = calls_of(workspace)
        said = r"GET /x: not answered within 0\.3 s"
        took, error = await seconds_of(making(calls, server.host), said)
    assert took < 1.5
    assert error.sent


@pytest.mark.parametrize("making", MAKINGS, ids=["json", "open", "elsewhere", "open_elsewhere"])
async def test_without_a_budget_a_call_has_its_timeout(making: Making) -> None:
    async def slow(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(answer())

    async with served(slow) as server, made(server.host, seconds=0) as workspace:
        await making(calls_of(workspace), server.host)
        assert len(server.heard) == 1


async def slowly(pieces: int) -> AsyncIterator[bytes]:
    for _ in range(pieces):
        await asyncio.sleep(0.1)
        yield b"abc"


async def test_the_time_in_which_a_body_goes_out_counts_for_nothing() -> None:
    async with served(saying(answer())) as server, made(server.host) as workspace:
        stored = await workspace.files.upload("/Volumes/a/b/c/d", slowly(6), length=18)
    assert (stored, server.heard[0].body) == (18, b"abc" * 6)


async def test_after_a_body_there_is_what_was_left_before_it() -> None:
    async with served(silent) as server, made(server.host) as workspace:
        body = Body(slowly(2), 6)
        opening = calls_of(workspace).open(Request(method="PUT", path="/x", body=body))
        took, _ = await seconds_of(opening, r"PUT /x: not answered within 0\.3 s")
    assert took < 1.5


async def test_who_finds_no_free_connection_is_told_so_in_time() -> None:
    async with served(saying(answer(bytes(5_000_000)))) as server:
        async with made(server.host, room=1) as workspace:
            held = await calls_of(workspace).open(X)
            said = "waiting for one of the 1 connections, which are all in use"
            took, error = await seconds_of(calls_of(workspace).open(X), said)
            await held.aclose()
            await (await calls_of(workspace).open(X)).aclose()
        assert (took < 1.5, error.sent, error.retryable) == (True, False, True)
        assert len(server.heard) == 2


async def test_the_sign_in_counts_and_nothing_is_sent_before_it() -> None:
    async with served(silent) as server:
        signing = Workspace(
            server.host, client_id="c", client_secret="s", retry_seconds=0.3, timeout_seconds=4
        )
        async with signing as workspace:
            said = r"GET /x: not answered within 0\.3 s, waiting for the sign-in"
            took, error = await seconds_of(calls_of(workspace).open(X), said)
    assert (took < 1.5, error.sent) == (True, False)
    assert [heard.target for heard in server.heard] == [
        "/oidc/.well-known/oauth-authorization-server"
    ]


async def test_what_went_out_on_a_connection_that_was_open_already_may_have_got_there() -> None:
    async def once(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        if len(server.heard) > 1:
            await asyncio.sleep(60)
        writer.write(answer())

    async with served(once) as server, made(server.host) as workspace:
        await workspace.do("POST", "/x")
        _, error = await seconds_of(workspace.do("POST", "/x"), r"not answered within 0\.3 s$")
    assert (error.sent, error.in_doubt) == (True, True)
    assert [heard.connection for heard in server.heard] == [1, 1]


async def test_a_body_that_still_goes_out_after_its_answer_finds_no_clock_to_move() -> None:
    body = Body(b"x")
    async with Deadline("PUT /x", 5.0, body=body) as end:
        late = body.holding()
        late.__enter__()
        assert end.limit is not None
        assert end.limit.when() is None
    late.__exit__(None, None, None)
    assert [piece async for piece in body.pieces()] == [b"x"]
