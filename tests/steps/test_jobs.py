"""Steps that run jobs, against real job processes."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dara_fp import (
    DatabricksEnv,
    Entry,
    Kind,
    MemoryJournal,
    Scope,
    StepError,
    StepFailed,
    start,
    timeout,
    unwrap,
)
from dara_fp.core.check import structure
from dara_fp.core.undo import CANCELLED
from dara_fp.databricks.runs.runs import Runs
from dara_fp.steps.jobs import JobRun, await_run, cancel_run, run_job, submit_run
from tests.steps.served import Running

CreateJob = Callable[[str, str], Awaitable[int]]


@pytest.fixture
def name() -> str:
    return f"job-{uuid.uuid4().hex}"


async def runs_of(env: DatabricksEnv, job_id: int) -> list[dict[str, Any]]:
    query = {"job_id": job_id}
    answer = await env.workspace.do("GET", "/api/2.2/jobs/runs/list", query=query)
    runs: list[dict[str, Any]] = answer.get("runs", [])
    return runs


async def test_a_job_is_found_by_its_name_and_waited_for(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, "print('done')")
    journal = MemoryJournal()
    ended = unwrap(await run_job(Running(job=name), env, scope=Scope(journal=journal)))
    assert ended.run is not None
    assert (ended.run.job_id, ended.run.state) == (job_id, "SUCCESS")
    assert str(ended.run.run_id) in (ended.run.page_url or "")
    said = [message for path, message, _ in journal.reports if path == "await_run"]
    assert said[-1] == f"run {ended.run.run_id} is TERMINATED"


async def test_a_job_is_found_by_its_id(env: DatabricksEnv, job: CreateJob, name: str) -> None:
    job_id = await job(name, "print('done')")
    submitted = unwrap(await submit_run(Running(job=str(job_id)), env))
    assert submitted.run is not None
    assert (submitted.run.job_id, submitted.run.state) == (job_id, None)


async def test_the_jobs_parameters_reach_its_process(env: DatabricksEnv, folder: str) -> None:
    script = f"{folder}/tell.py"
    await env.workspace.files.upload(script, b"import sys; sys.exit(sys.argv[1])")
    task = {"python_file": script, "parameters": ["{{job.parameters.word}}"]}
    job_id = await env.workspace.runs.create_job(
        name="tells",
        parameters=[{"name": "word", "default": "none"}],
        tasks=[{"task_key": "tell", "spark_python_task": task}],
    )
    given = Running(job=str(job_id), job_parameters={"word": "bün 'di"})
    error = (await run_job(given, env)).failure()
    assert error.url is not None
    run_id = int(error.url.rpartition("/")[2])
    run = await env.workspace.runs.get(run_id)
    assert "bün 'di" in ((await env.workspace.runs.output(run.tasks[0].run_id)).logs or "")


@pytest.mark.parametrize("missing", ["no-such-job", "", "٣", "9" * 30, "a" * 500, "x'--"])
async def test_a_job_that_is_not_there_is_rejected_by_name(
    env: DatabricksEnv, missing: str
) -> None:
    error = (await run_job(Running(job=missing), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "submit_run")
    assert error.message == f"no single job is called {missing!r}, none is; give a job's id"


@pytest.mark.parametrize("missing", ["7", "0", "9" * 19])
async def test_an_id_that_no_job_has_is_refused_by_the_workspace(
    env: DatabricksEnv, missing: str
) -> None:
    error = (await run_job(Running(job=missing), env)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "submit_run", 400)
    assert error.error_code == "INVALID_PARAMETER_VALUE"
    assert error.request_id


async def test_two_jobs_of_one_name_are_refused_with_both_ids(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    both = sorted([await job(name, ""), await job(name, "")])
    error = (await run_job(Running(job=name), env)).failure()
    assert error.kind is Kind.REJECTED
    assert f"several are: {both[0]}, {both[1]}; give a job's id" in error.message
    assert [await runs_of(env, job_id) for job_id in both] == [[], []]


async def test_a_job_that_fails_tells_its_tasks_error_and_where_to_look(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, "raise LookupError('no such column: prize')")
    error: StepError = (await run_job(Running(job=name), env)).failure()
    [run] = await runs_of(env, job_id)
    assert (error.kind, error.step, error.error_code) == (Kind.FAILED, "await_run", "FAILED")
    assert error.url == run["run_page_url"]
    assert "task 'only': LookupError: no such column: prize" in error.message


async def test_a_run_that_someone_else_cancels_is_a_failure_that_says_so(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    await job(name, "import time; time.sleep(60)")
    submitted = unwrap(await submit_run(Running(job=name), env))
    assert submitted.run is not None
    waiting = asyncio.create_task(await_run(submitted, env))
    await env.workspace.runs.cancel(submitted.run.run_id)
    error = (await waiting).failure()
    assert (error.kind, error.error_code) == (Kind.CANCELLED, "CANCELED")
    assert "Run cancelled." in error.message
    assert error.url


async def test_waiting_for_a_run_that_was_never_started_says_which_step_is_missing(
    env: DatabricksEnv,
) -> None:
    error = (await await_run(Running(job="any"), env)).failure()
    assert error.message == "there is no run to wait for: put submit_run before await_run"


async def test_waiting_for_a_run_that_is_not_there_is_rejected(env: DatabricksEnv) -> None:
    lost = Running(job="any", run=JobRun(run_id=7, job_id=7))
    error = (await await_run(lost, env)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "await_run", 400)


async def test_a_task_that_runs_again_gets_the_same_run(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, "print('done')")
    scope = Scope(task_id=uuid.uuid4().hex)
    first, second = [
        unwrap(await submit_run(Running(job=name), env, scope=scope)) for _ in range(2)
    ]
    assert first == second
    assert len(await runs_of(env, job_id)) == 1
    again = Scope(task_id=scope.task_id, attempt=2)
    assert unwrap(await submit_run(Running(job=name), env, scope=again)) != first
    assert len(await runs_of(env, job_id)) == 2


async def test_a_task_resumed_from_its_journal_waits_for_the_run_it_has_started(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, "print('done')")
    pipeline = start(Running, DatabricksEnv) >> run_job
    journal = MemoryJournal()
    submitted = unwrap(await submit_run(Running(job=name), env, scope=Scope(journal=journal)))
    ended = unwrap(await pipeline(Running(job=name), env, scope=Scope(journal=journal)))
    assert ended.run is not None
    assert submitted.run is not None
    assert (ended.run.run_id, ended.run.state) == (submitted.run.run_id, "SUCCESS")
    assert len(await runs_of(env, job_id)) == 1


LONG = "import time; time.sleep(60)"


async def result_of(env: DatabricksEnv, run_id: int) -> str | None:
    """Wait until the run has ended, and give its result."""
    while True:
        run = await env.workspace.runs.get(run_id)
        if run.result is not None:
            return run.result
        await asyncio.sleep(0.05)


async def last_run(env: DatabricksEnv, job_id: int) -> int:
    """Wait until the job has a run, and give the id of its last one."""
    while True:
        for run in await runs_of(env, job_id):
            run_id: int = run["run_id"]
            return run_id
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("journal", [None, MemoryJournal()], ids=["unrecorded", "recorded"])
async def test_a_workflow_that_is_cancelled_cancels_the_run_it_waits_for(
    env: DatabricksEnv, job: CreateJob, name: str, journal: MemoryJournal | None
) -> None:
    job_id = await job(name, LONG)
    running = asyncio.ensure_future(run_job(Running(job=name), env, scope=Scope(journal=journal)))
    run_id = await last_run(env, job_id)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await result_of(env, run_id) == "CANCELED"


async def test_a_run_that_takes_too_long_is_cancelled(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, LONG)
    error = (await timeout(1)(run_job)(Running(job=name), env)).failure()
    assert error.kind is Kind.TIMEOUT
    assert await result_of(env, await last_run(env, job_id)) == "CANCELED"


@pytest.fixture
def slow_answer(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have `start` answer late, and give what is set as soon as the run is there."""
    started, begin = asyncio.Event(), Runs.start

    async def start_slowly(runs: Runs, job_id: int, **how: Any) -> int:
        run_id = await begin(runs, job_id, **how)
        started.set()
        await asyncio.sleep(0.2)
        return run_id

    monkeypatch.setattr(Runs, "start", start_slowly)
    return started


async def test_a_run_whose_id_had_not_come_back_yet_is_cancelled_too(
    env: DatabricksEnv, job: CreateJob, name: str, slow_answer: asyncio.Event
) -> None:
    job_id = await job(name, LONG)
    running = asyncio.ensure_future(run_job(Running(job=name), env))
    await slow_answer.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await result_of(env, await last_run(env, job_id)) == "CANCELED"


async def test_a_run_that_cannot_be_cancelled_is_named_by_the_cancellation(
    env: DatabricksEnv,
    job: CreateJob,
    name: str,
    slow_answer: asyncio.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(_runs: Runs, run_id: int) -> None:
        raise StepFailed(StepError(message=f"not {run_id}"))

    monkeypatch.setattr(Runs, "cancel", refuse)
    job_id = await job(name, "")
    running = asyncio.ensure_future(submit_run(Running(job=name), env))
    await slow_answer.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await running
    run_id = await last_run(env, job_id)
    assert caught.value.__notes__ == [f"run {run_id} goes on: not {run_id}"]


async def test_a_worker_that_stops_leaves_the_run_to_the_next_one_without_waiting_for_its_id(
    env: DatabricksEnv, job: CreateJob, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, begin = asyncio.Event(), Runs.start

    async def start_without_an_answer(runs: Runs, job_id: int, **how: Any) -> int:
        await begin(runs, job_id, **how)
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    job_id = await job(name, "print('done')")
    task_id = uuid.uuid4().hex
    stopping = Scope(task_id=task_id, cancelling=lambda: False)
    with monkeypatch.context() as patched:
        patched.setattr(Runs, "start", start_without_an_answer)
        running = asyncio.ensure_future(submit_run(Running(job=name), env, scope=stopping))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    ended = unwrap(await run_job(Running(job=name), env, scope=Scope(task_id=task_id)))
    assert ended.run is not None
    assert (ended.run.run_id, ended.run.state) == (await last_run(env, job_id), "SUCCESS")


async def test_without_a_run_there_is_nothing_to_cancel(env: DatabricksEnv) -> None:
    assert unwrap(await cancel_run(Running(job="any"), env)) == Running(job="any")


def test_the_paths_of_a_job_are_those_of_its_two_steps() -> None:
    assert structure(start(Running, DatabricksEnv) >> run_job) == ("submit_run", "await_run")


async def test_a_run_whose_id_was_lost_with_its_worker_is_found_by_its_token_and_cancelled(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, LONG)
    journal, task_id = MemoryJournal(), uuid.uuid4().hex
    unwrap(await submit_run(Running(job=name), env, scope=Scope(task_id=task_id, journal=journal)))
    lost = MemoryJournal({}, heard=journal.heard)  # the worker died before it recorded the id
    root = Entry(error=CANCELLED, verdict="undone")
    lost.entries["run(submit_run)"] = root
    with pytest.raises(asyncio.CancelledError):
        await run_job(Running(job=name), env, scope=Scope(task_id=task_id, journal=lost))
    assert await result_of(env, await last_run(env, job_id)) == "CANCELED"


async def test_where_no_run_was_asked_for_none_is_started_to_be_cancelled(
    env: DatabricksEnv, job: CreateJob, name: str
) -> None:
    job_id = await job(name, LONG)
    root = Entry(error=CANCELLED, verdict="undone")
    journal = MemoryJournal({"run(submit_run)": root})
    with pytest.raises(asyncio.CancelledError):
        await run_job(Running(job=name), env, scope=Scope(journal=journal))
    assert await runs_of(env, job_id) == []
