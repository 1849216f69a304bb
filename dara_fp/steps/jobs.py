"""Steps that run Databricks jobs."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.core.shield import finished, shielded
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.records import Run
from dara_fp.databricks.workspace import Workspace

__all__ = ["JobRun", "RunsJob", "await_run", "cancel_run", "run_job", "submit_run"]

_DIGITS = 19  # of the largest id, a signed number of 64 bits
_NAMED = 10  # ids that an error lists at most


@attrs.frozen(kw_only=True)
class JobRun:
    """A run of a Databricks job.

    Attributes:
        run_id: Names the run.
        job_id: Names its job.
        state: Its result once it has ended, such as `SUCCESS`; None before.
        page_url: Where Databricks shows it.
    """

    run_id: int
    job_id: int
    state: str | None = None
    page_url: str | None = None


class RunsJob(Evolves, Protocol):
    """What the steps of this file need of a context."""

    @property
    def job(self) -> str:
        """Name of the job, or its id in digits."""
        ...

    @property
    def job_parameters(self) -> Mapping[str, str]:
        """Values of the job's parameters; 10,000 bytes at most, as Databricks has it."""
        ...

    @property
    def run(self) -> JobRun | None:
        """The run these steps make."""
        ...


@step
async def submit_run(ctx: RunsJob, env: HasWorkspace, at: Position) -> Outcome[RunsJob]:
    """Start the job once: the same task and attempt always get the same run.

    The run's id is recorded when this step ends, so it is safe before anyone waits for the run. A
    step that is cut while the request is under way learns the id first, and has the run cancelled.
    """
    job_id = await _job_id(env.workspace, ctx.job)
    # Recorded before the request, so that whoever cleans up knows that there can be a run.
    await at.report(f"starting job {job_id}")
    request = env.workspace.runs.start(
        job_id, idempotency_token=at.token, job_parameters=ctx.job_parameters
    )
    starting = asyncio.ensure_future(request)
    try:
        run_id = await asyncio.shield(starting)
    except asyncio.CancelledError as interrupted:
        if at.scope.cancelling():
            await _stop(env.workspace, starting, interrupted)
        # Where only this worker stops, the next one asks with the same token, and gets the run.
        starting.cancel()
        raise
    return Success(ctx.evolve(run=JobRun(run_id=run_id, job_id=job_id)))


@step
async def await_run(ctx: RunsJob, env: HasWorkspace, at: Position) -> Outcome[RunsJob]:
    """Wait for the run to end, reporting its life cycle."""
    if ctx.run is None:
        return fail("there is no run to wait for: put submit_run before await_run")

    async def report(run: Run) -> None:
        await at.report(f"run {run.run_id} is {run.life_cycle}")

    run = await env.workspace.runs.wait(ctx.run.run_id, on_state=report)
    ended = attrs.evolve(ctx.run, state=run.result, page_url=run.run_page_url)
    return Success(ctx.evolve(run=ended))


@step
async def cancel_run(ctx: RunsJob, env: HasWorkspace, at: Position) -> Outcome[RunsJob]:
    """Ask for the run to be stopped, if there is one; one that has ended stays as it is.

    A run whose id got lost on its way is asked for again: the same token gives the same run.
    """
    started = at.beside("submit_run")
    if ctx.run is not None:
        await env.workspace.runs.cancel(ctx.run.run_id)
    elif started.reported:
        job_id = await _job_id(env.workspace, ctx.job)
        run_id = await env.workspace.runs.start(
            job_id, idempotency_token=started.token, job_parameters=ctx.job_parameters
        )
        await env.workspace.runs.cancel(run_id)
    return Success(ctx)


run_job = on_cancel(submit_run >> await_run, cancel_run)
"""Start the job and wait for its run to end; a run that is cut is cancelled."""


async def _stop(
    workspace: Workspace, starting: "asyncio.Future[int]", interrupted: asyncio.CancelledError
) -> None:
    """Have the run that is *starting* cancelled; if that is refused, *interrupted* says so."""
    await finished(starting)
    if starting.exception() is not None:
        return
    try:
        await shielded(workspace.runs.cancel(starting.result()))
    except StepFailed as error:
        interrupted.add_note(f"run {starting.result()} goes on: {error}")


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
