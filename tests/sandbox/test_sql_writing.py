"""Statements that write at the same time: none is lost, and none stops those that read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.sql.engine import SqlEngine
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Session
from dara_fp.sandbox.sql.tables import Tables

T = "main.default.t"
pa: Any = import_module("pyarrow")  # it has no types
Say = Callable[..., list[dict[str, Any]]]


class Waiting(Running):
    """A statement that tells when it waits for another."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = Event()
        self._looks = 0

    def check(self) -> None:
        self._looks += 1
        if self._looks > 1:  # the first is where it begins
            self.waits.set()
        super().check()


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(Catalog(tmp_path / "catalog", tmp_path / "Volumes"), tmp_path)


@pytest.fixture
def say(tables: Tables, tmp_path: Path) -> Say:
    """Run statements, with a table *t* of the number 1."""
    engine = SqlEngine(tables=tables, root=tmp_path)

    def run(statement: str, running: Running | None = None) -> list[dict[str, Any]]:
        asked = Asked(text=statement)
        found: list[dict[str, Any]]
        found = engine.run(asked, Session(), running or Running()).to_pylist()
        return found

    run("create table t as select 1L as n")
    return run


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.mark.parametrize(
    "statement",
    [
        "insert into t select max(n) + 10 from t",
        "create or replace table t as select max(n) + 10 as n from t",
        "update t set n = n + 10",
    ],
)
def test_what_came_while_a_statement_waited_to_write_is_seen_by_it(
    tables: Tables, say: Say, thread: ThreadPoolExecutor, statement: str
) -> None:
    waiting = Waiting()
    with tables.writing(T):
        done = thread.submit(say, statement, waiting)
        assert waiting.waits.wait(10)
        tables.append(T, pa.table({"n": [5]}))
    done.result(10)
    assert say("select max(n) as n from t") == [{"n": 15}]


def test_one_that_writes_stops_only_who_would_write_the_same_table(
    tables: Tables, say: Say, thread: ThreadPoolExecutor
) -> None:
    say("create table other as select 1 as n")
    begun, over = Event(), Event()

    def hold() -> bool:
        with tables.writing(T):
            begun.set()
            return over.wait(20)

    held = thread.submit(hold)
    assert begun.wait(10)
    assert say("select n from t") == [{"n": 1}]
    say("insert into other select n from t")
    running = Running()
    Timer(0.2, running.stop).start()
    with pytest.raises(SqlError, match="canceled"):
        say("insert into t values (2)", running)
    assert not held.done()
    over.set()
    assert held.result(10)
    assert say("select count(*) as n from t") == [{"n": 1}]
