"""Steps that update pipelines, against pipelines that the sandbox really runs."""

import asyncio
import uuid

import attrs
import pytest
from databricks.sdk.service.pipelines import FileLibrary, PipelineLibrary

from dara_fp import DatabricksEnv, Kind, StepContext, made, unwrap
from dara_fp.databricks.runs.updates import UpdateFailed
from dara_fp.steps.pipelines import PipelineUpdate, update_pipeline

ENDLESS = "SELECT sum(a.id * b.id) AS n FROM range(10000000) a CROSS JOIN range(10000000) b"


@attrs.frozen(kw_only=True)
class Updating(StepContext):
    """The least that the steps of pipelines take."""

    pipeline: str
    full_refresh: bool = True
    update: PipelineUpdate | None = made()


async def declared(env: DatabricksEnv, folder: str, query: str) -> Updating:
    """Make a pipeline of one table, called as the pipeline, that has what *query* gives."""
    name = f"t{uuid.uuid4().hex}"
    path = f"{folder}/{name}.sql"
    statement = f"CREATE OR REFRESH MATERIALIZED VIEW {name} AS {query}"
    await env.workspace.files.upload(path, statement.encode())
    libraries = [PipelineLibrary(file=FileLibrary(path=path))]
    await env.workspace.pipelines.create(
        name=name, catalog="main", schema="default", libraries=libraries
    )
    return Updating(pipeline=name)


async def test_an_update_makes_the_tables_of_the_pipeline(env: DatabricksEnv, folder: str) -> None:
    asked = await declared(env, folder, "SELECT explode(array(1, 2)) AS n")
    first = unwrap(await update_pipeline(asked, env)).update
    assert first is not None
    assert (first.state, first.before) == ("COMPLETED", None)
    second = unwrap(await update_pipeline(asked, env)).update
    assert second is not None
    assert (second.state, second.before) == ("COMPLETED", first.update_id)
    table = await env.workspace.tables.get(f"main.default.{asked.pipeline}")
    assert [column.name for column in table.columns or ()] == ["n"]


async def test_an_update_that_fails_tells_the_cause_that_the_events_have(
    env: DatabricksEnv, folder: str
) -> None:
    asked = await declared(env, folder, "SELECT * FROM main.default.nowhere")
    error = (await update_pipeline(asked, env)).failure()
    assert (error.kind, error.step, error.error_code) == (Kind.FAILED, "await_update", "FAILED")
    assert f"Flow 'main.default.{asked.pipeline}' has FAILED" in error.message
    assert "TABLE_OR_VIEW_NOT_FOUND" in error.message


async def test_an_update_that_is_cut_is_stopped(env: DatabricksEnv, folder: str) -> None:
    asked = await declared(env, folder, ENDLESS)
    updates = env.workspace.updates
    (pipeline_id,) = [known.pipeline_id async for known in updates.pipelines(asked.pipeline)]
    running = asyncio.ensure_future(update_pipeline(asked, env))
    async with asyncio.timeout(15):
        while await updates.latest(pipeline_id) is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    latest = await updates.latest(pipeline_id)
    assert latest is not None
    with pytest.raises(UpdateFailed, match="ended CANCELED"):
        await updates.wait(pipeline_id, latest.update_id)
