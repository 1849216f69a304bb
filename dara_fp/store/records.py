"""What the store keeps of a task, as frozen values."""

from enum import StrEnum

import attrs

from dara_fp.core.errors import StepError

__all__ = ["Event", "History", "NewTask", "Report", "State", "StepRecord", "TaskRecord"]


class State(StrEnum):
    """How far a task is; a task only moves down this list.

    >>> [state.final for state in State]
    [False, False, True, True]
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to a task in this state."""
        return self in {State.SUCCEEDED, State.FAILED}


@attrs.frozen(kw_only=True)
class NewTask:
    """A task as it is handed in.

    Attributes:
        task_id: 1 to 200 letters, digits, `.`, `_`, `-` or `:`.
        workflow: Name of the workflow to run.
        context: The initial context, a JSON object.
        structure: Paths of the workflow's steps, in order.
        owner: Who may see the task; None where nobody was asked to sign in.
    """

    task_id: str
    workflow: str
    context: bytes
    structure: tuple[str, ...]
    owner: str | None = None


@attrs.frozen(kw_only=True)
class TaskRecord:
    """A task as it is stored. Times are the server's, in seconds since 1970.

    Attributes:
        epoch: How often the task changed hands; writes of an earlier epoch are refused.
        deliveries: How often a worker took it on.
        started_at: When it was first claimed.
        error: Why it failed.
    """

    task_id: str
    workflow: str
    state: State
    epoch: int
    deliveries: int
    context: bytes
    structure: tuple[str, ...]
    owner: str | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: StepError | None


@attrs.frozen(kw_only=True)
class StepRecord:
    """A step's checkpoint.

    Attributes:
        path: Path of the step in its workflow.
        changes: The context fields the step changed, a JSON object; `{}` for a failure.
        error: Why the step failed.
        started_at: When it began, by the worker's clock, in seconds since 1970.
        finished_at: When it was recorded, by the server's clock.
    """

    path: str
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
class History:
    """All there is to know of a task at one moment.

    Attributes:
        steps: Checkpoints, in the order of recording.
        reports: The last report of each path that reported, oldest first.
    """

    task: TaskRecord
    steps: tuple[StepRecord, ...]
    reports: tuple[Report, ...]


@attrs.frozen(kw_only=True)
class Event:
    """One line of a task's log.

    Attributes:
        number: 1 for the first; rises by one an event, and tells a reader where to go on.
        kind: `task.queued`, `task.running`, `task.succeeded`, `task.failed`, `step.succeeded`,
            `step.failed` or `step.report`.
        path: The step it is about, None for the task itself.
        at: When, by the server's clock, in seconds since 1970.
        data: More of it, a JSON object.
    """

    number: int
    kind: str
    path: str | None
    at: float
    data: bytes
