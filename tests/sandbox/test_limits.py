"""How many runs and processes are active at once, and that none starts while the sandbox ends."""

from collections.abc import Callable
from pathlib import Path

import httpx
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import QueueSettings, RunLifeCycleState

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.jobs.engine import PROCESS_LIMIT, Engine
from dara_fp.sandbox.jobs.job_specs import SparkPythonTask, TaskSpec
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.runs import LOST, PENDING, QUEUED, Run, TaskRun
from dara_fp.sandbox.jobs.task_work import TaskWork
from dara_fp.sandbox.server.auth import Tokens
from dara_fp.sandbox.sql.lake import Lake
from tests.sandbox.served import TOKEN, finished, life, started, submitted, task, wait_until

SLEEP = "import time; time.sleep(60)"


def test_a_queued_run_waits_until_fewer_than_the_limit_are_active(
    workspace: WorkspaceClient, script: Callable[[str], str]
) -> None:
    tasks = [task("main", script(SLEEP))]
    job_id = workspace.jobs.create(tasks=tasks, max_concurrent_runs=2).job_id or 0
    queue = QueueSettings(enabled=True)
    first, second, last = (started(workspace.jobs.run_now(job_id, queue=queue)) for _ in "123")
    assert life(workspace, last) is RunLifeCycleState.QUEUED
    # Of a job that is no more, one run at a time is left.
    workspace.jobs.delete(job_id)
    workspace.jobs.cancel_run(first)
    finished(workspace, first)
    assert life(workspace, last) is RunLifeCycleState.QUEUED
    workspace.jobs.cancel_run(second)
    wait_until(lambda: life(workspace, last) is RunLifeCycleState.RUNNING)
    workspace.jobs.cancel_run(last)
    finished(workspace, last)


def test_so_many_processes_run_at_once_and_the_others_wait(
    workspace: WorkspaceClient, http: httpx.Client, script: Callable[[str], str]
) -> None:
    file = script(SLEEP)
    tasks = [submitted(f"t{place}", file) for place in range(PROCESS_LIMIT + 2)]
    run_id = started(workspace.jobs.submit(tasks=tasks))

    def states() -> list[str]:
        answer = http.get("/api/2.2/jobs/runs/get", params={"run_id": run_id}).json()
        return sorted(known["state"]["life_cycle_state"] for known in answer["tasks"])

    wait_until(lambda: states().count("RUNNING") >= PROCESS_LIMIT)
    assert states() == ["PENDING"] * 2 + ["RUNNING"] * PROCESS_LIMIT
    workspace.jobs.cancel_run(run_id)
    finished(workspace, run_id)


def a_run(store: JobStore, file: str) -> Run:
    spec = TaskSpec(task_key="main", spark_python_task=SparkPythonTask(python_file=file))
    return Run(
        run_id=store.new_id(), job_id=1, name="", kind="JOB_RUN", state=PENDING,
        tasks=(TaskRun(run_id=store.new_id(), spec=spec, state=PENDING),),
        number_in_job=1, host="", start_time=0,
    )  # fmt: skip


async def test_no_queued_run_starts_while_the_sandbox_ends(tmp_path: Path) -> None:
    file = tmp_path / "files" / "Volumes" / "a" / "b" / "c" / "x.py"
    file.parent.mkdir(parents=True)
    file.write_text(SLEEP)
    store = JobStore(tmp_path / "jobs")
    root = tmp_path / "files"
    lake = Lake(Catalog(tmp_path / "catalog", root / "Volumes"), root)
    engine = Engine(store, Tokens(TOKEN), TaskWork(store=store, root=root, lake=lake))
    active, queued = (
        engine.start(a_run(store, "/Volumes/a/b/c/x.py"), limit=1, queue=True) for _ in "12"
    )
    await engine.close()
    states = [store.run(run.run_id).state for run in (active, queued)]
    # A run that started after all would hold up the end of the event loop.
    await engine.close()
    assert states == [LOST, QUEUED]
