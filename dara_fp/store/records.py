"""What the store keeps of a task, as frozen values."""

from collections.abc import Mapping
from enum import StrEnum

import attrs

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Waiting

__all__ = [
    "Event",
    "History",
    "NewTask",
    "Page",
    "Report",
    "Retention",
    "Signal",
    "State",
    "StepRecord",
    "TaskRecord",
    "TaskSummary",
]

_WEEK = 7 * 86_400.0
MAX_SECONDS = 10**9


class State(StrEnum):
    """How far a task is.

    From `waiting`, and when its worker is lost or stops, a task is queued again; a final state is
    left only by a failed task that is resumed, which is a new attempt.

    >>> [state.value for state in State if state.final]
    ['succeeded', 'failed', 'cancelled']
    """

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether this attempt is over."""
        return self in {State.SUCCEEDED, State.FAILED, State.CANCELLED}


def _positive(_retention: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 < value < MAX_SECONDS:
        raise ValueError(f"{attribute.name} is {value!r}: give a positive number of seconds")


@attrs.frozen(kw_only=True)
class Retention:
    """How many seconds a task stays in the store after it is final; then nothing of it is left."""

    succeeded: float = attrs.field(default=_WEEK, validator=_positive)
    failed: float = attrs.field(default=4 * _WEEK, validator=_positive)
    cancelled: float = attrs.field(default=_WEEK, validator=_positive)

    def of(self, state: State) -> float:
        """Give the seconds for a task that ended in *state*."""
        return {
            State.SUCCEEDED: self.succeeded,
            State.FAILED: self.failed,
            State.CANCELLED: self.cancelled,
        }[state]


@attrs.frozen(kw_only=True)
class NewTask:
    """A task as it is handed in.

    Attributes:
        task_id: 1 to 200 letters, digits, `.`, `_`, `-` or `:`.
        workflow: Name of the workflow to run.
        context: The initial context, a JSON object.
        structure: Paths of the workflow's steps, in order.
        owner: Who may see the task; None where nobody was asked to sign in.
        request: Digest of the request that made it, to tell a repeated one from another.
        trace: The W3C `traceparent` it was accepted in.
    """

    task_id: str
    workflow: str
    context: bytes
    structure: tuple[str, ...]
    owner: str | None = None
    request: str | None = None
    trace: str | None = None


@attrs.frozen(kw_only=True)
class TaskRecord:
    """A task as it is stored. Times are the server's, in seconds since 1970.

    Attributes:
        attempt: Counts the deliberate runs from 1; resuming it begins another.
        epoch: How often the task changed hands; writes of an earlier epoch are refused.
        deliveries: How often a worker took it on since it last got on.
        started_at: When it was first claimed.
        claimed_at: When it was last claimed.
        resumed_at: When its attempt began, if it was resumed.
        error: Why it failed.
        cancelling: Whether someone asked to cancel it.
    """

    task_id: str
    workflow: str
    state: State
    attempt: int
    epoch: int
    deliveries: int
    context: bytes
    structure: tuple[str, ...]
    owner: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: StepError | None
    claimed_at: float | None = None
    resumed_at: float | None = None
    cancelling: bool = False
    request: str | None = None
    trace: str | None = None


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class TaskSummary:
    """A line of a list of tasks; times are in seconds since 1970."""

    task_id: str
    workflow: str
    state: State
    owner: str | None
    attempt: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: StepError | None


@attrs.frozen(kw_only=True)
class Page:
    """Some of the tasks, newest first, and the cursor that the next ones follow, or None."""

    tasks: tuple[TaskSummary, ...]
    next: str | None


@attrs.frozen(kw_only=True)
class StepRecord:
    """A step's checkpoint.

    Attributes:
        path: Path of the step in its workflow.
        number: Counts the events of the task, so that it tells what was recorded before what.
        changes: The context fields the step changed, a JSON object; `{}` for a failure.
        error: Why the step failed.
        started_at: When it began, by the worker's clock, in seconds since 1970.
        finished_at: When it was recorded, by the server's clock.
    """

    path: str
    number: int
    changes: bytes
    error: StepError | None
    started_at: float
    finished_at: float


@attrs.frozen(kw_only=True)
class Report:
    """The last thing a step said of its progress; *fraction* is between 0 and 1, if known."""

    path: str
    message: str
    fraction: float | None
    at: float


@attrs.frozen(kw_only=True)
class Signal:
    """A signal that came: its JSON *body*, and when, by the server's clock."""

    body: bytes
    at: float


@attrs.frozen(kw_only=True)
class History:
    """All there is to know of a task at one moment.

    Attributes:
        steps: Checkpoints, in the order of recording.
        reports: The last report of each path that reported, oldest first.
        begun: When steps were begun that took a while, also where they have ended.
        waits: What was waited for, also where that is over.
        signals: The signals that came, by name.
    """

    task: TaskRecord
    steps: tuple[StepRecord, ...]
    reports: tuple[Report, ...]
    begun: Mapping[str, float] = attrs.field(factory=dict[str, float])
    waits: tuple[Waiting, ...] = ()
    signals: Mapping[str, Signal] = attrs.field(factory=dict[str, Signal])


@attrs.frozen(kw_only=True)
class Event:
    """One line of a task's log.

    Attributes:
        number: 1 for the first; rises by one an event, and tells a reader where to go on.
        kind: `task.` and a state, `task.cancelling`, `task.signal`, `step.succeeded`,
            `step.failed` or `step.report`.
        path: The step it is about, or the signal; None for the task itself.
        at: When, by the server's clock, in seconds since 1970.
        data: More of it, a JSON object.
    """

    number: int
    kind: str
    path: str | None
    at: float
    data: bytes
