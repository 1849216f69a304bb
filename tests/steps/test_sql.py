"""Steps that run SQL statements, against the sandbox's warehouse."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from dara_fp import (
    DatabricksEnv,
    Kind,
    MemoryJournal,
    Position,
    Scope,
    StepContext,
    made,
    start,
    unwrap,
)
from dara_fp.databricks.errors import NotFound
from dara_fp.sandbox.sql.warehouses import FIRST
from dara_fp.steps import sql as sql_steps
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

ENDLESS = "select count(*) from range(1000000000000) a, range(1000) b"


@attrs.frozen(kw_only=True)
class Asking(StepContext):
    """The least that `execute_sql` takes."""

    statement: str
    statement_parameters: Mapping[str, Cell] = attrs.field(factory=dict[str, Cell])
    warehouse_id: str = FIRST
    sql_result: SqlResult | None = made()


@pytest.fixture
def table() -> str:
    return f"main.default.t_{uuid.uuid4().hex}"


def one_into(table: str) -> str:
    return f"insert into {table} values (1)"  # noqa: S608 - a name of our own


async def count(env: DatabricksEnv, table: str) -> int:
    statement = f"select * from {table}"  # noqa: S608 - a name of our own
    return (await env.workspace.sql.execute(statement, warehouse_id=FIRST)).row_count


async def history(env: DatabricksEnv, token: str) -> list[dict[str, Any]]:
    answer = await env.workspace.do("GET", "/api/2.0/sql/history/queries")
    return [query for query in answer["res"] if token in query["query_text"]]


async def test_a_statement_leaves_its_first_rows_in_the_context(env: DatabricksEnv) -> None:
    asking = Asking(
        statement="select id, cast(id as decimal(10,2)) as exact, array(:word) as words, null as n"
        " from range(50) order by id",
        statement_parameters={"word": "it's"},
    )
    journal = MemoryJournal()
    result = unwrap(await execute_sql(asking, env, scope=Scope(journal=journal))).sql_result
    assert result is not None
    assert (result.row_count, result.columns) == (50, ("id", "exact", "words", "n"))
    assert result.first_rows[0] == (0, "0.00", '["it\'s"]', None)
    assert len(result.first_rows) == 20
    rows = await env.workspace.sql.rows(result.statement_id)
    assert [row["id"] for row in await rows.all()] == list(range(50))
    said = [message for path, message, _ in journal.reports if path == "await_sql"]
    assert said[-1] == f"statement {result.statement_id} is SUCCEEDED"


async def test_a_context_of_these_steps_can_be_stored(env: DatabricksEnv) -> None:
    pipeline = start(Asking, DatabricksEnv) >> execute_sql
    ended = unwrap(await pipeline(Asking(statement="select cast('nan' as double) as a"), env))
    assert ended.sql_result is not None
    assert ended.sql_result.first_rows == (("nan",),)


async def test_a_statement_that_fails_is_a_failure_with_its_code(env: DatabricksEnv) -> None:
    error = (await execute_sql(Asking(statement="select * from nowhere"), env)).failure()
    assert (error.kind, error.step, error.error_code) == (Kind.REJECTED, "await_sql", "BAD_REQUEST")
    assert "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nowhere`" in error.message


async def test_a_warehouse_that_is_not_there_is_rejected(env: DatabricksEnv) -> None:
    error = (await execute_sql(Asking(statement="select 1", warehouse_id="no"), env)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "submit_sql", 404)


async def after_a_crash(path: str) -> MemoryJournal:
    """Give a journal in which the step at *path* has begun and not ended."""
    journal = MemoryJournal()
    await journal.report(path, "sending the statement", None)
    return journal


async def test_a_worker_that_goes_on_finds_the_statement_and_runs_it_once(
    env: DatabricksEnv, table: str
) -> None:
    await env.workspace.sql.execute(f"create table {table} (n int)", warehouse_id=FIRST)
    asking = Asking(statement=one_into(table))
    first = unwrap(await submit_sql(asking, env, scope=Scope(task_id=table))).sql_result
    assert first is not None
    await env.workspace.sql.wait(first.statement_id)
    again = Scope(task_id=table, journal=await after_a_crash("submit_sql"))
    second = unwrap(await submit_sql(asking, env, scope=again)).sql_result
    assert second is not None
    assert second.statement_id == first.statement_id
    assert await count(env, table) == 1


async def test_a_write_that_may_have_been_sent_and_is_not_found_is_left_in_doubt(
    env: DatabricksEnv, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_steps, "_PATIENCE", 0.0)
    scope = Scope(task_id=table, journal=await after_a_crash("submit_sql"))
    error = (await submit_sql(Asking(statement="drop table x"), env, scope=scope)).failure()
    token = Position(path="submit_sql", scope=scope).token
    assert (error.kind, error.retryable) == (Kind.FAILED, False)
    assert "in doubt whether the statement was run" in error.message
    assert token in error.message
    assert await history(env, token) == []


async def test_a_statement_that_only_reads_is_sent_again(
    env: DatabricksEnv, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_steps, "_PATIENCE", 0.0)
    scope = Scope(task_id=table, journal=await after_a_crash("submit_sql"))
    ended = unwrap(await submit_sql(Asking(statement="SELECT 1"), env, scope=scope))
    assert ended.sql_result is not None


async def test_a_lost_answer_is_looked_up_at_the_sandbox(env: DatabricksEnv, table: str) -> None:
    await env.workspace.sql.execute(f"create table {table} (n int)", warehouse_id=FIRST)
    fault = {"pattern": "POST /api/2.0/sql/statements*", "after_effect": True, "cut": True}
    await env.workspace.do("POST", "/_sandbox/faults", body={**fault, "times": 1})
    insert = Asking(statement=one_into(table))
    result = unwrap(await execute_sql(insert, env)).sql_result
    assert result is not None
    assert result.first_rows == ((1, 1),)
    assert await count(env, table) == 1


async def test_a_cut_statement_is_cancelled(env: DatabricksEnv) -> None:
    journal = MemoryJournal()
    running = asyncio.create_task(
        execute_sql(Asking(statement=ENDLESS), env, scope=Scope(journal=journal))
    )
    while not journal.reported("await_sql"):  # noqa: ASYNC110 - a journal tells nobody
        await asyncio.sleep(0.02)
    said = next(message for path, message, _ in journal.reports if path == "await_sql")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    ended = await env.workspace.sql.wait(said.split()[1])
    assert ended.state == "CANCELED"


async def test_cleaning_up_finds_a_statement_whose_id_got_lost(
    env: DatabricksEnv, table: str
) -> None:
    asking = Asking(statement=ENDLESS)
    scope = Scope(task_id=table)
    lost = unwrap(await submit_sql(asking, env, scope=scope)).sql_result
    assert lost is not None
    cleaning = Scope(task_id=table, journal=await after_a_crash("submit_sql"))
    unwrap(await cancel_sql(asking, env, scope=cleaning))
    assert (await env.workspace.sql.wait(lost.statement_id)).state == "CANCELED"


async def test_cleaning_up_before_anything_began_does_nothing(env: DatabricksEnv) -> None:
    asking = Asking(statement="select 1")
    scope = Scope(journal=MemoryJournal())
    assert unwrap(await cancel_sql(asking, env, scope=scope)) == asking


async def test_waiting_for_a_statement_that_was_never_sent_says_which_step_is_missing(
    env: DatabricksEnv,
) -> None:
    error = (await await_sql(Asking(statement="select 1"), env)).failure()
    assert error.message == ("there is no statement to wait for: put submit_sql before await_sql")


async def test_a_result_comes_as_arrow_from_the_sandbox_too(env: DatabricksEnv) -> None:
    statement = "select id, cast(id as string) as s from range(200000)"
    table = await env.workspace.sql.execute(statement, warehouse_id=FIRST).arrow()
    assert table.num_rows == 200_000
    assert table.column("id").to_pylist()[-1] == 199_999
    empty = "select cast(1 as bigint) as a from range(0)"
    none = await env.workspace.sql.execute(empty, warehouse_id=FIRST).arrow()
    assert [str(field.type) for field in none.schema] == ["int64"]


@attrs.frozen(kw_only=True)
class Saving(Asking):
    """The least that `execute_sql >> save_rows` takes."""

    rows_path: str
    saved_rows: SavedRows | None = made()


async def test_all_rows_go_to_a_file_as_json_lines(env: DatabricksEnv, folder: str) -> None:
    saving = Saving(
        statement="select id, cast(1.5 as decimal(3,1)) as exact, date'2026-01-31' as day,"
        " array('x', null) as words, repeat('x', 500) as pad from range(4000) order by id",
        rows_path=f"{folder}/rows.jsonl",
    )
    journal = MemoryJournal()
    pipeline = start(Saving, DatabricksEnv) >> execute_sql >> save_rows
    saved = unwrap(await pipeline(saving, env, scope=Scope(journal=journal))).saved_rows
    assert saved is not None
    async with env.workspace.files.download(saving.rows_path) as file:
        content = b"".join([chunk async for chunk in file])
    lines = content.splitlines()
    assert (len(lines), len(content)) == (saved.rows, saved.size) == (4_000, saved.size)
    first = {"id": 0, "exact": "1.5", "day": "2026-01-31", "words": ["x", None], "pad": "x" * 500}
    assert (json.loads(lines[0]), json.loads(lines[-1])["id"]) == (first, 3_999)
    shares = [share for path, _, share in journal.reports if path == "save_rows"]
    assert len(shares) > 1
    assert shares[-1] == 1.0


async def test_numbers_that_json_has_no_word_for_are_saved_as_text(
    env: DatabricksEnv, folder: str
) -> None:
    saving = Saving(
        statement="select cast('NaN' as double) as a, cast('Infinity' as double) as b,"
        " array(cast('-Infinity' as double), 1.5D) as c, cast(null as double) as d",
        rows_path=f"{folder}/rows.jsonl",
    )
    pipeline = start(Saving, DatabricksEnv) >> execute_sql >> save_rows
    saved = unwrap(await pipeline(saving, env))
    async with env.workspace.files.download(saving.rows_path) as file:
        content = b"".join([chunk async for chunk in file])
    row = {"a": "nan", "b": "inf", "c": ["-inf", 1.5], "d": None}
    assert json.loads(content) == row
    assert saved.sql_result is not None
    assert saved.sql_result.first_rows == (("nan", "inf", '["-inf", 1.5]', None),)


async def test_columns_of_one_name_are_not_saved_as_one(env: DatabricksEnv, folder: str) -> None:
    path = f"{folder}/rows.jsonl"
    saving = Saving(statement="select 1 as n, 2 as m, 3 as n", rows_path=path)
    error = (
        await (start(Saving, DatabricksEnv) >> execute_sql >> save_rows)(saving, env)
    ).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "save_rows")
    assert "several columns are called 'n'" in error.message
    with pytest.raises(NotFound):
        await env.workspace.files.get_metadata(path)


async def test_saving_rows_of_no_statement_says_which_step_is_missing(env: DatabricksEnv) -> None:
    error = (await save_rows(Saving(statement="", rows_path="/Volumes/a/b/c/d"), env)).failure()
    assert error.message == (
        "there is no statement whose rows to save: put execute_sql before save_rows"
    )
