"""When a call is made again, and for how long."""

import asyncio
import ssl

import aiohttp
import httpx
import pytest
import respx
from aiohttp.client_reqrep import ConnectionKey
from hypothesis import given
from hypothesis import strategies as st

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import (
    ConnectionFailed,
    DatabricksError,
    InternalError,
    TemporarilyUnavailable,
    TooManyRequests,
    UnexpectedAnswer,
)
from dara_fp.databricks.http.pool import HttpPool
from dara_fp.databricks.http.retries import Budget, Retries, retrying
from dara_fp.databricks.http.transport import Call
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime, answer, saying, served

STARTED = answer(b'{"run_id": 7}')


@pytest.mark.parametrize("status", [429, 503])
async def test_who_is_turned_away_comes_back_with_any_verb(
    wire: respx.MockRouter, workspace: Workspace, status: int
) -> None:
    answers = [httpx.Response(status), httpx.Response(status), httpx.Response(200, json={"a": 1})]
    route = wire.post("/x").mock(side_effect=answers)
    assert await workspace.do("POST", "/x", body={}) == {"a": 1}
    assert route.call_count == 3


async def test_the_wait_that_was_asked_for_is_kept(
    wire: respx.MockRouter, workspace: Workspace, time: VirtualTime
) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "17"})
    wire.get("/x").mock(side_effect=[busy, httpx.Response(200, json={})])
    await workspace.do("GET", "/x")
    assert len(time.naps) == 1
    assert 17.0 <= time.naps[0] <= 18.0


async def test_a_wait_beyond_the_budget_fails_at_once_and_says_so(
    wire: respx.MockRouter, workspace: Workspace, time: VirtualTime
) -> None:
    route = wire.get("/x").respond(429, headers={"Retry-After": "1000"})
    with pytest.raises(TooManyRequests, match="asked to wait 1000 s, which is beyond") as caught:
        await workspace.do("GET", "/x")
    assert (route.call_count, time.naps, caught.value.retry_after) == (1, [], 1000.0)


async def test_the_last_error_says_how_often_and_how_long_it_was_tried(
    wire: respx.MockRouter, workspace: Workspace, time: VirtualTime
) -> None:
    route = wire.get("/x").respond(503, headers={"x-request-id": "r"})
    began = time.now
    with pytest.raises(TemporarilyUnavailable, match="the retry budget of 300 s is used") as caught:
        await workspace.do("GET", "/x")
    assert time.now - began <= 300.0
    assert f"tried {route.call_count} times in {time.now - began:.1f} s" in caught.value.message
    assert route.call_count > 20
    assert caught.value.request_id == "r"


@given(
    seconds=st.floats(0, 400),
    waits=st.lists(st.none() | st.floats(0, 500), min_size=1),
    took=st.floats(0, 30),
)
def test_no_pause_ever_begins_that_would_end_beyond_the_budget(
    seconds: float, waits: list[float | None], took: float
) -> None:
    """A try may begin only within the budget, whatever waits are asked for."""
    time = VirtualTime()
    began: list[float] = []

    async def attempt() -> None:
        began.append(time.now)
        time.now += took
        wait = waits[(len(began) - 1) % len(waits)]
        raise TooManyRequests(StepError(message="m", status=429), retry_after=wait)

    with pytest.raises(TooManyRequests):
        asyncio.run(retrying(attempt, budget=Budget(time.retries(seconds)), idempotent=False))
    assert began[0] == 1000.0
    assert all(start - began[0] <= seconds for start in began[1:])


async def test_passing_troubles_are_tried_again_only_where_that_is_harmless(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    said = {"error_code": "X", "message": "Please try again later or try a faster operation."}
    answers = [httpx.Response(500, json=said), httpx.Response(200, json={})]
    route = wire.post("/x").mock(side_effect=answers)
    with pytest.raises(InternalError):
        await workspace.do("POST", "/x")
    assert route.call_count == 1
    route.mock(side_effect=answers)
    assert await workspace.do("POST", "/x", idempotent=True) == {}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500, 501])
async def test_what_will_not_change_is_asked_once(
    wire: respx.MockRouter, workspace: Workspace, status: int
) -> None:
    route = wire.get("/x").respond(status)
    with pytest.raises(DatabricksError):
        await workspace.do("GET", "/x")
    assert route.call_count == 1


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
async def test_a_lost_connection_is_made_again_where_the_verb_allows(
    wire: respx.MockRouter, workspace: Workspace, verb: str
) -> None:
    troubles = [httpx.ReadTimeout("late"), httpx.ReadError("cut")]
    answers: list[httpx.Response | Exception] = [*troubles, httpx.Response(200, json={})]
    route = wire.route(method=verb, path="/x").mock(side_effect=answers)
    await workspace.do(verb, "/x")
    assert route.call_count == 3


async def test_a_lost_answer_to_another_verb_is_not_asked_for_again(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.post("/x").mock(side_effect=httpx.ReadTimeout("late"))
    with pytest.raises(ConnectionFailed) as caught:
        await workspace.do("POST", "/x")
    assert route.call_count == 1
    assert (caught.value.error.kind, caught.value.retryable) == (Kind.TIMEOUT, True)
    assert caught.value.error.in_doubt


LOST = [httpx.Response(500), httpx.Response(504), httpx.ReadTimeout("late"), httpx.ReadError("cut")]


@pytest.mark.parametrize("lost", LOST)
async def test_a_post_that_only_reads_is_tried_as_a_get_is_and_never_in_doubt(
    wire: respx.MockRouter, lost: httpx.Response | Exception
) -> None:
    asked: list[bool] = []
    for verb in ("GET", "POST"):
        route = wire.route(method=verb, path="/x").mock(side_effect=[lost] * 99)
        async with stage.workspace(seconds=2) as workspace:
            with pytest.raises(DatabricksError) as caught:
                await workspace.do(verb, "/x", reads=True)
        assert (caught.value.lost_before, caught.value.in_doubt) == (False, False)
        asked.append(route.call_count > 1)
    passes = lost is not LOST[0]
    assert asked == [passes, passes]


async def test_what_asks_a_model_or_an_index_leaves_no_doubt_unless_the_model_does_things(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    asking = wire.post("/serving-endpoints/m/invocations").respond(500)
    wire.post("/api/2.0/vector-search/indexes/a.b.i/query").respond(500)
    models, vectors = workspace.models, workspace.vectors
    doubts: list[bool] = []
    for sent in (
        models.query("m", input="?"),
        models.chat("m", "?"),
        models.query("m", reads=False, input="?"),
        models.embed("m", ["?"]),
        vectors.query("a.b.i", columns=["id"], query_text="?"),
    ):
        with pytest.raises(DatabricksError) as caught:
            await sent
        doubts.append(caught.value.error.in_doubt)
    assert doubts == [False, False, True, False, False]
    assert asking.call_count == 4


@pytest.mark.parametrize(
    ("path", "tries", "doubt"),
    [
        ("/api/2.0/vector-search/indexes/a.b.i/query", 2, False),
        ("/api/2.0/mlflow/runs/search", 2, False),
        ("/serving-endpoints/m/invocations", 1, False),
        ("/api/2.0/vector-search/indexes/a.b.i/sync", 1, True),
        ("/api/2.0/preview/sql/queries/trash/query", 1, True),
    ],
)
async def test_of_the_sdk_s_posts_those_that_read_are_known(
    wire: respx.MockRouter, workspace: Workspace, path: str, tries: int, *, doubt: bool
) -> None:
    route = wire.post(path).mock(side_effect=[httpx.ReadError("cut")] * 99)
    api = workspace._api  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ConnectionFailed) as caught:
        await api.do("POST", path, body={})
    assert (min(2, route.call_count), caught.value.error.in_doubt) == (tries, doubt)


async def test_a_reset_run_now_without_a_token_is_not_sent_again() -> None:
    async with served(saying(None, STARTED)) as server:
        async with stage.workspace(host=server.host) as workspace:
            with pytest.raises(ConnectionFailed, match="run-now: the connection failed") as caught:
                await workspace.runs.start(1)
        assert [heard.method for heard in server.heard] == ["POST"]
        assert caught.value.error.kind is Kind.FAILED


async def test_a_reset_run_now_with_a_token_is_sent_again_as_it_was() -> None:
    async with served(saying(None, None, STARTED)) as server:
        async with stage.workspace(host=server.host) as workspace:
            assert await workspace.runs.start(1, idempotency_token="t") == 7
        assert len(server.heard) == 3
        assert {heard.body for heard in server.heard} == {b'{"job_id":1,"idempotency_token":"t"}'}


async def test_a_kept_connection_that_was_closed_meanwhile_sends_no_second_post() -> None:
    """The pool may find out only after it has sent; it must not decide to send again."""
    async with served(saying(STARTED, None, STARTED)) as server:
        async with stage.workspace(host=server.host) as workspace:
            await workspace.runs.start(1)
            with pytest.raises(ConnectionFailed):
                await workspace.runs.start(2)
        assert [heard.connection for heard in server.heard] == [1, 1]


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE"])
async def test_the_pool_sends_nothing_again_behind_the_budget(verb: str) -> None:
    async with served(saying(STARTED, None)) as server:
        async with stage.workspace(host=server.host, seconds=0) as workspace:
            await workspace.do("GET", "/x")
            with pytest.raises(ConnectionFailed):
                await workspace.do(verb, "/x")
        assert [heard.method for heard in server.heard] == ["GET", verb]


async def test_a_host_that_is_not_there_is_named(time: VirtualTime) -> None:
    async with served(saying(STARTED)) as server:
        host = server.host
    async with stage.workspace(time, host=host, seconds=20) as workspace:
        with pytest.raises(ConnectionFailed, match=host.removeprefix("http://")):
            await workspace.do("GET", "/x")
    assert 0 < sum(time.naps) <= 20


async def test_what_never_left_is_sent_again_with_any_verb(time: VirtualTime) -> None:
    async with served(saying(STARTED)) as server:
        host = server.host
    async with stage.workspace(time, host=host, seconds=20) as workspace:
        with pytest.raises(ConnectionFailed, match=r"tried \d+ times") as caught:
            await workspace.runs.start(1)
    assert caught.value.sent is False


async def test_a_certificate_that_is_not_trusted_is_told_and_not_tried_again() -> None:
    where = ConnectionKey("h", 443, True, True, None, None, None)  # noqa: FBT003
    untrusted = aiohttp.ClientConnectorCertificateError(where, ssl.CertificateError("self-signed"))
    pool = HttpPool(timeout_seconds=1, max_connections=1)
    call = Call(method="GET", url="https://h.test/x?sig=hush", headers={})
    said = r"GET /x: h\.test shows a certificate that is not trusted \(.*self-signed.*SSL_CERT_FILE"
    with pytest.raises(UnexpectedAnswer, match=said) as caught, pool.failures(call):
        raise untrusted
    await pool.aclose()
    assert (caught.value.retryable, caught.value.sent) == (False, False)


async def test_silence_ends_in_time_and_is_a_timeout() -> None:
    async def silent(_heard: stage.Heard, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with (
        served(silent) as server,
        stage.workspace(host=server.host, timeout_seconds=0.1) as workspace,
    ):
        with pytest.raises(ConnectionFailed, match="no answer in time") as caught:
            await workspace.runs.start(1)
    assert caught.value.error.kind is Kind.TIMEOUT


async def test_an_answer_that_never_ends_is_cut_by_the_budget() -> None:
    async def dripping(_heard: stage.Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with served(dripping) as server:
        workspace = stage.workspace(host=server.host, seconds=0.3, timeout_seconds=0.2)
        async with workspace, asyncio.timeout(5):
            with pytest.raises(ConnectionFailed, match=r"not answered within 0\.3 s"):
                await workspace.do("POST", "/x")


async def test_a_later_try_has_only_what_is_left_of_the_budget() -> None:
    busy = answer(b"", status="503 Service Unavailable")

    async def busy_then_silent(_heard: stage.Heard, writer: asyncio.StreamWriter) -> None:
        if len(server.heard) == 1:
            writer.write(busy)
            return
        await asyncio.sleep(60)

    async with served(busy_then_silent) as server:
        workspace = Workspace(server.host, token="t", retry_seconds=0.6, timeout_seconds=4)
        async with workspace, asyncio.timeout(3):
            with pytest.raises(ConnectionFailed, match=r"not answered within 0\.\d s"):
                await workspace.do("GET", "/x")
    assert len(server.heard) == 2


def test_however_many_tries_there_were_a_pause_has_an_end() -> None:
    assert 0.0 <= Retries().pause(5_000, None) <= 10.0
    assert Retries(chance=lambda: 1.0).pause(5_000, None) == 10.0


@given(tries=st.integers(1, 99), chance=st.floats(0, 1), asked=st.none() | st.floats(0, 99))
def test_a_pause_is_anything_up_to_its_longest_and_never_less_than_was_asked_for(
    tries: int, chance: float, asked: float | None
) -> None:
    pause = Retries(chance=lambda: chance).pause(tries, asked)
    longest = min(10.0, 0.5 * 2.0 ** (tries - 1))
    if asked is None:
        assert pause == longest * chance
    else:
        assert asked <= pause <= asked + 0.5
