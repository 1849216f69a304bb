"""Steps that run tasks without a job, and those that repair runs, against real processes."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest

from dara_fp import (
    DatabricksEnv,
    Entry,
    Kind,
    MemoryJournal,
    Scope,
    StepContext,
    made,
    start,
    unwrap,
    workflow,
)
from dara_fp.core.check import structure
from dara_fp.core.undo import CANCELLED
from dara_fp.databricks.runs.runs import Runs
from dara_fp.steps.jobs import JobRun, await_run
from dara_fp.steps.one_time_runs import submit_job, submit_tasks
from dara_fp.steps.repairs import await_repair, note_repairs, repair_run, start_repair

PRINT = "print('done')"
SLEEP = "import time; time.sleep(60)"
ONCE = """
import os, pathlib, sys
place = pathlib.Path(os.environ["DARA_SANDBOX_ROOT"], MARK[1:])
failed, _ = place.exists(), place.touch()
sys.exit(not failed)
"""
"""Fails, and the next time it does not."""


@attrs.frozen(kw_only=True)
class Submitting(StepContext):
    """The least that the steps of one-time runs take."""

    script: str
    run_name: str = "once"
    run: JobRun | None = made()

    @property
    def run_tasks(self) -> Sequence[Mapping[str, Any]]:
        """One task, the script."""
        return [{"task_key": "only", "spark_python_task": {"python_file": self.script}}]


@pytest.fixture
async def ctx(request: pytest.FixtureRequest, env: DatabricksEnv, folder: str) -> Submitting:
    """Upload the program that the test names, and give the context that runs it."""
    script = f"{folder}/{uuid.uuid4().hex}.py"
    source = str(getattr(request, "param", PRINT)).replace("MARK", repr(f"{folder}/mark"))
    await env.workspace.files.upload(script, source.encode())
    return Submitting(script=script)


async def until(env: DatabricksEnv, run_id: int, *lives: str) -> str | None:
    """Wait until the run is in one of *lives*, and give its result."""
    while True:
        run = await env.workspace.runs.get(run_id)
        if run.life_cycle in lives:
            return run.result
        await asyncio.sleep(0.05)


async def result_of(env: DatabricksEnv, run_id: int) -> str | None:
    """Wait until the run has ended, and give its result."""
    return await until(env, run_id, "TERMINATED", "INTERNAL_ERROR")


async def test_tasks_run_once_without_a_job(env: DatabricksEnv, ctx: Submitting) -> None:
    ended = unwrap(await submit_job(ctx, env))
    assert ended.run is not None
    assert ended.run.state == "SUCCESS"
    assert ended.run.job_id is not None
    run = await env.workspace.runs.get(ended.run.run_id)
    assert (run.run_name, run.run_page_url) == ("once", ended.run.page_url)


async def test_a_task_that_runs_again_gets_the_same_run(
    env: DatabricksEnv, ctx: Submitting
) -> None:
    scope = Scope(task_id=uuid.uuid4().hex)
    first, second = [unwrap(await submit_tasks(ctx, env, scope=scope)) for _ in "12"]
    assert first == second
    again = Scope(task_id=scope.task_id, attempt=2)
    assert unwrap(await submit_tasks(ctx, env, scope=again)) != first


@pytest.mark.parametrize("ctx", [SLEEP], indirect=True)
async def test_a_run_whose_id_was_lost_with_its_worker_is_found_by_its_token_and_cancelled(
    env: DatabricksEnv, ctx: Submitting
) -> None:
    journal, task_id = MemoryJournal(), uuid.uuid4().hex
    begun = unwrap(await submit_tasks(ctx, env, scope=Scope(task_id=task_id, journal=journal)))
    lost = MemoryJournal({}, heard=journal.heard)  # the worker died before it recorded the id
    lost.entries["run(submit_tasks)"] = Entry(error=CANCELLED, verdict="undone")
    with pytest.raises(asyncio.CancelledError):
        await submit_job(ctx, env, scope=Scope(task_id=task_id, journal=lost))
    assert begun.run is not None
    assert await result_of(env, begun.run.run_id) == "CANCELED"


@pytest.mark.parametrize("ctx", [ONCE], indirect=True)
async def test_what_failed_is_given_a_second_try(env: DatabricksEnv, ctx: Submitting) -> None:
    flow = workflow(
        "tries-twice",
        start(Submitting, DatabricksEnv) >> submit_tasks >> (await_run | repair_run),
    )
    journal = MemoryJournal()
    ended = unwrap(await flow(ctx, env, scope=Scope(journal=journal)))
    assert ended.run is not None
    assert (ended.run.state, ended.run.repair_id is None) == ("SUCCESS", False)
    run = await env.workspace.runs.get(ended.run.run_id, history=True)
    assert [(task.attempt_number, task.result) for task in run.tasks] == [
        (0, "FAILED"),
        (1, "SUCCESS"),
    ]
    assert run.latest_repair_id == ended.run.repair_id
    said = [message for path, message, _ in journal.reports if path.endswith("await_repair")]
    assert said[-1] == f"run {ended.run.run_id} is TERMINATED"


@pytest.mark.parametrize("ctx", ["raise LookupError('prize')"], indirect=True)
async def test_a_repair_that_fails_again_tells_the_task_s_error(
    env: DatabricksEnv, ctx: Submitting
) -> None:
    begun = unwrap(await submit_tasks(ctx, env))
    assert (await await_run(begun, env)).failure().kind is Kind.FAILED
    error = (await repair_run(begun, env)).failure()
    assert (error.step, error.error_code) == ("await_repair", "FAILED")
    assert "task 'only': LookupError: prize" in error.message
    assert error.url


@pytest.mark.parametrize("ctx", [ONCE], indirect=True)
async def test_a_repair_that_a_worker_began_before_it_died_is_not_begun_again(
    env: DatabricksEnv, ctx: Submitting
) -> None:
    begun = unwrap(await submit_tasks(ctx, env))
    assert (await await_run(begun, env)).failure().kind is Kind.FAILED
    noted = unwrap(await note_repairs(begun, env))
    first, second = [unwrap(await start_repair(noted, env)) for _ in "12"]
    assert first == second
    assert first.run is not None
    ended = unwrap(await await_repair(first, env))
    assert unwrap(await start_repair(ended, env)) == ended  # nothing is left to repair
    run = await env.workspace.runs.get(first.run.run_id, history=True)
    assert [repair.id for repair in run.repairs] == [first.run.repair_id]


@pytest.mark.parametrize(
    "ctx",
    [ONCE.replace("sys.exit(not failed)", "failed or sys.exit(1)\nimport time; time.sleep(60)")],
    indirect=True,
)
async def test_a_repair_that_is_cut_is_cancelled_also_before_its_id_has_come_back(
    env: DatabricksEnv, ctx: Submitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = unwrap(await submit_tasks(ctx, env))
    assert begun.run is not None
    assert (await await_run(begun, env)).failure().kind is Kind.FAILED
    waiting = asyncio.ensure_future(repair_run(begun, env))
    await until(env, begun.run.run_id, "RUNNING")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await result_of(env, begun.run.run_id) == "CANCELED"
    asked, ask = asyncio.Event(), Runs.repair

    async def repair_slowly(runs: Runs, run_id: int, **how: Any) -> int:
        repair_id = await ask(runs, run_id, **how)
        asked.set()
        await asyncio.sleep(0.1)
        return repair_id

    monkeypatch.setattr(Runs, "repair", repair_slowly)
    waiting = asyncio.ensure_future(repair_run(begun, env))
    await asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await result_of(env, begun.run.run_id) == "CANCELED"


@pytest.mark.parametrize("step", [note_repairs, start_repair, await_repair])
async def test_without_a_run_there_is_nothing_to_repair(env: DatabricksEnv, step: Any) -> None:
    error = (await step(Submitting(script="/a"), env)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message.startswith("there is no run to repair: begin with a context whose run")


def test_the_paths_are_those_of_the_steps() -> None:
    both = start(Submitting, DatabricksEnv) >> submit_job >> repair_run
    assert structure(both) == (
        "submit_tasks",
        "await_run",
        "note_repairs",
        "start_repair",
        "await_repair",
    )
