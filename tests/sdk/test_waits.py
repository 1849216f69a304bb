"""Waiting: for a `Wait`, for a long-running operation, with limits and callbacks."""

from datetime import timedelta
from typing import Any

import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.sdk.failures import OperationFailed, WaitTimedOut
from dara_fp.databricks.sdk.waits import Clock
from dara_fp.databricks.workspace import Workspace

RUNS = "/api/2.2/jobs/runs/get"
GOING = {"name": "operations/1", "done": False}
DONE = {**GOING, "done": True, "response": {"name": "branches/main"}}


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []

    async def sleep(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr(Clock, "sleep", sleep)
    monkeypatch.setattr(Clock, "time", lambda: 1000.0 + sum(taken))
    return taken


def run(state: str) -> dict[str, Any]:
    return {"run_id": 7, "state": {"life_cycle_state": state, "state_message": "as said"}}


@pytest.fixture
def begun(wire: respx.MockRouter) -> respx.Route:
    """Begin run 7, of which the route that is given tells."""
    wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": 7, "number_in_job": 7})
    return wire.get(RUNS).respond(json=run("TERMINATED"))


def saying(route: respx.Route, *states: str) -> None:
    facts = {"x-request-id": "r-of-the-look"}
    answers = [respx.MockResponse(json=run(state), headers=facts) for state in states]
    route.side_effect = [*answers[:-1], *answers[-1:] * 50]


async def test_a_wait_knows_names_and_what_the_call_answered(
    workspace: Workspace, begun: respx.Route
) -> None:
    wait = await workspace.jobs.run_now(1)
    assert (wait.run_id, wait.response.number_in_job, wait.bind()) == (7, 7, {"run_id": 7})
    assert repr(wait) == "Wait(run_id=7)"
    with pytest.raises(AttributeError, match="no 'job_id': it knows run_id"):
        _ = wait.job_id
    assert not begun.called
    await wait
    assert begun.called


async def test_awaiting_a_wait_is_awaiting_its_result(
    workspace: Workspace, begun: respx.Route
) -> None:
    saying(begun, "RUNNING", "TERMINATED")
    wait = await workspace.jobs.run_now(1)
    ended = await wait
    assert ended == await wait.result() == await workspace.jobs.run_now_and_wait(1)


@pytest.mark.parametrize("limit", [30, 30.0, timedelta(seconds=30)])
async def test_a_wait_ends_at_its_limit(
    workspace: Workspace, begun: respx.Route, naps: list[float], limit: float | timedelta
) -> None:
    saying(begun, "RUNNING")
    wait = await workspace.jobs.run_now(1)
    with pytest.raises(WaitTimedOut, match="timed out after 0:00:30: as said") as caught:
        await wait.result(timeout=limit)
    assert caught.value.error.kind is Kind.TIMEOUT
    assert isinstance(caught.value, TimeoutError)
    assert (caught.value.status, caught.value.request_id) == (200, "r-of-the-look")
    assert 30 <= sum(naps) < 50


async def test_a_wait_without_limit_goes_on(
    workspace: Workspace, begun: respx.Route, naps: list[float]
) -> None:
    saying(begun, *["RUNNING"] * 300, "TERMINATED")
    await (await workspace.jobs.run_now(1)).result(timeout=None)
    assert sum(naps) > 40 * 60


async def test_a_callback_sees_each_state_on_the_way(
    workspace: Workspace, begun: respx.Route
) -> None:
    saying(begun, "PENDING", "RUNNING", "TERMINATED")
    seen: list[Any] = []
    wait = await workspace.jobs.run_now(1)
    await wait.result(callback=seen.append)
    assert [each.state.life_cycle_state.value for each in seen] == ["PENDING", "RUNNING"]


async def test_what_ends_badly_is_a_failure_a_step_may_let_through(
    workspace: Workspace, begun: respx.Route
) -> None:
    saying(begun, "INTERNAL_ERROR")
    with pytest.raises(OperationFailed, match=r"got .*INTERNAL_ERROR: as said") as caught:
        await (await workspace.jobs.run_now(1))
    assert (caught.value.status, caught.value.request_id) == (200, "r-of-the-look")


async def begin(workspace: Workspace, wire: respx.MockRouter, *answers: dict[str, Any]) -> Any:
    """Begin a long-running operation that is told of by *answers*."""
    wire.post("/api/2.0/postgres/branches/main/undelete").respond(json=GOING)
    said = [respx.MockResponse(json=answer) for answer in answers]
    wire.get("/api/2.0/postgres/operations/1").side_effect = [*said[:-1], *said[-1:] * 50]
    return await workspace.postgres.undelete_branch("branches/main")


async def test_an_operation_can_be_awaited_and_watched(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    operation = await begin(workspace, wire, GOING, GOING, DONE)
    seen: list[Any] = []
    await operation.result(callback=seen.append)
    assert seen == [operation, operation]
    await operation
    assert await operation.done()


async def test_an_operation_ends_at_its_limit(
    workspace: Workspace, wire: respx.MockRouter, naps: list[float]
) -> None:
    operation = await begin(workspace, wire, GOING)
    with pytest.raises(WaitTimedOut, match="Timed out after 0:00:20"):
        await operation.result(timeout=20)
    assert 20 <= sum(naps) < 35


async def test_an_operation_that_fails_says_why(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    error = {"error_code": "ABORTED", "message": "someone was first"}
    operation = await begin(workspace, wire, {**GOING, "done": True, "error": error})
    with pytest.raises(OperationFailed, match=r"ABORTED.* someone was first"):
        await operation
