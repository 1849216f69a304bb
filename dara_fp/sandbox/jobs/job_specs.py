"""What a job is made of, and which jobs the sandbox can run."""

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, TypeAlias

import msgspec

from dara_fp.sandbox.jobs.conditions import ConditionTask, Outcome
from dara_fp.sandbox.server.errors import ApiError, invalid
from dara_fp.sandbox.server.wire import Json, convert

__all__ = [
    "KINDS",
    "ForEachTask",
    "JobSpec",
    "NotebookTask",
    "Parameter",
    "Queue",
    "RunIf",
    "SparkPythonTask",
    "SqlTask",
    "SubmitSpec",
    "TaskSpec",
    "check_parameters",
    "check_tasks",
    "in_order",
    "resolve",
    "starters",
]

PARAMETERS_LIMIT = 10_000
TASK_LIMIT = 100
STARTERS = ("schedule", "continuous", "trigger")
KINDS = ("spark_python_task", "notebook_task", "sql_task", "condition_task", "for_each_task")

RunIf = Literal[
    "ALL_SUCCESS",
    "ALL_DONE",
    "NONE_FAILED",
    "AT_LEAST_ONE_SUCCESS",
    "ALL_FAILED",
    "AT_LEAST_ONE_FAILED",
]
TaskKey = Annotated[str, msgspec.Meta(pattern=r"^[\w-]+$", max_length=100)]
Seconds = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(max_length=4096)]


class SparkPythonTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Python file of the workspace or of a volume, and what it is called with."""

    python_file: str
    parameters: tuple[str, ...] = ()
    source: Literal["WORKSPACE"] = "WORKSPACE"


class NotebookTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """A notebook of the workspace and the values of its widgets."""

    notebook_path: Annotated[str, msgspec.Meta(min_length=1)]
    base_parameters: dict[str, str] = {}
    source: Literal["WORKSPACE"] = "WORKSPACE"
    warehouse_id: str = ""


class SqlFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of SQL statements in the workspace."""

    path: Annotated[str, msgspec.Meta(min_length=1)]
    source: Literal["WORKSPACE"] = "WORKSPACE"


class SqlTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of SQL statements, and values for the `:name`s in it."""

    file: SqlFile
    warehouse_id: str
    parameters: dict[str, str] = {}


class Dependency(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task that must have ended before; a condition with that *outcome*, if one is given."""

    task_key: str
    outcome: Outcome | None = None


class ForEachTask(msgspec.Struct, frozen=True, omit_defaults=True):
    """A task for each element of an array, so many of them at once."""

    inputs: str
    task: "TaskSpec"
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 1


Work: TypeAlias = SparkPythonTask | NotebookTask | SqlTask | ConditionTask


class TaskSpec(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task of a job: a program, a condition, or one for each of several inputs."""

    task_key: TaskKey
    spark_python_task: SparkPythonTask | None = None
    notebook_task: NotebookTask | None = None
    sql_task: SqlTask | None = None
    condition_task: ConditionTask | None = None
    for_each_task: ForEachTask | None = None
    description: str = ""
    depends_on: tuple[Dependency, ...] = ()
    run_if: RunIf = "ALL_SUCCESS"
    timeout_seconds: Seconds = 0
    max_retries: Annotated[int, msgspec.Meta(ge=-1, le=100)] = 0
    min_retry_interval_millis: Annotated[int, msgspec.Meta(ge=0)] = 0
    retry_on_timeout: bool = False

    @property
    def work(self) -> Work:
        """What it runs itself, if it is not for each of several inputs."""
        work = self.spark_python_task or self.notebook_task or self.sql_task or self.condition_task
        assert work is not None  # noqa: S101 - `check_tasks` has refused a task without
        return work


class Parameter(msgspec.Struct, frozen=True):
    """A job parameter and its default."""

    name: str
    default: str


class Queue(msgspec.Struct, frozen=True):
    """Whether a run waits when too many others are active."""

    enabled: bool = False


class JobSpec(msgspec.Struct, frozen=True):
    """What the sandbox reads of a job's settings; the rest is kept and given back."""

    tasks: tuple[TaskSpec, ...] = ()
    name: Name = "Untitled"
    parameters: tuple[Parameter, ...] = ()
    max_concurrent_runs: Annotated[int, msgspec.Meta(ge=0, le=2000)] = 1
    queue: Queue = Queue()
    timeout_seconds: Seconds = 0


class SubmitSpec(msgspec.Struct, frozen=True):
    """What the sandbox reads of a one-time run."""

    tasks: tuple[TaskSpec, ...]
    run_name: Name = "Untitled"
    timeout_seconds: Seconds = 0
    idempotency_token: str | None = None


class _ForEach(msgspec.Struct, frozen=True):
    task: Json


class _Starter(msgspec.Struct, frozen=True):
    pause_status: Literal["PAUSED", "UNPAUSED"] = "UNPAUSED"


def check_tasks(settings: Json, refuse: Callable[[str], ApiError]) -> None:
    """Refuse the tasks of *settings* that cannot run, and by *refuse* those the sandbox has not.

    Raises:
        ApiError: 400, naming the task and what is wrong with it; 501, a kind the sandbox has not.
    """
    raw = _raw_tasks(settings)
    for task in raw:
        _check_kind(task, refuse)
    if len(raw) > TASK_LIMIT:
        raise invalid(f"The sandbox takes {TASK_LIMIT} tasks a job at most, got {len(raw)}.")


def starters(settings: Json) -> list[str]:
    """Name what of *settings* would start runs by itself and is not paused.

    >>> starters({"schedule": {"pause_status": "PAUSED"}, "continuous": {}})
    ['continuous']
    """
    given = {name: settings[name] for name in STARTERS if settings.get(name) is not None}
    read = {name: convert(value, _Starter, name) for name, value in given.items()}
    return [name for name, starter in read.items() if starter.pause_status == "UNPAUSED"]


def in_order(tasks: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
    """Give *tasks* so that each comes after those it depends on.

    Raises:
        ApiError: 400; a key is there twice, is not there, or depends on itself.
    """
    by_key = {task.task_key: task for task in tasks}
    if len(by_key) != len(tasks):
        raise invalid("Two tasks have the same task_key: give each its own.")
    for task in tasks:
        for needed in task.depends_on:
            _check_dependency(task, needed, by_key.get(needed.task_key))
    graph = {task.task_key: [needed.task_key for needed in task.depends_on] for task in tasks}
    try:
        return tuple(by_key[key] for key in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise invalid(f"The tasks depend on each other in a circle: {error.args[1]}.") from None


def check_parameters(parameters: object, field: str) -> None:
    """Refuse *parameters* beyond 10,000 bytes of JSON; the error names the *field*."""
    if len(msgspec.json.encode(parameters)) > PARAMETERS_LIMIT:
        raise invalid(f"The JSON representation of {field} cannot exceed {PARAMETERS_LIMIT} bytes.")


def resolve(text: str, values: dict[str, str]) -> str:
    """Put *values* in the place of the `{{name}}` references of *text*; unknown ones stay.

    >>> resolve("{{job.parameters.day}}/{{ other }}", {"job.parameters.day": "monday"})
    'monday/{{ other }}'
    """
    # A pass from left to right, so that a value which looks like a reference stays as it is.
    head, found, rest = text.partition("{{")
    done = [head]
    while found:
        name, closed, tail = rest.partition("}}")
        if not closed:
            return "".join([*done, "{{", rest])
        done.append(values.get(name.strip(), f"{{{{{name}}}}}"))
        head, found, rest = tail.partition("{{")
        done.append(head)
    return "".join(done)


def _raw_tasks(settings: Json) -> list[Json]:
    return convert(settings.get("tasks") or [], list[Json], "tasks")


def _check_kind(task: Json, refuse: Callable[[str], ApiError]) -> None:
    key = task.get("task_key")
    kinds = [name for name in task if name.endswith("_task")]
    others = [kind for kind in kinds if kind not in KINDS]
    if others:
        raise refuse(f"{others[0]} of task {key!r}; it runs {' and '.join(KINDS)}")
    if len(kinds) != 1:
        said = "has nothing to run" if not kinds else f"has {' and '.join(kinds)}"
        raise invalid(f"Task {key!r} {said}: give it one of {' and '.join(KINDS)}.")
    if kinds == ["for_each_task"]:
        _check_nested(task, refuse)


def _check_nested(task: Json, refuse: Callable[[str], ApiError]) -> None:
    nested = convert(task["for_each_task"], _ForEach, "for_each_task").task
    said = f"The task inside of the for_each_task of {task.get('task_key')!r}"
    for field in ("depends_on", "for_each_task"):
        if nested.get(field):
            raise invalid(f"{said} has {field}, which it cannot have.")
    if task.get("max_retries"):
        raise invalid(f"{said} is what is tried again: give max_retries to it.")
    _check_kind(nested, refuse)


def _check_dependency(task: TaskSpec, needed: Dependency, found: TaskSpec | None) -> None:
    said = f"Task {task.task_key!r} depends on {needed.task_key!r}"
    if found is None:
        raise invalid(f"{said}, which does not exist.")
    if needed.outcome is not None and found.condition_task is None:
        raise invalid(f"{said} with an outcome, which only a condition_task has.")
