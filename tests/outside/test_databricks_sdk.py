"""`databricks-sdk` plays the whole story against the sandbox, and again after a restart."""

import signal
from io import BytesIO
from pathlib import Path

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import VolumeType
from databricks.sdk.service.jobs import RunResultState
from databricks.sdk.service.sql import StatementResponse, StatementState
from databricks.sdk.service.vectorsearch import (
    DirectAccessVectorIndexSpec,
    EmbeddingVectorColumn,
    EndpointType,
    VectorIndexType,
)
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language

from tests.sandbox.served import finished, serve, started, task

VOLUME = "/Volumes/sales/raw/inbox"
NOTEBOOK = "/Workspace/Shared/greet"
SCRIPT = b"""
import os
from pathlib import Path
place = Path(os.environ["DARA_SANDBOX_ROOT"], "Volumes/sales/raw/inbox")
(place / "upper.txt").write_text((place / "lower.txt").read_text().upper())
print("done")
"""
SCHEMA = '{"id": "string", "vector": "array<float>"}'
INDEX = "sales.raw.passages"


def warehouse_of(workspace: WorkspaceClient) -> str:
    return next(iter(workspace.warehouses.list())).id or ""


def execute(workspace: WorkspaceClient, statement: str) -> StatementResponse:
    asked = workspace.statement_execution.execute_statement(statement, warehouse_of(workspace))
    assert asked.status
    assert asked.status.state is StatementState.SUCCEEDED, asked.status
    return asked


def rows(workspace: WorkspaceClient, statement: str) -> list[list[str]]:
    result = execute(workspace, statement).result
    return result.data_array or [] if result else []


def tell(workspace: WorkspaceClient) -> tuple[int, int]:
    """Make something in every area; give the ids of a job and of its run."""
    workspace.catalogs.create("sales")
    workspace.schemas.create("raw", "sales")
    workspace.volumes.create("sales", "raw", "inbox", VolumeType.MANAGED)
    workspace.files.upload(f"{VOLUME}/lower.txt", BytesIO(b"ahoy"))
    workspace.files.upload(f"{VOLUME}/upper.py", BytesIO(SCRIPT))
    job_id = workspace.jobs.create(name="upper", tasks=[task("up", f"{VOLUME}/upper.py")]).job_id
    run_id = started(workspace.jobs.run_now(job_id or 0, idempotency_token="once"))
    finished(workspace, run_id)
    execute(workspace, "create table sales.raw.fish as select 1 as id, 'cod' as name")
    execute(workspace, "insert into sales.raw.fish values (2, 'eel')")
    workspace.workspace.upload(
        NOTEBOOK, BytesIO(b"print('hi')"), format=ImportFormat.SOURCE, language=Language.PYTHON
    )
    workspace.vector_search_endpoints.create_endpoint("search", EndpointType.STANDARD)
    workspace.vector_search_indexes.create_index(
        INDEX,
        "search",
        "id",
        VectorIndexType.DIRECT_ACCESS,
        direct_access_index_spec=DirectAccessVectorIndexSpec(
            embedding_vector_columns=[EmbeddingVectorColumn(name="vector", embedding_dimension=2)],
            schema_json=SCHEMA,
        ),
    )
    # Vectors of our own: the model would be loaded in each life of the sandbox.
    rows_of_index = '[{"id": "a", "vector": [1, 0]}, {"id": "b", "vector": [0, 1]}]'
    workspace.vector_search_indexes.upsert_data_vector_index(INDEX, rows_of_index)
    return job_id or 0, run_id


def check(workspace: WorkspaceClient, job_id: int, run_id: int) -> None:
    """Find in every area what was made there."""
    assert [volume.name for volume in workspace.volumes.list("sales", "raw")] == ["inbox"]
    content = workspace.files.download(f"{VOLUME}/upper.txt").contents
    assert content
    assert content.read() == b"AHOY"
    assert [job.job_id for job in workspace.jobs.list()] == [job_id]
    assert started(workspace.jobs.run_now(job_id, idempotency_token="once")) == run_id
    run = workspace.jobs.get_run(run_id)
    assert run.state
    assert run.state.result_state is RunResultState.SUCCESS
    assert rows(workspace, "select id, name from sales.raw.fish order by id") == [
        ["1", "cod"],
        ["2", "eel"],
    ]
    assert "fish" in [table.name for table in workspace.tables.list("sales", "raw")]
    exported = workspace.workspace.download(NOTEBOOK, format=ExportFormat.SOURCE).read()
    assert b"print('hi')" in exported
    found = workspace.vector_search_indexes.query_index(
        INDEX, ["id"], query_vector=[0.1, 0.9], num_results=1
    )
    assert found.result
    assert (found.result.data_array or [[]])[0][0] == "b"
    assert [each.name for each in workspace.serving_endpoints.list()]


def test_the_sdk_finds_what_it_made_in_every_area_before_and_after_a_kill(tmp_path: Path) -> None:
    served = serve(tmp_path)
    workspace = served.workspace()
    job_id, run_id = tell(workspace)
    check(workspace, job_id, run_id)
    with served.http() as http:
        assert http.get("/_sandbox/unanswered").json() == {"calls": []}
    served.end(signal.SIGKILL)

    again = serve(tmp_path)
    check(again.workspace(), job_id, run_id)
    again.end()
