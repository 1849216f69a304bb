"""A fault of the sandbox itself ends the one task it met, and says what it is."""

import asyncio
import logging
from pathlib import Path
from typing import Any, cast

import pytest

from dara_fp.sandbox.jobs.conditions import ConditionTask
from dara_fp.sandbox.jobs.engine import Engine
from dara_fp.sandbox.jobs.job_specs import SqlFile, SqlTask, TaskSpec
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.runs import BROKEN, PENDING, Life, Result, Run, TaskRun
from dara_fp.sandbox.jobs.task_work import TaskWork
from dara_fp.sandbox.server.auth import Tokens
from tests.sandbox.served import TOKEN

SQL = TaskSpec(task_key="sql", sql_task=SqlTask(file=SqlFile(path="/a.sql"), warehouse_id="w"))
NEXT = TaskSpec(
    task_key="condition",
    condition_task=ConditionTask(op="EQUAL_TO", left="1", right="1"),
)


class BrokenLake:
    """A lake with an engine that has a fault."""

    def __init__(self) -> None:
        self.engine = self

    def run_script(self, *_asked: object) -> None:
        raise AttributeError("a fault nobody thought of")


def a_run(store: JobStore, *specs: TaskSpec) -> Run:
    tasks = tuple(TaskRun(run_id=store.new_id(), spec=spec, state=PENDING) for spec in specs)
    return Run(
        run_id=store.new_id(), job_id=1, name="", kind="JOB_RUN", state=PENDING, tasks=tasks,
        number_in_job=1, host="", start_time=0,
    )  # fmt: skip


def engine_of(place: Path, store: JobStore, lake: object) -> Engine:
    (place / "Workspace").mkdir(parents=True)
    (place / "Workspace/a.sql").write_text("SELECT 1")
    work = TaskWork(store=store, root=place, lake=cast("Any", lake))
    return Engine(store, Tokens(TOKEN), work)


async def ended(store: JobStore, run: Run) -> Run:
    async with asyncio.timeout(10):
        while store.is_active(run.run_id):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    return store.run(run.run_id)


async def test_a_fault_of_the_sandbox_ends_its_task_and_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = JobStore(tmp_path / "jobs")
    engine = engine_of(tmp_path / "files", store, BrokenLake())
    with caplog.at_level(logging.ERROR, "dara_fp.sandbox"):
        run = await ended(store, engine.start(a_run(store, SQL, NEXT), limit=None, queue=False))
    await engine.close()
    ends = {task.spec.task_key: task.state for task in run.tasks}
    assert ends["condition"].result is Result.SUCCESS
    assert (ends["sql"].life, ends["sql"].result) == (Life.INTERNAL_ERROR, Result.FAILED)
    assert "The sandbox failed" in ends["sql"].message
    assert "a fault nobody thought of" in caplog.text


async def test_a_run_that_cannot_be_driven_is_not_called_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = JobStore(tmp_path / "jobs")
    engine = engine_of(tmp_path / "files", store, BrokenLake())

    def broken(*_asked: Any, **_changes: Any) -> None:
        raise KeyError("a fault in the driver")

    monkeypatch.setattr(engine, "_attempt", broken)
    run = await ended(store, engine.start(a_run(store, NEXT), limit=None, queue=False))
    await engine.close()
    assert run.state == BROKEN
    assert "a fault in the driver" in caplog.text
