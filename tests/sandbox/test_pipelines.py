"""Pipelines run their SQL as the official SDK asks, and say what the sandbox cannot do."""

import asyncio
import json
import signal
import threading
import uuid
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from databricks.sdk import WorkspaceClient, errors
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceConflict
from databricks.sdk.service.pipelines import (
    EventLevel,
    FileLibrary,
    NotebookLibrary,
    PipelineLibrary,
    PipelineState,
    UpdateInfoState,
)
from databricks.sdk.service.workspace import ImportFormat, Language

from dara_fp.sandbox.pipelines.pipeline_records import Pipeline, Update
from dara_fp.sandbox.pipelines.pipeline_store import LOST, Pipelines
from dara_fp.sandbox.pipelines.updating import AT_ONCE, Updating
from dara_fp.sandbox.sql.running import Running
from dara_fp.sandbox.sql.session import Asked, Session
from tests.sandbox.served import serve, wait_until
from tests.sandbox.updates import causes, look, made, rows, schema_of, started, updated

ENDLESS = """
CREATE OR REFRESH MATERIALIZED VIEW endless AS
SELECT sum(a.id * b.id) AS n FROM range(10000000) a CROSS JOIN range(10000000) b
"""


def test_tables_are_made_in_the_order_in_which_they_read_each_other(
    workspace: WorkspaceClient,
) -> None:
    last = """
    -- The last of three comes first; it reads what the others make.
    CREATE OR REFRESH MATERIALIZED VIEW totals (n BIGINT COMMENT 'all; of them')
    COMMENT 'a sum' AS SELECT sum(l.n) AS n FROM LIVE.large AS l;
    """
    first = """
    CREATE OR REFRESH STREAMING TABLE large AS
      WITH own AS (SELECT * FROM STREAM(numbers) AS s WHERE s.n > 1)
      SELECT n FROM own WHERE 'a1' RLIKE r'\\d';
    CREATE LIVE TABLE numbers AS SELECT n FROM few;
    CREATE TEMPORARY LIVE VIEW few AS SELECT explode(array(1, 2, 3)) AS n
    """
    pipeline_id = made(workspace, last, first)
    assert updated(workspace, pipeline_id, full_refresh=True) is UpdateInfoState.COMPLETED
    schema = schema_of(workspace, pipeline_id)
    assert rows(workspace, "SELECT n FROM {}.totals", schema) == [["5"]]
    table = workspace.tables.get(f"{schema}.totals")
    assert table.comment == "a sum"
    events = list(workspace.pipelines.list_pipeline_events(pipeline_id, max_results=3))
    assert all(event.level is EventLevel.INFO and event.origin for event in events)
    said = [event.message or "" for event in events]
    ends = [text.split("'")[1].split(".")[-1] for text in said if "has COMPLETED" in text]
    assert ends == ["totals", "large", "numbers", "few"]
    names = [known.name for known in workspace.tables.list("main", schema.split(".")[1])]
    assert sorted(str(name) for name in names) == ["large", "numbers", "totals"]


def test_an_update_replaces_what_was_there_and_only_that_which_is_selected(
    workspace: WorkspaceClient,
) -> None:
    source = f"main.default.t{uuid.uuid4().hex}"
    rows(workspace, "CREATE TABLE {} AS SELECT 1 AS n", source)
    declare = "CREATE OR REFRESH MATERIALIZED VIEW {} AS SELECT n FROM {};"
    declared = declare.format("a", source) + declare.format("b", source)
    pipeline_id = made(workspace, declared)
    assert updated(workspace, pipeline_id) is UpdateInfoState.COMPLETED
    rows(workspace, "INSERT INTO {} VALUES (2)", source)
    schema = schema_of(workspace, pipeline_id)
    assert updated(workspace, pipeline_id, refresh_selection=["b"]) is UpdateInfoState.COMPLETED
    assert rows(workspace, "SELECT count(*) FROM {}.a", schema) == [["1"]]
    assert rows(workspace, "SELECT count(*) FROM {}.b", schema) == [["2"]]
    assert updated(workspace, pipeline_id, refresh_selection=["c"]) is UpdateInfoState.FAILED
    assert f"no tables {schema}.c" in causes(workspace, pipeline_id)[0]


def test_notebooks_of_sql_are_read_cell_by_cell(workspace: WorkspaceClient) -> None:
    path = f"/Shared/{uuid.uuid4().hex}"
    cells = [
        "-- MAGIC %md The first; of two",
        "CREATE MATERIALIZED VIEW a AS SELECT 1 AS n",
        "CREATE MATERIALIZED VIEW b AS SELECT n + 1 AS n FROM a",
    ]
    text = "\n-- COMMAND ----------\n".join(cells).encode()
    workspace.workspace.upload(path, text, format=ImportFormat.SOURCE, language=Language.SQL)
    library = PipelineLibrary(notebook=NotebookLibrary(path=path))
    pipeline_id = made(workspace, libraries=[library])
    assert updated(workspace, pipeline_id) is UpdateInfoState.COMPLETED
    assert rows(workspace, "SELECT n FROM {}.b", schema_of(workspace, pipeline_id)) == [["2"]]
    (found,) = workspace.pipelines.list_pipelines(filter=f"notebook='{path}'")
    assert found.pipeline_id == pipeline_id


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        (
            "CREATE MATERIALIZED VIEW a (CONSTRAINT c EXPECT (n > 0)) AS SELECT 1 AS n",
            "does not do expectations",
        ),
        (
            "CREATE FLOW f AS AUTO CDC INTO a FROM STREAM(b) KEYS (id) SEQUENCE BY t",
            "CREATE FLOW f AS AUTO CDC",
        ),
        ("CREATE OR REFRESH STREAMING TABLE a", "without AS SELECT"),
        ("CREATE MATERIALIZED VIEW a AS SELECT * FROM nowhere", "TABLE_OR_VIEW_NOT_FOUND"),
        ("CREATE MATERIALIZED VIEW a AS SELECT (1", "PARSE_SYNTAX_ERROR"),
        (
            "CREATE LIVE TABLE a AS SELECT * FROM b; CREATE LIVE TABLE b AS SELECT * FROM a",
            "in a circle",
        ),
        ("CREATE LIVE TABLE a AS SELECT 1; CREATE LIVE TABLE a AS SELECT 2", "duplicate table"),
    ],
)
def test_what_a_pipeline_cannot_do_is_the_cause_of_its_failure(
    workspace: WorkspaceClient, source: str, cause: str
) -> None:
    pipeline_id = made(workspace, source)
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert cause in causes(workspace, pipeline_id)[0]
    assert workspace.pipelines.get(pipeline_id).state is PipelineState.IDLE


def test_python_and_files_that_are_not_there_fail_the_update(workspace: WorkspaceClient) -> None:
    path = f"/Volumes/main/default/pipelines/{uuid.uuid4().hex}.py"
    pipeline_id = made(workspace, libraries=[PipelineLibrary(file=FileLibrary(path=path))])
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert "Unable to read the source" in causes(workspace, pipeline_id)[0]
    workspace.files.upload(path, BytesIO(b"import dlt"))
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert "does not run PYTHON" in causes(workspace, pipeline_id)[0]


def test_a_table_that_somebody_else_has_made_is_not_replaced(workspace: WorkspaceClient) -> None:
    pipeline_id = made(workspace, "CREATE MATERIALIZED VIEW a AS SELECT 2 AS n")
    table = f"{schema_of(workspace, pipeline_id)}.a"
    rows(workspace, "CREATE TABLE {} AS SELECT 1 AS n", table)
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert "has not made" in causes(workspace, pipeline_id)[0]
    workspace.pipelines.delete(pipeline_id)
    assert rows(workspace, "SELECT n FROM {}", table) == [["1"]]


def test_one_update_at_a_time_runs_until_it_is_stopped(workspace: WorkspaceClient) -> None:
    pipeline_id = made(workspace, ENDLESS)
    update_id = started(workspace, pipeline_id)

    def is_running() -> bool:
        return look(workspace, pipeline_id, update_id).state is UpdateInfoState.RUNNING

    wait_until(is_running)
    with pytest.raises(ResourceConflict, match=f"An active update {update_id} already exists"):
        workspace.pipelines.start_update(pipeline_id)
    assert workspace.pipelines.get(pipeline_id).state is PipelineState.RUNNING
    assert workspace.pipelines.stop_and_wait(pipeline_id).state is PipelineState.IDLE
    assert look(workspace, pipeline_id, update_id).state is UpdateInfoState.CANCELED
    assert causes(workspace, pipeline_id) == []
    workspace.pipelines.stop(pipeline_id)  # once more is no error
    again = started(workspace, pipeline_id)
    newest = workspace.pipelines.list_updates(pipeline_id, max_results=1)
    assert newest.updates
    assert newest.updates[0].update_id == again
    before = workspace.pipelines.list_updates(pipeline_id, page_token=newest.next_page_token)
    assert [known.update_id for known in before.updates or ()] == [update_id]
    workspace.pipelines.delete(pipeline_id)
    with pytest.raises(NotFound, match=f"The specified pipeline {pipeline_id} was not found"):
        workspace.pipelines.get(pipeline_id)


def test_a_pipeline_is_found_by_its_name_and_goes_with_its_tables(
    workspace: WorkspaceClient,
) -> None:
    source = "CREATE MATERIALIZED VIEW a AS SELECT 1 AS n"
    pipeline_id = made(workspace, source)
    known = workspace.pipelines.get(pipeline_id)
    assert known.name
    assert known.spec
    with pytest.raises(ResourceConflict, match="allow_duplicate_names"):
        workspace.pipelines.create(name=known.name)
    (found,) = workspace.pipelines.list_pipelines(filter=f"name LIKE '{known.name[:20]}%'")
    assert (found.pipeline_id, found.name) == (pipeline_id, known.name)
    assert not list(workspace.pipelines.list_pipelines(filter="name LIKE 'nobody'"))
    with pytest.raises(InvalidParameterValue, match="name LIKE"):
        list(workspace.pipelines.list_pipelines(filter="state = 'IDLE'"))
    assert updated(workspace, pipeline_id) is UpdateInfoState.COMPLETED
    workspace.pipelines.update(
        pipeline_id, name="other", catalog="main", schema=known.spec.schema, libraries=[]
    )
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert "no libraries" in causes(workspace, pipeline_id)[0]
    workspace.pipelines.delete(pipeline_id)
    with pytest.raises(NotFound):
        workspace.tables.get(f"main.{known.spec.schema}.a")


def test_what_pipelines_here_do_not_know_is_not_implemented(workspace: WorkspaceClient) -> None:
    with pytest.raises(errors.NotImplemented, match="continuous"):
        workspace.pipelines.create(name="c", continuous=True)
    with pytest.raises(errors.NotImplemented, match="libraries of jar"):
        workspace.pipelines.create(name="c", libraries=[PipelineLibrary(jar="/x.jar")])
    pipeline_id = made(workspace, ENDLESS)
    with pytest.raises(errors.NotImplemented, match="validate_only"):
        workspace.pipelines.start_update(pipeline_id, validate_only=True)
    with pytest.raises(errors.NotImplemented, match="dry_run"):
        workspace.pipelines.create(name="c", dry_run=True)
    with pytest.raises(errors.NotImplemented, match="expected_last_modified"):
        workspace.pipelines.update(pipeline_id, expected_last_modified=1)
    with pytest.raises(errors.NotImplemented, match="until_update_id"):
        workspace.pipelines.list_updates(pipeline_id, until_update_id="1")


class StubbornLake:
    """A lake without tables whose engine works until it is stopped."""

    def __init__(self) -> None:
        self.engine = self.tables = self.catalog = self
        self.begun = threading.Semaphore(0)

    def has_table(self, _name: str) -> bool:
        return False

    def run(self, _asked: Asked, _session: Session, running: Running) -> None:
        self.begun.release()
        while not running.stopped:
            threading.Event().wait(0.005)
        running.check()


async def test_an_update_that_waits_for_a_thread_is_stopped_before_it_begins(
    tmp_path: Path,
) -> None:
    lake, source = StubbornLake(), "/Shared/a.sql"
    (tmp_path / "Workspace/Shared").mkdir(parents=True)
    (tmp_path / f"Workspace{source}").write_text("CREATE LIVE TABLE a AS SELECT 1 AS n")
    pipelines = Pipelines(tmp_path / "pipelines")
    updating = Updating(pipelines=pipelines, lake=cast("Any", lake), root=tmp_path)
    settings: dict[str, object] = {"libraries": [{"file": {"path": source}}]}
    keys = [str(number) for number in range(AT_ONCE + 1)]
    for key in keys:
        pipelines.keep(Pipeline(pipeline_id=key, settings=settings, last_modified=1))
        updating.start(key, Update(update_id=f"of {key}", creation_time=1, cause="API_CALL"))
    for _ in range(AT_ONCE):
        assert await asyncio.to_thread(lake.begun.acquire, timeout=10)
    await updating.delete(keys.pop(), cascade=True)
    assert [pipelines.get(key).updates[0].state for key in keys] == ["RUNNING"] * AT_ONCE
    await updating.close()
    assert [pipelines.get(key).updates[0].state for key in keys] == ["FAILED"] * AT_ONCE


def test_pipelines_are_there_after_a_restart_and_what_ran_has_failed(tmp_path: Path) -> None:
    served = serve(tmp_path)
    pipeline_id = made(served.workspace(), ENDLESS)
    update_id = started(served.workspace(), pipeline_id)
    served.end(signal.SIGKILL)
    served = serve(tmp_path)
    workspace = served.workspace()
    assert look(workspace, pipeline_id, update_id).state is UpdateInfoState.FAILED
    assert causes(workspace, pipeline_id) == [LOST]
    assert workspace.pipelines.get(pipeline_id).state is PipelineState.IDLE
    started(workspace, pipeline_id)
    served.end(signal.SIGTERM)
    (kept,) = tmp_path.glob("**/pipelines/*.json")
    events = json.loads(kept.read_bytes())["events"]
    assert [event["error"] for event in events if event["error"]] == [LOST, LOST]
