"""What statements mean: they do what a warehouse does, or say that the sandbox does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.sql.engine import SqlEngine
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Session
from dara_fp.sandbox.sql.tables import Tables

Say = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def engine(tmp_path: Path) -> SqlEngine:
    root = tmp_path / "files"
    return SqlEngine(
        tables=Tables(Catalog(tmp_path / "catalog", root / "Volumes"), root), root=root
    )


@pytest.fixture
def say(engine: SqlEngine) -> Say:
    session = Session()

    def run(statement: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        found = engine.run(Asked(text=statement), session, Running()).to_pylist()
        return found

    return run


@pytest.fixture
def days(say: Say) -> Say:
    """Make a table *days* of two rows."""
    say("create table days (d string, n int) partitioned by (d)")
    say("insert into days values ('x', 1), ('y', 2)")
    return say


def numbers(say: Say) -> list[int]:
    return [row["n"] for row in say("select n from days order by n")]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into days replace where d = 'x' select 'x', 3",
        "insert overwrite table days partition (d = 'x') select 3",
        "insert into days partition (d = 'x') values (3)",
    ],
)
def test_a_part_of_a_table_is_not_replaced_and_nothing_else_is(days: Say, statement: str) -> None:
    with pytest.raises(SqlError, match="UNSUPPORTED_FEATURE"):
        days(statement)
    assert numbers(days) == [1, 2]


def test_a_table_is_added_to_another(days: Say) -> None:
    days("insert into days table days")
    assert numbers(days) == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("statement", "condition"),
    [
        ("drop view days", "EXPECT_VIEW_NOT_TABLE"),
        ("drop view if exists days", "EXPECT_VIEW_NOT_TABLE"),
        ("create or replace view days as select 3 as n", "EXPECT_VIEW_NOT_TABLE"),
        ("drop table three", "EXPECT_TABLE_NOT_VIEW"),
        ("create or replace table three as select 4 as n", "EXPECT_TABLE_NOT_VIEW"),
        ("insert into three values (5)", "EXPECT_TABLE_NOT_VIEW"),
    ],
)
def test_a_table_is_not_taken_for_a_view_nor_a_view_for_a_table(
    days: Say, statement: str, condition: str
) -> None:
    days("create view three as select 3 as n")
    with pytest.raises(SqlError, match=condition):
        days(statement)
    assert numbers(days) == [1, 2]
    assert days("select n from three") == [{"n": 3}]


def test_a_catalog_that_holds_something_is_dropped_with_cascade_only(say: Say) -> None:
    say("create catalog held")
    say("create table held.default.t as select 1 as n")
    with pytest.raises(SqlError, match="CATALOG_NOT_EMPTY"):
        say("drop catalog held")
    assert say("select n from held.default.t") == [{"n": 1}]
    say("drop catalog held cascade")
    with pytest.raises(SqlError, match="TABLE_OR_VIEW_NOT_FOUND"):
        say("select n from held.default.t")


@pytest.mark.parametrize(
    "statement",
    [
        "select * from days@v1",
        "delete from days@v1",
        "create table other (n int, constraint small check (n < 3))",
        "create table other (name varchar(3))",
        "create table other (name char(3))",
        "set ansi_mode = false",
        "set time zone 'Europe/Berlin'",
        "set var x = 1",
    ],
)
def test_what_would_be_taken_and_forgotten_is_refused(days: Say, statement: str) -> None:
    with pytest.raises(SqlError, match="UNSUPPORTED_FEATURE"):
        days(statement)
    assert numbers(days) == [1, 2]


def test_settings_that_change_no_result_are_taken(say: Say) -> None:
    for setting in ("ansi_mode = true", "use_cached_result = false", "time zone 'UTC'"):
        assert say(f"set {setting}") == []


def test_a_column_that_the_table_has_not_is_not_inserted_by_name(days: Say) -> None:
    with pytest.raises(SqlError, match=r"`m` cannot be resolved: the table has d, n"):
        days("insert into days by name select 'z' as d, 3 as m")
    assert numbers(days) == [1, 2]


def test_a_view_calls_its_columns_as_it_was_told_to(days: Say, engine: SqlEngine) -> None:
    days("create view called (day comment 'of the week', number) as select * from days")
    assert days("select day, number from called where number = 2") == [{"day": "y", "number": 2}]
    columns = engine.tables.catalog.table("main.default.called").columns
    assert [(known.name, known.comment) for known in columns] == [
        ("day", "of the week"),
        ("number", None),
    ]
    days("create temporary view brief (a, b) as select * from days")
    assert days("select max(b) as m from brief") == [{"m": 2}]
    with pytest.raises(SqlError, match="CREATE_VIEW_COLUMN_ARITY_MISMATCH"):
        days("create view short (a) as select * from days")


@pytest.mark.parametrize(
    ("statement", "condition"),
    [
        ("create table made (a int) as select 1, 2", "ARITY_MISMATCH.TOO_MANY"),
        ("create table made (a int, b int) as select 1", "ARITY_MISMATCH.NOT_ENOUGH"),
        ("create table made as select 1 a, 2 A", "COLUMN_ALREADY_EXISTS"),
        ("create table made (a int, a string)", "COLUMN_ALREADY_EXISTS"),
        ("alter table days add column D int", "COLUMN_ALREADY_EXISTS"),
    ],
)
def test_a_table_of_columns_that_cannot_be_is_not_made(
    days: Say, statement: str, condition: str
) -> None:
    with pytest.raises(SqlError, match=condition):
        days(statement)
    assert days("show tables like 'made'") == []


def test_a_name_of_three_parts_is_a_field_unless_it_begins_with_a_schema(say: Say) -> None:
    say("create table x as select 1 as id")
    say("create table y as select named_struct('id', 2, 'in', named_struct('id', 3)) as x")
    assert say("select y.x.id from y join x") == [{"id": 2}]
    assert say("select default.x.id, y.x.in.id as deep from y join x") == [{"id": 1, "deep": 3}]
    assert say("select main.default.x.id from main.default.x") == [{"id": 1}]
    with pytest.raises(SqlError, match=r"UNRESOLVED_COLUMN|DATATYPE_MISMATCH"):
        say("select other.x.id from x")


def test_a_field_is_not_set_as_if_it_were_a_column(days: Say) -> None:
    with pytest.raises(SqlError, match=r"setting the field e\.n"):
        days("update days set e.n = 3")
    days("update days set main.default.days.n = n + 1")
    assert numbers(days) == [2, 3]


def test_a_with_of_a_tables_own_name_reads_the_table(days: Say) -> None:
    mine = "with days as (select n + 10 as n from days) select n from days order by n"
    assert days(mine) == [{"n": 11}, {"n": 12}]
    later = "with a as (select n from b), b as (select 9 as n) select n from a"
    days("create view b as select 8 as n")
    assert days(later) == [{"n": 8}]
    days(f"create view mine as {mine}")
    assert days("select n from mine") == [{"n": 11}, {"n": 12}]
    assert days(
        "with recursive up as (select 1 as n union all select n + 1 from up where n < 3)"
        " select max(n) as n from up"
    ) == [{"n": 3}]


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ("cast(300 as smallint)", "CAST(300 AS SMALLINT)"),
        ("explode(array(1))", "col"),
        ("current_date()", "current_date()"),
        ("upper('x')", "upper('x')"),
    ],
)
def test_a_column_without_a_name_is_called_as_a_warehouse_calls_it(
    say: Say, chosen: str, name: str
) -> None:
    [row] = say(f"select {chosen}")
    assert list(row) == [name]


def test_what_is_not_grouped_is_told_so(days: Say) -> None:
    with pytest.raises(SqlError, match=r"\[MISSING_AGGREGATION\].* SQLSTATE: 42803"):
        days("select d, max(n) from days")


def test_a_table_is_made_like_another_and_gets_more_columns(days: Say) -> None:
    days("create table more like days")
    days("alter table more add columns (z int, w string)")
    days("insert into more values ('x', 1, 2, 'y')")
    assert days("select * from more") == [{"d": "x", "n": 1, "z": 2, "w": "y"}]
