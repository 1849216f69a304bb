"""Who takes part, by which package, and how each is built."""

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, TypeAlias, cast

import attrs

__all__ = ["CONTENDERS", "DARA", "FLOOR", "JOURNAL", "Built", "Contender", "Family", "Run", "build"]

Run: TypeAlias = Callable[[], Awaitable[Any]]


class Family(Enum):
    """What kind of thing a contender is."""

    HAND = "written by hand"
    DARA = "dara_fp"
    RESULT = "result library"
    WORKFLOW = "workflow library"


@attrs.frozen(kw_only=True)
class Built:
    """A contender that is ready to run.

    Attributes:
        prepare: Gives one run that has not begun. It is called outside the timing.
        fields: Gives the fields of the final state, by name, from what a run returned.
    """

    prepare: Callable[[], Run]
    fields: Callable[[Any], Mapping[str, object]]


@attrs.frozen(kw_only=True)
class Contender:
    """One line of the table.

    Attributes:
        key: Names it on the command line.
        label: Names it in the table.
        family: What it is.
        package: The distribution it belongs to.
        source: Its builder, `module:function`, beside this file; the function takes `sleeping`.
        imports: The module that must be installed.
    """

    key: str
    label: str
    family: Family
    package: str
    source: str
    imports: str

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return importlib.util.find_spec(self.imports) is not None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return importlib.metadata.version(self.package)


FLOOR = Contender(
    key="floor",
    label="await chain, attrs.evolve",
    family=Family.HAND,
    package="attrs",
    source="chains:floor",
    imports="attrs",
)
DARA = Contender(
    key="dara",
    label="dara_fp",
    family=Family.DARA,
    package="dara-fp",
    source="chains:dara",
    imports="dara_fp",
)
JOURNAL = Contender(
    key="journal",
    label="dara_fp, journal in memory",
    family=Family.DARA,
    package="dara-fp",
    source="chains:journal",
    imports="dara_fp",
)
CONTENDERS = (
    FLOOR,
    Contender(
        key="generated",
        label="await chain, dara_fp's evolve",
        family=Family.HAND,
        package="dara-fp",
        source="chains:generated",
        imports="dara_fp",
    ),
    DARA,
    JOURNAL,
    Contender(
        key="returns",
        label="returns FutureResult",
        family=Family.RESULT,
        package="returns",
        source="chains:returns",
        imports="returns",
    ),
    Contender(
        key="expression",
        label="Expression async_result",
        family=Family.RESULT,
        package="expression",
        source="chains:expression",
        imports="expression",
    ),
    Contender(
        key="hamilton",
        label="Hamilton async driver",
        family=Family.WORKFLOW,
        package="apache-hamilton",
        source="graphs:hamilton",
        imports="hamilton",
    ),
    Contender(
        key="burr",
        label="Burr",
        family=Family.WORKFLOW,
        package="apache-burr",
        source="graphs:burr",
        imports="burr",
    ),
    Contender(
        key="pydantic_graph",
        label="pydantic-graph",
        family=Family.WORKFLOW,
        package="pydantic-graph",
        source="graphs:pydantic_graph",
        imports="pydantic_graph",
    ),
    Contender(
        key="langgraph",
        label="LangGraph",
        family=Family.WORKFLOW,
        package="langgraph",
        source="graphs:langgraph",
        imports="langgraph",
    ),
)


def build(contender: Contender, *, sleeping: bool = False) -> Built:
    """Build *contender* once; if *sleeping*, its fifth step sleeps until it is cancelled."""
    module, function = contender.source.split(":")
    builder = getattr(importlib.import_module(f"tests.bench.{module}"), function)
    return cast("Built", builder(sleeping=sleeping))
