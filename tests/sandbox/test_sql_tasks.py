"""Files of SQL end with the task they are of, and leave the threads of the sandbox alone."""

import asyncio
import threading
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import RunResultState, SqlTask, SqlTaskFile, SubmitTask
from databricks.sdk.service.workspace import ImportFormat

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.jobs.sql_scripts import AT_ONCE, SqlScripts
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Parameter
from tests.sandbox.served import finished, started

ENDLESS = "SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b"
INSERT = "INSERT INTO t VALUES (1)"


class StubbornLake:
    """A lake whose one engine works until it is stopped, and then a little longer."""

    def __init__(self) -> None:
        self.engine = self
        self.begun = threading.Semaphore(0)
        self.ended: list[str] = []

    def run_script(self, text: str, _parameters: Sequence[Parameter], running: Running) -> None:
        self.begun.release()
        stopped = threading.Event()
        while not running.stopped:
            stopped.wait(0.005)
        stopped.wait(0.05)
        self.ended.append(text)
        running.check()


async def begun(lake: StubbornLake, number: int) -> None:
    for _ in range(number):
        assert await asyncio.to_thread(lake.begun.acquire, timeout=10)


async def test_a_task_that_is_cancelled_ends_after_its_statement() -> None:
    lake = StubbornLake()
    scripts = SqlScripts(cast("Any", lake))
    task = asyncio.create_task(scripts.said("one", {}))
    await begun(lake, 1)
    task.cancel()
    await asyncio.sleep(0.01)
    task.cancel()  # as a sandbox that ends does it once more
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lake.ended == ["one"]
    scripts.close()


async def test_many_tasks_leave_threads_to_the_sandbox_and_those_that_wait_never_begin() -> None:
    lake = StubbornLake()
    scripts = SqlScripts(cast("Any", lake))
    tasks = [asyncio.create_task(scripts.said(str(number), {})) for number in range(50)]
    await begun(lake, AT_ONCE)
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: "a thread was free") == "a thread was free"
    for task in reversed(tasks):
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} == {asyncio.CancelledError}
    assert len(lake.ended) == AT_ONCE
    scripts.close()


async def test_a_script_that_is_stopped_does_no_statement_after(tmp_path: Path) -> None:
    root = tmp_path / "files"
    engine = Lake(Catalog(tmp_path / "catalog", root / "Volumes"), root).engine
    engine.run_script("CREATE TABLE t (n INT)")
    running = Running()
    text = f"{ENDLESS}; {INSERT}"
    work = asyncio.create_task(asyncio.to_thread(engine.run_script, text, (), running))
    while not work.done():
        await asyncio.wait([work], timeout=0.2)
        running.stop()
    with pytest.raises(SqlError, match="canceled"):
        await work
    assert engine.run_script("SELECT n FROM t").to_pylist() == []


def test_a_sql_task_that_takes_too_long_is_timed_out(workspace: WorkspaceClient) -> None:
    path = f"/Shared/{uuid.uuid4().hex}.sql"
    workspace.workspace.upload(path, ENDLESS.encode(), format=ImportFormat.RAW)
    work = SqlTask(warehouse_id="of-no-matter", file=SqlTaskFile(path=path))
    task = SubmitTask(task_key="s", sql_task=work, timeout_seconds=1)
    run = finished(workspace, started(workspace.jobs.submit(tasks=[task])))
    assert run.state
    assert run.state.result_state is RunResultState.TIMEDOUT
