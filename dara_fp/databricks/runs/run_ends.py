"""How a run ended: given where it went well, raised with the failing task's error where not."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError, RunFailed
from dara_fp.databricks.http.exchange import Answer
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.records import Run, RunOutput, RunTask

__all__ = ["judged"]

_SAID = 2_000
_KINDS = {
    "CANCELED": Kind.CANCELLED,
    "USER_CANCELED": Kind.CANCELLED,
    "UPSTREAM_CANCELED": Kind.CANCELLED,
    "TIMEDOUT": Kind.TIMEOUT,
}
_FOLLOWS = frozenset({"UPSTREAM_FAILED", "UPSTREAM_CANCELED", "EXCLUDED", "DISABLED"})


async def judged(
    run: Run, output: Callable[[int], Awaitable[RunOutput]], answers: Sequence[Answer]
) -> Run:
    """Give *run* if it ended well.

    Args:
        run: One that has ended.
        output: Gives what a task left, by the task's own run id.
        answers: Those that were looked at; the error has the last one's status and request id.

    Raises:
        RunFailed: It ended otherwise; the message has the failing task's key and error.
    """
    if run.has_succeeded:
        return run
    task = _failing_task(run)
    told = await _error_of(task.run_id if task else run.run_id, output)
    named = f"; task {task.task_key!r}" if task else ""
    result = run.result or run.life_cycle
    parts = [f"run {run.run_id} of job {run.job_id} ended {run.life_cycle} with {result}"]
    if run.said:
        parts.append(excerpt(run.said, _SAID))
    raise RunFailed(
        StepError(
            kind=_KINDS.get(result, Kind.FAILED),
            message=": ".join(parts) + (f"{named or '; error'}: {told}" if told else named),
            status=answers[-1].status,
            error_code=result,
            request_id=answers[-1].request_id,
            url=run.run_page_url,
        ),
    )


def _failing_task(run: Run) -> RunTask | None:
    """Find the task that failed first-hand, before those that failed for want of it."""
    bad = [
        task
        for task in (*_last_attempts(run.tasks), *run.iterations)
        if task.has_ended and not task.has_succeeded
    ]
    causes = [task for task in bad if task.result not in _FOLLOWS]
    return next(iter(causes or bad), None)


def _last_attempts(tasks: Iterable[RunTask]) -> Iterable[RunTask]:
    """Give the last attempt at each of *tasks*: a repaired run lists those before, too."""
    last: dict[str, RunTask] = {}
    for task in tasks:
        known = last.get(task.task_key)
        if known is None or task.attempt_number >= known.attempt_number:
            last[task.task_key] = task
    return last.values()


async def _error_of(task_run_id: int, output: Callable[[int], Awaitable[RunOutput]]) -> str:
    try:
        left = await output(task_run_id)
    except DatabricksError:
        return ""  # a run that never started has no output, and its state says enough
    return excerpt(left.error or left.error_trace or "", _SAID)
