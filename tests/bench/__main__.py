"""`python -m tests.bench`: measure, print the table, and write it to docs/bench with a picture."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench.compare import FULL, compare
from tests.bench.plot import svg
from tests.bench.table import figures, page, verdicts

_DOCS = Path(__file__).parents[2] / "docs" / "bench"
_COLUMNS = (
    TextColumn("{task.description:<24}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)


def main() -> None:
    """Measure everything, which takes a few minutes."""
    console = Console()
    with Progress(*_COLUMNS, console=console, auto_refresh=False) as progress:
        found = compare(FULL, progress)
    console.print(figures(found), verdicts(found))
    if found.absent:
        console.print("Not installed:", ", ".join(absent.package for absent in found.absent))
    _DOCS.mkdir(parents=True, exist_ok=True)
    (_DOCS / "README.md").write_text(page(found), encoding="utf-8")
    (_DOCS / "algebra.svg").write_text(svg(found), encoding="utf-8")
    console.print("Written to docs/bench")


if __name__ == "__main__":
    main()
