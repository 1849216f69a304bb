"""What a client sees of a task: derived from its record, its journal and its reports."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import attrs
import msgspec

from dara_fp.core.errors import StepError
from dara_fp.core.shape import is_verdict
from dara_fp.runtime.journal import FINAL, INSIDE
from dara_fp.store.records import History, Report, State, StepRecord

__all__ = ["StepStatus", "TaskStatus", "WaitStatus", "status_of"]

StepState = Literal["pending", "running", "waiting", "succeeded", "failed"]


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class StepStatus:
    """One step of a task.

    Attributes:
        path: The step's path.
        state: `pending`, `running`, `waiting`, `succeeded` or `failed`.
        started_at: When it was started.
        finished_at: When its outcome was recorded.
        seconds: How long it took.
        message: The last thing the running step reported.
        fraction: How far it is, between 0 and 1, where it says so.
        error: Why it failed.
    """

    path: str
    state: StepState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    seconds: float | None = None
    message: str | None = None
    fraction: float | None = None
    error: StepError | None = None


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class WaitStatus:
    """What a task waits for.

    Attributes:
        path: Where it waits.
        signal: Name of the signal that ends it, or None where only time has to pass.
        since: When it began to wait.
        until: When it stops waiting, or None for never.
    """

    path: str
    signal: str | None
    since: datetime
    until: datetime | None


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class TaskStatus:
    """A task as its clients see it.

    Attributes:
        task_id: Names the task.
        workflow: The workflow's name.
        state: `queued`, `running`, `waiting`, `succeeded`, `failed` or `cancelled`.
        attempt: Counts the deliberate runs from 1; resuming a failed task begins another.
        cancelling: Whether someone asked to cancel it.
        owner: Who started it, where that is known.
        waiting: What it waits for; it goes on when the first of these is over.
        step: Path of the step that runs now, or that failed.
        progress: Recorded steps over all steps, between 0 and 1.
        steps: Every step in order, with its timing and last report.
        context: The fields of the context as they are now.
        error: Why the task failed.
        created_at: When it was accepted.
        started_at: When a worker first took it.
        finished_at: When it ended.
    """

    task_id: str
    workflow: str
    state: State
    attempt: int
    cancelling: bool
    owner: str | None
    waiting: tuple[WaitStatus, ...]
    step: str | None
    progress: float
    steps: tuple[StepStatus, ...]
    context: Mapping[str, msgspec.Raw]
    error: StepError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def status_of(history: History) -> TaskStatus:
    """Derive the status of the task in *history*.

    Nothing is written when a step starts. One that takes longer than a moment is noted; before
    that, the running step is the first of the structure that is not recorded.
    """
    task = history.task
    recorded = {step.path: step for step in history.steps}
    waits = _waits(history, recorded)
    running = _running(history, recorded)
    live = _Live(
        running=running, reports={report.path: report for report in history.reports}, waits=waits
    )
    steps = tuple(_step(path, recorded.get(path), live) for path in _paths(history))
    return TaskStatus(
        task_id=task.task_id,
        workflow=task.workflow,
        state=task.state,
        attempt=task.attempt,
        cancelling=task.cancelling and not task.state.final,
        owner=task.owner,
        waiting=tuple(waits.values()),
        step=_current(history, live),
        progress=_progress(task.state, steps),
        steps=_with_start(steps, history),
        context=_context(history),
        error=_public(task.error),
        created_at=_moment(task.created_at),
        started_at=_moment_or_none(task.started_at),
        finished_at=_moment_or_none(task.finished_at),
    )


def _paths(history: History) -> tuple[str, ...]:
    """Give the structure's paths, and recorded ones of tries, items or a changed workflow."""
    known = history.task.structure
    found = [step.path for step in history.steps] + [*history.begun]
    found += [wait.path for wait in history.waits]
    added = dict.fromkeys(
        path for path in found if path not in known and path != FINAL and not is_verdict(path)
    )
    return (*known, *added)


def _progress(state: State, steps: Sequence[StepStatus]) -> float:
    if state is State.SUCCEEDED or not steps:
        return float(state is State.SUCCEEDED)
    return len([step for step in steps if step.state == "succeeded"]) / len(steps)


def _running(history: History, recorded: Collection[str]) -> Mapping[str, float | None]:
    """Give the steps that run, and since when: those that take a while, or the next one."""
    if history.task.state is not State.RUNNING:
        return {}
    begun = {path: at for path, at in history.begun.items() if path not in recorded}
    if begun:
        return begun
    following = next((path for path in history.task.structure if path not in recorded), None)
    return {} if following is None else {following: None}


def _current(history: History, live: "_Live") -> str | None:
    error = history.task.error
    if error is not None:
        return error.step or None
    return next(iter(live.waits), None) or next(iter(live.running), None)


def _waits(history: History, recorded: Collection[str]) -> dict[str, WaitStatus]:
    if history.task.state is not State.WAITING:
        return {}
    return {
        wait.path: WaitStatus(
            path=wait.path,
            signal=wait.signal,
            since=_moment(wait.since),
            until=_moment_or_none(wait.until),
        )
        for wait in history.waits
        if wait.path not in recorded
    }


@attrs.frozen(kw_only=True)
class _Live:
    """What goes on: the step that runs, what was reported, what is waited for."""

    running: Mapping[str, float | None]
    reports: Mapping[str, Report]
    waits: Mapping[str, WaitStatus]

    def state(self, path: str) -> StepState:
        if path in self.waits:
            return "waiting"
        return "running" if path in self.running else "pending"


def _step(path: str, done: StepRecord | None, live: _Live) -> StepStatus:
    report = live.reports.get(path)
    said = report.message if report else None
    if done is None:
        fraction = report.fraction if report else None
        return StepStatus(path=path, state=live.state(path), message=said, fraction=fraction)
    return StepStatus(
        path=path,
        state="failed" if done.error else "succeeded",
        started_at=_moment(done.started_at),
        finished_at=_moment(done.finished_at),
        seconds=round(max(0.0, done.finished_at - done.started_at), 3),
        message=said,
        error=_public(done.error),
    )


def _with_start(steps: tuple[StepStatus, ...], history: History) -> tuple[StepStatus, ...]:
    """Date the running step: it began when the one before it was recorded."""
    began = max((step.finished_at for step in history.steps), default=history.task.started_at)
    since = {wait.path: wait.since for wait in history.waits} | dict(history.begun)
    return tuple(_dated(step, since.get(step.path, began)) for step in steps)


def _dated(step: StepStatus, began: float | None) -> StepStatus:
    if step.state not in {"running", "waiting"}:
        return step
    return attrs.evolve(step, started_at=_moment_or_none(began))


def _context(history: History) -> dict[str, msgspec.Raw]:
    fields = msgspec.json.decode(history.task.context, type=dict[str, msgspec.Raw])
    for step in history.steps:
        fields |= msgspec.json.decode(step.changes, type=dict[str, msgspec.Raw])
    fields.pop(INSIDE, None)
    return fields


def _public(error: StepError | None) -> StepError | None:
    """Leave out the stack: it belongs to the log, not to every client."""
    return attrs.evolve(error, traceback=None) if error else None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _moment_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else _moment(seconds)
