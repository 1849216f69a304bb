"""Steps that run Databricks jobs."""

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.records import Run
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.beginning import begun

__all__ = [
    "HasRun",
    "JobRun",
    "RunsJob",
    "await_run",
    "cancel_run",
    "run_job",
    "started",
    "submit_run",
    "waited_for",
]

_DIGITS = 19  # of the largest id, a signed number of 64 bits
_NAMED = 10  # ids that an error lists at most


@attrs.frozen(kw_only=True)
class JobRun:
    """A run of a Databricks job.

    Attributes:
        run_id: Names the run.
        job_id: Names its job; of tasks that run without one it is known once they have ended.
        state: Its result once it has ended, such as `SUCCESS`; None before.
        page_url: Where Databricks shows it.
        repair_id: The last repair of it that is known, or None.
    """

    run_id: int
    job_id: int | None
    state: str | None = None
    page_url: str | None = None
    repair_id: int | None = None


class HasRun(Evolves, Protocol):
    """What `await_run` needs of a context."""

    @property
    def run(self) -> JobRun | None:
        """The run that is waited for."""
        ...


class RunsJob(HasRun, Protocol):
    """What the steps that start a job need of a context."""

    @property
    def job(self) -> str:
        """Name of the job, or its id in digits."""
        ...

    @property
    def job_parameters(self) -> Mapping[str, str]:
        """Values of the job's parameters; 10,000 bytes at most, as Databricks has it."""
        ...


@step
async def submit_run(ctx: RunsJob, env: HasWorkspace, at: Position) -> Outcome[RunsJob]:
    """Start the job once (`POST jobs/run-now`): the same task and attempt always get the same run.

    A job that is named and not numbered is looked up (`GET jobs/list`). The run's id is recorded
    when this step ends, so it is safe before anyone waits for the run. A step that is cut while the
    request is under way learns the id first, and has the run cancelled.
    """
    job_id = await _job_id(env.workspace, ctx.job)
    # Recorded before the request, so that whoever cleans up knows that there can be a run.
    await at.report(f"starting job {job_id}")
    request = env.workspace.runs.start(
        job_id, idempotency_token=at.token, job_parameters=ctx.job_parameters
    )
    run_id = await started(request, env.workspace, at)
    return Success(ctx.evolve(run=JobRun(run_id=run_id, job_id=job_id)))


@step
async def await_run(ctx: HasRun, env: HasWorkspace, at: Position) -> Outcome[HasRun]:
    """Wait for the run to end (`GET jobs/runs/get`), reporting its life cycle.

    Of one that ends badly the failing task's error is read (`GET jobs/runs/get-output`).
    """
    if ctx.run is None:
        return fail("there is no run to wait for: put submit_run before await_run")
    return Success(ctx.evolve(run=await waited_for(ctx.run, env.workspace, at)))


@step
async def cancel_run(ctx: RunsJob, env: HasWorkspace, at: Position) -> Outcome[RunsJob]:
    """Ask for the run to be stopped, if there is one (`POST jobs/runs/cancel`).

    One that has ended stays as it is. A run whose id got lost on its way is asked for again
    (`POST jobs/run-now`): the same token gives the same run.
    """
    asked = at.beside("submit_run")
    if ctx.run is not None:
        await env.workspace.runs.cancel(ctx.run.run_id)
    elif asked.reported:
        job_id = await _job_id(env.workspace, ctx.job)
        run_id = await env.workspace.runs.start(
            job_id, idempotency_token=asked.token, job_parameters=ctx.job_parameters
        )
        await env.workspace.runs.cancel(run_id)
    return Success(ctx)


run_job = on_cancel(submit_run >> await_run, cancel_run)
"""Start the job and wait for its run to end; a run that is cut is cancelled."""


async def started(request: Coroutine[Any, Any, int], workspace: Workspace, at: Position) -> int:
    """Make the *request* that starts a run, and give its id; one that is cut is cancelled."""
    return await begun(request, at, stop=workspace.runs.cancel, named="run {}".format)


async def waited_for(run: JobRun, workspace: Workspace, at: Position) -> JobRun:
    """Wait for the end of *run* and of its last repair, reporting its life cycle.

    Raises:
        RunFailed: It did not end well.
        DatabricksError: The workspace refused for good.
    """

    async def report(seen: Run) -> None:
        await at.report(f"run {seen.run_id} is {seen.life_cycle}")

    ended = await workspace.runs.wait(run.run_id, repair_id=run.repair_id, on_state=report)
    job_id = ended.job_id if run.job_id is None else run.job_id
    return attrs.evolve(run, job_id=job_id, state=ended.result, page_url=ended.run_page_url)


async def _job_id(workspace: Workspace, job: str) -> int:
    if job.isascii() and job.isdecimal() and len(job) <= _DIGITS:
        return int(job)
    found = await _jobs_called(workspace, job) if job else []
    if len(found) == 1:
        return found[0]
    many = f"several are: {', '.join(map(str, found))}"
    said = f"no single job is called {job!r}, {many if found else 'none is'}; give a job's id"
    raise StepFailed(StepError(kind=Kind.REJECTED, message=said))


async def _jobs_called(workspace: Workspace, name: str) -> list[int]:
    found: list[int] = []
    async for job in workspace.runs.jobs(name=name):
        found.append(job.job_id)
        if len(found) == _NAMED:
            break
    return sorted(found)
