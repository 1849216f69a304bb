"""Starting, submitting and repairing runs, each once; and waiting for what repairs them."""

import json
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    BadRequest,
    ConnectionFailed,
    InternalError,
    RunFailed,
    TemporarilyUnavailable,
    UnexpectedAnswer,
)
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

TASK = {"task_key": "a", "notebook_task": {"notebook_path": "/Shared/a"}}
CUT = httpx.ReadError("cut")


def body_of(route: respx.Route) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(stage.last(route).content)
    return body


def ended(result: str) -> dict[str, str]:
    return {"life_cycle_state": "TERMINATED", "result_state": result}


RUNNING = {"life_cycle_state": "RUNNING"}


def history(*repairs: tuple[int, dict[str, str]]) -> list[dict[str, Any]]:
    original = {"type": "ORIGINAL", "start_time": 1, "state": ended("FAILED")}
    others = [
        {"id": key, "type": "REPAIR", "start_time": 2 + place, "state": state}
        for place, (key, state) in enumerate(repairs)
    ]
    return [original, *others]


def run(state: dict[str, str], *repairs: tuple[int, dict[str, str]], **more: Any) -> httpx.Response:
    known = {"run_id": 5, "job_id": 1, "state": state, "repair_history": history(*repairs)}
    return httpx.Response(200, json={**known, **more})


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep)


@pytest.fixture
def repair(wire: respx.MockRouter) -> respx.Route:
    return wire.post("/api/2.2/jobs/runs/repair").respond(json={"repair_id": 9})


@pytest.fixture
def runs(wire: respx.MockRouter) -> respx.Route:
    return wire.get("/api/2.2/jobs/runs/get")


async def test_a_one_time_run_is_submitted_as_the_api_names_it(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    submit = wire.post("/api/2.2/jobs/runs/submit").respond(json={"run_id": 7})
    run_id = await workspace.runs.submit(
        [TASK], run_name="once", idempotency_token="t" * 64, timeout_seconds=60, queue={}
    )
    assert run_id == 7
    assert body_of(submit) == {
        "tasks": [TASK],
        "run_name": "once",
        "idempotency_token": "t" * 64,
        "timeout_seconds": 60,
        "queue": {},
    }


async def test_with_a_token_a_run_is_asked_for_again_after_a_lost_answer(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    submit = wire.post("/api/2.2/jobs/runs/submit")
    submit.mock(side_effect=[CUT, httpx.Response(200, json={"run_id": 7})])
    assert await workspace.runs.submit([TASK], idempotency_token="t") == 7
    assert submit.call_count == 2


@pytest.mark.parametrize("call", ["run-now", "runs/submit"])
async def test_without_a_token_no_second_run_is_risked(
    wire: respx.MockRouter, workspace: Workspace, call: str
) -> None:
    route = wire.post(f"/api/2.2/jobs/{call}").mock(side_effect=CUT)
    starting = workspace.runs.start(1) if call == "run-now" else workspace.runs.submit([TASK])
    with pytest.raises(ConnectionFailed):
        await starting
    assert route.call_count == 1


@pytest.mark.parametrize("token", ["", "t" * 65])
async def test_a_token_that_the_api_would_not_take_is_refused_before_the_call(
    wire: respx.MockRouter, workspace: Workspace, token: str
) -> None:
    with pytest.raises(ValueError, match=f"has {len(token)} characters: give 1 to 64"):
        await workspace.runs.submit([TASK], idempotency_token=token)
    with pytest.raises(ValueError, match="give 1 to 64"):
        await workspace.runs.start(1, idempotency_token=token)
    assert not wire.calls


async def test_a_repair_runs_all_that_failed_unless_tasks_are_named(
    repair: respx.Route, runs: respx.Route, workspace: Workspace
) -> None:
    runs.mock(side_effect=[run(ended("FAILED"))])
    assert await workspace.runs.repair(5) == 9
    assert body_of(repair) == {"run_id": 5, "rerun_all_failed_tasks": True}
    await workspace.runs.repair(
        5, tasks=["a"], dependents=True, latest_repair_id=8, job_parameters={"day": "monday"}
    )
    assert body_of(repair) == {
        "run_id": 5,
        "rerun_tasks": ["a"],
        "rerun_dependent_tasks": True,
        "latest_repair_id": 8,
        "job_parameters": {"day": "monday"},
    }


@pytest.mark.parametrize("trouble", [CUT, httpx.Response(500), httpx.Response(200, text="<p>")])
async def test_a_repair_whose_answer_is_lost_is_looked_up_and_not_sent_again(
    repair: respx.Route,
    runs: respx.Route,
    workspace: Workspace,
    trouble: httpx.Response | Exception,
) -> None:
    repair.mock(side_effect=[trouble])
    runs.mock(side_effect=[run(RUNNING, (8, ended("FAILED")), (3, RUNNING))])
    assert await workspace.runs.repair(5, latest_repair_id=8) == 3
    assert repair.call_count == 1
    assert stage.last(runs).url.params["include_history"] == "true"


async def test_an_older_repair_is_not_taken_for_the_one_whose_answer_was_lost(
    repair: respx.Route, runs: respx.Route, workspace: Workspace
) -> None:
    repair.mock(side_effect=[CUT])
    old = run(ended("FAILED"), (8, ended("FAILED")))
    runs.mock(side_effect=[old, old])
    with pytest.raises(ConnectionFailed) as caught:
        await workspace.runs.repair(5)
    assert caught.value.error.in_doubt


async def test_a_first_repair_whose_answer_is_lost_is_found(
    repair: respx.Route, runs: respx.Route, workspace: Workspace
) -> None:
    repair.mock(side_effect=[CUT])
    runs.mock(side_effect=[run(ended("FAILED")), run(RUNNING, (3, RUNNING))])
    assert await workspace.runs.repair(5) == 3


@pytest.mark.parametrize("last", [None, 8])
@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        (CUT, ConnectionFailed),
        (httpx.Response(500), InternalError),
        (httpx.Response(200, text="<p>"), UnexpectedAnswer),
    ],
)
async def test_a_lost_answer_after_which_no_repair_is_there_is_raised(
    repair: respx.Route,
    runs: respx.Route,
    workspace: Workspace,
    trouble: httpx.Response | Exception,
    raised: type[Exception],
    last: int | None,
) -> None:
    repair.mock(side_effect=[trouble])
    seen = run(ended("FAILED"), *([(8, ended("FAILED"))] if last else []))
    runs.mock(side_effect=[seen, seen])
    with pytest.raises(raised):
        await workspace.runs.repair(5, latest_repair_id=last)
    assert repair.call_count == 1


@pytest.mark.parametrize(("status", "raised"), [(400, BadRequest), (503, TemporarilyUnavailable)])
async def test_a_repair_that_was_refused_is_not_looked_up(
    repair: respx.Route, runs: respx.Route, time: VirtualTime, status: int, raised: type[Exception]
) -> None:
    repair.respond(status)
    async with stage.workspace(time, seconds=0) as workspace:
        with pytest.raises(raised):
            await workspace.runs.repair(5, latest_repair_id=8)
    assert not runs.called


async def test_a_run_is_not_over_while_a_repair_of_it_goes_on(
    runs: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    runs.mock(
        side_effect=[
            run(ended("FAILED"), (9, RUNNING)),
            run(RUNNING, (9, RUNNING)),
            run(ended("SUCCESS"), (9, ended("SUCCESS"))),
        ]
    )
    assert (await workspace.runs.wait(5, polling=polling)).has_succeeded
    assert runs.call_count == 3


async def test_a_run_is_not_over_before_the_repair_that_was_asked_for_shows(
    runs: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    stale, repaired = run(ended("FAILED")), run(ended("SUCCESS"), (9, ended("SUCCESS")))
    runs.mock(side_effect=[stale, repaired])
    assert (await workspace.runs.wait(5, repair_id=9, polling=polling)).has_succeeded
    assert runs.call_count == 2


async def test_the_error_of_a_repaired_run_is_that_of_the_last_attempt(
    wire: respx.MockRouter, runs: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    tasks = [
        {"run_id": 6, "task_key": "a", "attempt_number": 0, "state": ended("FAILED")},
        {"run_id": 8, "task_key": "b", "attempt_number": 1, "state": ended("FAILED")},
        {"run_id": 7, "task_key": "b", "attempt_number": 0, "state": ended("FAILED")},
        {"run_id": 9, "task_key": "a", "attempt_number": 1, "state": ended("SUCCESS")},
    ]
    output = wire.get("/api/2.2/jobs/runs/get-output").respond(json={"error": "boom"})
    runs.mock(return_value=run(ended("FAILED"), (9, ended("FAILED")), tasks=tasks))
    with pytest.raises(RunFailed, match="task 'b': boom") as caught:
        await workspace.runs.wait(5, polling=polling)
    assert caught.value.error.kind is Kind.FAILED
    assert stage.last(output).url.params["run_id"] == "8"


async def test_a_failed_run_names_the_request_that_told_of_it(
    runs: respx.Route, wire: respx.MockRouter, workspace: Workspace, polling: Polling
) -> None:
    wire.get("/api/2.2/jobs/runs/get-output").respond(404)
    told = run(ended("FAILED"))
    told.headers["x-request-id"] = "r-2"
    runs.mock(side_effect=[run(RUNNING), told])
    with pytest.raises(RunFailed) as caught:
        await workspace.runs.wait(5, polling=polling)
    assert (caught.value.status, caught.value.request_id) == (200, "r-2")
