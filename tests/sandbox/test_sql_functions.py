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
