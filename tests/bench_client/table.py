"""The figures as tables: of words, for the terminal, and in Markdown."""

from collections.abc import Iterator

from rich import box
from rich.table import Table

from tests.bench.contenders import Contender
from tests.bench_client.contenders import PLAIN, SDK
from tests.bench_client.found import Found, Level, targets
from tests.bench_durable.table import Grid

__all__ = ["grids", "markdown", "shown"]

_CALLS = ("calls/s", "range", "p50 ms", "p99 ms", "CPU µs", "times plain", "times SDK", "cut off")
_ONCE = ("ms",)
_HELD = ("tasks", "MiB before", "MiB in all", "KiB each")
_TARGET = ("found", "wanted", "")


def grids(found: Found) -> tuple[Grid, ...]:
    """Lay out *found*: a table for each number of callers at a time, then the rest."""
    waited = found.waited
    held = (
        f"{waited.tasks:,}",
        f"{waited.idle / 2**20:,.0f}",
        f"{waited.held / 2**20:,.0f}",
        f"{(waited.held - waited.idle) / 2**10 / waited.tasks:,.1f}",
    )
    return (
        *(_of_level(level) for level in found.levels),
        Grid(
            title="memory of tasks",
            columns=_HELD,
            rows=[(f"each polls a run every {waited.pause:g} s", *held)],
        ),
        Grid(title="once a process", columns=_ONCE, rows=list(_once(found))),
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
            left = grid.columns is _TARGET
            table.add_column(column, justify="left" if left else "right", no_wrap=True)
        for row in grid.rows:
            table.add_row(*row)
        yield table


def markdown(grid: Grid) -> str:
    """Write *grid* in Markdown."""
    rule = "---" if grid.columns is _TARGET else "--:"
    head = [(grid.title, *grid.columns), ("---", *(rule for _ in grid.columns))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (*head, *grid.rows))


def _of_level(level: Level) -> Grid:
    many = "1 call at a time" if level.concurrent == 1 else f"{level.concurrent:,} calls at a time"
    rows = [_row(level, contender) for contender in level.costs]
    return Grid(title=many, columns=_CALLS, rows=rows)


def _row(level: Level, contender: Contender) -> tuple[str, ...]:
    costs = level.costs[contender]
    rates = [cost.calls / cost.wall for cost in costs]
    calls = sum(cost.calls for cost in costs)
    cut = sum(cost.cut for cost in costs)
    return (
        contender.label,
        f"{level.rate(contender):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
        f"{sorted(cost.p50 for cost in costs)[len(costs) // 2] * 1e3:,.0f}",
        f"{level.p99(contender) * 1e3:,.0f}",
        f"{sum(cost.cpu for cost in costs) / calls * 1e6:,.0f}" if calls else "",
        _times(level, contender, PLAIN, ".2f"),
        _times(level, contender, SDK, ".1f"),
        f"{cut:,}" if cut else "",
    )


def _times(level: Level, contender: Contender, other: Contender, form: str) -> str:
    return format(level.times(contender, other), form) if other in level.costs else ""


def _once(found: Found) -> Iterator[tuple[str, str]]:
    names = {
        "imported": "the client imported",
        "sdk": "the SDK imported, in a thread, at the first use of any service",
        "first": "first use of a service, the import apart",
    }
    for name, label in names.items():
        yield label, f"{found.start(name) * 1e3:,.0f}"
