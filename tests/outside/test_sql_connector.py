"""`databricks-sql-connector` works with the sandbox, by both of the ways it has to a warehouse."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

import httpx
import pytest

from tests.sandbox.served import TOKEN, Served

MODES = ["kernel", "sea"]


def connected(sandbox: Served, mode: str) -> Any:
    with sandbox.http() as http:
        warehouse = http.get("/api/2.0/sql/warehouses").json()["warehouses"][0]["id"]
    url = httpx.URL(sandbox.url)
    ways: dict[str, dict[str, Any]] = {
        "kernel": {"server_hostname": sandbox.url, "use_kernel": True},
        # Its telemetry would look for the workspace at the port of https.
        "sea": {
            "server_hostname": f"http://{url.host}",
            "_port": url.port,
            "use_sea": True,
            "enable_telemetry": False,
        },
    }
    http_path = f"/sql/1.0/warehouses/{warehouse}"
    return import_module("databricks.sql").connect(
        http_path=http_path, access_token=TOKEN, **ways[mode]
    )


@pytest.fixture(scope="module", params=MODES)
def cursor(request: pytest.FixtureRequest, sandbox: Served) -> Iterator[Any]:
    with connected(sandbox, request.param) as connection, connection.cursor() as opened:
        yield opened


@pytest.fixture(scope="module")
def things(cursor: Any) -> Any:
    """Give the cursor, and have a table with five rows."""
    cursor.execute("create schema if not exists main.outside")
    cursor.execute(
        "create or replace table main.outside.things as select id, cast(1.5 as decimal(10, 2)) as"
        " price, date '2024-01-02' as day, timestamp '2024-01-02 03:04:05' as at, null as nothing"
        " from range(5)"
    )
    return cursor


def test_the_connector_reads_typed_rows(things: Any) -> None:
    things.execute("select * from main.outside.things order by id")
    assert [column[:2] for column in things.description] == [
        ("id", "bigint"),
        ("price", "decimal"),
        ("day", "date"),
        ("at", "timestamp"),
        ("nothing", "string"),
    ]
    rows = things.fetchall()
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert len(rows) == 5
    assert tuple(rows[1]) == (1, Decimal("1.50"), date(2024, 1, 2), at, None)


def test_the_connector_binds_parameters(cursor: Any) -> None:
    cursor.execute("select :a + 1 as b, :s as s", {"a": 41, "s": "it's"})
    assert tuple(cursor.fetchone()) == (42, "it's")


def test_the_connector_fetches_a_result_of_several_chunks(cursor: Any) -> None:
    cursor.execute("select id, repeat('x', 100) as text from range(50000)")
    found = cursor.fetchall_arrow()
    assert found.num_rows == 50_000
    assert found.column("id").to_pylist() == [*range(50_000)]


def test_the_connector_changes_a_table(things: Any) -> None:
    things.execute("create or replace table main.outside.changed as select id from range(3)")
    things.execute("insert into main.outside.changed values (7), (8)")
    things.execute("delete from main.outside.changed where id = 1")
    things.execute("select sum(id) from main.outside.changed")
    assert tuple(things.fetchone()) == (17,)


def test_the_connector_is_told_what_is_wrong_with_a_statement(cursor: Any) -> None:
    with pytest.raises(Exception, match=r"PARSE_SYNTAX_ERROR.*SQLSTATE: 42601"):
        cursor.execute("selec 1")
    with pytest.raises(Exception, match=r"TABLE_OR_VIEW_NOT_FOUND.*`nowhere`"):
        cursor.execute("select * from main.outside.nowhere")


def test_the_connector_browses_the_catalog(things: Any) -> None:
    things.catalogs()
    assert "main" in [row[0] for row in things.fetchall()]
    things.schemas(catalog_name="main")
    assert "outside" in [row[0] for row in things.fetchall()]
    things.tables(catalog_name="main", schema_name="outside")
    assert "things" in str(things.fetchall())
    things.columns(catalog_name="main", schema_name="outside", table_name="things")
    assert len(things.fetchall()) == 5
