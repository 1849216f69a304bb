"""What a task of a run does once the references in its settings have their values."""

import attrs

from dara_fp.sandbox.conditions import ConditionTask, evaluate
from dara_fp.sandbox.job_specs import SparkPythonTask, resolve
from dara_fp.sandbox.runs import FAILED, SUCCEEDED, Run, TaskRun, now

__all__ = ["judged", "parameters"]


def parameters(run: Run, task: TaskRun, program: SparkPythonTask) -> tuple[str, ...]:
    """Give the arguments that *task* of *run* calls *program* with."""
    given = program.parameters if run.python_params is None else run.python_params
    values = _values(run, task)
    return tuple(resolve(text, values) for text in given)


def judged(run: Run, task: TaskRun, condition: ConditionTask) -> TaskRun:
    """Give *task* of *run* as it is when its *condition* has been evaluated."""
    values = _values(run, task)
    left, right = resolve(condition.left, values), resolve(condition.right, values)
    try:
        outcome = evaluate(condition.op, left, right)
    except ValueError as error:
        failed = attrs.evolve(FAILED, message=str(error))
        return attrs.evolve(task, state=failed, error=str(error), end_time=now())
    return attrs.evolve(task, state=SUCCEEDED, outcome=outcome, end_time=now())


def _values(run: Run, task: TaskRun) -> dict[str, str]:
    values = {f"job.parameters.{name}": value for name, _, value in run.parameters}
    ids = {"job.id": run.job_id, "job.run_id": run.run_id, "task.run_id": task.run_id}
    values |= {name: str(number) for name, number in ids.items()}
    values |= {"job_id": str(run.job_id), "run_id": str(run.run_id)}
    return values | {"job.name": run.name, "task.name": task.spec.task_key}
