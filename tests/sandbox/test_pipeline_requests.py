"""What pipelines are asked is answered, or refused with the reason: lists, filters, sources."""

import uuid
from io import BytesIO

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.pipelines import (
    FileLibrary,
    NotebookLibrary,
    PipelineLibrary,
    UpdateInfoState,
)

from dara_fp.sandbox.pipelines.list_filters import event_filter, pipeline_filter
from dara_fp.sandbox.pipelines.pipeline_records import Pipeline, event
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.server.wire import cursor
from tests.sandbox.updates import causes, made, rows, schema_of, updated


def test_events_are_chosen_by_level_and_time(workspace: WorkspaceClient) -> None:
    pipeline_id = made(workspace, "SELECT 1")
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED

    def chosen(asked: str) -> list[str]:
        events = workspace.pipelines.list_pipeline_events(
            pipeline_id, filter=asked, order_by=["timestamp asc"], max_results=1
        )
        return [str(event.event_type) for event in events]

    at = "timestamp >= '2021-07-22T06:37:33.083Z'"
    assert chosen(f"level in ('ERROR', 'WARN') AND {at}") == ["update_progress"]
    assert chosen("timestamp < '2021-07-22'") == chosen("level = 'WARN'") == []
    assert chosen("")[:2] == ["create_update", "update_progress"]
    for wrong in ("level > 'INFO'", "timestamp in ('now')", "timestamp > 'now'", "state = 'a'"):
        with pytest.raises(InvalidParameterValue, match="Invalid filter"):
            chosen(wrong)


def test_an_update_of_no_tables_fails_and_a_library_is_one_thing(
    workspace: WorkspaceClient,
) -> None:
    pipeline_id = made(workspace, "-- nothing yet")
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert causes(workspace, pipeline_id) == [
        "The pipeline has no tables: let its sources declare some."
    ]
    file, notebook = FileLibrary(path="/Shared/a.sql"), NotebookLibrary(path="/Shared/a")
    for library in (PipelineLibrary(), PipelineLibrary(file=file, notebook=notebook)):
        with pytest.raises(InvalidParameterValue, match="a file or a notebook"):
            workspace.pipelines.create(name="x", libraries=[library])


def test_a_table_is_selected_by_its_name_with_or_without_its_schema_and_catalog(
    workspace: WorkspaceClient,
) -> None:
    pipeline_id = made(workspace, "CREATE MATERIALIZED VIEW a AS SELECT 1 AS n")
    schema = schema_of(workspace, pipeline_id)
    chosen = ["A", f"{schema}.a", f"{schema.removeprefix('main.')}.`a`"]
    asked = {"refresh_selection": chosen}
    assert updated(workspace, pipeline_id, **asked) is UpdateInfoState.COMPLETED


def test_a_pipeline_goes_though_a_view_has_taken_the_name_of_its_table(
    workspace: WorkspaceClient,
) -> None:
    pipeline_id = made(workspace, "CREATE MATERIALIZED VIEW a AS SELECT 1 AS n")
    assert updated(workspace, pipeline_id) is UpdateInfoState.COMPLETED
    schema = schema_of(workspace, pipeline_id)
    rows(workspace, "DROP TABLE {}.a", schema)
    rows(workspace, "CREATE VIEW {}.a AS SELECT 2 AS n", schema)
    workspace.pipelines.delete(pipeline_id)
    assert rows(workspace, "SELECT n FROM {}.a", schema) == [["2"]]


def test_a_source_that_is_no_text_is_named_and_words_in_quotes_expect_nothing(
    workspace: WorkspaceClient,
) -> None:
    quoted = "CREATE MATERIALIZED VIEW a AS SELECT 'CONSTRAINT a EXPECT (b)' AS a"
    assert updated(workspace, made(workspace, quoted)) is UpdateInfoState.COMPLETED
    path = f"/Volumes/main/default/pipelines/{uuid.uuid4().hex}.sql"
    workspace.files.upload(path, BytesIO(b"\xff\xfe"))
    library = PipelineLibrary(file=FileLibrary(path=path))
    pipeline_id = made(workspace, libraries=[library])
    assert updated(workspace, pipeline_id) is UpdateInfoState.FAILED
    assert causes(workspace, pipeline_id) == [f"The source {path!r} is no text in UTF-8."]


@pytest.mark.timeout(5)
def test_no_filter_takes_long() -> None:
    assert event_filter(" " * 60_000)(event("1", "create_update", ""))
    with pytest.raises(ApiError, match="Invalid filter"):
        event_filter("level" + " " * 60_000)
    pipeline = Pipeline(pipeline_id="1", settings={"name": "a" * 200}, last_modified=0)
    assert not pipeline_filter(f"name LIKE '{'%a' * 30}%b'")(pipeline)
    assert pipeline_filter(f"name LIKE '{'%a' * 30}%'")(pipeline)
    assert pipeline_filter("name LIKE '%a_a'")(pipeline)
    assert not pipeline_filter("name LIKE 'a%b%a'")(pipeline)


@pytest.mark.parametrize("hidden", ['{"x":' + "[" * 20_000, "{}", "9" * 5_000])
def test_a_page_token_that_is_none_is_refused(http: httpx.Client, hidden: str) -> None:
    for path in ("/api/2.0/pipelines", "/api/2.0/genie/spaces"):
        answer = http.get(path, params={"page_token": cursor(hidden)})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
