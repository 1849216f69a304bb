"""Waiting for a job run: often while it is young, seldom when it is old, until any end."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError, RunFailed, UnexpectedAnswer
from dara_fp.databricks.polling import Polling
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


async def wait_for_run(
    workspace: Workspace,
    run_id: int,
    *,
    on_state: Callable[[Run], Awaitable[None]] | None = None,
    polling: Polling | None = None,
) -> Run:
    """Wait for the run *run_id* to end, and give it as it ended.

    Passing troubles of the workspace are borne, and so is whatever is its own fault: the run goes
    on however the workspace stumbles. There is no limit of time: put
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
    watch = _Watch(workspace=workspace, run_id=run_id, on_state=on_state, polling=how)
    began = how.clock()
    while (run := await watch.look()) is None:
        await how.sleep(max(how.pause(how.clock() - began), watch.asked))
    return await _judged(workspace, run)


@attrs.define(kw_only=True)
class _Watch:
    """What one waiter has seen so far."""

    workspace: Workspace
    run_id: int
    on_state: Callable[[Run], Awaitable[None]] | None
    polling: Polling
    seen: tuple[str, str | None] | None = None
    trouble_since: float | None = None
    asked: float = 0.0  # seconds the last look was told to wait

    async def look(self) -> Run | None:
        """Look once; give the run if it has ended."""
        began = self.polling.clock()
        try:
            run = await self.workspace.runs.get(self.run_id)
        except DatabricksError as error:
            left = self.patience_left(began)
            if left <= 0 or not _passes(error):
                raise
            self.asked = min(error.retry_after or 0.0, left)
            return None
        self.trouble_since, self.asked = None, 0.0
        state = (run.life_cycle, run.result)
        if self.on_state is not None and state != self.seen:
            await self.on_state(run)
        self.seen = state
        return run if run.has_ended else None

    def patience_left(self, began: float) -> float:
        """Tell the seconds for which a row of troubles, with one that *began* then, is borne."""
        if self.trouble_since is None:
            self.trouble_since = began
        return self.trouble_since + self.polling.patience - self.polling.clock()


def _passes(error: DatabricksError) -> bool:
    """Tell whether *error* may be gone at the next look: only what we did wrong stays wrong."""
    of_the_server = error.status is not None and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return error.retryable or of_the_server or isinstance(error, UnexpectedAnswer)


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
        output = await workspace.runs.output(task_run_id)
    except DatabricksError:
        return ""  # a run that never started has no output, and its state says enough
    return excerpt(output.error or output.error_trace or "", _SAID)
