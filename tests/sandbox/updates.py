"""Pipelines made and run by the official SDK, for the tests of them."""

import uuid
from io import BytesIO
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.pipelines import (
    FileLibrary,
    PipelineLibrary,
    UpdateInfo,
    UpdateInfoState,
)
from databricks.sdk.service.sql import StatementState

from dara_fp.sandbox.sql.warehouses import FIRST
from tests.sandbox.served import wait_until

__all__ = ["causes", "ended", "look", "made", "rows", "schema_of", "started", "updated"]

ENDED = {UpdateInfoState.COMPLETED, UpdateInfoState.FAILED, UpdateInfoState.CANCELED}


def made(workspace: WorkspaceClient, *sources: str, **settings: Any) -> str:
    """Give the id of a pipeline of *sources*, in a schema of its own."""
    libraries: list[PipelineLibrary] = []
    for source in sources:
        path = f"/Volumes/main/default/pipelines/{uuid.uuid4().hex}.sql"
        workspace.files.upload(path, BytesIO(source.encode()))
        libraries.append(PipelineLibrary(file=FileLibrary(path=path)))
    schema = f"p{uuid.uuid4().hex}"
    workspace.schemas.create(schema, "main")
    asked: dict[str, Any] = {"name": schema, "libraries": libraries, "schema": schema} | settings
    pipeline_id = workspace.pipelines.create(catalog="main", **asked).pipeline_id
    assert pipeline_id
    return pipeline_id


def started(workspace: WorkspaceClient, pipeline_id: str, **asked: Any) -> str:
    update_id = workspace.pipelines.start_update(pipeline_id, **asked).update_id
    assert update_id
    return update_id


def look(workspace: WorkspaceClient, pipeline_id: str, update_id: str) -> UpdateInfo:
    update = workspace.pipelines.get_update(pipeline_id, update_id).update
    assert update
    return update


def ended(workspace: WorkspaceClient, pipeline_id: str, update_id: str) -> UpdateInfoState:
    wait_until(lambda: look(workspace, pipeline_id, update_id).state in ENDED)
    state = look(workspace, pipeline_id, update_id).state
    assert state
    return state


def updated(workspace: WorkspaceClient, pipeline_id: str, **asked: Any) -> UpdateInfoState:
    return ended(workspace, pipeline_id, started(workspace, pipeline_id, **asked))


def schema_of(workspace: WorkspaceClient, pipeline_id: str) -> str:
    spec = workspace.pipelines.get(pipeline_id).spec
    assert spec
    return f"main.{spec.schema}"


def rows(workspace: WorkspaceClient, statement: str, *names: str) -> list[list[str]]:
    """Run *statement*, with *names* of tables in its brackets, and give its rows."""
    answer = workspace.statement_execution.execute_statement(statement.format(*names), FIRST)
    assert answer.status
    assert answer.status.state is StatementState.SUCCEEDED, answer.status
    return (answer.result.data_array if answer.result else None) or []


def causes(workspace: WorkspaceClient, pipeline_id: str) -> list[str]:
    events = workspace.pipelines.list_pipeline_events(pipeline_id, filter="level='ERROR'")
    failures = [event.error for event in events if event.error]
    return [raised.message or "" for failure in failures for raised in failure.exceptions or ()]
