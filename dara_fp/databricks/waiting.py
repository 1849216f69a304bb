"""Waiting for a job run: often while it is young, seldom when it is old, until any end."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError, RunFailed
from dara_fp.databricks.records import Run, RunTask
from dara_fp.databricks.refusals import excerpt
from dara_fp.databricks.workspace import Workspace

__all__ = ["Polling", "wait_for_run"]

_SAID = 2_000
_KINDS = {
    "CANCELED": Kind.CANCELLED,
    "USER_CANCELED": Kind.CANCELLED,
    "UPSTREAM_CANCELED": Kind.CANCELLED,
    "TIMEDOUT": Kind.TIMEOUT,
}
_FOLLOWS = frozenset({"UPSTREAM_FAILED", "UPSTREAM_CANCELED", "EXCLUDED", "DISABLED"})


@attrs.frozen(kw_only=True)
class Polling:
    """How often to look.

    Attributes:
        least: Shortest pause, in seconds.
        most: Longest pause, in seconds.
        share: Pause as a share of the time waited so far.
        patience: Seconds to bear an unbroken row of passing troubles.
        sleep: Waits for seconds.
        chance: Gives a number from 0 to 1, so that many waiters do not look at once.
    """

    least: float = 0.25
    most: float = 10.0
    share: float = 0.1
    patience: float = 600.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    def pause(self, waited: float) -> float:
        """Give the seconds to pause after having *waited* so long, 20% more or less.

        >>> steady = Polling(chance=lambda: 0.5)
        >>> [steady.pause(waited) for waited in (0.0, 20.0, 3600.0)]
        [0.25, 2.0, 10.0]
        """
        wanted = min(self.most, max(self.least, waited * self.share))
        return wanted * (0.8 + 0.4 * self.chance())


async def wait_for_run(
    workspace: Workspace,
    run_id: int,
    *,
    on_state: Callable[[Run], Awaitable[None]] | None = None,
    polling: Polling | None = None,
) -> Run:
    """Wait for the run *run_id* to end, and give it as it ended.

    Passing troubles of the workspace are borne. There is no limit of time: put
    `asyncio.timeout` around it where one is wanted. Cancelling it leaves the run as it is.

    Args:
        workspace: Where it runs.
        run_id: The run.
        on_state: Awaited with the run when it is seen first and whenever its state has changed.
        polling: How often to look.

    Returns:
        The run, which has succeeded, possibly with failed tasks that did not matter.

    Raises:
        RunFailed: It ended otherwise; the message has the failing task's key and error, the error's
            `url` the run's page.
        DatabricksError: There is no such run, or the workspace refused for good.
    """
    how = polling or Polling()
    watch = _Watch(workspace=workspace, run_id=run_id, on_state=on_state, patience=how.patience)
    waited = 0.0
    while (run := await watch.look(waited)) is None:
        pause = how.pause(waited)
        await how.sleep(pause)
        waited += pause
    return await _judged(workspace, run)


@attrs.define(kw_only=True)
class _Watch:
    """What one waiter has seen so far."""

    workspace: Workspace
    run_id: int
    on_state: Callable[[Run], Awaitable[None]] | None
    patience: float
    seen: tuple[str, str | None] | None = None
    trouble_since: float | None = None

    async def look(self, waited: float) -> Run | None:
        """Look after having *waited* so many seconds; give the run if it has ended."""
        try:
            run = await self.workspace.jobs.get_run(self.run_id)
        except DatabricksError as error:
            if not self.bears(error, waited):
                raise
            return None
        self.trouble_since = None
        state = (run.life_cycle, run.result)
        if self.on_state is not None and state != self.seen:
            await self.on_state(run)
        self.seen = state
        return run if run.has_ended else None

    def bears(self, error: DatabricksError, waited: float) -> bool:
        """Tell whether *error* passes, and has not lasted too long."""
        since = waited if self.trouble_since is None else self.trouble_since
        self.trouble_since = since
        return error.retryable and waited - since < self.patience


async def _judged(workspace: Workspace, run: Run) -> Run:
    """Give *run* if it ended well."""
    if run.has_succeeded:
        return run
    task = _failing_task(run)
    told = await _error_of(workspace, task.run_id if task else run.run_id)
    named = f"; task {task.task_key!r}" if task else ""
    result = run.result or run.life_cycle
    parts = [f"run {run.run_id} of job {run.job_id} ended {run.life_cycle} with {result}"]
    if run.said:
        parts.append(excerpt(run.said, _SAID))
    raise RunFailed(
        StepError(
            kind=_KINDS.get(result, Kind.FAILED),
            message=": ".join(parts) + (f"{named or '; error'}: {told}" if told else named),
            error_code=result,
            url=run.run_page_url,
        ),
    )


def _failing_task(run: Run) -> RunTask | None:
    """Find the task that failed first-hand, before those that failed for want of it."""
    bad = [
        task for task in (*run.tasks, *run.iterations) if task.has_ended and not task.has_succeeded
    ]
    causes = [task for task in bad if task.result not in _FOLLOWS]
    return next(iter(causes or bad), None)


async def _error_of(workspace: Workspace, task_run_id: int) -> str:
    try:
        output = await workspace.jobs.get_run_output(task_run_id)
    except DatabricksError:
        return ""  # a run that never started has no output, and its state says enough
    return excerpt(output.error or output.error_trace or "", _SAID)
