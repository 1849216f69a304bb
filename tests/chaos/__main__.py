"""`python -m tests.chaos`: kill everything for some minutes, and compare the books."""

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.chaos import Asked, Found, wreak
from tests.chaos.client import Seen
from tests.chaos.page import page, table
from tests.chaos.verdict import complaints

_PAGE = Path(__file__).parents[2] / "docs" / "bench" / "durability-chaos.md"
_COLUMNS = (
    TextColumn("{task.description:<10}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)
_DEFAULTS = Asked()


def main(
    tasks: Annotated[int, typer.Option(min=1, help="Tasks to start.")] = _DEFAULTS.tasks,
    seconds: Annotated[float, typer.Option(help="Seconds of trouble.")] = _DEFAULTS.seconds,
    patience: Annotated[
        float, typer.Option(help="Seconds after it within which all must end.")
    ] = _DEFAULTS.patience,
    workers: Annotated[int, typer.Option(min=1, help="Worker processes.")] = _DEFAULTS.workers,
    redelivery: Annotated[
        float, typer.Option(help="DARA_REDELIVERY_SECONDS of the workers.")
    ] = _DEFAULTS.redelivery,
    seed: Annotated[
        int | None, typer.Option(help="What is drawn from; drawn itself if left out.")
    ] = None,
    logs: Annotated[
        Path | None, typer.Option(help="Keep data and logs in this folder, made anew.")
    ] = None,
) -> None:
    """Kill everything again and again while tasks come in, and compare the books at the end."""
    asked = Asked(
        tasks=tasks,
        seconds=seconds,
        patience=patience,
        workers=workers,
        redelivery=redelivery,
        seed=secrets.randbelow(10**6) if seed is None else seed,
    )
    console = Console()
    console.print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="dara-chaos-") as drawn:
        found = _watched(asked, logs or Path(drawn) / "c", console)
    console.print(table(found))
    _PAGE.write_text(page(found), encoding="utf-8")
    console.print(f"Written to docs/bench/{_PAGE.name}")
    if wrong := complaints(found):
        console.print("\n".join(wrong), style="red", markup=False)
        raise typer.Exit(1)


def _watched(asked: Asked, folder: Path, console: Console) -> Found:
    """Have the chaos with a bar that shows how many tasks were accepted and have ended."""
    with Progress(*_COLUMNS, console=console) as progress:
        accepted = progress.add_task("accepted", total=asked.tasks)
        ended = progress.add_task("ended", total=asked.tasks)

        def show(seen: Sequence[Seen]) -> None:
            progress.update(accepted, completed=sum(bool(each.task_ids) for each in seen))
            progress.update(ended, completed=sum(each.final is not None for each in seen))

        return asyncio.run(wreak(asked, folder, show))


if __name__ == "__main__":
    typer.run(main)
