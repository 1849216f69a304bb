"""Results of SQL statements: chunk after chunk, from links that bring no credentials."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import respx

from dara_fp.databricks.errors import NotFound, PermissionDenied, UnexpectedAnswer
from dara_fp.databricks.sql import rows as sql_rows
from dara_fp.databricks.sql.records import Column
from dara_fp.databricks.sql.rows import ArrowNotInstalled
from dara_fp.databricks.sql.values import Reader, reader_of
from dara_fp.databricks.workspace import Workspace
from tests.client import stage

API = "/api/2.0/sql/statements"
STORE = "https://store.cloud.test"
SIGNED = "signature=secret-of-the-link"

pa: Any = import_module("pyarrow")  # it has no types


def link(index: int, *, minutes: float = 15, version: int = 1) -> dict[str, Any]:
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    return {
        "chunk_index": index,
        "external_link": f"{STORE}/chunk-{index}-v{version}?{SIGNED}",
        "expiration": end.isoformat(),
        "http_headers": {"x-key-of-the-store": "k-secret"},
    }


def ended(chunks: int, *links: dict[str, Any], form: str = "JSON_ARRAY") -> dict[str, Any]:
    columns = [
        {"name": "n", "type_name": "LONG", "type_text": "BIGINT"},
        {"name": "d", "type_name": "DECIMAL", "type_text": "DECIMAL(5,2)", "type_precision": 5,
         "type_scale": 2},
        {"name": "t", "type_name": "TIMESTAMP", "type_text": "TIMESTAMP"},
        {"name": "s", "type_name": "STRING", "type_text": "STRING"},
    ]  # fmt: skip
    return {
        "statement_id": "s-1",
        "status": {"state": "SUCCEEDED"},
        "manifest": {
            "format": form,
            "schema": {"columns": columns},
            "total_chunk_count": chunks,
            "total_row_count": chunks * 2,
        },
        "result": {"external_links": list(links)},
    }


def rows_of(index: int) -> list[list[str | None]]:
    return [[str(2 * index), "1.50", None, "a"], [str(2 * index + 1), None, None, "b"]]


@pytest.fixture
def store(wire: respx.MockRouter) -> Callable[[int], respx.Route]:
    """Let the store have a chunk, and give its route."""

    def keep(index: int, *, version: int = 1) -> respx.Route:
        return wire.get(f"{STORE}/chunk-{index}-v{version}").respond(json=rows_of(index))

    return keep


async def numbers(workspace: Workspace) -> list[int]:
    rows = await workspace.sql.execute("select", warehouse_id="w")
    return [row["n"] async for row in rows]


async def test_inline_chunks_are_asked_for_one_after_the_other(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    first = {**ended(3), "result": {"chunk_index": 0, "data_array": rows_of(0)}}
    wire.post(f"{API}/").respond(json=first)
    for index in (1, 2):
        chunk = {"chunk_index": index, "data_array": rows_of(index)}
        wire.get(f"{API}/s-1/result/chunks/{index}").respond(json=chunk)
    assert await numbers(workspace) == [0, 1, 2, 3, 4, 5]


async def test_links_are_fetched_without_our_credentials_but_with_the_stores_headers(
    wire: respx.MockRouter, workspace: Workspace, store: Callable[[int], respx.Route]
) -> None:
    wire.post(f"{API}/").respond(json=ended(2, link(0), link(1)))
    routes = [store(0), store(1)]
    assert await numbers(workspace) == [0, 1, 2, 3]
    for route in routes:
        headers = stage.last(route).headers
        assert "authorization" not in headers
        assert "x-databricks-workspace-id" not in headers
        assert headers["x-key-of-the-store"] == "k-secret"


async def test_links_that_did_not_come_with_the_answer_are_asked_for(
    wire: respx.MockRouter, workspace: Workspace, store: Callable[[int], respx.Route]
) -> None:
    wire.post(f"{API}/").respond(json=ended(3, link(0)))
    more = {"external_links": [link(1), link(2)]}
    asked = wire.get(f"{API}/s-1/result/chunks/1").respond(json=more)
    for index in range(3):
        store(index)
    assert await numbers(workspace) == [0, 1, 2, 3, 4, 5]
    assert asked.call_count == 1


async def test_a_link_whose_time_is_over_is_renewed_before_it_is_used(
    wire: respx.MockRouter, workspace: Workspace, store: Any
) -> None:
    wire.post(f"{API}/").respond(json=ended(1, link(0, minutes=-1)))
    renewed = {"external_links": [link(0, version=2)]}
    asked = wire.get(f"{API}/s-1/result/chunks/0").respond(json=renewed)
    old, new = store(0), store(0, version=2)
    assert await numbers(workspace) == [0, 1]
    assert (asked.call_count, old.call_count, new.call_count) == (1, 0, 1)


async def test_a_link_that_the_store_refuses_is_renewed_a_few_times(
    wire: respx.MockRouter, workspace: Workspace, store: Any
) -> None:
    wire.post(f"{API}/").respond(json=ended(1, link(0)))
    expired = wire.get(f"{STORE}/chunk-0-v1").respond(
        403, text="<Error>Request has expired</Error>"
    )
    renewed = {"external_links": [link(0, version=2)]}
    asked = wire.get(f"{API}/s-1/result/chunks/0").respond(json=renewed)
    store(0, version=2)
    assert await numbers(workspace) == [0, 1]
    assert (expired.call_count, asked.call_count) == (1, 1)


async def test_a_store_that_always_refuses_ends_the_rows_without_telling_the_address(
    wire: respx.MockRouter, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.post(f"{API}/").respond(json=ended(1, link(0)))
    wire.get(f"{STORE}/chunk-0-v1").respond(403, text=f"no: {STORE}/chunk-0-v1?{SIGNED} k-secret")
    asked = wire.get(f"{API}/s-1/result/chunks/0").respond(json={"external_links": [link(0)]})
    rows = await workspace.sql.execute("select", warehouse_id="w")
    with pytest.raises(PermissionDenied) as caught:
        await rows.all()
    assert asked.call_count == 2
    for told in (str(caught.value), repr(caught.value), repr(rows), caplog.text):
        assert "secret" not in told


async def test_a_result_that_is_gone_is_an_error(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    gone = {"error_code": "NOT_FOUND", "message": "The statement s-1 was not found."}
    wire.post(f"{API}/").respond(json=ended(1, link(0, minutes=-60)))
    wire.get(f"{API}/s-1/result/chunks/0").respond(404, json=gone)
    with pytest.raises(NotFound, match="s-1 was not found"):
        await numbers(workspace)


async def test_a_chunk_that_is_no_list_of_rows_is_an_error(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{API}/").respond(json=ended(1, link(0)))
    wire.get(f"{STORE}/chunk-0-v1").respond(text='{"a": 1}', headers={"x-request-id": "r-s"})
    with pytest.raises(UnexpectedAnswer, match="no JSON array of rows") as caught:
        await numbers(workspace)
    assert (caught.value.status, caught.value.request_id) == (200, "r-s")
    assert SIGNED not in str(caught.value)


async def test_a_chunk_without_an_address_is_an_error_that_names_the_request(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{API}/").respond(json=ended(1, link(0, minutes=-1)))
    wire.get(f"{API}/s-1/result/chunks/0").respond(
        json={"external_links": [link(7)]}, headers={"x-request-id": "r-c"}
    )
    expired = wire.get(f"{STORE}/chunk-0-v1").respond(403)
    with pytest.raises(UnexpectedAnswer, match="no address for chunk 0 of the result") as caught:
        await numbers(workspace)
    assert (caught.value.status, caught.value.request_id) == (200, "r-c")
    assert not expired.called


async def test_parts_of_a_result_tell_how_many_rows_they_have_where_the_workspace_does(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    part = {"row_offset": 4, "row_count": "2", "byte_count": 99}
    told = ended(2, {**link(1), **part})
    told["manifest"]["total_byte_count"] = 198
    told["result"] = {**told["result"], "row_offset": 0, "row_count": 2}
    wire.get(f"{API}/s-1").respond(json=told)
    statement = await workspace.sql.get("s-1")
    manifest, chunk = statement.manifest, statement.result
    assert manifest is not None
    assert chunk is not None
    [lying] = chunk.external_links
    assert (manifest.total_row_count, manifest.total_byte_count) == (4, 198)
    assert (chunk.row_offset, chunk.row_count, chunk.byte_count) == (0, 2, None)
    assert (lying.row_offset, lying.row_count, lying.byte_count) == (4, 2, 99)


async def test_rows_can_be_read_again_from_the_first(
    wire: respx.MockRouter, workspace: Workspace, store: Callable[[int], respx.Route]
) -> None:
    wire.post(f"{API}/").respond(json=ended(2, link(0), link(1)))
    for index in (0, 1):
        store(index)
    rows = await workspace.sql.execute("select", warehouse_id="w")
    assert await rows.all() == await rows.all()


async def test_one_chunk_is_fetched_ahead_and_no_more(
    wire: respx.MockRouter, workspace: Workspace, store: Callable[[int], respx.Route]
) -> None:
    wire.post(f"{API}/").respond(json=ended(4, *[link(index) for index in range(4)]))
    routes = [store(index) for index in range(4)]
    rows = await workspace.sql.execute("select", warehouse_id="w")
    chunks = rows.chunks()
    assert len(await anext(chunks)) == 2
    for _ in range(50):
        await asyncio.sleep(0)
    assert [route.call_count for route in routes] == [1, 1, 0, 0]
    await chunks.aclose()


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize(("rows", "apart"), [(5, False), (5_000, True)])
async def test_a_long_chunk_is_understood_in_a_thread(
    wire: respx.MockRouter,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    *,
    apart: bool,
    inline: bool,
) -> None:
    seen: set[bool] = set()

    def noted(column: Column) -> Reader:
        read = reader_of(column)

        def note(cell: object) -> object:
            seen.add(threading.current_thread() is not threading.main_thread())
            return read(cell)

        return note

    monkeypatch.setattr(sql_rows, "reader_of", noted)
    many = [[str(n), None, None, "x" * 100] for n in range(rows)]
    here = {**ended(1), "result": {"data_array": many}}
    wire.post(f"{API}/").respond(json=here if inline else ended(1, link(0)))
    wire.get(f"{STORE}/chunk-0-v1").respond(content=json.dumps(many).encode())
    assert await numbers(workspace) == list(range(rows))
    assert seen == {apart}


def arrow(index: int) -> bytes:
    out = io.BytesIO()
    table = pa.table({"n": [2 * index, 2 * index + 1], "s": ["a", None]})
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


async def test_arrow_comes_as_one_table_of_all_chunks(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    post = wire.post(f"{API}/").respond(json=ended(2, link(0), link(1), form="ARROW_STREAM"))
    for index in (0, 1):
        wire.get(f"{STORE}/chunk-{index}-v1").respond(content=arrow(index))
    table = await workspace.sql.execute("select", warehouse_id="w").arrow()
    assert table.to_pydict() == {"n": [0, 1, 2, 3], "s": ["a", None, "a", None]}
    body = json.loads(stage.last(post).content)
    assert (body["disposition"], body["format"]) == ("EXTERNAL_LINKS", "ARROW_STREAM")


async def test_arrow_without_rows_has_the_columns(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{API}/").respond(json=ended(0, form="ARROW_STREAM"))
    table = await workspace.sql.execute("select", warehouse_id="w").arrow()
    assert [str(field.type) for field in table.schema] == [
        "int64",
        "decimal128(5, 2)",
        "timestamp[us, tz=UTC]",
        "string",
    ]
    assert table.num_rows == 0


async def test_arrow_without_pyarrow_says_what_to_install(
    wire: respx.MockRouter, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire.post(f"{API}/").respond(json=ended(0, form="ARROW_STREAM"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ArrowNotInstalled, match=r"pip install 'dara-fp\[arrow\]'"):
        await workspace.sql.execute("select", warehouse_id="w").arrow()
