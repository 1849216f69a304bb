"""What the steps that repair runs send, keep and tell, on a workspace that does as it is told."""

from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.steps.jobs import JobRun
from dara_fp.steps.repairs import (
    await_repair,
    cancel_repair,
    note_repairs,
    repair_run,
    start_repair,
)
from tests.steps.mocked import Held, asked, body_of, check_refused, crashed, refused, said

API = "/api/2.2/jobs"
LOOK = f"GET {API}/runs/get?run_id=5&include_history=true"
REPAIR = f"POST {API}/runs/repair"
CANCEL = f"POST {API}/runs/cancel"
ENDED = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
WELL = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
GOES_ON = {"life_cycle_state": "RUNNING"}


@attrs.frozen(kw_only=True)
class Repairing(StepContext):
    """The least that the steps of repairs take."""

    run: JobRun | None = made()


GIVEN = Repairing(run=JobRun(run_id=5, job_id=7, state="FAILED"))
NOTED = Repairing(run=JobRun(run_id=5, job_id=7, state="FAILED", repair_id=40))
AGAIN = Repairing(run=JobRun(run_id=5, job_id=7, state="FAILED", repair_id=41))


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/runs/get").mock(return_value=run(ENDED, 40))


@pytest.fixture
def repair(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/runs/repair").respond(json={"repair_id": 41})


@pytest.fixture
def cancel(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/runs/cancel").respond(json={})


def run(state: dict[str, str], *repairs: int) -> httpx.Response:
    """Give a run in *state* whose last repair is in the same."""
    history: list[dict[str, Any]] = [{"type": "ORIGINAL", "start_time": 1, "state": ENDED}]
    for key in repairs:
        done = state if key == repairs[-1] else ENDED
        history.append({"type": "REPAIR", "id": key, "start_time": key, "state": done})
    facts = {"run_id": 5, "job_id": 7, "state": state, "repair_history": history}
    return httpx.Response(200, json=facts)


async def test_what_failed_is_run_again_and_waited_for(
    wire: respx.MockRouter, get: respx.Route, repair: respx.Route, reached: DatabricksEnv
) -> None:
    before, going, well = run(ENDED, 40), run(GOES_ON, 40, 41), run(WELL, 40, 41)
    # The run may look as it did before for a moment: then its repair is not over.
    get.mock(side_effect=[before, before, before, going, well])
    journal = MemoryJournal()
    ended = unwrap(await repair_run(GIVEN, reached, scope=Scope(journal=journal)))
    assert ended.run == JobRun(run_id=5, job_id=7, state="SUCCESS", repair_id=41)
    assert asked(wire) == [LOOK, LOOK, REPAIR, LOOK, LOOK, LOOK]
    assert body_of(repair) == {
        "run_id": 5, "rerun_all_failed_tasks": True, "latest_repair_id": 40
    }  # fmt: skip
    assert said(journal, "note_repairs") == []
    assert said(journal, "start_repair") == [("repairing run 5", None)]
    lives = ("TERMINATED", "RUNNING", "TERMINATED")
    assert said(journal, "await_repair") == [(f"run 5 is {life}", None) for life in lives]


@pytest.mark.usefixtures("repair")
async def test_the_first_repair_names_none_before_it(
    get: respx.Route, repair: respx.Route, reached: DatabricksEnv
) -> None:
    get.mock(return_value=run(ENDED))
    begun = unwrap(await start_repair(GIVEN, reached))
    assert begun == AGAIN
    assert body_of(repair) == {"run_id": 5, "rerun_all_failed_tasks": True}


@pytest.mark.usefixtures("get")
async def test_the_last_repair_and_the_job_are_noted(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    submitted = Repairing(run=JobRun(run_id=5, job_id=None, state="FAILED"))
    assert unwrap(await note_repairs(submitted, reached)) == NOTED
    assert asked(wire) == [LOOK]


async def test_a_repair_that_a_worker_began_before_it_died_is_not_begun_again(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    get.mock(return_value=run(GOES_ON, 40, 41))
    scope = crashed("start_repair")
    assert unwrap(await start_repair(NOTED, reached, scope=scope)) == AGAIN
    assert asked(wire) == [LOOK]


async def test_a_repair_that_a_worker_did_not_begin_before_it_died_is_begun(
    wire: respx.MockRouter, get: respx.Route, repair: respx.Route, reached: DatabricksEnv
) -> None:
    scope = crashed("start_repair")
    assert unwrap(await start_repair(NOTED, reached, scope=scope)) == AGAIN
    assert asked(wire) == [LOOK, REPAIR]


async def test_a_repair_whose_answer_was_lost_is_looked_up(
    wire: respx.MockRouter, get: respx.Route, repair: respx.Route, reached: DatabricksEnv
) -> None:
    get.mock(side_effect=[run(ENDED, 40), run(GOES_ON, 40, 41)])
    repair.mock(side_effect=httpx.ReadError("cut"))
    assert unwrap(await start_repair(NOTED, reached)) == AGAIN
    assert (asked(wire)[-1], repair.call_count) == (LOOK, 1)


async def test_a_run_that_has_succeeded_meanwhile_is_not_repaired(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    get.mock(return_value=run(WELL, 40))
    assert unwrap(await start_repair(NOTED, reached)) == NOTED
    assert asked(wire) == [LOOK]


@pytest.mark.parametrize("step", [note_repairs, start_repair, await_repair, cancel_repair])
async def test_a_refusal_is_the_failure_of_the_step(
    get: respx.Route, cancel: respx.Route, reached: DatabricksEnv, step: Any
) -> None:
    for route in (get, cancel):
        route.mock(return_value=refused())
    call = CANCEL if step is cancel_repair else f"GET {API}/runs/get"
    check_refused((await step(NOTED, reached)).failure(), str(step), call)


@pytest.mark.usefixtures("get")
async def test_a_repair_that_is_refused_fails_and_cancels_nothing(
    repair: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    repair.mock(return_value=refused())
    check_refused((await repair_run(NOTED, reached)).failure(), "start_repair", REPAIR)
    assert not cancel.called


@pytest.mark.usefixtures("get")
async def test_a_repair_that_is_cut_before_it_has_an_id_is_cancelled(
    repair: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    starting = Held(httpx.Response(200, json={"repair_id": 41}))
    repair.mock(side_effect=starting)
    assert await starting.cut(start_repair(NOTED, reached)) == []
    assert (repair.call_count, cancel.call_count) == (1, 1)
    assert body_of(cancel) == {"run_id": 5}


async def test_a_repair_that_is_cut_while_it_is_waited_for_is_cancelled(
    get: respx.Route, repair: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    looking, looks = Held(run(GOES_ON, 40, 41)), [run(ENDED, 40)] * 2

    async def look(request: httpx.Request) -> httpx.Response:
        return looks.pop() if looks else await looking(request)

    get.mock(side_effect=look)
    assert await looking.cut(repair_run(GIVEN, reached)) == []
    assert (repair.call_count, cancel.call_count) == (1, 1)
    assert body_of(cancel) == {"run_id": 5}


@pytest.mark.parametrize("step", [note_repairs, start_repair, await_repair, cancel_repair])
async def test_without_a_run_nothing_is_sent(
    wire: respx.MockRouter, reached: DatabricksEnv, step: Any
) -> None:
    outcome = await step(Repairing(), reached)
    if step is cancel_repair:
        assert unwrap(outcome) == Repairing()
    else:
        assert outcome.failure().kind is Kind.REJECTED
    assert not asked(wire)
