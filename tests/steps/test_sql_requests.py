"""What the steps that run SQL send, keep and tell, on a workspace that answers as it is told."""

import asyncio
from collections.abc import Mapping
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.steps.sql import (
    Cell,
    SavedRows,
    SqlResult,
    await_sql,
    cancel_sql,
    execute_sql,
    save_rows,
    submit_sql,
)
from tests.client import stage
from tests.steps.mocked import (
    Held,
    asked,
    body_of,
    check_refused,
    crashed,
    refused,
    said,
    token_of,
)

API = "/api/2.0/sql/statements"
HISTORY = "/api/2.0/sql/history/queries"
LOOK = f"GET {API}/s-1"
LOOK_UP = f"GET {HISTORY}?filter_by.warehouse_ids=w&max_results=100"
STORE = "https://store.cloud.test"
FILE = "/api/2.0/fs/files/Volumes/main/default/out/rows.jsonl"
PARAMETERS: Mapping[str, Cell] = {"day": "2026-01-31", "n": 7, "none": None}
WRITTEN = [
    {"name": "day", "value": "2026-01-31", "type": "STRING"},
    {"name": "n", "value": "7", "type": "INT"},
    {"name": "none"},
]


@attrs.frozen(kw_only=True)
class Asking(StepContext):
    """The least that the steps of SQL take."""

    statement: str = "insert into t values (:n)"
    statement_parameters: Mapping[str, Cell] = attrs.field(factory=dict[str, Cell])
    warehouse_id: str = "w"
    sql_result: SqlResult | None = made()
    rows_path: str = "/Volumes/main/default/out/rows.jsonl"
    saved_rows: SavedRows | None = made()


SENT = Asking(sql_result=SqlResult(statement_id="s-1"))


@pytest.fixture
def post(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/").mock(return_value=state("PENDING"))


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/s-1").mock(return_value=done(["1", "a"], n="INT", s="STRING"))


@pytest.fixture
def cancel(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/s-1/cancel").respond(json={})


@pytest.fixture
def put(wire: respx.MockRouter) -> respx.Route:
    return wire.put(FILE).respond(204)


def state(name: str, **more: Any) -> httpx.Response:
    facts = {"statement_id": "s-1", "status": {"state": name, **more}}
    return httpx.Response(200, json=facts, headers={"x-request-id": "req-9"})


def done(*rows: list[str | None], chunks: int = 1, count: int = 0, **columns: str) -> Any:
    named = [{"name": name, "type_text": kind} for name, kind in columns.items()]
    manifest = {
        "schema": {"columns": named},
        "total_chunk_count": chunks,
        "total_row_count": count or len(rows),
    }
    facts = {"statement_id": "s-1", "status": {"state": "SUCCEEDED"}, "manifest": manifest}
    return httpx.Response(200, json={**facts, "result": {"data_array": rows}})


def history(wire: respx.MockRouter, *texts: str) -> respx.Route:
    entries = [{"query_id": f"s-{n}", "query_text": text} for n, text in enumerate(texts, 1)]
    return wire.get(HISTORY).respond(json={"res": entries, "has_next_page": False})


def body(scope: Scope, statement: str, parameters: Any = None) -> Mapping[str, Any]:
    token = token_of("submit_sql", scope)
    given = {"parameters": parameters} if parameters else {}
    return {
        "statement": f"/* dara-fp {token} */ {statement}",
        "warehouse_id": "w",
        "wait_timeout": "0s",
        "disposition": "EXTERNAL_LINKS",
        "format": "JSON_ARRAY",
        **given,
    }


async def test_a_statement_is_sent_once_looked_at_until_its_end_and_begun_to_be_read(
    wire: respx.MockRouter, post: respx.Route, get: respx.Route, reached: DatabricksEnv
) -> None:
    last: list[str | None] = ["3", "c"]
    rows: list[list[str | None]] = [["1", "x" * 2000], ["2", None], *([last] * 20)]
    end = done(*rows, n="INT", s="STRING")
    get.mock(side_effect=[state("PENDING"), state("RUNNING"), state("RUNNING"), end, end])
    scope = Scope(task_id="t", journal=(journal := MemoryJournal()))
    asking = Asking(statement_parameters=PARAMETERS)
    result = unwrap(await execute_sql(asking, reached, scope=scope)).sql_result
    assert result is not None
    assert (result.statement_id, result.row_count, result.columns) == ("s-1", 22, ("n", "s"))
    assert result.first_rows == ((1, "x" * 1000), (2, None), *(((3, "c"),) * 18))
    assert asked(wire) == [f"POST {API}/", *[LOOK] * 5]
    assert body_of(post) == body(scope, asking.statement, WRITTEN)
    assert said(journal, "submit_sql") == [("sending the statement", None)]
    told = [f"statement s-1 is {name}" for name in ("PENDING", "RUNNING", "SUCCEEDED")]
    assert said(journal, "await_sql") == [(message, None) for message in told]


async def test_rows_that_lie_in_the_store_are_fetched_without_our_credentials(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    answer = done(n="INT", count=1).json()
    link = {"external_link": f"{STORE}/chunk?sig=hush", "chunk_index": 0}
    get.respond(json={**answer, "result": {"external_links": [link]}})
    store = wire.get(f"{STORE}/chunk").respond(json=[["1"]])
    ended = unwrap(await await_sql(SENT, reached))
    assert ended.sql_result is not None
    assert ended.sql_result.first_rows == ((1,),)
    assert "authorization" not in stage.last(store).headers
    assert "hush" not in repr(ended)


async def test_a_statement_that_fails_is_a_failure_with_its_code(
    post: respx.Route, get: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    error = {"error_code": "BAD_REQUEST", "message": "[TABLE_OR_VIEW_NOT_FOUND] no t"}
    get.mock(return_value=state("FAILED", error=error, sql_state="42P01"))
    failed = (await execute_sql(Asking(), reached)).failure()
    assert (failed.kind, failed.step) == (Kind.REJECTED, "await_sql")
    assert (failed.error_code, failed.status, failed.request_id) == ("BAD_REQUEST", 200, "req-9")
    assert failed.message == (
        "statement s-1 ended FAILED (SQLSTATE 42P01): [TABLE_OR_VIEW_NOT_FOUND] no t"
    )
    assert not cancel.called


@pytest.mark.parametrize(
    ("step", "call"),
    [
        (submit_sql, f"POST {API}/"),
        (await_sql, f"GET {API}/s-1"),
        (save_rows, f"GET {API}/s-1"),
        (cancel_sql, f"POST {API}/s-1/cancel"),
    ],
)
async def test_a_refusal_is_the_failure_of_the_step(
    wire: respx.MockRouter, reached: DatabricksEnv, step: Any, call: str
) -> None:
    wire.route(path__startswith=API).mock(return_value=refused())
    check_refused((await step(SENT, reached)).failure(), str(step), call)
    assert len(asked(wire)) == 1


async def test_a_statement_without_a_warehouse_is_rejected_before_anything_is_sent(
    wire: respx.MockRouter, reached: DatabricksEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_WAREHOUSE_ID", raising=False)
    error = (await submit_sql(Asking(warehouse_id=""), reached)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "submit_sql")
    assert error.message == (
        "no SQL warehouse is named: give a warehouse_id, or set DATABRICKS_WAREHOUSE_ID"
    )
    assert not asked(wire)


async def test_the_warehouse_of_the_environment_runs_what_names_none(
    post: respx.Route, reached: DatabricksEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", "w")
    scope = Scope(task_id="t")
    unwrap(await submit_sql(Asking(warehouse_id=""), reached, scope=scope))
    assert body_of(post) == body(scope, Asking().statement)


async def test_a_delivery_after_a_crash_finds_the_statement_and_sends_none(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    scope = crashed("submit_sql")
    history(wire, body(scope, "insert")["statement"], "select 1")
    assert unwrap(await submit_sql(Asking(), reached, scope=scope)) == SENT
    assert asked(wire) == [LOOK_UP]


async def test_a_delivery_after_a_crash_looks_again_for_a_minute_and_leaves_a_write_in_doubt(
    wire: respx.MockRouter, reached: DatabricksEnv, time: stage.VirtualTime
) -> None:
    scope = crashed("submit_sql")
    looks = history(wire, "select 1")
    error = (await submit_sql(Asking(), reached, scope=scope)).failure()
    assert (error.kind, error.retryable, error.in_doubt) == (Kind.FAILED, False, True)
    assert f"look there for {token_of('submit_sql', scope)}" in error.message
    assert {call.split("?")[0] for call in asked(wire)} == {f"GET {HISTORY}"}
    assert looks.call_count > 10
    assert 1060.0 <= time.now < 1070.0


async def test_a_delivery_after_a_crash_sends_again_what_only_reads(
    wire: respx.MockRouter, post: respx.Route, reached: DatabricksEnv
) -> None:
    history(wire)
    scope, asking = crashed("submit_sql"), Asking(statement="  SELECT 1")
    assert unwrap(await submit_sql(asking, reached, scope=scope)).sql_result == SENT.sql_result
    assert body_of(post) == body(scope, "  SELECT 1")
    assert asked(wire)[-1] == f"POST {API}/"


async def test_a_new_attempt_sends_a_statement_of_its_own(
    wire: respx.MockRouter, post: respx.Route, reached: DatabricksEnv
) -> None:
    first, second = Scope(task_id="t"), Scope(task_id="t", attempt=2)
    for scope in (first, second):
        unwrap(await submit_sql(Asking(), reached, scope=scope))
        assert body_of(post) == body(scope, Asking().statement)
    assert body(first, "") != body(second, "")


async def test_a_lost_answer_is_looked_up_and_the_statement_not_sent_again(
    wire: respx.MockRouter, post: respx.Route, reached: DatabricksEnv
) -> None:
    scope = Scope(task_id="t")
    post.mock(side_effect=httpx.ReadError("cut"))
    history(wire, body(scope, "insert")["statement"])
    assert unwrap(await submit_sql(Asking(), reached, scope=scope)) == SENT
    assert post.call_count == 1


async def test_a_statement_that_is_cut_while_it_is_waited_for_is_cancelled(
    wire: respx.MockRouter,
    post: respx.Route,
    get: respx.Route,
    cancel: respx.Route,
    reached: DatabricksEnv,
) -> None:
    looking = Held(state("RUNNING"))
    get.mock(side_effect=looking)
    assert await looking.cut(execute_sql(Asking(), reached)) == []
    assert asked(wire) == [f"POST {API}/", f"POST {API}/s-1/cancel"]
    assert body_of(cancel) == {}


async def test_a_statement_that_is_cut_before_it_has_an_id_is_cancelled(
    post: respx.Route, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    sending = Held(state("PENDING"))
    post.mock(side_effect=sending)
    assert await sending.cut(execute_sql(Asking(), reached)) == []
    assert (post.call_count, cancel.call_count) == (1, 1)


async def test_a_statement_whose_id_was_lost_is_found_and_cancelled(
    wire: respx.MockRouter, cancel: respx.Route, reached: DatabricksEnv
) -> None:
    scope = crashed("submit_sql")
    history(wire, body(scope, "insert")["statement"])
    assert unwrap(await cancel_sql(Asking(), reached, scope=scope)) == Asking()
    assert asked(wire) == [LOOK_UP, f"POST {API}/s-1/cancel"]


async def test_where_nothing_was_sent_nothing_is_cancelled_awaited_or_saved(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    unwrap(await cancel_sql(Asking(), reached, scope=crashed("another")))
    for step, before in ((await_sql, "submit_sql"), (save_rows, "execute_sql")):
        error = (await step(Asking(), reached)).failure()
        assert f"put {before} before {step}" in error.message
    assert not asked(wire)


async def test_all_rows_are_put_into_one_file_chunk_by_chunk(
    wire: respx.MockRouter, get: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    columns = {"n": "INT", "d": "DOUBLE"}
    get.mock(return_value=done(["1", "0.5"], ["2", "NaN"], chunks=2, count=3, **columns))
    rest = {"chunk_index": 1, "data_array": [[None, "Infinity"]]}
    wire.get(f"{API}/s-1/result/chunks/1").respond(json=rest)
    journal = MemoryJournal()
    ended = unwrap(await save_rows(SENT, reached, scope=Scope(journal=journal)))
    content = stage.last(put).content
    assert content.splitlines() == [
        b'{"n":1,"d":0.5}', b'{"n":2,"d":"nan"}', b'{"n":null,"d":"inf"}'
    ]  # fmt: skip
    saved = SavedRows(path=SENT.rows_path, rows=3, size=len(content))
    assert ended == SENT.evolve(saved_rows=saved)
    chunk = f"GET {API}/s-1/result/chunks/1"
    assert asked(wire) == [LOOK, chunk, f"PUT {FILE}?overwrite=true"]
    assert said(journal, "save_rows") == [("saved 2 rows", 2 / 3), ("saved 3 rows", 1.0)]


async def test_rows_that_cannot_be_stored_fail_the_step(
    get: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    put.mock(return_value=refused())
    check_refused((await save_rows(SENT, reached)).failure(), "save_rows", f"PUT {FILE}")


async def test_a_store_that_refuses_leaves_no_chunk_on_its_way(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    reached.workspace.files.sizes = UploadSizes(small=1, part=1)
    get.mock(return_value=done(["1"], chunks=2, count=2, n="INT"))
    begun, cut = asyncio.Event(), asyncio.Event()

    async def slowly(_request: httpx.Request) -> httpx.Response:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        raise AssertionError

    async def refuse(_request: httpx.Request) -> httpx.Response:
        await begun.wait()
        return refused()

    wire.get(f"{API}/s-1/result/chunks/1").mock(side_effect=slowly)
    wire.post(FILE).mock(side_effect=refuse)
    check_refused((await save_rows(SENT, reached)).failure(), "save_rows", f"POST {FILE}")
    assert cut.is_set()


async def test_columns_of_one_name_are_named_and_nothing_is_stored(
    wire: respx.MockRouter, get: respx.Route, reached: DatabricksEnv
) -> None:
    answer = done(["1", "2"], n="INT").json()
    answer["manifest"]["schema"]["columns"] *= 2
    get.respond(json=answer)
    error = (await save_rows(SENT, reached)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "save_rows")
    assert error.message == (
        "several columns are called 'n', and an object has a name once: give each an AS"
    )
    assert asked(wire) == [LOOK]
