"""The figures as tables: of words, for the terminal, and in Markdown."""

from collections.abc import Iterator, Sequence
from typing import Literal

import attrs
from rich import box
from rich.table import Table

from tests.bench.contenders import Contender
from tests.bench.speed import Timing
from tests.bench_durable.contenders import ACCEPTING, FLOOR
from tests.bench_durable.fleet import Fleet
from tests.bench_durable.found import Found, targets, times
from tests.bench_durable.memory import Held
from tests.bench_durable.turns import Steps

__all__ = ["Grid", "grids", "markdown", "shown"]

_STEP = ("µs a step", "range", "CPU", "Valkey's CPU", "times floor", "times dara_fp")
_FLEET = ("a second", "range", "submitting too", "CPU ms", "Valkey's CPU ms")
_HELD = ("tasks", "bytes each", "in Valkey")
_TARGET = ("found", "wanted", "")


@attrs.frozen(kw_only=True)
class Grid:
    """A table of words.

    Attributes:
        title: What it is about; also what stands above its first column.
        columns: What stands above the others.
        rows: The words, row by row.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def grids(found: Found) -> tuple[Grid, ...]:
    """Lay out *found*: a table for each number of tasks at a time, then the rest."""
    return (
        *(_of_steps(steps) for steps in found.steps),
        Grid(
            title="workflows of ten steps",
            columns=_FLEET,
            rows=[_fleet_row(fleet) for fleet in found.fleets],
        ),
        Grid(
            title="memory of a waiting task",
            columns=_HELD,
            rows=[_held_row("parked", found.parked), _held_row("polling a run", found.polling)],
        ),
        Grid(
            title="target",
            columns=_TARGET,
            rows=[(each.label, each.figure, each.wanted, each.verdict) for each in targets(found)],
        ),
    )


def shown(found: Found) -> Iterator[Table]:
    """Give the tables of *found* for the terminal."""
    for grid in grids(found):
        table = Table(box=box.SIMPLE_HEAD)
        table.add_column(grid.title, no_wrap=True)
        for column in grid.columns:
            justify: Literal["left", "right"] = "left" if grid.columns is _TARGET else "right"
            table.add_column(column.replace(" ", "\n"), justify=justify, no_wrap=True)
        for row in grid.rows:
            table.add_row(*row)
        yield table


def markdown(grid: Grid) -> str:
    """Write *grid* in Markdown."""
    rule = "---" if grid.columns is _TARGET else "--:"
    head = [(grid.title, *grid.columns), ("---", *(rule for _ in grid.columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *grid.rows))


def _of_steps(steps: Steps) -> Grid:
    many = "1 task at a time" if steps.concurrent == 1 else f"{steps.concurrent} tasks at a time"
    rows = [_step_row(steps, contender) for contender in steps.spent]
    return Grid(title=many, columns=_STEP, rows=rows)


def _step_row(steps: Steps, contender: Contender) -> tuple[str, ...]:
    spent = steps.spent[contender]
    return (
        contender.label,
        _micros(spent.wall.median),
        f"{_micros(min(spent.wall.turns))} to {_micros(max(spent.wall.turns))}",
        _micros(spent.cpu.median),
        _micros(spent.server.median) if _uses_valkey(contender) else "",
        f"{times(steps.spent, contender, FLOOR):.2f}",
        f"{times(steps.spent, contender, ACCEPTING):.1f}",
    )


def _uses_valkey(contender: Contender) -> bool:
    return "SQLite" not in contender.label


def _fleet_row(fleet: Fleet) -> tuple[str, ...]:
    return (
        "1 worker" if fleet.workers == 1 else f"{fleet.workers} workers",
        _rate(fleet.ready.median),
        f"{_rate(max(fleet.ready.turns))} to {_rate(min(fleet.ready.turns))}",
        _rate(fleet.submitted.median),
        _millis(fleet.cpu),
        _millis(fleet.server),
    )


def _held_row(label: str, held: Held) -> tuple[str, ...]:
    return label, f"{held.tasks:,}", f"{held.process:,.0f}", f"{held.server:,.0f}"


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f}"


def _millis(timing: Timing) -> str:
    return f"{timing.median * 1e3:.2f}"


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f}"
