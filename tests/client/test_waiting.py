"""Waiting for a run, until whatever end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    NotFound,
    PermissionDenied,
    RunFailed,
    TemporarilyUnavailable,
    TooManyRequests,
)
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.records import Run
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

PAGE = "https://h.test/#job/1/run/5"


def seen(life: str, result: str | None = None, **more: Any) -> httpx.Response:
    state = {"life_cycle_state": life, "result_state": result, "state_message": f"is {life}"}
    run = {"run_id": 5, "job_id": 1, "run_page_url": PAGE, "state": state, **more}
    return httpx.Response(200, json=run)


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep)


@pytest.fixture
def runs(wire: respx.MockRouter) -> respx.Route:
    return wire.get("/api/2.2/jobs/runs/get")


@pytest.fixture(autouse=True)
def output(wire: respx.MockRouter) -> respx.Route:
    return wire.get("/api/2.2/jobs/runs/get-output").respond(json={"error": "ZeroDivisionError"})


@pytest.mark.parametrize("result", ["SUCCESS", "SUCCESS_WITH_FAILURES"])
async def test_a_run_that_ends_well_is_given(
    runs: respx.Route, workspace: Workspace, polling: Polling, result: str
) -> None:
    answers = [seen("PENDING"), seen("RUNNING"), seen("RUNNING"), seen("TERMINATED", result)]
    runs.mock(side_effect=answers)
    states: list[tuple[str, str | None]] = []

    async def note(run: Run) -> None:
        states.append((run.life_cycle, run.result))

    run = await workspace.runs.wait(5, on_state=note, polling=polling)
    assert (run.run_id, run.run_page_url) == (5, PAGE)
    assert states == [("PENDING", None), ("RUNNING", None), ("TERMINATED", result)]


@pytest.mark.parametrize(
    ("life", "result", "kind"),
    [
        ("TERMINATED", "FAILED", Kind.FAILED),
        ("TERMINATED", "TIMEDOUT", Kind.TIMEOUT),
        ("TERMINATED", "CANCELED", Kind.CANCELLED),
        ("TERMINATED", "MAXIMUM_CONCURRENT_RUNS_REACHED", Kind.FAILED),
        ("TERMINATED", "UPSTREAM_FAILED", Kind.FAILED),
        ("TERMINATED", "A_NEW_WORD", Kind.FAILED),
        ("TERMINATED", None, Kind.FAILED),
        ("SKIPPED", None, Kind.FAILED),
        ("INTERNAL_ERROR", "FAILED", Kind.FAILED),
        ("INTERNAL_ERROR", None, Kind.FAILED),
    ],
)
async def test_every_other_end_is_a_failure_with_the_run_s_page(
    runs: respx.Route,
    workspace: Workspace,
    polling: Polling,
    life: str,
    result: str | None,
    kind: Kind,
) -> None:
    runs.mock(side_effect=[seen("RUNNING"), seen(life, result)])
    with pytest.raises(RunFailed, match=f"run 5 of job 1 ended {life} with") as caught:
        await workspace.runs.wait(5, polling=polling)
    error = caught.value.error
    assert (error.kind, error.url, error.error_code) == (kind, PAGE, result or life)
    assert f"is {life}" in error.message
    assert "error: ZeroDivisionError" in error.message


async def test_the_newer_words_for_the_end_are_understood(
    runs: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    details = {"code": "USER_CANCELED", "message": "by me", "type": "CLIENT_ERROR"}
    status = {"state": "TERMINATED", "termination_details": details}
    runs.respond(json={"run_id": 5, "status": status})
    with pytest.raises(RunFailed, match="with USER_CANCELED: by me"):
        await workspace.runs.wait(5, polling=polling)


async def test_the_task_that_failed_first_hand_is_named_with_its_error(
    runs: respx.Route, output: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    def task(run_id: int, key: str, result: str) -> dict[str, Any]:
        state = {"life_cycle_state": "TERMINATED", "result_state": result}
        return {"run_id": run_id, "task_key": key, "state": state}

    tasks = [
        task(6, "good", "SUCCESS"),
        task(7, "after", "UPSTREAM_FAILED"),
        task(8, "bad", "FAILED"),
    ]
    output.respond(json={"error": "boom\n" + "x" * 9000})
    runs.mock(return_value=seen("TERMINATED", "FAILED", tasks=tasks))
    with pytest.raises(RunFailed, match="task 'bad': boom x") as caught:
        await workspace.runs.wait(5, polling=polling)
    assert stage.last(output).url.params["run_id"] == "8"
    assert len(caught.value.message) < 3000


async def test_a_run_without_output_fails_with_what_is_known(
    runs: respx.Route, output: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    output.respond(400, json={"error_code": "INVALID_PARAMETER_VALUE", "message": "no output"})
    runs.mock(return_value=seen("SKIPPED"))
    with pytest.raises(RunFailed, match=r"with SKIPPED: is SKIPPED \("):
        await workspace.runs.wait(5, polling=polling)


async def test_passing_troubles_are_borne(
    runs: respx.Route, time: VirtualTime, polling: Polling
) -> None:
    cut = httpx.ReadError("cut")
    troubles: list[httpx.Response | Exception] = [httpx.Response(503), cut, httpx.Response(429)]
    runs.mock(side_effect=[*troubles, seen("RUNNING"), *troubles, seen("TERMINATED", "SUCCESS")])
    async with stage.workspace(time, seconds=0) as impatient:
        assert (await impatient.runs.wait(5, polling=polling)).has_succeeded


@pytest.mark.parametrize("budget", [0.0, 300.0])
async def test_troubles_that_last_too_long_are_raised(
    runs: respx.Route, time: VirtualTime, polling: Polling, budget: float
) -> None:
    """However long a look itself takes: the client tries for minutes before it gives one up."""
    runs.respond(503)
    began = time.now
    async with stage.workspace(time, seconds=budget) as workspace:
        with pytest.raises(TemporarilyUnavailable):
            await workspace.runs.wait(5, polling=polling)
    assert 600 <= time.now - began < 620 + budget


async def test_patience_begins_anew_after_a_good_look(
    runs: respx.Route, time: VirtualTime, polling: Polling
) -> None:
    def twice_for_400_s() -> Iterator[httpx.Response]:
        for end in (1400.0, 1800.0):
            while time.now < end:
                yield httpx.Response(503)
            yield seen("RUNNING")
        yield seen("TERMINATED", "SUCCESS")

    runs.mock(side_effect=twice_for_400_s())
    async with stage.workspace(time, seconds=0) as impatient:
        assert (await impatient.runs.wait(5, polling=polling)).has_succeeded


async def test_a_wait_that_was_asked_for_is_kept_as_far_as_patience_goes(
    runs: respx.Route, workspace: Workspace, time: VirtualTime, polling: Polling
) -> None:
    runs.respond(429, headers={"Retry-After": "400"})
    with pytest.raises(TooManyRequests):
        await workspace.runs.wait(5, polling=polling)
    # Patience ends amid the second; the last look, which begins then, makes the rest of the pause.
    assert (time.naps, runs.call_count) == ([400.0, 200.0, 200.0], 3)


@pytest.mark.parametrize(
    "answer",
    [httpx.Response(500), httpx.Response(501), httpx.Response(200, text="<html>back soon</html>")],
)
async def test_a_workspace_that_stumbles_does_not_end_the_wait(
    runs: respx.Route, workspace: Workspace, polling: Polling, answer: httpx.Response
) -> None:
    runs.mock(side_effect=[seen("RUNNING"), answer, answer, seen("TERMINATED", "SUCCESS")])
    assert (await workspace.runs.wait(5, polling=polling)).has_succeeded


@pytest.mark.parametrize(("status", "raised"), [(403, PermissionDenied), (404, NotFound)])
async def test_a_refusal_for_good_is_raised_at_once(
    runs: respx.Route,
    workspace: Workspace,
    polling: Polling,
    status: int,
    raised: type[Exception],
) -> None:
    runs.respond(status)
    with pytest.raises(raised):
        await workspace.runs.wait(5, polling=polling)
    assert runs.call_count == 1


async def test_an_old_run_is_looked_at_seldom(
    runs: respx.Route, workspace: Workspace, polling: Polling, time: VirtualTime
) -> None:
    def for_an_hour() -> Iterator[httpx.Response]:
        while time.now < 1000.0 + 3600:
            yield seen("RUNNING")
        yield seen("TERMINATED", "SUCCESS")

    runs.mock(side_effect=for_an_hour())
    await workspace.runs.wait(5, polling=polling)
    assert time.naps[0] <= 0.3
    assert max(time.naps) <= 12.0
    assert min(time.naps[-100:]) >= 8.0
    assert runs.call_count < 450


async def test_a_cancelled_wait_ends_at_once_and_leaves_the_run(
    wire: respx.MockRouter, runs: respx.Route, workspace: Workspace
) -> None:
    runs.mock(return_value=seen("RUNNING"))
    cancel = wire.post("/api/2.2/jobs/runs/cancel").respond(json={})
    looked = asyncio.Event()

    async def note(_run: Run) -> None:
        looked.set()

    waiting = asyncio.create_task(workspace.runs.wait(5, on_state=note))
    await looked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not cancel.called
