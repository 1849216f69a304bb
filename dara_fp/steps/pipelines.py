"""Steps that update pipelines."""

import re
from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.runs.updates import Update
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.beginning import begun

__all__ = [
    "PipelineUpdate",
    "UpdatesPipeline",
    "await_update",
    "note_updates",
    "start_update",
    "stop_update",
    "update_pipeline",
]

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NAMED = 10  # ids that an error lists at most
_UNNOTED = "there is no pipeline to update: put note_updates before this step"


@attrs.frozen(kw_only=True)
class PipelineUpdate:
    """An update of a pipeline.

    Attributes:
        pipeline_id: Names the pipeline.
        update_id: Names the update; None before it has been started.
        before: The newest update there was when this one was about to be started, or None.
        state: How it ended, such as `COMPLETED`; None before.
        page_url: Where Databricks shows it.
    """

    pipeline_id: str
    update_id: str | None = None
    before: str | None = None
    state: str | None = None
    page_url: str | None = None


class UpdatesPipeline(Evolves, Protocol):
    """What the steps of this file need of a context."""

    @property
    def pipeline(self) -> str:
        """Name of the pipeline, or its id."""
        ...

    @property
    def full_refresh(self) -> bool:
        """Whether every table is computed anew."""
        ...

    @property
    def update(self) -> PipelineUpdate | None:
        """The update these steps make."""
        ...


@step
async def note_updates(ctx: UpdatesPipeline, env: HasWorkspace) -> Outcome[UpdatesPipeline]:
    """Note the newest update (`GET pipelines/{id}/updates`), so that the next is known as new."""
    pipeline_id = await _pipeline_id(env.workspace, ctx.pipeline)
    latest = await env.workspace.updates.latest(pipeline_id)
    before = latest.update_id if latest else None
    return Success(ctx.evolve(update=PipelineUpdate(pipeline_id=pipeline_id, before=before)))


@step
async def start_update(
    ctx: UpdatesPipeline, env: HasWorkspace, at: Position
) -> Outcome[UpdatesPipeline]:
    """Start an update once (`POST pipelines/{id}/updates`).

    The API takes no token, so an update that was called for since `note_updates` is taken for the
    one that a worker asked for before it stopped.
    """
    if ctx.update is None:
        return fail(_UNNOTED)
    noted, updates = ctx.update, env.workspace.updates
    update_id = await _begun_before(env.workspace, noted, at)
    # Recorded before the request, so that whoever goes on knows that there can be an update.
    await at.report(f"updating pipeline {noted.pipeline_id}")
    if update_id is None:
        update_id = await begun(
            updates.start(noted.pipeline_id, full_refresh=ctx.full_refresh),
            at,
            stop=lambda _: updates.stop(noted.pipeline_id),
            named="update {}".format,
        )
    page = updates.page_of(noted.pipeline_id, update_id)
    return Success(ctx.evolve(update=attrs.evolve(noted, update_id=update_id, page_url=page)))


@step
async def await_update(
    ctx: UpdatesPipeline, env: HasWorkspace, at: Position
) -> Outcome[UpdatesPipeline]:
    """Wait for the update to end (`GET pipelines/{id}/updates/{update_id}`), telling its states."""
    if ctx.update is None or ctx.update.update_id is None:
        return fail("there is no update to wait for: put start_update before await_update")

    async def report(update: Update) -> None:
        await at.report(f"update {update.update_id} is {update.state}")

    ended = await env.workspace.updates.wait(
        ctx.update.pipeline_id, ctx.update.update_id, on_state=report
    )
    return Success(ctx.evolve(update=attrs.evolve(ctx.update, state=ended.state)))


@step
async def stop_update(
    ctx: UpdatesPipeline, env: HasWorkspace, at: Position
) -> Outcome[UpdatesPipeline]:
    """Ask for the update to be stopped, if it goes on (`POST pipelines/{id}/stop`)."""
    noted = ctx.update
    if noted is None:
        return Success(ctx)
    update_id = noted.update_id
    if update_id is None:
        update_id = await _begun_before(env.workspace, noted, at.beside("start_update"))
    if update_id is not None:
        await _stop(env.workspace, noted.pipeline_id, update_id)
    return Success(ctx)


update_pipeline = on_cancel(note_updates >> start_update >> await_update, stop_update)
"""Update the pipeline and wait for the update's end; one that is cut is stopped."""


async def _begun_before(
    workspace: Workspace, noted: PipelineUpdate, starting: Position
) -> str | None:
    """Give the update that an earlier delivery of the step *starting* may have begun."""
    if not starting.reported:
        return None
    begun_since = await workspace.updates.begun_since(noted.pipeline_id, noted.before)
    return begun_since.update_id if begun_since else None


async def _stop(workspace: Workspace, pipeline_id: str, update_id: str) -> None:
    # The API stops whatever goes on, which may be another update by now.
    update = await workspace.updates.get(pipeline_id, update_id)
    if not update.has_ended:
        await workspace.updates.stop(pipeline_id)


async def _pipeline_id(workspace: Workspace, pipeline: str) -> str:
    if _ID.fullmatch(pipeline):
        return pipeline
    found = await _called(workspace, pipeline) if pipeline else []
    if len(found) == 1:
        return found[0]
    many = f"several are: {', '.join(found)}"
    said = f"no single pipeline is called {pipeline!r}, {many if found else 'none is'}"
    raise StepFailed(StepError(kind=Kind.REJECTED, message=f"{said}; give a pipeline's id"))


async def _called(workspace: Workspace, name: str) -> list[str]:
    found: list[str] = []
    async for pipeline in workspace.updates.pipelines(name):
        found.append(pipeline.pipeline_id)
        if len(found) == _NAMED:
            break
    return sorted(found)
