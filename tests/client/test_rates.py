"""As many calls a second as a family of routes takes, and no more."""

import asyncio

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from dara_fp.databricks.errors import TooManyRequests
from dara_fp.databricks.http.rates import DOCUMENTED, Pace, Rate
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN, VirtualTime

RUN_NOW = "/api/2.2/jobs/run-now"
SLOW = Rate(family="jobs/run-now", calls=2)


def limited(time: VirtualTime, *rates: Rate, seconds: float = 300.0) -> Workspace:
    return Workspace(HOST, token=TOKEN, retries=time.retries(seconds), rates=rates)


@given(
    calls=st.integers(1, 7),
    seconds=st.floats(0.1, 60),
    arrivals=st.lists(st.floats(0, 100), min_size=1, max_size=40).map(sorted),
)
def test_in_no_span_do_more_calls_begin_than_the_limit_says(
    calls: int, seconds: float, arrivals: list[float]
) -> None:
    time = VirtualTime()
    rate = Rate(family="f", calls=calls, seconds=seconds)
    line = Pace([rate], clock=time.clock, sleep=time.sleep).line("GET", "/api/2.0/f")
    assert line is not None
    began: list[float] = []

    async def arrive() -> None:
        for arrival in arrivals:
            time.now = max(time.now, 1000.0 + arrival)
            await line.slot(1e6)
            began.append(time.now)

    asyncio.run(arrive())
    later = zip(began, began[calls:], strict=False)
    assert all(second - first >= seconds - 1e-9 for first, second in later)
    waits = zip(began, arrivals, strict=True)
    assert calls <= len(began) or all(start == 1000.0 + arrival for start, arrival in waits)


@pytest.mark.parametrize(
    ("method", "path", "limit"),
    [
        ("POST", "/api/2.2/jobs/run-now", "20 calls to jobs/run-now in 1 s"),
        ("GET", "/api/2.1/jobs/runs/get", "100 calls to jobs/runs/get in 1 s"),
        ("POST", "/api/2.2/jobs/runs/submit", "35 calls to jobs/runs/submit in 1 s"),
        ("GET", "/api/2.0/dbfs/list", "30 calls to dbfs/ in 1 s"),
        ("GET", "/api/2.0/permissions/jobs/7", "100 calls to GET permissions/ in 1 s"),
        ("PUT", "/api/2.0/permissions/jobs/7", "30 calls to PUT permissions/ in 1 s"),
        ("GET", "/api/2.2/jobs/runs/get-output", None),
        ("DELETE", "/api/2.0/permissions/jobs/7", None),
        ("GET", "/serving-endpoints/m", None),
        ("GET", "/x", None),
    ],
)
def test_a_family_has_the_limit_that_is_documented(
    method: str, path: str, limit: str | None
) -> None:
    time = VirtualTime()
    line = Pace(DOCUMENTED, clock=time.clock, sleep=time.sleep).line(method, path)
    assert (line and str(line.rate)) == limit


async def test_a_call_beyond_the_limit_waits_for_its_slot(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    route = wire.post(RUN_NOW).respond(json={"run_id": 1})
    async with limited(time, SLOW) as workspace:
        await asyncio.gather(*(workspace.runs.start(1) for _ in range(6)))
    assert route.call_count == 6
    assert sum(time.naps) == pytest.approx(2.0)


async def test_tries_are_calls_too(wire: respx.MockRouter, time: VirtualTime) -> None:
    route = wire.post(RUN_NOW).respond(503)
    one = Rate(family="jobs/run-now", calls=1, seconds=40.0)
    async with limited(time, one, seconds=100.0) as workspace:
        with pytest.raises(TooManyRequests, match="held back"):
            await workspace.runs.start(1)
    assert route.call_count == 3


async def test_who_waits_beyond_the_budget_is_told_why_and_has_sent_nothing(
    wire: respx.MockRouter,
) -> None:
    route = wire.post(RUN_NOW).respond(json={"run_id": 1})
    hourly = Rate(family="jobs/run-now", calls=1, seconds=3600.0)
    made = Workspace(HOST, token=TOKEN, retry_seconds=0, timeout_seconds=0.2, rates=[hourly])
    async with made as workspace:
        await workspace.runs.start(1)
        said = r"run-now: held back for 0\.2 s, since this client makes 1 calls to jobs/run-now in"
        with pytest.raises(TooManyRequests, match=said) as caught:
            await workspace.runs.start(1)
    assert (route.call_count, caught.value.sent, caught.value.retryable) == (1, False, True)


async def test_who_gives_up_in_line_takes_no_slot(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    wire.post(RUN_NOW).respond(json={"run_id": 1})
    async with limited(time, SLOW) as workspace:
        waiting = [asyncio.create_task(workspace.runs.start(1)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in waiting[3:]:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await workspace.runs.start(1)
    assert sum(time.naps) <= 1.0


async def test_other_families_do_not_wait_and_without_rates_nobody_does(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    wire.post(RUN_NOW).respond(json={"run_id": 1})
    wire.get("/api/2.2/jobs/runs/get").respond(json={"run_id": 1})
    async with limited(time, SLOW) as workspace:
        await asyncio.gather(*(workspace.runs.get(1) for _ in range(200)))
    async with limited(time) as workspace:
        await asyncio.gather(*(workspace.runs.start(1) for _ in range(50)))
    assert time.naps == []


def test_a_workspace_can_be_used_in_one_loop_after_the_other(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    wire.post(RUN_NOW).respond(json={"run_id": 1})
    workspace = limited(time, SLOW)

    async def crowd() -> None:
        async with workspace:
            await asyncio.gather(*(workspace.runs.start(1) for _ in range(4)))

    asyncio.run(crowd())
    asyncio.run(crowd())


BUSY = httpx.Response(429, headers={"Retry-After": "30"})
FINE = httpx.Response(200, json={"run_id": 1})


@pytest.mark.parametrize("rates", [[SLOW], []])
async def test_a_pause_that_is_asked_of_one_call_is_made_by_all_of_its_family(
    wire: respx.MockRouter, time: VirtualTime, rates: list[Rate]
) -> None:
    began: list[float] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        began.append(time.now - 1000.0)
        return BUSY if len(began) == 1 else FINE

    wire.post(RUN_NOW).mock(side_effect=answer)
    wire.get("/api/2.2/jobs/runs/get").respond(json={"run_id": 1})
    async with limited(time, *rates, seconds=20.0) as workspace:
        with pytest.raises(TooManyRequests):
            await workspace.runs.start(1)
        await workspace.runs.get(1)
        assert time.naps == []
        time.now += 15.0
        await asyncio.gather(*(workspace.runs.start(1) for _ in range(9)))
    assert len(began) == 10
    assert min(began[1:]) == 30.0


async def test_who_has_no_time_for_the_pause_of_others_is_told_at_once_and_has_sent_nothing(
    wire: respx.MockRouter, time: VirtualTime
) -> None:
    route = wire.post(RUN_NOW).mock(side_effect=[BUSY, FINE])
    async with limited(time, SLOW, seconds=20.0) as workspace:
        for said in ("asked to wait 30 s, which is beyond", "another call.*asked to wait 29 s"):
            with pytest.raises(TooManyRequests, match=said) as caught:
                await workspace.runs.start(1)
            assert not caught.value.error.in_doubt
            time.now += 1.0
    assert (route.call_count, time.naps) == (1, [])
    assert (caught.value.retry_after, caught.value.retryable, caught.value.sent) == (
        29,
        True,
        False,
    )


def test_a_pause_that_was_asked_for_at_an_address_without_a_limit_is_forgotten_in_time(
    time: VirtualTime,
) -> None:
    pace = Pace((), clock=time.clock, sleep=time.sleep)
    for number in range(100):
        pace.hold("POST", f"/api/2.0/x/{number}", 5.0)
        time.now += 1.0
    lines = [pace.line("POST", f"/api/2.0/x/{number}") for number in range(100)]
    assert 0 < sum(line is not None for line in lines) <= 6


class Late(VirtualTime):
    """Wakes whoever sleeps only when the limit of time around it has passed, too."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds + 10.0)
        raise TimeoutError


async def test_who_gives_up_just_as_a_pause_ends_is_told_of_the_pause(
    wire: respx.MockRouter,
) -> None:
    time = Late()
    route = wire.post("/x").mock(return_value=BUSY)
    async with limited(time, seconds=20.0) as workspace:
        with pytest.raises(TooManyRequests):
            await workspace.do("POST", "/x")
        time.now += 15.0
        with pytest.raises(TooManyRequests, match="another call of its family for a pause") as told:
            await workspace.do("POST", "/x")
    assert (route.call_count, told.value.sent) == (1, False)


def test_the_longest_pause_counts_and_none_is_longer_than_ten_minutes(time: VirtualTime) -> None:
    pace = Pace((), clock=time.clock, sleep=time.sleep)
    left: list[float] = []
    for seconds in (30.0, 5.0, 31_536_000.0):
        pace.hold("POST", "/x", seconds)
        line = pace.line("POST", "/x")
        assert line is not None
        left.append(line.held)
    assert left == [30.0, 30.0, 600.0]


async def test_who_has_no_time_for_a_pause_is_told_so_while_others_wait(time: VirtualTime) -> None:
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await over.wait()
        time.now += seconds

    pace = Pace((), clock=time.clock, sleep=sleep)
    pace.hold("POST", "/x", 30.0)
    line = pace.line("POST", "/x")
    assert line is not None
    patient = asyncio.create_task(line.slot(60.0))
    await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await line.slot(3.0)
    assert asyncio.get_running_loop().time() - began < 1.0
    over.set()
    await patient
    assert line.held == 0.0
