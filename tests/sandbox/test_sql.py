"""SQL statements through the unmodified official SDK: results, states, errors, links, history."""

import csv
import io
import json
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.service.sql import (
    Disposition,
    Format,
    QueryFilter,
    QueryStatus,
    StatementParameterListItem,
    StatementResponse,
    StatementState,
)
from starlette.testclient import TestClient

from dara_fp.sandbox.server.app import create_sandbox
from dara_fp.sandbox.sql import sql_statements, statements
from dara_fp.sandbox.sql.warehouses import FIRST
from tests.sandbox.served import TOKEN, Served, wait_until

Run = Callable[..., StatementResponse]
ENDLESS = "select count(*) from range(1000000000000) a, range(1000) b"

pa: Any = import_module("pyarrow")  # it has no types


@pytest.fixture(scope="session")
def warehouse(workspace: WorkspaceClient) -> str:
    [first] = [known for known in workspace.warehouses.list() if known.name == "Sandbox Warehouse"]
    assert first.id is not None
    return first.id


@pytest.fixture
def run(workspace: WorkspaceClient, warehouse: str) -> Run:
    def execute(statement: str, **asked: Any) -> StatementResponse:
        return workspace.statement_execution.execute_statement(statement, warehouse, **asked)

    return execute


def state(workspace: WorkspaceClient, statement_id: str | None) -> StatementState | None:
    status = workspace.statement_execution.get_statement(statement_id or "").status
    return status.state if status else None


def rows(answer: StatementResponse) -> list[list[str]]:
    assert answer.status is not None, answer
    assert answer.status.state is StatementState.SUCCEEDED, answer.status
    assert answer.result is not None
    return answer.result.data_array or []


def failure(answer: StatementResponse) -> tuple[str, str]:
    """Give the condition and the SQLSTATE of a statement that failed under HTTP 200."""
    assert answer.status is not None
    assert answer.status.state is StatementState.FAILED
    assert answer.status.error is not None
    message = answer.status.error.message or ""
    return message.partition("]")[0].lstrip("["), message.rpartition("SQLSTATE: ")[2][:5]


def test_values_are_text_and_the_schema_says_what_they_are(run: Run) -> None:
    answer = run(
        "select 1 as a, 2L as b, 1.50 as c, 'x' as d, true as e, null as f, date'2026-01-31' as g,"
        " timestamp'2026-01-31 10:00:00' as h, array(1, 2) as i, map('k', 1.5) as j,"
        " named_struct('p', 1, 'q', 'z') as k, cast(0.5 as double) as l, cast('nan' as double) as m"
    )
    assert rows(answer) == [
        ["1", "2", "1.50", "x", "true", None, "2026-01-31", "2026-01-31T10:00:00.000Z",
         '["1","2"]', '{"k":"1.5"}', '{"p":"1","q":"z"}', "0.5", "NaN"]
    ]  # fmt: skip
    assert answer.manifest is not None
    assert answer.manifest.schema is not None
    kinds = [
        (known.type_name.value if known.type_name else None, known.type_text)
        for known in answer.manifest.schema.columns or []
    ]
    assert kinds == [
        ("INT", "INT"),
        ("LONG", "BIGINT"),
        ("DECIMAL", "DECIMAL(3,2)"),
        ("STRING", "STRING"),
        ("BOOLEAN", "BOOLEAN"),
        ("NULL", "VOID"),
        ("DATE", "DATE"),
        ("TIMESTAMP", "TIMESTAMP"),
        ("ARRAY", "ARRAY<INT>"),
        ("MAP", "MAP<STRING, DECIMAL(2,1)>"),
        ("STRUCT", "STRUCT<p: INT, q: STRING>"),
        ("DOUBLE", "DOUBLE"),
        ("DOUBLE", "DOUBLE"),
    ]


def test_parameters_are_typed_and_never_read_as_sql(run: Run) -> None:
    given = [
        StatementParameterListItem(name="n", value="41", type="INT"),
        StatementParameterListItem(name="text", value="x'; drop table t; --"),
        StatementParameterListItem(name="day", value="2026-01-31", type="DATE"),
        StatementParameterListItem(name="none", type="STRING"),
    ]
    answer = run("select :n + 1, :text, year(:day), :none", parameters=given)
    assert rows(answer) == [["42", "x'; drop table t; --", "2026", None]]


@pytest.mark.parametrize(
    ("statement", "condition", "sql_state"),
    [
        ("selec 1", "PARSE_SYNTAX_ERROR", "42601"),
        ("select 1; select 2", "PARSE_SYNTAX_ERROR", "42601"),
        ("select * from main.default.nowhere", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        ("select missing from range(1)", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703"),
        ("select cast('x' as int)", "CAST_INVALID_INPUT", "22018"),
        ("select 1 / id from range(3)", "DIVIDE_BY_ZERO", "22012"),
        ("select :unbound", "UNBOUND_SQL_PARAMETER", "42P02"),
        ("select no_such_function(1)", "UNRESOLVED_ROUTINE", "42883"),
        ("use schema main.nowhere", "SCHEMA_NOT_FOUND", "42704"),
        ("drop table main.default.nowhere", "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
        ("grant select on table t to `x`", "UNSUPPORTED_FEATURE", "0A000"),
        ("select * from read_csv('/etc/passwd')", "INSUFFICIENT_PERMISSIONS", "42501"),
        ("select * from csv.`/Volumes/main/default/none/x.csv`", "PATH_NOT_FOUND", "42K03"),
    ],
)
def test_a_statement_that_is_wrong_fails_under_200_in_the_words_of_a_warehouse(
    run: Run, statement: str, condition: str, sql_state: str
) -> None:
    assert failure(run(statement)) == (condition, sql_state)


def test_a_long_statement_goes_on_and_can_be_cancelled(
    workspace: WorkspaceClient, run: Run
) -> None:
    started = run(ENDLESS, wait_timeout="0s")
    assert started.manifest is None
    wait_until(lambda: state(workspace, started.statement_id) is StatementState.RUNNING)
    workspace.statement_execution.cancel_execution(started.statement_id or "")
    wait_until(lambda: state(workspace, started.statement_id) is StatementState.CANCELED)


def test_a_statement_can_be_cancelled_when_the_wait_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shortly(_wait: str) -> float:
        return 0.2

    monkeypatch.setattr(statements, "_seconds", shortly)
    asked = {"statement": ENDLESS, "warehouse_id": FIRST, "on_wait_timeout": "CANCEL"}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_sandbox(tmp_path, token=TOKEN), headers=bearer) as client:
        answer = client.post("/api/2.0/sql/statements/", json=asked)
    assert answer.json()["status"] == {"state": "CANCELED"}


@pytest.mark.parametrize("wait", ["1s", "51s", "10", "-5s", ""])
def test_a_time_to_wait_beyond_the_limits_is_refused(run: Run, wait: str) -> None:
    with pytest.raises(BadRequest, match="wait_timeout must be 0s, or between 5s and 50s"):
        run("select 1", wait_timeout=wait)


def test_inline_is_for_json_only(run: Run) -> None:
    with pytest.raises(BadRequest, match="ARROW_STREAM is not supported with the INLINE"):
        run("select 1", format=Format.ARROW_STREAM)


def test_a_warehouse_or_statement_that_is_not_there_is_404(workspace: WorkspaceClient) -> None:
    with pytest.raises(NotFound, match="SQL warehouse nowhere does not exist"):
        workspace.statement_execution.execute_statement("select 1", "nowhere")
    with pytest.raises(NotFound, match="The statement nothing was not found"):
        workspace.statement_execution.get_statement("nothing")


def test_a_row_limit_cuts_the_result_and_says_so(run: Run) -> None:
    cut = run("select * from range(10)", row_limit=3)
    assert rows(cut) == [["0"], ["1"], ["2"]]
    assert cut.manifest is not None
    assert cut.manifest.truncated
    whole = run("select * from range(3)", row_limit=3)
    assert whole.manifest is not None
    assert not whole.manifest.truncated


@pytest.mark.parametrize("value", ["date_add(date'9999-12-31', 1)", "array(date'-0044-03-15')"])
def test_a_day_that_json_cannot_have_is_refused(run: Run, value: str) -> None:
    with pytest.raises(BadRequest, match="years 1 to 9999"):
        run(f"select {value}")


def test_a_large_result_comes_in_chunks(workspace: WorkspaceClient, run: Run) -> None:
    answer = run("select id from range(300000)")
    assert answer.manifest is not None
    assert answer.result is not None
    chunks = answer.manifest.chunks or []
    assert len(chunks) == answer.manifest.total_chunk_count == 3
    values = [row[0] for row in answer.result.data_array or []]
    index = answer.result.next_chunk_index
    while index is not None:
        part = workspace.statement_execution.get_statement_result_chunk_n(
            answer.statement_id or "", index
        )
        assert part.row_offset == chunks[index].row_offset == len(values)
        values += [row[0] for row in part.data_array or []]
        index = part.next_chunk_index
    assert values == [str(n) for n in range(300_000)]


def test_more_than_fits_inline_fails_and_says_what_to_do(run: Run) -> None:
    answer = run("select repeat('x', 1000) from range(30000)")
    assert answer.status is not None
    assert answer.status.error is not None
    assert "Inline byte limit exceeded" in (answer.status.error.message or "")


@pytest.mark.parametrize("form", list(Format))
def test_links_give_the_content_to_whoever_has_them_and_to_no_one_else(
    run: Run, form: Format
) -> None:
    statement = "select * from values (1, 'Ada'), (2, null) as t(id, name)"
    answer = run(statement, disposition=Disposition.EXTERNAL_LINKS, format=form)
    assert answer.result is not None
    [link] = answer.result.external_links or []
    address = link.external_link or ""
    content = httpx.get(address, trust_env=False).raise_for_status().content
    read: dict[Format, Callable[[bytes], Any]] = {
        Format.JSON_ARRAY: json.loads,
        Format.CSV: lambda raw: list(csv.reader(io.StringIO(raw.decode()))),
        Format.ARROW_STREAM: lambda raw: pa.ipc.open_stream(raw).read_all().to_pylist(),
    }
    assert (
        read[form](content)
        == {
            Format.JSON_ARRAY: [["1", "Ada"], ["2", None]],
            Format.CSV: [["id", "name"], ["1", "Ada"], ["2", ""]],
            Format.ARROW_STREAM: [{"id": 1, "name": "Ada"}, {"id": 2, "name": None}],
        }[form]
    )
    forged = address[:-1] + ("0" if address[-1] != "0" else "1")
    assert httpx.get(forged, trust_env=False).status_code == 403


def test_a_statement_that_gives_no_rows_has_an_empty_result(run: Run) -> None:
    assert rows(run("select id from range(0)")) == []
    assert rows(run("set ansi_mode = true")) == []


def test_a_session_keeps_its_schema_and_its_views(http: httpx.Client, warehouse: str) -> None:
    def say(statement: str, session: str) -> Any:
        body = {"statement": statement, "warehouse_id": warehouse, "session_id": session}
        return http.post("/api/2.0/sql/statements", json=body).json()

    opened = http.post("/api/2.0/sql/sessions", json={"warehouse_id": warehouse}).json()
    session = opened["session_id"]
    assert say("create temporary view five as select 5 as n", session)["status"]["state"]
    assert say("select n from five", session)["result"]["data_array"] == [["5"]]
    other = http.post("/api/2.0/sql/sessions", json={"warehouse_id": warehouse}).json()
    assert say("select n from five", other["session_id"])["status"]["state"] == "FAILED"
    body = {"session_id": session, "warehouse_id": warehouse}
    ended = http.request("DELETE", f"/api/2.0/sql/sessions/{session}", json=body)
    assert ended.status_code == 200
    assert say("select 1", session)["error_code"] == "RESOURCE_DOES_NOT_EXIST"


def test_a_closed_statement_has_no_result(http: httpx.Client, run: Run) -> None:
    statement_id = run("select 1").statement_id
    assert http.request("DELETE", f"/api/2.0/sql/statements/{statement_id}").status_code == 200
    found = http.get(f"/api/2.0/sql/statements/{statement_id}").json()
    assert found == {"statement_id": statement_id, "status": {"state": "CLOSED"}}
    assert http.get(f"/api/2.0/sql/statements/{statement_id}/result/chunks/0").status_code == 400


def test_the_oldest_results_make_room_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_statements, "RESULT_BYTES", 100)
    asked = {"statement": "select id from range(100)", "warehouse_id": FIRST}
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_sandbox(tmp_path, token=TOKEN), headers=bearer) as client:
        told = [client.post("/api/2.0/sql/statements/", json=asked).json() for _ in range(2)]
        states = [
            client.get(f"/api/2.0/sql/statements/{known['statement_id']}").json()["status"]["state"]
            for known in told
        ]
    assert states == ["CLOSED", "SUCCEEDED"]


def test_the_history_has_statements_the_newest_first(
    workspace: WorkspaceClient, run: Run, warehouse: str
) -> None:
    first = run("select 'one of the history' as a").statement_id
    second = run("select * from nowhere_in_the_history").statement_id
    wanted = QueryFilter(statement_ids=[first or "", second or ""], warehouse_ids=[warehouse])
    found = workspace.query_history.list(filter_by=wanted).res or []
    assert [known.query_id for known in found] == [second, first]
    assert [known.status for known in found] == [QueryStatus.FAILED, QueryStatus.FINISHED]
    assert found[1].query_text == "select 'one of the history' as a"
    assert found[1].rows_produced == 1
    pages = workspace.query_history.list(filter_by=wanted, max_results=1)
    assert [known.query_id for known in pages.res or []] == [second]
    rest = workspace.query_history.list(filter_by=wanted, page_token=pages.next_page_token)
    assert rest.has_next_page is False


def test_warehouses_are_made_stopped_started_by_a_statement_and_deleted(
    workspace: WorkspaceClient,
) -> None:
    waiting: Any = workspace.warehouses.create(name="another", cluster_size="Small")
    made: str = waiting.id  # the SDK types neither
    workspace.warehouses.stop(made)
    stopped = workspace.warehouses.get(made)
    assert (stopped.name, stopped.state.value if stopped.state else None) == ("another", "STOPPED")
    workspace.statement_execution.execute_statement("select 1", made)
    started = workspace.warehouses.get(made).state
    assert started is not None
    assert started.value == "RUNNING"
    with pytest.raises(BadRequest, match="already exists"):
        workspace.warehouses.create(name="another")
    workspace.warehouses.delete(made)
    assert made not in {known.id for known in workspace.warehouses.list()}


def test_statements_run_side_by_side_while_others_are_answered(
    workspace: WorkspaceClient, run: Run, sandbox: Served
) -> None:
    long = run(ENDLESS, wait_timeout="0s").statement_id or ""
    began = time.monotonic()
    assert rows(run("select 1")) == [["1"]]
    assert time.monotonic() - began < 4
    workspace.statement_execution.cancel_execution(long)
    wait_until(lambda: state(workspace, long) is StatementState.CANCELED)
    assert sandbox.process.poll() is None
