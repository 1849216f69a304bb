"""A run that failed is repaired: what went well stays, what failed runs again."""

import signal
import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import (
    RepairHistoryItemType,
    Run,
    RunLifeCycleState,
    RunResultState,
    TaskDependency,
)

from dara_fp.sandbox.jobs.job_specs import TaskSpec
from dara_fp.sandbox.jobs.repairs import AskedRepair, repaired
from dara_fp.sandbox.jobs.runs import FAILED, TaskRun
from dara_fp.sandbox.jobs.runs import Run as AttemptedRun
from tests.sandbox.served import (
    Served,
    finished,
    life,
    serve,
    started,
    submitted,
    task,
    wait_until,
)

Script = Callable[[str], str]

COUNT = """
import os, sys
from pathlib import Path
place = Path(os.environ["DARA_SANDBOX_ROOT"], sys.argv[1].lstrip("/"))
before = int(place.read_text()) if place.exists() else 0
place.write_text(str(before + 1))
print("run number", before + 1)
sys.exit(before < int(sys.argv[2]))
"""
"""Fails as often as its second argument says, counting in the file its first one names."""


def ends(run: Run) -> dict[str, tuple[int | None, RunResultState | None]]:
    """Give the last attempt's number and result of each task."""
    found: dict[str, tuple[int | None, RunResultState | None]] = {}
    for known in run.tasks or []:
        result = known.state.result_state if known.state else None
        found[known.task_key or ""] = (known.attempt_number, result)
    return found


def repair(workspace: WorkspaceClient, run_id: int, **how: object) -> int:
    waiting = workspace.jobs.repair_run(run_id, **how)  # type: ignore[arg-type] # passed through
    return int(vars(waiting)["response"].repair_id)


@pytest.fixture
def failed(workspace: WorkspaceClient, script: Script, volume: str) -> int:
    """Run three tasks of which the second fails once, and so the third does not run."""
    count = script(COUNT)
    tasks = [
        submitted("first", count, f"{volume}/first", "0"),
        submitted(
            "second", count, f"{volume}/second", "1", depends_on=[TaskDependency(task_key="first")]
        ),
        submitted(
            "third", count, f"{volume}/third", "0", depends_on=[TaskDependency(task_key="second")]
        ),
    ]
    run_id = started(workspace.jobs.submit(tasks=tasks))
    state = finished(workspace, run_id).state
    assert state
    assert state.result_state is RunResultState.FAILED
    return run_id


def test_what_failed_runs_again_and_what_went_well_stays(
    workspace: WorkspaceClient, failed: int
) -> None:
    before = workspace.jobs.get_run(failed)
    repair_id = repair(workspace, failed, rerun_all_failed_tasks=True)
    run = finished(workspace, failed)
    assert ends(run) == {
        "first": (0, RunResultState.SUCCESS),
        "second": (1, RunResultState.SUCCESS),
        "third": (1, RunResultState.SUCCESS),
    }
    assert run.state
    assert run.state.result_state is RunResultState.SUCCESS
    history = workspace.jobs.get_run(failed, include_history=True).repair_history
    assert history
    original, repaired = history
    assert (original.type, original.id) == (RepairHistoryItemType.ORIGINAL, None)
    assert original.state
    assert original.state.result_state is RunResultState.FAILED
    assert original.task_run_ids == [known.run_id for known in before.tasks or []]
    assert (repaired.type, repaired.id) == (RepairHistoryItemType.REPAIR, repair_id)
    assert repaired.state
    assert repaired.state.result_state is RunResultState.SUCCESS
    assert len(repaired.task_run_ids or []) == 2
    outputs = [
        workspace.jobs.get_run_output(known.run_id or 0).logs
        for known in run.tasks or []
        if known.task_key == "second"
    ]
    assert outputs == ["run number 1\n", "run number 2\n"]


def test_named_tasks_run_again_with_those_that_depend_on_them_where_that_is_asked_for(
    workspace: WorkspaceClient, failed: int
) -> None:
    first = repair(workspace, failed, rerun_tasks=["second"])
    run = finished(workspace, failed)
    assert ends(run)["second"] == (1, RunResultState.SUCCESS)
    assert ends(run)["third"] == (0, RunResultState.UPSTREAM_FAILED)
    repair(
        workspace,
        failed,
        rerun_tasks=["second"],
        rerun_dependent_tasks=True,
        latest_repair_id=first,
    )
    run = finished(workspace, failed)
    assert ends(run)["second"] == (2, RunResultState.SUCCESS)
    assert ends(run)["third"] == (1, RunResultState.SUCCESS)


def test_a_repair_names_the_one_before_so_that_none_is_made_twice(
    workspace: WorkspaceClient, failed: int
) -> None:
    with pytest.raises(InvalidParameterValue, match="it was not repaired yet"):
        workspace.jobs.repair_run(failed, rerun_all_failed_tasks=True, latest_repair_id=7)
    repair_id = repair(workspace, failed, rerun_tasks=["third"])
    finished(workspace, failed)
    with pytest.raises(InvalidParameterValue, match=f"its latest repair is {repair_id}"):
        workspace.jobs.repair_run(failed, rerun_all_failed_tasks=True)


def test_a_run_that_is_active_or_went_well_is_not_repaired(
    workspace: WorkspaceClient, script: Script
) -> None:
    sleeping = script("import time; time.sleep(60)")
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", sleeping)]))
    with pytest.raises(InvalidParameterValue, match="still active"):
        workspace.jobs.repair_run(run_id, rerun_all_failed_tasks=True)
    workspace.jobs.cancel_run(run_id)
    finished(workspace, run_id)
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", script("print()"))]))
    finished(workspace, run_id)
    with pytest.raises(InvalidParameterValue, match="no failed tasks"):
        workspace.jobs.repair_run(run_id, rerun_all_failed_tasks=True)


def test_a_repair_runs_programs_with_the_parameters_it_was_given(
    workspace: WorkspaceClient, script: Script
) -> None:
    file = script("import sys; print(*sys.argv[1:]); sys.exit(sys.argv[1] != 'right')")
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", file, "wrong")]))
    finished(workspace, run_id)
    first = repair(workspace, run_id, rerun_tasks=["main"], python_params=["right", "{{run_id}}"])
    assert ends(finished(workspace, run_id)) == {"main": (1, RunResultState.SUCCESS)}
    # A repair that gives none goes on with those of the one before.
    repair(workspace, run_id, rerun_tasks=["main"], latest_repair_id=first)
    run = finished(workspace, run_id)
    last = next(known for known in run.tasks or [] if known.attempt_number == 2)
    assert workspace.jobs.get_run_output(last.run_id or 0).logs == f"right {run_id}\n"


def test_a_repair_gives_notebooks_and_jobs_their_parameters() -> None:
    failed = AttemptedRun(
        run_id=1, job_id=1, name="", kind="JOB_RUN", state=FAILED,
        tasks=(TaskRun(run_id=2, spec=TaskSpec(task_key="main"), state=FAILED),),
        number_in_job=1, host="", start_time=0,
        parameters=(("day", "monday", "friday"), ("x", "1", "1")), notebook_params={"n": "old"},
    )  # fmt: skip
    asked = AskedRepair(
        run_id=1,
        rerun_all_failed_tasks=True,
        notebook_params={"m": "new"},
        job_parameters={"day": "sunday", "other": "2"},
    )
    run = repaired(failed, asked, iter(range(3, 9)).__next__)
    assert run.notebook_params == {"m": "new"}
    assert run.parameters == (("day", "monday", "sunday"), ("x", "1", "1"), ("other", "", "2"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Exactly one is needed"),
        ({"rerun_tasks": ["first"], "rerun_all_failed_tasks": True}, "Exactly one is needed"),
        ({"rerun_tasks": ["none"]}, "has no task 'none'"),
        ({"rerun_all_failed_tasks": True, "jar_params": ["x"]}, "does not support jar_params"),
        ({"rerun_all_failed_tasks": True, "python_params": ["x" * 10_000]}, "of python_params"),
    ],
)
def test_a_repair_that_says_too_little_or_too_much_is_refused(
    http: httpx.Client, failed: int, asked: dict[str, object], said: str
) -> None:
    answer = http.post("/api/2.2/jobs/runs/repair", json={"run_id": failed, **asked})
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_repair_has_its_own_retries_and_can_be_cancelled(
    workspace: WorkspaceClient, script: Script, volume: str
) -> None:
    flaky = task("main", script(COUNT), f"{volume}/count", "9", max_retries=1)
    job_id = workspace.jobs.create(name="flaky", tasks=[flaky]).job_id or 0
    run_id = started(workspace.jobs.run_now(job_id))
    assert ends(finished(workspace, run_id)) == {"main": (1, RunResultState.FAILED)}
    first = repair(workspace, run_id, rerun_all_failed_tasks=True)
    assert ends(finished(workspace, run_id)) == {"main": (3, RunResultState.FAILED)}
    sleeping = BytesIO(b"import time; time.sleep(60)")
    file = flaky.spark_python_task.python_file if flaky.spark_python_task else ""
    workspace.files.upload(file, sleeping, overwrite=True)
    repair(workspace, run_id, rerun_all_failed_tasks=True, latest_repair_id=first)
    wait_until(lambda: life(workspace, run_id) is RunLifeCycleState.RUNNING)
    workspace.jobs.cancel_run(run_id)
    assert ends(finished(workspace, run_id)) == {"main": (4, RunResultState.CANCELED)}


def test_a_repair_that_was_cut_by_a_restart_can_be_repaired_again(tmp_path: Path) -> None:
    served: Served = serve(tmp_path)
    workspace = served.workspace()
    file = "/Volumes/a/b/c/x.py"
    workspace.files.upload(file, BytesIO(b"raise SystemExit(1)"))
    run_id = started(workspace.jobs.submit(tasks=[submitted(uuid.uuid4().hex, file)]))
    finished(workspace, run_id)
    workspace.files.upload(file, BytesIO(b"import time; time.sleep(60)"), overwrite=True)
    first = repair(workspace, run_id, rerun_all_failed_tasks=True)
    wait_until(lambda: life(workspace, run_id) is RunLifeCycleState.RUNNING)
    served.end(signal.SIGKILL)

    served = serve(tmp_path)
    workspace = served.workspace()
    history = workspace.jobs.get_run(run_id, include_history=True).repair_history
    assert history
    states = [item.state.life_cycle_state for item in history if item.state]
    assert states == [RunLifeCycleState.TERMINATED, RunLifeCycleState.INTERNAL_ERROR]
    workspace.files.upload(file, BytesIO(b"print('well')"), overwrite=True)
    repair(workspace, run_id, rerun_all_failed_tasks=True, latest_repair_id=first)
    state = finished(workspace, run_id).state
    assert state
    assert state.result_state is RunResultState.SUCCESS
    served.end()
