"""Steps that run tasks once, without a job."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from returns.result import Success

from dara_fp.core.errors import Outcome
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.jobs import HasRun, JobRun, await_run, started

__all__ = ["SubmitsJob", "cancel_tasks", "submit_job", "submit_tasks"]


class SubmitsJob(HasRun, Protocol):
    """What the steps of this file need of a context."""

    @property
    def run_name(self) -> str:
        """What the run is called."""
        ...

    @property
    def run_tasks(self) -> Sequence[Mapping[str, Any]]:
        """The tasks as the API names them; usually a property that makes them of other fields.

        It must give the same for the same context, since it is asked again when a task is resumed.
        """
        ...


@step
async def submit_tasks(ctx: SubmitsJob, env: HasWorkspace, at: Position) -> Outcome[SubmitsJob]:
    """Start the tasks once (`POST jobs/runs/submit`): a task and attempt always get the same run.

    The run's id is recorded when this step ends, so it is safe before anyone waits for the run.
    """
    # Recorded before the request, so that whoever cleans up knows that there can be a run.
    await at.report(f"submitting {ctx.run_name!r}")
    request = _submit(ctx, env.workspace, at.token)
    run_id = await started(request, env.workspace, at)
    return Success(ctx.evolve(run=JobRun(run_id=run_id, job_id=None)))


@step
async def cancel_tasks(ctx: SubmitsJob, env: HasWorkspace, at: Position) -> Outcome[SubmitsJob]:
    """Ask for the run to be stopped, if there is one (`POST jobs/runs/cancel`).

    A run whose id got lost on its way is asked for again (`POST jobs/runs/submit`): the same token
    gives the same run.
    """
    asked = at.beside("submit_tasks")
    if ctx.run is not None:
        await env.workspace.runs.cancel(ctx.run.run_id)
    elif asked.reported:
        await env.workspace.runs.cancel(await _submit(ctx, env.workspace, asked.token))
    return Success(ctx)


submit_job = on_cancel(submit_tasks >> await_run, cancel_tasks)
"""Run the tasks once and wait for their end; a run that is cut is cancelled."""


async def _submit(ctx: SubmitsJob, workspace: Workspace, token: str) -> int:
    return await workspace.runs.submit(
        ctx.run_tasks, run_name=ctx.run_name, idempotency_token=token
    )
