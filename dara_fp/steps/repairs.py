"""Steps that run again what failed in a run, and keep what went well."""

import attrs
from returns.result import Success

from dara_fp.core.errors import Outcome, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.steps.beginning import begun
from dara_fp.steps.jobs import HasRun, waited_for

__all__ = ["await_repair", "cancel_repair", "note_repairs", "repair_run", "start_repair"]

_MISSING = "there is no run to repair: begin with a context whose run is set, such as by submit_run"


@step
async def note_repairs(ctx: HasRun, env: HasWorkspace) -> Outcome[HasRun]:
    """Note the last repair of the run (`GET jobs/runs/get`), so that the next is known as new."""
    if ctx.run is None:
        return fail(_MISSING, kind="rejected")
    seen = await env.workspace.runs.get(ctx.run.run_id, history=True)
    noted = attrs.evolve(ctx.run, job_id=seen.job_id, repair_id=seen.latest_repair_id)
    return Success(ctx.evolve(run=noted))


@step
async def start_repair(ctx: HasRun, env: HasWorkspace, at: Position) -> Outcome[HasRun]:
    """Run again what failed, once (`POST jobs/runs/repair`).

    The API takes no token, so the run is looked at first (`GET jobs/runs/get`): a repair that has
    begun since `note_repairs` is taken for the one that a worker asked for before it stopped. A run
    that has succeeded meanwhile needs none.
    """
    if ctx.run is None:
        return fail(_MISSING, kind="rejected")
    runs, run_id, before = env.workspace.runs, ctx.run.run_id, ctx.run.repair_id
    seen = await runs.get(run_id, history=True)
    repair_id = seen.latest_repair_id
    if repair_id == before and not seen.has_succeeded:
        await at.report(f"repairing run {run_id}")
        request = runs.repair(run_id, latest_repair_id=before)
        repair_id = await begun(
            request, at, stop=lambda _: runs.cancel(run_id), named=lambda _: f"run {run_id}"
        )
    return Success(ctx.evolve(run=attrs.evolve(ctx.run, repair_id=repair_id)))


@step
async def await_repair(ctx: HasRun, env: HasWorkspace, at: Position) -> Outcome[HasRun]:
    """Wait for the repaired run to end (`GET jobs/runs/get`), reporting its life cycle.

    Of one that ends badly the failing task's error is read (`GET jobs/runs/get-output`).
    """
    if ctx.run is None:
        return fail(_MISSING, kind="rejected")
    return Success(ctx.evolve(run=await waited_for(ctx.run, env.workspace, at)))


@step
async def cancel_repair(ctx: HasRun, env: HasWorkspace) -> Outcome[HasRun]:
    """Ask for the run to be stopped (`POST jobs/runs/cancel`); one that has ended stays so."""
    if ctx.run is not None:
        await env.workspace.runs.cancel(ctx.run.run_id)
    return Success(ctx)


repair_run = on_cancel(note_repairs >> start_repair >> await_repair, cancel_repair)
"""Run again what failed in the run, and wait for its end; a repair that is cut is cancelled.

`submit_run >> (await_run | repair_run)` starts a job and gives what failed a second try.
"""
