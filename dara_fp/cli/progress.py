"""A task as live progress bars, one a step."""

from collections.abc import AsyncIterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from dara_fp.runtime.status import StepStatus, TaskStatus

__all__ = ["TaskProgress"]


class TaskProgress:
    """Shows each status of one task; a context manager, since it redraws the terminal."""

    def __init__(self, console: Console) -> None:
        """Draw on *console*."""
        self._bars = Progress(
            TextColumn("{task.fields[mark]}"),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[time]:>8}"),
            TextColumn("{task.fields[said]}", style="dim", markup=False),
            TextColumn("{task.fields[error]}", style="red", markup=False),
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
        waits = {each.path: each.signal for each in status.waiting}
        for step in status.steps:
            if step.path not in self._rows:
                described = step.path.ljust(width)
                self._rows[step.path] = self._bars.add_task(
                    described, total=1, mark="[dim]·[/]", time="", said="", error=""
                )
            self._show_step(step, f"for {waits[step.path]}" if waits.get(step.path) else "")

    async def follow(self, statuses: AsyncIterable[TaskStatus]) -> TaskStatus:
        """Show each of *statuses* as it comes, and give the last."""
        last = None
        async for status in statuses:
            self.show(status)
            last = status
        if last is None:
            raise LookupError("no status came")
        return last

    def _show_step(self, step: StepStatus, waits: str) -> None:
        if step.state == "pending":
            return
        done = step.state == "succeeded"
        self._bars.update(
            self._rows[step.path],
            mark=_MARKS[step.state],
            completed=1 if done else step.fraction or 0,
            time=f"{_seconds(step):.2f} s",
            said="" if step.error else step.message or waits,
            error=step.error.message if step.error else "",
        )


_MARKS = {
    "running": "[yellow]▸[/]",
    "waiting": "[cyan]…[/]",
    "succeeded": "[green]✓[/]",
    "failed": "[red]✗[/]",
}


def _seconds(step: StepStatus) -> float:
    """Give how long *step* took, or has taken so far by this machine's clock."""
    if step.seconds is not None or step.started_at is None:
        return step.seconds or 0.0
    return max(0.0, (datetime.now(UTC) - step.started_at).total_seconds())
