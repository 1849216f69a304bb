"""A task as live progress bars, one a step."""

from collections.abc import AsyncIterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from dara_fp.runtime.status import StepStatus, TaskStatus

__all__ = ["TaskProgress"]


class TaskProgress:
    """Shows each status of one task; a context manager, since it redraws the terminal."""

    def __init__(self, console: Console) -> None:
        """Draw on *console*."""
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[time]:>8}"),
            TextColumn("[dim]{task.fields[said]}[/]"),
            console=console,
        )
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Draw once more and stop."""
        self._bars.stop()

    def show(self, status: TaskStatus) -> None:
        """Bring the bars to *status*."""
        width = max((len(step.path) for step in status.steps), default=0)
        for step in status.steps:
            if step.path not in self._rows:
                described = step.path.ljust(width)
                row = self._bars.add_task(described, total=None, start=False, time="", said="")
                self._rows[step.path] = row
            self._show_step(step)

    async def follow(self, statuses: AsyncIterable[TaskStatus]) -> TaskStatus:
        """Show each of *statuses* as it comes, and give the last."""
        last = None
        async for status in statuses:
            self.show(status)
            last = status
        if last is None:
            raise LookupError("no status came")
        return last

    def _show_step(self, step: StepStatus) -> None:
        row = self._rows[step.path]
        time = "" if step.seconds is None else f"{step.seconds:.2f} s"
        said = step.error.message if step.error else step.message or ""
        if step.state == "succeeded":
            self._bars.update(row, total=1, completed=1, time=time, said=said)
        elif step.state == "failed":
            self._bars.update(row, total=1, time=time, said=f"[red]{said}[/]")
        elif step.state == "running":
            known = step.fraction is not None
            self._bars.start_task(row)
            self._bars.update(
                row, total=1 if known else None, completed=step.fraction or 0, said=said
            )
