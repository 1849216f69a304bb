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
