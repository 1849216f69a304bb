"""Who takes part, by which package, and how each is opened."""

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TypeAlias, cast

import attrs

from tests.bench.contenders import Contender, Family

__all__ = [
    "ACCEPTING",
    "CONTENDERS",
    "DARA",
    "FLOOR",
    "Durable",
    "Place",
    "Run",
    "of_key",
    "opened",
]

Run: TypeAlias = Callable[[], Awaitable[Any]]
"""Runs ten durable steps, and gives what `Durable.stored` finds their records by."""


@attrs.frozen(kw_only=True)
class Place:
    """Where contenders keep what is durable.

    Attributes:
        url: A Valkey server's address, `unix://`.
        folder: A directory for database files.
    """

    url: str
    folder: Path

    @property
    def socket(self) -> str:
        """The path of the server's socket."""
        return self.url.removeprefix("unix://")


@attrs.frozen(kw_only=True)
class Durable:
    """A contender that is ready to run.

    Attributes:
        prepare: Gives so many runs that have not begun. It is called outside the timing.
        stored: Gives the final state's fields by name, as they are read from what is durable.
    """

    prepare: Callable[[int], Awaitable[Sequence[Run]]]
    stored: Callable[[Any], Awaitable[Mapping[str, object]]]


FLOOR = Contender(
    key="floor",
    label="HSET and XADD by hand",
    family=Family.HAND,
    package="redis",
    source="chains:floor",
    imports="redis",
)
DARA = Contender(
    key="dara",
    label="dara_fp",
    family=Family.DARA,
    package="dara-fp",
    source="chains:dara",
    imports="dara_fp",
)
ACCEPTING = Contender(
    key="accepting",
    label="dara_fp, accepting too",
    family=Family.DARA,
    package="dara-fp",
    source="chains:accepting",
    imports="dara_fp",
)
CONTENDERS = (
    FLOOR,
    DARA,
    ACCEPTING,
    Contender(
        key="burr",
        label="Burr on Valkey",
        family=Family.WORKFLOW,
        package="apache-burr",
        source="peers:burr",
        imports="burr",
    ),
    Contender(
        key="langgraph",
        label="LangGraph on SQLite",
        family=Family.WORKFLOW,
        package="langgraph",
        source="peers:langgraph",
        imports="aiosqlite",
    ),
    Contender(
        key="dbos",
        label="DBOS on SQLite",
        family=Family.WORKFLOW,
        package="dbos",
        source="peers:dbos",
        imports="dbos",
    ),
)


def of_key(key: str) -> Contender:
    """Find the contender called *key*."""
    return next(contender for contender in CONTENDERS if contender.key == key)


def opened(contender: Contender, place: Place) -> AbstractAsyncContextManager[Durable]:
    """Open *contender* at *place*."""
    module, function = contender.source.split(":")
    opener = getattr(importlib.import_module(f"tests.bench_durable.{module}"), function)
    return cast("AbstractAsyncContextManager[Durable]", opener(place))
