"""Tasks of the store on the command line: listed, followed, cancelled, resumed, signalled."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dara_fp.api.opening import find_needs, open_executor
from dara_fp.cli.loading import load_app
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.cli.progress import TaskProgress
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.store.records import State, TaskSummary

__all__ = ["Asked", "control_task", "list_tasks"]

_STYLES = {
    State.QUEUED: "dim",
    State.RUNNING: "yellow",
    State.WAITING: "cyan",
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.CANCELLED: "magenta",
}


@attrs.frozen(kw_only=True)
class Asked:
    """What is asked of one task; nothing, to follow it.

    Attributes:
        cancel: To end.
        resume: To go on after it failed.
        signal: Name and JSON body of what it waits for.
    """

    cancel: bool = False
    resume: bool = False
    signal: tuple[str, str] | None = None


async def list_tasks(
    console: Console, *, workflow: str | None, state: State | None, limit: int
) -> int:
    """Print the newest tasks: of *workflow* and in *state*, *limit* at most.

    Returns:
        The exit code, 0.
    """
    async with _executor() as executor:
        found, after = await _found(executor, workflow, state, limit)
    if not found:
        console.print("no tasks")
        return 0
    console.print(_table(found))
    if after is not None:
        console.print(f"there are more: raise --limit above {limit}", style="dim")
    return 0


async def _found(
    executor: WorkflowExecutor, workflow: str | None, state: State | None, limit: int
) -> tuple[tuple[TaskSummary, ...], str | None]:
    """Give the tasks, and where there may be more; a page looks only at so many of all tasks."""
    found: tuple[TaskSummary, ...] = ()
    after: str | None = None
    while len(found) < limit:
        page = await executor.tasks(
            workflow=workflow, state=state, after=after, limit=limit - len(found)
        )
        found, after = (*found, *page.tasks), page.next
        if after is None:
            break
    return found, after


async def control_task(console: Console, task_id: str, asked: Asked, target: str) -> int:
    """Do what is *asked* of the task, or follow it to its end.

    Args:
        console: Where to say how it is.
        task_id: The task.
        asked: At most one thing.
        target: Names the app or workflow it belongs to, which a signal or a resumption needs.

    Returns:
        The exit code: 1 if the task that was followed did not succeed, else 0.

    Raises:
        CannotLoad: There is no such task, or it cannot do that.
        ConfigurationError: Names every variable that is unset or does not fit.
    """
    needs_target = asked.resume or asked.signal is not None
    async with _executor(target if needs_target else None) as executor:
        try:
            if asked == Asked():
                return await _followed(console, executor, task_id)
            console.print(await _done(executor, task_id, asked), markup=False)
        except (LookupError, ValueError) as error:
            raise CannotLoad(str(error)) from error
    return 0


@asynccontextmanager
async def _executor(target: str | None = None) -> AsyncGenerator[WorkflowExecutor]:
    state = load_app(target).state if target else None
    needs = find_needs(state.workflows, state.env) if state else find_needs(())
    async with open_executor(needs) as executor:
        yield executor


async def _done(executor: WorkflowExecutor, task_id: str, asked: Asked) -> str:
    if asked.cancel:
        return f"cancelling: the task was {await executor.cancel(task_id)}"
    if asked.resume:
        return f"the task is {await executor.resume(task_id)}"
    name, body = asked.signal or ("", "")
    taken = await executor.signal(task_id, name, body.encode())
    return f"{name}: {'taken' if taken else 'was there already'}"


async def _followed(console: Console, executor: WorkflowExecutor, task_id: str) -> int:
    with TaskProgress(console) as progress:
        status = await progress.follow(executor.watch(task_id))
    style = _STYLES[status.state]
    said = f": {status.error}" if status.error else ""
    console.print(Text.assemble((f"{status.workflow} {status.state}", style), said), soft_wrap=True)
    return 0 if status.state is State.SUCCEEDED else 1


def _table(tasks: tuple[TaskSummary, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("task", "workflow", "state", "created", "took"):
        table.add_column(name, no_wrap=True)
    table.add_column("error", no_wrap=True, overflow="ellipsis", ratio=1)
    for task in tasks:
        created = datetime.fromtimestamp(task.created_at, UTC).astimezone()
        table.add_row(
            Text(task.task_id),
            Text(task.workflow),
            Text(task.state, style=_STYLES[task.state]),
            f"{created:%Y-%m-%d %H:%M:%S}",
            _took(task),
            Text(task.error.message.partition("\n")[0] if task.error else ""),
        )
    return table


def _took(task: TaskSummary) -> str:
    if task.started_at is None:
        return ""
    ended = task.finished_at or datetime.now(UTC).timestamp()
    return f"{max(0.0, ended - task.started_at):.1f} s"
