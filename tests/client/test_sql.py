"""SQL statements: sent once, waited for, cancelled when cut, looked up when an answer is lost."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import BadRequest, ConnectionFailed, DatabricksError, InternalError
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.sql import statements
from dara_fp.databricks.sql.records import Statement, StatementFailed
from dara_fp.databricks.sql.values import Parameter, parameter_list
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

API = "/api/2.0/sql/statements"
HISTORY = "/api/2.0/sql/history/queries"
CUT = httpx.ReadError("cut")
TOKEN = "0123456789abcdef"


def state(name: str, **more: Any) -> dict[str, Any]:
    return {"statement_id": "s-1", "status": {"state": name, **more}}


def done(*rows: list[str | None], **kinds: str) -> dict[str, Any]:
    """Answer *rows* of columns whose SQL types are *kinds*."""
    columns = [{"name": name, "type_text": kind} for name, kind in kinds.items()]
    manifest = {
        "format": "JSON_ARRAY",
        "schema": {"columns": columns},
        "total_chunk_count": 1,
        "total_row_count": len(rows),
    }
    return {**state("SUCCEEDED"), "manifest": manifest, "result": {"data_array": list(rows)}}


def history(*texts: str) -> dict[str, Any]:
    entries = [{"query_id": f"s-{n}", "query_text": text} for n, text in enumerate(texts, 1)]
    return {"res": entries, "has_next_page": False}


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep, chance=lambda: 0.5)


@pytest.fixture
def post(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/").respond(json=done(["1"], n="INT"))


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/s-1").respond(json=done(["1"], n="INT"))


def sent(route: respx.Route) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(stage.last(route).content)
    return body


async def test_a_statement_is_sent_with_all_that_was_given(
    post: respx.Route, workspace: Workspace
) -> None:
    await workspace.sql.execute(
        "select :n",
        warehouse_id="w-1",
        parameters={"n": 1},
        catalog="main",
        schema="default",
        row_limit=5,
        inline=True,
        wait_seconds=10,
        token=TOKEN,
    )
    assert sent(post) == {
        "statement": f"/* dara-fp {TOKEN} */ select :n",
        "warehouse_id": "w-1",
        "parameters": [{"name": "n", "value": "1", "type": "INT"}],
        "catalog": "main",
        "schema": "default",
        "row_limit": 5,
        "wait_timeout": "10s",
        "on_wait_timeout": "CONTINUE",
        "disposition": "INLINE",
        "format": "JSON_ARRAY",
    }


async def test_the_warehouse_is_the_environments_where_none_is_given(
    post: respx.Route, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_WAREHOUSE_ID", "w-of-the-app")
    await workspace.sql.execute("select 1")
    assert sent(post)["warehouse_id"] == "w-of-the-app"
    assert sent(post)["wait_timeout"] == "0s"
    monkeypatch.delenv("DATABRICKS_WAREHOUSE_ID")
    with pytest.raises(ValueError, match="give a warehouse_id, or set DATABRICKS_WAREHOUSE_ID"):
        workspace.sql.execute("select 1")


@pytest.mark.parametrize("seconds", [1, 4, 51, -1])
async def test_a_time_to_wait_that_the_api_does_not_take_is_refused(
    workspace: Workspace, seconds: int
) -> None:
    with pytest.raises(ValueError, match=f"wait_seconds is {seconds}: give 0, or 5 to 50"):
        workspace.sql.execute("select 1", warehouse_id="w", wait_seconds=seconds)


async def test_a_token_that_could_end_the_comment_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="give 8 to 64 letters"):
        workspace.sql.execute("select 1", warehouse_id="w", token="x */ drop table t --")


async def test_cells_become_what_their_columns_say(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    kinds = {
        "a": "BIGINT",
        "b": "DECIMAL(10,2)",
        "c": "DATE",
        "d": "TIMESTAMP",
        "e": "TIMESTAMP_NTZ",
        "f": "BOOLEAN",
        "g": "DOUBLE",
        "h": "ARRAY<INT>",
        "i": "MAP<STRING, DECIMAL(5,1)>",
        "j": "STRUCT<x: INT NOT NULL, `y z`: ARRAY<DATE> COMMENT 'when, or never'>",
        "k": "STRING",
        "l": "VARIANT_OF_TOMORROW",
    }
    row = [
        "9007199254740993",
        "1.50",
        "2026-01-31",
        "2026-01-31T10:00:00.000Z",
        "2026-01-31T10:00:00.000",
        "true",
        "NaN",
        '["1",null,3]',
        '{"p":"1.5"}',
        '{"x":"1","y z":["2026-01-31"]}',
        "text",
        "as it is",
    ]
    nulls: list[str | None] = [None] * len(row)
    wire.post(f"{API}/").respond(json=done([*row], nulls, **kinds))
    rows = await (await workspace.sql.execute("select", warehouse_id="w")).all()
    first = dict(rows[0])
    assert repr(first.pop("g")) == "nan"
    assert first == {
        "a": 9007199254740993,
        "b": Decimal("1.50"),
        "c": date(2026, 1, 31),
        "d": datetime(2026, 1, 31, 10, tzinfo=UTC),
        "e": datetime(2026, 1, 31, 10),  # noqa: DTZ001 - it has no time zone
        "f": True,
        "h": [1, None, 3],
        "i": {"p": Decimal("1.5")},
        "j": {"x": 1, "y z": [date(2026, 1, 31)]},
        "k": "text",
        "l": "as it is",
    }
    assert str(first["b"]) == "1.50"
    assert set(rows[1].values()) == {None}


@pytest.mark.parametrize(
    ("kind", "cell", "read"),
    [
        ("DATE", "10000-01-01", "10000-01-01"),
        ("DATE", "-0044-03-15", "-0044-03-15"),
        ("TIMESTAMP", "+12345-01-01T00:00:00.000Z", "+12345-01-01T00:00:00.000Z"),
        ("TIMESTAMP_NTZ", "0000-01-01T00:00:00.000", "0000-01-01T00:00:00.000"),
        ("ARRAY<DATE>", '["10000-01-01","2026-01-31"]', ["10000-01-01", date(2026, 1, 31)]),
    ],
)
async def test_a_day_that_python_has_not_stays_text(
    wire: respx.MockRouter, workspace: Workspace, kind: str, cell: str, read: object
) -> None:
    wire.post(f"{API}/").respond(json=done([cell], d=kind))
    [row] = await (await workspace.sql.execute("select", warehouse_id="w")).all()
    assert row["d"] == read


@pytest.mark.parametrize(
    ("kind", "cell", "read"),
    [
        ("MAP<STRING COLLATE UTF8_LCASE, DECIMAL(3,1)>", '{"a":"1.5"}', {"a": Decimal("1.5")}),
        ("MAP<STRING COLLATE UTF8_LCASE, ARRAY<INT>>", '{"a":["1"]}', {"a": [1]}),
        ("ARRAY<MAP<VARCHAR(5) COLLATE UNICODE, INT>>", '[{"a":"1"}]', [{"a": 1}]),
        ("STRUCT<x: STRING COLLATE UTF8_LCASE, y: INT>", '{"x":"1","y":"2"}', {"x": "1", "y": 2}),
    ],
)
async def test_a_collation_hides_no_type_that_follows(
    wire: respx.MockRouter, workspace: Workspace, kind: str, cell: str, read: object
) -> None:
    wire.post(f"{API}/").respond(json=done([cell], m=kind))
    [row] = await (await workspace.sql.execute("select", warehouse_id="w")).all()
    assert row["m"] == read


async def test_columns_of_one_name_are_all_there_in_order(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    answer = done(["1", "2"], a="INT", b="INT")
    answer["manifest"]["schema"]["columns"][1]["name"] = "a"
    wire.post(f"{API}/").respond(json=answer)
    [row] = await (await workspace.sql.execute("select", warehouse_id="w")).all()
    assert (dict(row), row.values_in_order, len(row)) == ({"a": 1}, (1, 2), 1)
    with pytest.raises(KeyError, match="no column 'z': there are 'a', 'a'"):
        row["z"]


async def test_a_result_without_columns_has_no_rows(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    answer = {**state("SUCCEEDED"), "manifest": {"schema": {"column_count": 0}}, "result": {}}
    wire.post(f"{API}/").respond(json=answer)
    rows = await workspace.sql.execute("create table t (a int)", warehouse_id="w")
    assert (rows.columns, rows.row_count, await rows.all()) == ((), 0, [])


async def test_a_statement_that_takes_long_is_looked_at_less_and_less(
    wire: respx.MockRouter, workspace: Workspace, polling: Polling, time: VirtualTime
) -> None:
    wire.post(f"{API}/").respond(json=state("PENDING"))
    running = [httpx.Response(200, json=state("RUNNING"))] * 20
    ended = httpx.Response(200, json=done(["1"], n="INT"))
    wire.get(f"{API}/s-1").mock(side_effect=[*running, ended])
    rows = await workspace.sql.execute("select 1", warehouse_id="w", polling=polling)
    assert [dict(row) async for row in rows] == [{"n": 1}]
    assert len(time.naps) == 20
    assert time.naps == sorted(time.naps)
    assert time.naps[0] == polling.least


@pytest.mark.parametrize(
    ("code", "kind", "retryable"),
    [
        ("BAD_REQUEST", Kind.REJECTED, False),
        ("TEMPORARILY_UNAVAILABLE", Kind.FAILED, True),
        ("DEADLINE_EXCEEDED", Kind.TIMEOUT, False),
        ("A_NEW_ONE", Kind.FAILED, False),
    ],
)
async def test_a_statement_that_fails_under_200_is_an_error_with_its_code(
    wire: respx.MockRouter, workspace: Workspace, code: str, kind: Kind, *, retryable: bool
) -> None:
    error = {"error_code": code, "message": "[TABLE_OR_VIEW_NOT_FOUND] no `t`"}
    failed = state("FAILED", error=error, sql_state="42P01")
    wire.post(f"{API}/").respond(json=failed, headers={"x-request-id": "r-7"})
    with pytest.raises(StatementFailed) as caught:
        await workspace.sql.execute("select * from t", warehouse_id="w")
    told = caught.value.error
    assert (told.error_code, told.kind, told.retryable) == (code, kind, retryable)
    assert (told.status, told.request_id) == (200, "r-7")
    assert told.message == (
        "statement s-1 ended FAILED (SQLSTATE 42P01): [TABLE_OR_VIEW_NOT_FOUND] no `t`"
    )


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [("CANCELED", Kind.CANCELLED, "it was cancelled"), ("CLOSED", Kind.FAILED, "run it again")],
)
async def test_a_statement_that_somebody_ended_is_an_error(
    wire: respx.MockRouter, workspace: Workspace, name: str, kind: Kind, said: str
) -> None:
    wire.post(f"{API}/").respond(json=state(name))
    with pytest.raises(StatementFailed, match=said) as caught:
        await workspace.sql.execute("select 1", warehouse_id="w")
    assert caught.value.error.kind is kind


async def test_cutting_a_wait_cancels_the_statement(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{API}/").respond(json=state("PENDING"))
    looked = asyncio.Event()

    def look(_request: httpx.Request) -> httpx.Response:
        looked.set()
        return httpx.Response(200, json=state("RUNNING"))

    wire.get(f"{API}/s-1").mock(side_effect=look)
    cancel = wire.post(f"{API}/s-1/cancel").respond(json={})
    waiting = asyncio.ensure_future(workspace.sql.execute("select 1", warehouse_id="w").rows())
    await looked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert cancel.call_count == 1


async def test_cutting_while_the_statement_is_sent_cancels_it_too(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    sending, going = asyncio.Event(), asyncio.Event()

    async def hold(_request: httpx.Request) -> httpx.Response:
        sending.set()
        await going.wait()
        return httpx.Response(200, json=state("PENDING"))

    post = wire.post(f"{API}/").mock(side_effect=hold)
    cancel = wire.post(f"{API}/s-1/cancel").respond(status_code=500, json={})
    cancel.side_effect = [httpx.Response(400, json={"error_code": "BAD", "message": "no"})]
    waiting = asyncio.ensure_future(workspace.sql.execute("select 1", warehouse_id="w").rows())
    await sending.wait()
    waiting.cancel()
    await asyncio.sleep(0)
    going.set()
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting
    assert (post.call_count, cancel.call_count) == (1, 1)
    assert caught.value.__notes__[0].startswith("statement s-1 goes on: ")


async def cut_short(waiting: "asyncio.Future[Any]", sent: asyncio.Event) -> tuple[str, float]:
    """Cut *waiting* once it has *sent*; give the note and the seconds until it was left."""
    await sent.wait()
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting.cancel()
    await asyncio.sleep(0)
    waiting.cancel()  # impatience changes nothing
    with pytest.raises(asyncio.CancelledError) as caught:
        await waiting
    return caught.value.__notes__[0], loop.time() - began


def held(reached: asyncio.Event) -> Callable[[httpx.Request], Awaitable[httpx.Response]]:
    """Never answer, and tell when it is asked for."""

    async def hold(_request: httpx.Request) -> httpx.Response:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody ends this")

    return hold


@pytest.mark.parametrize("is_sent", [True, False])
async def test_cutting_a_query_holds_nobody_up_where_the_workspace_does_not_answer(
    wire: respx.MockRouter, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *, is_sent: bool
) -> None:
    assert statements._STOPPING == 10.0  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - what it is
    monkeypatch.setattr(statements, "_STOPPING", 0.05)
    reached = asyncio.Event()
    post = wire.post(f"{API}/").respond(json=state("PENDING"))
    if is_sent:
        wire.get(f"{API}/s-1").mock(side_effect=held(reached))
    else:
        post.mock(side_effect=held(reached))
    asked = asyncio.Event()
    wire.post(f"{API}/s-1/cancel").mock(side_effect=held(asked))
    query = workspace.sql.execute("insert", warehouse_id="w", token=TOKEN)
    note, took = await cut_short(asyncio.ensure_future(query.rows()), reached)
    assert note == (
        "statement s-1 goes on: it was not cancelled within 0.05 s"
        if is_sent
        else "it is in doubt whether the statement runs: look in the query history for"
        f" '/* dara-fp {TOKEN} */'"
    )
    assert asked.is_set() == is_sent
    assert 0.04 < took < 2


@pytest.mark.parametrize("lost", [CUT, httpx.Response(500), httpx.Response(200, text="<html>")])
async def test_a_lost_answer_is_looked_up_and_the_statement_never_sent_again(
    wire: respx.MockRouter,
    get: respx.Route,
    workspace: Workspace,
    polling: Polling,
    lost: httpx.Response | Exception,
) -> None:
    post = wire.post(f"{API}/").mock(side_effect=[lost])
    late = [history("select 1"), history("/* dara-fp other */ x", f"/* dara-fp {TOKEN} */ insert")]
    late[1]["res"][1]["query_id"] = "s-1"
    look = wire.get(HISTORY).mock(side_effect=[httpx.Response(200, json=page) for page in late])
    rows = await workspace.sql.execute("insert", warehouse_id="w-1", token=TOKEN, polling=polling)
    assert await rows.all()
    assert (post.call_count, look.call_count, get.call_count) == (1, 2, 1)
    query = stage.last(look).url.params
    assert query["filter_by.warehouse_ids"] == "w-1"
    assert int(query["filter_by.query_start_time_range.start_time_ms"]) > 0


async def test_the_history_is_read_page_by_page(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    first = {**history("x"), "has_next_page": True, "next_page_token": "p2"}
    second = {"res": [{"query_id": "s-9", "query_text": f"/* dara-fp {TOKEN} */ x"}]}
    wire.get(HISTORY, params={"page_token": "p2"}).respond(json=second)
    wire.get(HISTORY).respond(json=first)
    assert await workspace.sql.find(TOKEN, warehouse_id="w") == "s-9"
    assert await workspace.sql.find("f" * 16, warehouse_id="w") is None


async def test_a_lost_answer_that_nothing_tells_of_is_an_error_in_doubt(
    wire: respx.MockRouter, workspace: Workspace, polling: Polling, time: VirtualTime
) -> None:
    post = wire.post(f"{API}/").mock(side_effect=[CUT])
    wire.get(HISTORY).respond(json=history("select 1"))
    with pytest.raises(ConnectionFailed, match="in doubt whether the statement was run") as caught:
        await workspace.sql.execute("insert", warehouse_id="w", token=TOKEN, polling=polling)
    assert (caught.value.in_doubt, caught.value.retryable) == (True, False)
    assert f"/* dara-fp {TOKEN} */" in caught.value.message
    assert post.call_count == 1
    assert sum(time.naps) >= 60


async def test_a_history_that_may_not_be_read_leaves_it_in_doubt(
    wire: respx.MockRouter, workspace: Workspace, polling: Polling
) -> None:
    wire.post(f"{API}/").mock(side_effect=[httpx.Response(500, json={"message": "broke"})])
    wire.get(HISTORY).respond(403, json={"error_code": "PERMISSION_DENIED", "message": "no"})
    with pytest.raises(InternalError, match="in doubt") as caught:
        await workspace.sql.execute("insert", warehouse_id="w", polling=polling)
    assert caught.value.in_doubt


async def test_a_refusal_leaves_no_doubt_and_nothing_is_looked_up(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{API}/").respond(400, json={"error_code": "BAD_REQUEST", "message": "no"})
    look = wire.get(HISTORY).respond(json=history())
    with pytest.raises(BadRequest) as caught:
        await workspace.sql.execute("select 1", warehouse_id="w")
    assert not caught.value.in_doubt
    assert not look.called


async def test_a_workspace_that_is_away_is_asked_again(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    away = httpx.Response(503, json={"error_code": "TEMPORARILY_UNAVAILABLE", "message": "away"})
    ok = httpx.Response(200, json=done(["1"], n="INT"))
    post = wire.post(f"{API}/").mock(side_effect=[away, ok])
    assert await (await workspace.sql.execute("insert", warehouse_id="w")).all()
    assert post.call_count == 2


async def test_a_statement_can_be_submitted_and_asked_for_its_rows_later(
    wire: respx.MockRouter, get: respx.Route, workspace: Workspace
) -> None:
    post = wire.post(f"{API}/").respond(json=state("PENDING"))
    assert await workspace.sql.submit("select 1", warehouse_id="w", token=TOKEN) == "s-1"
    assert sent(post)["wait_timeout"] == "0s"
    rows = await workspace.sql.rows("s-1")
    assert [dict(row) for row in await rows.all()] == [{"n": 1}]
    assert get.called


async def test_a_waiter_hears_of_a_statement_when_its_state_has_changed(
    get: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    states = ["PENDING", "PENDING", "RUNNING", "RUNNING", "SUCCEEDED"]
    get.mock(side_effect=[httpx.Response(200, json=state(name)) for name in states])
    heard: list[str] = []

    async def note(statement: Statement) -> None:
        heard.append(statement.state)

    await workspace.sql.wait("s-1", on_state=note, polling=polling)
    assert heard == ["PENDING", "RUNNING", "SUCCEEDED"]


def test_a_query_shows_its_statement_and_none_of_its_parameters(workspace: Workspace) -> None:
    query = workspace.sql.execute("select :n", parameters={"n": "hush"}, warehouse_id="w")
    assert "select :n" in repr(query)
    assert "hush" not in repr(query)


async def test_a_query_that_is_not_awaited_sends_nothing(
    post: respx.Route, workspace: Workspace
) -> None:
    workspace.sql.execute("drop table t", warehouse_id="w")
    await asyncio.sleep(0)
    assert not post.called


async def test_a_query_that_is_awaited_again_is_sent_again_as_another(
    post: respx.Route, workspace: Workspace
) -> None:
    query = workspace.sql.execute("select 1", warehouse_id="w")
    texts: set[str] = set()
    for _ in range(2):
        assert await (await query).all()
        texts.add(sent(post)["statement"])
    assert (post.call_count, len(texts)) == (2, 2)


async def test_a_query_with_a_token_is_not_sent_again(
    post: respx.Route, workspace: Workspace
) -> None:
    query = workspace.sql.execute("insert", warehouse_id="w", token=TOKEN)
    await query
    for again in (query.rows, query.arrow):
        with pytest.raises(RuntimeError, match=f"sent already, with the token '{TOKEN}'"):
            await again()
    assert post.call_count == 1


async def test_nothing_of_the_statement_shows_the_token_of_the_workspace(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    error = {"error_code": "BAD_REQUEST", "message": f"you sent {stage.TOKEN}"}
    wire.post(f"{API}/").respond(400, json=error)
    with pytest.raises(DatabricksError) as caught:
        await workspace.sql.execute("select 1", warehouse_id="w")
    assert stage.TOKEN not in str(caught.value)


def test_parameters_have_the_types_of_their_values() -> None:
    given = {
        "flag": True,
        "small": 7,
        "large": 2**40,
        "huge": 2**70,
        "real": 0.5,
        "exact": Decimal("12.50"),
        "tiny": Decimal("0.001"),
        "round": Decimal("1E+3"),
        "day": date(2026, 1, 31),
        "moment": datetime(2026, 1, 31, 10, tzinfo=UTC),
        "local": datetime(2026, 1, 31, 10),  # noqa: DTZ001 - it has no time zone
        "text": "it's",
        "nothing": None,
        "own": Parameter(value="1.5", type="FLOAT"),
        "none": Parameter(value=None, type="DATE"),
    }
    assert [tuple(known.values())[1:] for known in parameter_list(given) or []] == [
        ("true", "BOOLEAN"),
        ("7", "INT"),
        (str(2**40), "BIGINT"),
        (str(2**70), "DECIMAL(38,0)"),
        ("0.5", "DOUBLE"),
        ("12.50", "DECIMAL(4,2)"),
        ("0.001", "DECIMAL(3,3)"),
        ("1000", "DECIMAL(4,0)"),
        ("2026-01-31", "DATE"),
        ("2026-01-31 10:00:00+00:00", "TIMESTAMP"),
        ("2026-01-31 10:00:00", "TIMESTAMP_NTZ"),
        ("it's", "STRING"),
        (),
        ("1.5", "FLOAT"),
        ("DATE",),
    ]
    assert parameter_list(None) is None


@pytest.mark.parametrize(
    ("value", "said"), [(object(), "which SQL has no type for"), (Decimal("NaN"), "no DECIMAL")]
)
def test_a_parameter_that_sql_has_no_type_for_is_refused(value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parameter_list({"p": value})
