"""A run as a value: its states, its tasks, and the steps from one state to the next."""

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

import attrs

from dara_fp.sandbox.jobs.conditions import Outcome
from dara_fp.sandbox.jobs.job_specs import RunIf, TaskSpec
from dara_fp.sandbox.server.auth import WORKSPACE_ID

__all__ = [
    "BROKEN",
    "CANCELLED",
    "FAILED",
    "FAILURES",
    "FAULT",
    "LOST",
    "PENDING",
    "QUEUED",
    "RUNNING",
    "SUCCEEDED",
    "TERMINATING",
    "TIMED_OUT",
    "Chapter",
    "Life",
    "Result",
    "Run",
    "State",
    "TaskRun",
    "ended",
    "may_start",
    "now",
    "outcome",
    "with_task",
]


class Life(StrEnum):
    """Where a run is in its life; the last three are final."""

    QUEUED = "QUEUED"
    PENDING = "PENDING"
    BLOCKED = "BLOCKED"
    WAITING_FOR_RETRY = "WAITING_FOR_RETRY"
    RUNNING = "RUNNING"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
    SKIPPED = "SKIPPED"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class Result(StrEnum):
    """How a run ended."""

    SUCCESS = "SUCCESS"
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    TIMEDOUT = "TIMEDOUT"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    EXCLUDED = "EXCLUDED"
    MAXIMUM_CONCURRENT_RUNS_REACHED = "MAXIMUM_CONCURRENT_RUNS_REACHED"


@attrs.frozen(kw_only=True)
class State:
    """A state of a run or of a task."""

    life: Life
    result: Result | None = None
    message: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self.life in FINAL


FINAL = frozenset({Life.TERMINATED, Life.SKIPPED, Life.INTERNAL_ERROR})
FAILURES = frozenset({Result.FAILED, Result.TIMEDOUT, Result.CANCELED, Result.UPSTREAM_FAILED})

QUEUED = State(life=Life.QUEUED, message="Queued: the maximum of concurrent runs is reached.")
PENDING = State(life=Life.PENDING, message="Waiting for a process")
RUNNING = State(life=Life.RUNNING, message="In run")
SUCCEEDED = State(life=Life.TERMINATED, result=Result.SUCCESS)
FAILED = State(
    life=Life.TERMINATED,
    result=Result.FAILED,
    message="Workload failed, see run output for details",
)
TERMINATING = State(life=Life.TERMINATING, message="Terminating the processes")
CANCELLED = State(life=Life.TERMINATED, result=Result.CANCELED, message="Run cancelled.")
TIMED_OUT = State(life=Life.TERMINATED, result=Result.TIMEDOUT, message="Run timed out.")
LOST = State(
    life=Life.INTERNAL_ERROR,
    result=Result.FAILED,
    message="The sandbox stopped while this run was active: start a new run.",
)
FAULT = "The sandbox failed on this: its log has the reason."
BROKEN = State(life=Life.INTERNAL_ERROR, result=Result.FAILED, message=FAULT)


@attrs.frozen(kw_only=True)
class TaskRun:
    """One task of a run.

    Attributes:
        run_id: The task's own run id.
        spec: What is run, its parameters with references still in them.
        state: Where it is.
        start_time, end_time: Milliseconds since the epoch; 0 until known.
        attempt: Number of the current attempt, from 0.
        retries: How many of the attempts were made because the one before had failed by itself.
        error: One line for a failure.
        error_trace: The traceback the process printed.
        log_bytes: Bytes the process printed, also those beyond the kept ones.
        outcome: What a condition that was evaluated came to.
        result: What a notebook gave to `dbutils.notebook.exit`.
        values: What the task keeps for others by `dbutils.jobs.taskValues`, as text.
        parent_id: The task that this is an iteration of; 0 if it is none.
        given: The input of an iteration, as JSON.
    """

    run_id: int
    spec: TaskSpec
    state: State
    start_time: int = 0
    end_time: int = 0
    attempt: int = 0
    retries: int = 0
    error: str = ""
    error_trace: str = ""
    log_bytes: int = 0
    outcome: Outcome | None = None
    result: str | None = None
    values: dict[str, str] = attrs.field(factory=dict[str, str])
    parent_id: int = 0
    given: str | None = None


@attrs.frozen(kw_only=True)
class Chapter:
    """The run itself, or one repair of it.

    Attributes:
        repair_id: Names the repair; None for the run itself.
        state: Where it is.
        start_time, end_time: Milliseconds since the epoch; 0 until known.
        task_run_ids: The tasks that ran in it.
    """

    repair_id: int | None
    state: State
    start_time: int
    end_time: int = 0
    task_run_ids: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Run:
    """One run of a job, or a submitted one.

    Attributes:
        parameters: Job parameters as name, default, value.
        python_params: What replaces the parameters of all Python tasks; None replaces nothing.
        notebook_params: What goes before the base parameters of notebooks.
        past: Tasks as they ended before they were repaired.
        iterations: Those of the tasks that run for each of several inputs.
        chapters: The run itself and then its repairs; empty until it is repaired.
        token: The idempotency token it was started with.
        cancel_requested: Whether a client asked for its end.
        host: The address its processes reach the sandbox under.
        workspace_id: The workspace it is of.
        start_time, begin_time, end_time: Asked for, first process, over; in milliseconds, 0
            until known.
    """

    run_id: int
    job_id: int
    name: str
    kind: Literal["JOB_RUN", "SUBMIT_RUN"]
    state: State
    tasks: tuple[TaskRun, ...]
    number_in_job: int
    parameters: tuple[tuple[str, str, str], ...] = ()
    python_params: tuple[str, ...] | None = None
    notebook_params: dict[str, str] = attrs.field(factory=dict[str, str])
    past: tuple[TaskRun, ...] = ()
    iterations: tuple[TaskRun, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    timeout_seconds: int = 0
    token: str | None = None
    cancel_requested: bool = False
    host: str
    workspace_id: str = WORKSPACE_ID
    start_time: int
    begin_time: int = 0
    end_time: int = 0

    def task(self, run_id: int) -> TaskRun:
        """Give the task with *run_id*, a past one or an iteration too."""
        return next(task for task in self.everything if task.run_id == run_id)

    @property
    def attempts(self) -> tuple[TaskRun, ...]:
        """All tasks, those that were repaired first."""
        return self.past + self.tasks

    @property
    def everything(self) -> tuple[TaskRun, ...]:
        """All that has a run id of its own."""
        return self.attempts + self.iterations

    @property
    def history(self) -> tuple[Chapter, ...]:
        """The run itself and then its repairs, the last one as the run is now."""
        if self.chapters:
            *before, last = self.chapters
            return (*before, attrs.evolve(last, state=self.state, end_time=self.end_time))
        ids = tuple(task.run_id for task in self.tasks)
        return (
            Chapter(
                repair_id=None,
                state=self.state,
                start_time=self.start_time,
                end_time=self.end_time,
                task_run_ids=ids,
            ),
        )


def now() -> int:
    """Give the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def with_task(run: Run, task: TaskRun) -> Run:
    """Give *run* with *task* in the place of the one with its id."""

    def changed(tasks: tuple[TaskRun, ...]) -> tuple[TaskRun, ...]:
        return tuple(task if known.run_id == task.run_id else known for known in tasks)

    if task.parent_id:
        return attrs.evolve(run, iterations=changed(run.iterations))
    return attrs.evolve(run, tasks=changed(run.tasks))


def ended(run: Run, state: State) -> Run:
    """Give *run* ended in *state*, and with it the tasks that had not ended."""
    moment = now()

    def closed(tasks: tuple[TaskRun, ...]) -> tuple[TaskRun, ...]:
        return tuple(
            task if task.state.final else attrs.evolve(task, state=state, end_time=moment)
            for task in tasks
        )

    tasks, iterations = closed(run.tasks), closed(run.iterations)
    return attrs.evolve(run, state=state, tasks=tasks, iterations=iterations, end_time=moment)


def may_start(run_if: RunIf, upstream: Sequence[Result]) -> bool:
    """Tell whether a task with the condition *run_if* runs after *upstream* ended.

    >>> may_start("ALL_SUCCESS", [Result.SUCCESS, Result.FAILED])
    False
    """
    good = [result is Result.SUCCESS for result in upstream]
    bad = [result in FAILURES for result in upstream]
    answers: dict[RunIf, bool] = {
        "ALL_SUCCESS": all(good),
        "ALL_DONE": True,
        "NONE_FAILED": not any(bad),
        "AT_LEAST_ONE_SUCCESS": not upstream or any(good),
        "ALL_FAILED": all(bad),
        "AT_LEAST_ONE_FAILED": not upstream or any(bad),
    }
    return answers[run_if]


def outcome(run: Run) -> State:
    """Give the state of *run* that follows from its ended tasks: its last tasks decide."""
    needed = {known.task_key for task in run.tasks for known in task.spec.depends_on}
    last = [task for task in run.tasks if task.spec.task_key not in needed]
    broken = [task for task in run.tasks if task.state.result is Result.FAILED] + [
        task for task in run.tasks if task.state.result is Result.TIMEDOUT
    ]
    if any(task.state.result in FAILURES for task in last):
        return _failure(run, broken[0] if broken else last[0])
    result = Result.SUCCESS_WITH_FAILURES if broken else Result.SUCCESS
    return State(life=Life.TERMINATED, result=result)


def _failure(run: Run, task: TaskRun) -> State:
    if len(run.tasks) == 1:
        return task.state
    said = f"Task {task.spec.task_key} failed with message: {task.state.message}"
    return State(
        life=Life.TERMINATED,
        result=Result.FAILED,
        message=f"{said} This caused all downstream tasks to get skipped.",
    )
