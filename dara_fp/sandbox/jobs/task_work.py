"""What a task of a run does: a program, a notebook, a condition or a file of SQL."""

import asyncio
import json
import logging
from pathlib import Path

import attrs
import msgspec

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.files.paths import object_path
from dara_fp.sandbox.jobs.conditions import ConditionTask, evaluate
from dara_fp.sandbox.jobs.iterations import inputs_of, values_of
from dara_fp.sandbox.jobs.job_specs import (
    ForEachTask,
    NotebookTask,
    SparkPythonTask,
    SqlTask,
    resolve,
)
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.processes import Exit, Script, error_of, run_script, script_environment
from dara_fp.sandbox.jobs.runs import (
    FAILED,
    FAULT,
    SUCCEEDED,
    TIMED_OUT,
    Life,
    Result,
    Run,
    State,
    TaskRun,
    now,
)
from dara_fp.sandbox.jobs.sql_scripts import SqlScripts
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.warehouses import FIRST as WAREHOUSE_ID

__all__ = ["TaskWork"]

logger = logging.getLogger("dara_fp.sandbox")

_LEFT = "left.json"
_RUNNER = Path(__file__).with_name("notebook_process.py")


class _Left(msgspec.Struct):
    """What a notebook leaves behind."""

    result: str | None = None
    values: dict[str, str] = {}


@attrs.frozen(kw_only=True)
class TaskWork:
    """Does the work of tasks.

    Attributes:
        store: Where output goes.
        root: The directory below which `/Volumes` and `/Workspace` live.
        lake: The tables that files of SQL work on.
    """

    store: JobStore
    root: Path
    lake: Lake
    _scripts: SqlScripts = attrs.field(
        init=False, default=attrs.Factory(lambda self: SqlScripts(self.lake), takes_self=True)
    )

    def close(self) -> None:
        """Let go of what the work has used, once all of it has ended."""
        self._scripts.close()

    async def done(self, run: Run, task: TaskRun, token: str) -> TaskRun:
        """Do the work of *task* of *run*, whose programs call back with *token*; give its end."""
        try:
            async with asyncio.timeout(task.spec.timeout_seconds or None):
                return await self._done(run, task, token)
        except TimeoutError:
            return attrs.evolve(task, state=TIMED_OUT, end_time=now())
        except (OSError, ValueError, ApiError) as error:
            return attrs.evolve(task, state=_not_started(str(error)), end_time=now())
        except Exception:
            # A fault of ours ends this task alone: its siblings are not to pay for it.
            logger.exception("run %d, task %s: a fault of the sandbox", run.run_id, _key(task))
            return attrs.evolve(task, state=_not_started(FAULT), end_time=now())

    def inputs(self, run: Run, task: TaskRun, work: ForEachTask) -> list[str]:
        """Give the inputs that *work*, the work of *task* in *run*, is for, each as JSON.

        Raises:
            ValueError: They are no array.
        """
        return inputs_of(resolve(work.inputs, _values(run, task)))

    async def _done(self, run: Run, task: TaskRun, token: str) -> TaskRun:
        work = task.spec.work
        if isinstance(work, ConditionTask):
            return _judged(run, task, work)
        if isinstance(work, SqlTask):
            return await self._statements(run, task, work)
        if isinstance(work, NotebookTask):
            return await self._notebook(run, task, work, token)
        return await self._program(run, task, work, token)

    async def _program(
        self, run: Run, task: TaskRun, program: SparkPythonTask, token: str
    ) -> TaskRun:
        shown = program.python_file
        file = object_path(self.root, shown)
        if not file.is_file():
            raise FileNotFoundError(f"Cannot read the python file {shown}: upload it first.")
        given = program.parameters if run.python_params is None else run.python_params
        values = _values(run, task)
        script = self._script(run, task, token, file, *(resolve(text, values) for text in given))
        return _ended(task, await run_script(script))

    async def _notebook(
        self, run: Run, task: TaskRun, notebook: NotebookTask, token: str
    ) -> TaskRun:
        shown = notebook.notebook_path
        file = object_path(self.root, shown)
        if not file.is_file():
            said = f"Unable to access the notebook {shown!r}: import it into the workspace first."
            raise FileNotFoundError(said)
        place = self.store.place(task)
        left = place / _LEFT
        left.unlink(missing_ok=True)  # of an attempt before
        plan = {
            "notebook": shown,
            "folder": str(file.parent),
            "root": str(self.root.resolve()),
            "parameters": _widgets(run, task, notebook),
            "values": {known.spec.task_key: known.values for known in run.tasks},
            "left": str(left),
            "warehouse": WAREHOUSE_ID,
        }
        write_atomically(place / "plan.json", msgspec.json.encode(plan))
        end = await run_script(self._script(run, task, token, _RUNNER, str(place / "plan.json")))
        kept = msgspec.json.decode(left.read_bytes(), type=_Left) if left.exists() else _Left()
        return attrs.evolve(_ended(task, end), result=kept.result, values=kept.values)

    async def _statements(self, run: Run, task: TaskRun, work: SqlTask) -> TaskRun:
        shown = work.file.path
        file = object_path(self.root, shown)
        if not file.is_file():
            raise FileNotFoundError(f"Unable to read the SQL file {shown!r}: import it first.")
        values = _values(run, task)
        given = {name: resolve(text, values) for name, text in work.parameters.items()}
        said = await self._scripts.said(file.read_text("utf-8"), given)
        if said:
            return attrs.evolve(task, state=FAILED, error=said, end_time=now())
        return attrs.evolve(task, state=SUCCEEDED, end_time=now())

    def _script(self, run: Run, task: TaskRun, token: str, file: Path, *parameters: str) -> Script:
        return Script(
            file=file,
            parameters=parameters,
            directory=self.store.place(task) / "work",
            environment=script_environment(self.root, run.host, token),
            log=self.store.log(task),
        )


def _ended(task: TaskRun, end: Exit) -> TaskRun:
    if end.code == 0:
        state, error, trace = SUCCEEDED, "", ""
    else:
        state, (error, trace) = FAILED, error_of(end)
    return attrs.evolve(
        task, state=state, end_time=now(), error=error, error_trace=trace, log_bytes=end.log_bytes
    )


def _judged(run: Run, task: TaskRun, condition: ConditionTask) -> TaskRun:
    """Give *task* of *run* as it is when its *condition* has been evaluated."""
    values = _values(run, task)
    left, right = resolve(condition.left, values), resolve(condition.right, values)
    try:
        outcome = evaluate(condition.op, left, right)
    except ValueError as error:
        failed = attrs.evolve(FAILED, message=str(error))
        return attrs.evolve(task, state=failed, error=str(error), end_time=now())
    return attrs.evolve(task, state=SUCCEEDED, outcome=outcome, end_time=now())


def _widgets(run: Run, task: TaskRun, notebook: NotebookTask) -> dict[str, str]:
    """Give the parameters of *notebook*: the job's before the run's, and these before its own."""
    values = _values(run, task)
    own = {name: resolve(text, values) for name, text in notebook.base_parameters.items()}
    of_job = {name: value for name, _, value in run.parameters}
    return own | run.notebook_params | of_job


def _values(run: Run, task: TaskRun) -> dict[str, str]:
    values = {f"job.parameters.{name}": value for name, _, value in run.parameters}
    for known in run.tasks:
        for name, left in known.values.items():
            values[f"tasks.{known.spec.task_key}.values.{name}"] = _text(left)
    ids = {"job.id": run.job_id, "job.run_id": run.run_id, "task.run_id": task.run_id}
    values |= {name: str(number) for name, number in ids.items()}
    values |= {"job_id": str(run.job_id), "run_id": str(run.run_id)}
    values |= values_of(task.given)
    return values | {"job.name": run.name, "task.name": task.spec.task_key}


def _text(left: str) -> str:
    value: object = json.loads(left)
    return value if isinstance(value, str) else left


def _key(task: TaskRun) -> str:
    return task.spec.task_key


def _not_started(said: str) -> State:
    return State(life=Life.INTERNAL_ERROR, result=Result.FAILED, message=said)
