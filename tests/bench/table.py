"""The figures as tables: for the terminal, and as a page in Markdown."""

from collections.abc import Iterable

from rich import box
from rich.table import Table

from tests.bench.contenders import Contender
from tests.bench.found import Found, targets

__all__ = ["figures", "page", "verdicts"]

_COLUMNS = ("µs a step", "best", "times floor", "times dara_fp", "KiB asleep")
_PAGE = """\
# The algebra beside other ways to chain ten steps

![Microseconds a step, on a logarithmic scale](algebra.svg)

Measured on {day} with {machine}. `make bench` measures anew and writes this page.

{figures}

{verdicts}

## What is measured

The same work for all: ten steps on an immutable state of eight fields, of which each step changes
two. The final states are compared before anything is timed.

- **µs a step**: median and best of {rounds} short turns. The contenders take turns in one process,
  in a drawn order, so that what else the machine does hits all alike. Garbage is collected before
  a turn and not during it. **Times floor** and **times dara_fp** are medians of the ratios
  within a round.
- **The floor**, in the first row, is the chain one would write by hand: `await` after `await`, with
  `attrs.evolve`. The second row is the same chain with the `evolve` that dara_fp generates and its
  own steps use: what dara_fp adds to that is the price of composing, guarding and checking.
- **KiB asleep**: resident memory that each concurrent run adds while it sleeps in its fifth step,
  in a process of its own
  ({sleepers}).
- **The long pipeline** is composed with `>>` beforehand; each step changes one field of the same
  context. The figure is the median of {repeats} runs.
- Peers are written as their documentation shows it; graphs are compiled once, outside the timing;
  tracing and persistence are off. The application that Burr wants for each run is made outside
  the timing too. What workflow libraries offer beside a chain of steps is not measured here.
"""


def figures(found: Found) -> Table:
    """Lay out *found* for the terminal, a row for each contender."""
    table = Table(title=str(found.machine), box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for contender in found.timings:
        table.add_row(contender.label, *_cells(found, contender))
    return table


def verdicts(found: Found) -> Table:
    """Lay out the targets beside what was *found*, for the terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("", "found", "wanted", ""):
        table.add_column(column, no_wrap=True)
    for target in targets(found):
        colour = "green" if target.reached else "red"
        verdict = f"[{colour}]{target.verdict}[/]"
        table.add_row(target.label, target.figure, target.wanted, verdict)
    return table


def page(found: Found) -> str:
    """Write *found* down as a page in Markdown."""
    return _PAGE.format(
        day=found.machine.day,
        machine=found.machine,
        figures=_markdown(
            ("", "version", *_COLUMNS),
            ((each.label, each.version, *_cells(found, each)) for each in found.timings),
        ),
        verdicts=_markdown(
            ("", "found", "wanted", ""),
            ((each.label, each.figure, each.wanted, each.verdict) for each in targets(found)),
        ),
        rounds=len(next(iter(found.timings.values())).turns),
        repeats=len(found.long.turns),
        sleepers=_sleepers(found),
    )


def _markdown(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    rules = ("--:" if column in _COLUMNS else "---" for column in columns)
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, tuple(rules), *rows))


def _cells(found: Found, contender: Contender) -> tuple[str, ...]:
    timing = found.timings[contender]
    return (
        f"{timing.median * 1e6:.2f}",
        f"{timing.best * 1e6:.2f}",
        f"{found.times_floor(contender):.2f}",
        f"{found.times_dara(contender):.1f}",
        f"{found.sleeping[contender].kib:.1f}",
    )


def _sleepers(found: Found) -> str:
    """Say how many runs slept, and of whom fewer did."""
    most = max(sleeping.runs for sleeping in found.sleeping.values())
    fewer: dict[int, list[str]] = {}
    for contender, sleeping in found.sleeping.items():
        if sleeping.runs < most:
            fewer.setdefault(sleeping.runs, []).append(contender.label)
    return f"{most:,} runs" + "".join(
        f"; {runs:,} of {', '.join(labels)}" for runs, labels in fewer.items()
    )
