"""Repairs of runs: which tasks run again, and the run that goes on with them."""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

import attrs
import msgspec

from dara_fp.sandbox.jobs.runs import FAILURES, PENDING, Chapter, Run, TaskRun, now
from dara_fp.sandbox.server.errors import invalid

__all__ = ["AskedRepair", "repaired"]

T = TypeVar("T")

_HOW = "give rerun_tasks or rerun_all_failed_tasks"


class AskedRepair(msgspec.Struct):
    """The body of `jobs/runs/repair`."""

    run_id: int
    rerun_tasks: tuple[str, ...] = ()
    rerun_all_failed_tasks: bool = False
    rerun_dependent_tasks: bool = False
    latest_repair_id: int | None = None
    job_parameters: dict[str, str] = {}
    python_params: tuple[str, ...] | None = None
    notebook_params: dict[str, str] | None = None


def repaired(run: Run, asked: AskedRepair, new_id: Callable[[], int]) -> Run:
    """Give *run* as it begins again with the tasks that were *asked* for.

    They begin as new attempts with ids of their own; the others stay as they ended. Parameters that
    are given take the place of the run's.

    Raises:
        ApiError: 400; the run is active, another repair came before, or no task would run.
    """
    _check(run, asked)
    again = _chosen(run, asked)
    fresh = {task.run_id: _fresh(task, new_id()) for task in run.tasks if _key(task) in again}
    chapter = Chapter(
        repair_id=new_id(),
        state=PENDING,
        start_time=now(),
        task_run_ids=tuple(task.run_id for task in fresh.values()),
    )
    return attrs.evolve(
        run,
        state=PENDING,
        end_time=0,
        cancel_requested=False,
        past=run.past + tuple(task for task in run.tasks if task.run_id in fresh),
        tasks=tuple(fresh.get(task.run_id, task) for task in run.tasks),
        chapters=(*run.history, chapter),
        parameters=_job_parameters(run, asked.job_parameters),
        python_params=_first(asked.python_params, run.python_params),
        notebook_params=_first(asked.notebook_params, run.notebook_params),
    )


def _check(run: Run, asked: AskedRepair) -> None:
    if not run.state.final:
        raise invalid(f"Run {run.run_id} is still active: it can be repaired once it has ended.")
    latest = run.history[-1].repair_id
    if asked.latest_repair_id != latest:
        said = "it was not repaired yet" if latest is None else f"its latest repair is {latest}"
        raise invalid(
            f"latest_repair_id is {asked.latest_repair_id}, and run {run.run_id} goes on from"
            f" another state: {said}."
        )
    if bool(asked.rerun_tasks) == asked.rerun_all_failed_tasks:
        raise invalid(f"Exactly one is needed to repair run {run.run_id}: {_HOW}.")
    unknown = set(asked.rerun_tasks) - {_key(task) for task in run.tasks}
    if unknown:
        raise invalid(f"Run {run.run_id} has no task {min(unknown)!r}: name one of its tasks.")


def _chosen(run: Run, asked: AskedRepair) -> Collection[str]:
    if not asked.rerun_all_failed_tasks:
        chosen = set(asked.rerun_tasks)
        return _with_dependents(run, chosen) if asked.rerun_dependent_tasks else chosen
    chosen = {_key(task) for task in run.tasks if task.state.result in FAILURES}
    if not chosen:
        raise invalid(f"Run {run.run_id} has no failed tasks to repair.")
    return chosen


def _with_dependents(run: Run, chosen: set[str]) -> set[str]:
    # The tasks of a run are in an order in which each comes after those it depends on.
    for task in run.tasks:
        if any(needed.task_key in chosen for needed in task.spec.depends_on):
            chosen.add(_key(task))
    return chosen


def _job_parameters(run: Run, given: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    known = {name: (default, value) for name, default, value in run.parameters}
    both = known | {name: (known.get(name, ("", ""))[0], value) for name, value in given.items()}
    return tuple((name, default, value) for name, (default, value) in both.items())


def _first(given: T | None, known: T) -> T:
    return known if given is None else given


def _fresh(task: TaskRun, run_id: int) -> TaskRun:
    return TaskRun(run_id=run_id, spec=task.spec, state=PENDING, attempt=task.attempt + 1)


def _key(task: TaskRun) -> str:
    return task.spec.task_key
