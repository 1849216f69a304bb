"""`python -m tests.bench_durable [--quick]`: measure, print the tables, write docs/bench."""

import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench_durable.compare import FULL, QUICK, compare
from tests.bench_durable.contenders import CONTENDERS
from tests.bench_durable.page import page
from tests.bench_durable.plot import svg
from tests.bench_durable.table import shown

_DOCS = Path(__file__).parents[2] / "docs" / "bench"
_COLUMNS = (
    TextColumn("{task.description:<24}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


def main(*, quick: bool) -> None:
    """Measure everything, which takes ten minutes, or *quick*, which writes nothing."""
    console = Console()
    with Progress(*_COLUMNS, console=console, auto_refresh=False) as progress:
        found = asyncio.run(compare(QUICK if quick else FULL, CONTENDERS, progress))
    console.print(*shown(found))
    if found.absent:
        console.print("Not installed:", ", ".join(absent.package for absent in found.absent))
    if not quick:
        _DOCS.mkdir(parents=True, exist_ok=True)
        (_DOCS / "durable.md").write_text(page(found), encoding="utf-8")
        (_DOCS / "durable.svg").write_text(svg(found), encoding="utf-8")
        console.print("Written to docs/bench")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
