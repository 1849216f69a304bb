"""Functions that the engine of the sandbox has otherwise than a warehouse."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.sql.engine import SqlEngine
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Session
from dara_fp.sandbox.sql.tables import Tables


@pytest.fixture
def engine(tmp_path: Path) -> SqlEngine:
    return SqlEngine(
        tables=Tables(Catalog(tmp_path / "catalog", tmp_path / "Volumes"), tmp_path), root=tmp_path
    )


def run(engine: SqlEngine, statement: str) -> Any:
    return engine.run(Asked(text=statement), Session(), Running())


SUNDAY = "date'2026-02-01'"


def test_a_function_means_what_it_means_to_a_warehouse(engine: SqlEngine) -> None:
    wanted = {
        "cast(2.7D as int)": (2, "int32"),
        "cast(-2.7D as bigint)": (-2, "int64"),
        "cast(2.7 as int)": (2, "int32"),
        "cast('5' as int)": (5, "int32"),
        "cast(cast(9007199254740993 as bigint) as bigint)": (9007199254740993, "int64"),
        "try_cast('x' as int)": (None, "int32"),
        f"dayofweek({SUNDAY})": (1, "int32"),
        f"dayofweek({SUNDAY} + interval 1 day)": (2, "int32"),
        f"weekday({SUNDAY})": (6, "int32"),
        f"date_add({SUNDAY}, 1)": (date(2026, 2, 2), "date32[day]"),
        f"date_sub({SUNDAY}, 1)": (date(2026, 1, 31), "date32[day]"),
        f"add_months({SUNDAY}, 1)": (date(2026, 3, 1), "date32[day]"),
        f"{SUNDAY} + interval 1 month": (date(2026, 3, 1), "date32[day]"),
        "unix_timestamp('1970-01-02 00:00:00')": (86400, "int64"),
        "substring('hello', 0, 2)": ("he", "string"),
        "substring('hello', 2, 2)": ("el", "string"),
        "array(1, 2)[1]": (2, "int32"),
    }
    chosen = ", ".join(f"{said} as c{place}" for place, said in enumerate(wanted))
    rows = run(engine, f"select {chosen}")
    [values] = rows.to_pylist()
    found = zip(values.values(), (str(field.type) for field in rows.schema), strict=True)
    assert dict(zip(wanted, found, strict=True)) == wanted


@pytest.fixture
def table(engine: SqlEngine) -> SqlEngine:
    """Make a table *t* with a row of dates, arrays and maps."""
    run(
        engine,
        "create table t (d date, at timestamp, n int, k string, a array<int>,"
        " deep array<array<int>>, m map<string, int>, mi map<int, string>)",
    )
    run(
        engine,
        "insert into t values (date'2026-01-31', timestamp'2026-01-31 10:00:00', 1, 'k',"
        " array(1, 2), array(array(1), array(2, 3)), map('k', 7), map(1, 'one', 2, 'two'))",
    )
    return engine


def of_t(engine: SqlEngine, chosen: str) -> Any:
    return run(engine, f"select {chosen} " + "from t")


def test_days_from_a_column_of_dates_are_dates_and_hours_are_moments(table: SqlEngine) -> None:
    wanted = {
        "d + interval 1 day": (date(2026, 2, 1), "date32[day]"),
        "interval 1 week + d": (date(2026, 2, 7), "date32[day]"),
        "max(d) - interval '1' month": (date(2025, 12, 31), "date32[day]"),
    }
    for said, (value, kind) in wanted.items():
        rows = of_t(table, f"{said} as c")
        assert (rows.to_pylist(), str(rows.schema[0].type)) == ([{"c": value}], kind)
    moments = run(table, "select d + interval 2 hours as c, at + interval 1 day as e from t")
    assert [str(field.type) for field in moments.schema] == [
        "timestamp[us]",
        "timestamp[us, tz=UTC]",
    ]
    grouped = run(table, "select d + interval 1 day, count(*) from t group by d + interval 1 day")
    assert grouped.num_rows == 1


def test_an_element_of_a_column_is_found_where_a_warehouse_finds_it(table: SqlEngine) -> None:
    wanted = {
        "a[n]": 2,
        "deep[1][1]": 3,
        "m[k]": 7,
        "m['none']": None,
        "mi[n]": "one",
        "mi[9]": None,
        "element_at(a, -1)": 2,
        "element_at(mi, 2)": "two",
        "element_at(mi, 9)": None,
        "try_element_at(a, 9)": None,
        "get(a, n)": 2,
        "get(a, 9)": None,
        "get(a, -1)": None,
        "cast(null as array<int>)[0]": None,
        "a[null]": None,
        "case when size(a) > 5 then a[5] end": None,
    }
    chosen = ", ".join(f"{said} as c{place}" for place, said in enumerate(wanted))
    [values] = of_t(table, chosen).to_pylist()
    assert dict(zip(wanted, values.values(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("element", "condition"),
    [
        ("a[2]", r"\[INVALID_ARRAY_INDEX\]"),
        ("a[n - 2]", r"\[INVALID_ARRAY_INDEX\]"),
        ("deep[1][2]", r"\[INVALID_ARRAY_INDEX\]"),
        ("element_at(a, 3)", r"\[INVALID_ARRAY_INDEX_IN_ELEMENT_AT\]"),
        ("element_at(a, 0)", r"\[INVALID_INDEX_OF_ZERO\]"),
    ],
)
def test_an_element_that_a_column_has_not_is_an_error(
    table: SqlEngine, element: str, condition: str
) -> None:
    with pytest.raises(SqlError, match=condition):
        of_t(table, element)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("cast((select max(n) from t) as int)", 1),
        ("a[(select max(n) from t)]", 2),
        ("(select max(d) from t) + interval 1 day", date(2026, 2, 1)),
        ("cast((with w as (select n from t) select max(w.n) from w) as bigint)", 1),
    ],
)
def test_a_query_within_what_means_something_else_here_reads_its_tables(
    table: SqlEngine, said: str, value: object
) -> None:
    assert of_t(table, f"{said} as c").to_pylist() == [{"c": value}]


@pytest.mark.timeout(20)
def test_elements_and_casts_in_one_another_take_no_time_that_grows_with_their_powers(
    table: SqlEngine,
) -> None:
    depth = 9
    wanted = {
        f"{'array(' * depth}n{')' * depth}{'[0]' * depth}": 1,
        f"{'a[' * depth}0{'] - 1' * depth}": 0,
        "element_at(element_at(deep, 2), 1)": 2,
        f"{'cast(' * depth}2.7{' as int)' * depth}": 2,
        "try_cast(cast(2.7 as int) as tinyint)": 2,
    }
    chosen = ", ".join(f"{said} as c{place}" for place, said in enumerate(wanted))
    [values] = of_t(table, chosen).to_pylist()
    assert dict(zip(wanted, values.values(), strict=True)) == wanted
    with pytest.raises(SqlError, match=r"\[INVALID_ARRAY_INDEX\]"):
        of_t(table, f"{'array(' * depth}n{')' * depth}{'[0]' * (depth - 1)}[1]")
    grouped = run(table, "select deep[1][n], count(*) from t group by deep[1][n]")
    assert grouped.num_rows == 1
    of_all = of_t(table, "array_agg(deep)[0][max(n)][max(n)] as c")
    assert of_all.to_pylist() == [{"c": 3}]


@pytest.mark.parametrize("said", ["get()", "get(a)", "get(a, 0, 0)", "weekday()"])
def test_a_function_with_too_few_or_too_many_values_is_told_so(table: SqlEngine, said: str) -> None:
    with pytest.raises(SqlError, match="WRONG_NUM_ARGS"):
        of_t(table, said)


def test_a_percentile_lies_between_values(engine: SqlEngine) -> None:
    found = run(engine, "select percentile(n, 0.5) as p from values (1), (2) as t(n)")
    assert found.to_pylist() == [{"p": 1.5}]


def test_a_fraction_is_cut_where_it_is_inserted(engine: SqlEngine) -> None:
    run(engine, "create table t (n int)")
    run(engine, "insert into t select 2.7D union all select 3.9")
    run(engine, "create view v as select dayofweek(cast(n as date)) as d, n from"
        " (select '2026-02-01' as n)")  # fmt: skip
    assert run(engine, "select n from t order by n").to_pylist() == [{"n": 2}, {"n": 3}]
    assert run(engine, "select d from v").to_pylist() == [{"d": 1}]


@pytest.mark.parametrize(
    ("statement", "condition"),
    [
        ("select array(1, 2)[5]", "INVALID_ARRAY_INDEX"),
        ("select 1/0", "DIVIDE_BY_ZERO"),
        ("select to_char(12.5, '999.9')", "UNSUPPORTED_FEATURE"),
    ],
)
def test_what_has_no_value_is_an_error_and_no_null(
    engine: SqlEngine, statement: str, condition: str
) -> None:
    with pytest.raises(SqlError, match=condition):
        run(engine, statement)
