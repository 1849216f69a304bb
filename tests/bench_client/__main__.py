"""`python -m tests.bench_client [--quick]`: measure, print the tables, write docs/bench."""

import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench_client.compare import FULL, QUICK, compare
from tests.bench_client.contenders import CONTENDERS
from tests.bench_client.page import page
from tests.bench_client.plot import svg
from tests.bench_client.table import shown

_DOCS = Path(__file__).parents[2] / "docs" / "bench"
_COLUMNS = (
    TextColumn("{task.description:<24}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


def main(*, quick: bool) -> None:
    """Measure everything, which takes five minutes, or *quick*, which writes nothing."""
    plan = QUICK if quick else FULL
    console = Console(width=None if sys.stdout.isatty() else 130)
    with Progress(*_COLUMNS, console=console, auto_refresh=False) as progress:
        found = asyncio.run(compare(plan, CONTENDERS, progress))
    console.print(*shown(found))
    if not quick:
        (_DOCS / "client.md").write_text(page(found), encoding="utf-8")
        (_DOCS / "client.svg").write_text(svg(found), encoding="utf-8")
        console.print("Written to docs/bench")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv[1:])
