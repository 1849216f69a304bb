"""What the steps of one-time runs send, keep and tell, on a workspace that does as it is told."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.steps.jobs import JobRun
from dara_fp.steps.one_time_runs import cancel_tasks, submit_job, submit_tasks
from tests.steps.mocked import (
    Held,
    asked,
    body_of,
    check_refused,
    crashed,
    refused,
    said,
    token_of,
)

API = "/api/2.2/jobs"
TASK = {"task_key": "only", "spark_python_task": {"python_file": "/Volumes/a/b/c/x.py"}}


@attrs.frozen(kw_only=True)
class Submitting(StepContext):
    """The least that the steps of one-time runs take."""

    run_name: str = "once"
    run: JobRun | None = made()

    @property
    def run_tasks(self) -> Sequence[Mapping[str, Any]]:
        return [TASK]


@pytest.fixture
def submit(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/runs/submit").respond(json={"run_id": 5})


@pytest.fixture
def cancel(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/runs/cancel").respond(json={})


def body(scope: Scope) -> Mapping[str, Any]:
    token = token_of("submit_tasks", scope)
    return {"run_name": "once", "tasks": [TASK], "idempotency_token": token}


async def test_tasks_are_submitted_once_and_waited_for(
    wire: respx.MockRouter, submit: respx.Route, reached: DatabricksEnv
) -> None:
    state = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
    wire.get(f"{API}/runs/get").respond(
        json={"run_id": 5, "job_id": 900, "run_page_url": "https://page", "state": state}
    )
    scope = Scope(task_id="t", journal=(journal := MemoryJournal()))
    ended = unwrap(await submit_job(Submitting(), reached, scope=scope))
    assert ended.run == JobRun(run_id=5, job_id=900, state="SUCCESS", page_url="https://page")
    look = f"GET {API}/runs/get?run_id=5&include_history=true"
    assert asked(wire) == [f"POST {API}/runs/submit", look]
    assert body_of(submit) == body(scope)
    assert said(journal, "submit_tasks") == [("submitting 'once'", None)]
    assert said(journal, "await_run") == [("run 5 is TERMINATED", None)]


async def test_a_refusal_is_the_failure_of_the_step(
    submit: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    for route in (submit, cancel):
        route.mock(return_value=refused())
    error = (await submit_job(Submitting(), reached)).failure()
    check_refused(error, "submit_tasks", f"POST {API}/runs/submit")
    begun = Submitting(run=JobRun(run_id=5, job_id=None))
    error = (await cancel_tasks(begun, reached)).failure()
    check_refused(error, "cancel_tasks", f"POST {API}/runs/cancel")


async def test_a_run_that_is_cut_while_it_is_waited_for_is_cancelled(
    wire: respx.MockRouter, submit: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    looking = Held(httpx.Response(200, json={"run_id": 5}))
    wire.get(f"{API}/runs/get").mock(side_effect=looking)
    assert await looking.cut(submit_job(Submitting(), reached)) == []
    assert (submit.call_count, cancel.call_count) == (1, 1)
    assert body_of(cancel) == {"run_id": 5}


async def test_a_run_that_is_cut_before_it_has_an_id_is_cancelled(
    submit: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    starting = Held(httpx.Response(200, json={"run_id": 5}))
    submit.mock(side_effect=starting)
    assert await starting.cut(submit_job(Submitting(), reached)) == []
    assert (submit.call_count, cancel.call_count) == (1, 1)
    assert body_of(cancel) == {"run_id": 5}


async def test_a_delivery_after_a_crash_sends_the_same_token_and_a_new_attempt_another(
    submit: respx.Route, reached: DatabricksEnv
) -> None:
    first, again = Scope(task_id="t", journal=MemoryJournal()), crashed("submit_tasks")
    attempt = Scope(task_id="t", attempt=2)
    for scope in (first, again, attempt):
        begun = unwrap(await submit_tasks(Submitting(), reached, scope=scope))
        assert begun.run == JobRun(run_id=5, job_id=None)
    sent = [body_of(submit, place) for place in range(3)]
    assert sent == [body(first), body(first), body(attempt)]
    assert body(first) != body(attempt)


async def test_a_run_whose_id_was_lost_is_asked_for_by_its_token_and_cancelled(
    wire: respx.MockRouter, submit: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    scope = crashed("submit_tasks")
    unwrap(await cancel_tasks(Submitting(), reached, scope=scope))
    assert asked(wire) == [f"POST {API}/runs/submit", f"POST {API}/runs/cancel"]
    assert (body_of(submit), body_of(cancel)) == (body(scope), {"run_id": 5})


async def test_where_nothing_was_submitted_nothing_is_sent(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    ctx = Submitting()
    assert unwrap(await cancel_tasks(ctx, reached, scope=crashed("another"))) == ctx
    assert not asked(wire)
