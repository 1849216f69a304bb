"""What the steps that run jobs send, keep and tell, on a workspace that answers as it is told."""

from collections.abc import Mapping
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, unwrap
from dara_fp.steps.jobs import JobRun, await_run, cancel_run, run_job, submit_run
from tests.client.stage import VirtualTime
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
from tests.steps.served import Running

API = "/api/2.2/jobs"
LOOK = f"GET {API}/runs/get?run_id=5&include_history=true"
PAGE = "https://dbc-1.cloud.databricks.test/jobs/7/runs/5"
GIVEN = Running(job="7", job_parameters={"day": "2026-01-31"})
BEGUN = JobRun(run_id=5, job_id=7)


@pytest.fixture
def start(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/run-now").respond(json={"run_id": 5, "number_in_job": 1})


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/runs/get").mock(return_value=run("RUNNING"))


@pytest.fixture
def cancel(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/runs/cancel").respond(json={})


def run(life: str, result: str | None = None, **more: Any) -> httpx.Response:
    state = {"life_cycle_state": life, "result_state": result}
    facts = {"run_id": 5, "job_id": 7, "run_page_url": PAGE, "state": state, **more}
    return httpx.Response(200, json=facts, headers={"x-request-id": "req-9"})


def body(scope: Scope) -> Mapping[str, Any]:
    token = token_of("submit_run", scope)
    return {"job_id": 7, "job_parameters": {"day": "2026-01-31"}, "idempotency_token": token}


async def test_a_job_is_started_by_its_id_and_looked_at_until_it_has_ended(
    wire: respx.MockRouter, start: respx.Route, get: respx.Route, reached: DatabricksEnv
) -> None:
    lives = [run("PENDING"), run("RUNNING"), run("RUNNING"), run("TERMINATED", "SUCCESS")]
    get.mock(side_effect=lives)
    scope = Scope(task_id="t", journal=(journal := MemoryJournal()))
    ended = unwrap(await run_job(GIVEN, reached, scope=scope))
    assert ended == GIVEN.evolve(run=attrs.evolve(BEGUN, state="SUCCESS", page_url=PAGE))
    assert asked(wire) == [f"POST {API}/run-now", *[LOOK] * 4]
    assert body_of(start) == body(scope)
    assert said(journal, "submit_run") == [("starting job 7", None)]
    told = [f"run 5 is {life}" for life in ("PENDING", "RUNNING", "TERMINATED")]
    assert said(journal, "await_run") == [(message, None) for message in told]


async def test_a_job_is_looked_up_by_its_name_on_all_pages(
    wire: respx.MockRouter, start: respx.Route, reached: DatabricksEnv
) -> None:
    pages: list[dict[str, Any]] = [{"next_page_token": "p2"}, {"jobs": [{"job_id": 7}]}]
    wire.get(f"{API}/list").mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    begun = unwrap(await submit_run(Running(job="nightly"), reached))
    assert begun.run == BEGUN
    listed = f"GET {API}/list?limit=100&name=nightly"
    assert asked(wire) == [listed, f"{listed}&page_token=p2", f"POST {API}/run-now"]
    assert (body_of(start)["job_id"], body_of(start)["job_parameters"]) == (7, {})


@pytest.mark.parametrize(
    ("ids", "why"), [((), "none is"), ((9, 7), "several are: 7, 9")], ids=["none", "two"]
)
async def test_a_name_that_no_single_job_has_starts_nothing_and_asks_for_an_id(
    wire: respx.MockRouter, reached: DatabricksEnv, ids: tuple[int, ...], why: str
) -> None:
    wire.get(f"{API}/list").respond(json={"jobs": [{"job_id": number} for number in ids]})
    journal = MemoryJournal()
    given = Running(job="nightly")
    error = (await submit_run(given, reached, scope=Scope(journal=journal))).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "submit_run")
    assert error.message == f"no single job is called 'nightly', {why}; give a job's id"
    assert journal.reports == []


@pytest.mark.parametrize(
    ("given", "step", "call"),
    [
        (Running(job="nightly"), submit_run, f"GET {API}/list"),
        (Running(job="7"), submit_run, f"POST {API}/run-now"),
        (Running(job="7", run=BEGUN), await_run, f"GET {API}/runs/get"),
        (Running(job="7", run=BEGUN), cancel_run, f"POST {API}/runs/cancel"),
    ],
)
async def test_a_refusal_is_the_failure_of_the_step(
    wire: respx.MockRouter, reached: DatabricksEnv, given: Running, step: Any, call: str
) -> None:
    wire.route(path__startswith=API).mock(return_value=refused())
    check_refused((await step(given, reached)).failure(), str(step), call)
    assert len(asked(wire)) == 1


async def test_a_run_that_fails_tells_the_error_of_its_task_and_its_page(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    task = {"run_id": 51, "task_key": "load", "state": state}
    get.mock(return_value=run("TERMINATED", "FAILED", tasks=[task]))
    output = wire.get(f"{API}/runs/get-output").respond(json={"error": "LookupError: prize"})
    error = (await await_run(Running(job="7", run=BEGUN), reached)).failure()
    assert (error.kind, error.step, error.error_code) == (Kind.FAILED, "await_run", "FAILED")
    assert (error.status, error.request_id, error.url) == (200, "req-9", PAGE)
    assert error.message == (
        "run 5 of job 7 ended TERMINATED with FAILED; task 'load': LookupError: prize"
    )
    assert output.calls.last.request.url.params["run_id"] == "51"


async def test_troubles_that_pass_do_not_end_the_wait(
    get: respx.Route, reached: DatabricksEnv, time: VirtualTime
) -> None:
    away = [httpx.Response(503)] * 20
    get.mock(side_effect=[run("RUNNING"), *away, run("TERMINATED", "SUCCESS")])
    ended = unwrap(await await_run(Running(job="7", run=BEGUN), reached))
    assert ended.run is not None
    assert ended.run.state == "SUCCESS"
    assert time.now > 1000.0


@pytest.mark.usefixtures("start")
async def test_a_run_that_is_cut_is_cancelled(
    wire: respx.MockRouter, get: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    looking = Held(run("RUNNING"))
    get.mock(side_effect=looking)
    assert await looking.cut(run_job(GIVEN, reached)) == []
    assert asked(wire) == [f"POST {API}/run-now", f"POST {API}/runs/cancel"]
    assert body_of(cancel) == {"run_id": 5}


async def test_a_run_that_is_cut_before_it_has_an_id_is_cancelled(
    start: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    starting = Held(httpx.Response(200, json={"run_id": 5}))
    start.mock(side_effect=starting)
    assert await starting.cut(run_job(GIVEN, reached)) == []
    assert (start.call_count, cancel.call_count) == (1, 1)
    assert body_of(cancel) == {"run_id": 5}


async def test_a_run_that_cannot_be_cancelled_is_named(
    start: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    cancel.mock(return_value=refused())
    starting = Held(httpx.Response(200, json={"run_id": 5}))
    start.mock(side_effect=starting)
    [note] = await starting.cut(submit_run(GIVEN, reached))
    assert note.startswith(f"run 5 goes on: POST {API}/runs/cancel: ")
    assert note.endswith("(HTTP 403, PERMISSION_DENIED, request req-7)")


async def test_a_worker_that_only_stops_leaves_the_run_to_the_next_one(
    start: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    starting = Held(httpx.Response(200, json={"run_id": 5}))
    start.mock(side_effect=starting)
    stopping = Scope(task_id="t", cancelling=lambda: False)
    assert await starting.cut(submit_run(GIVEN, reached, scope=stopping)) == []
    assert not cancel.called


async def test_a_delivery_after_a_crash_sends_the_same_token_and_a_new_attempt_another(
    start: respx.Route, reached: DatabricksEnv
) -> None:
    first = Scope(task_id="t", journal=MemoryJournal())
    again = crashed("submit_run")
    attempt = Scope(task_id="t", attempt=2)
    for scope in (first, again, attempt):
        assert unwrap(await submit_run(GIVEN, reached, scope=scope)).run == BEGUN
    sent = [body_of(start, place) for place in range(3)]
    assert sent == [body(first), body(first), body(attempt)]
    assert body(first) != body(attempt)


async def test_a_lost_answer_is_asked_for_again_with_the_same_token(
    start: respx.Route, reached: DatabricksEnv
) -> None:
    answer = httpx.Response(200, json={"run_id": 5})
    start.mock(side_effect=[httpx.ReadError("cut"), answer])
    scope = Scope(task_id="t")
    assert unwrap(await submit_run(GIVEN, reached, scope=scope)).run == BEGUN
    assert [body_of(start, 0), body_of(start, 1)] == [body(scope)] * 2


async def test_a_run_whose_id_was_lost_is_asked_for_by_its_token_and_cancelled(
    wire: respx.MockRouter, start: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    scope = crashed("submit_run")
    assert unwrap(await cancel_run(GIVEN, reached, scope=scope)) == GIVEN
    assert asked(wire) == [f"POST {API}/run-now", f"POST {API}/runs/cancel"]
    assert (body_of(start), body_of(cancel)) == (body(scope), {"run_id": 5})


async def test_where_nothing_was_begun_nothing_is_sent(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    assert unwrap(await cancel_run(GIVEN, reached, scope=crashed("another"))) == GIVEN
    error = (await await_run(GIVEN, reached)).failure()
    assert error.message == "there is no run to wait for: put submit_run before await_run"
    assert not asked(wire)
