"""Jobs are real processes, and a run goes through its states to the right end."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, ResourceDoesNotExist
from databricks.sdk.service.jobs import (
    JobParameterDefinition,
    QueueSettings,
    Run,
    RunIf,
    RunLifeCycleState,
    RunResultState,
    SubmitTask,
    TaskDependency,
    TerminationCodeCode,
)
from databricks.sdk.service.workspace import ImportFormat

from dara_fp.sandbox.server.auth import WORKSPACE_ID
from tests.sandbox.served import (
    Served,
    finished,
    life,
    started,
    submitted,
    task,
    wait_until,
    waited,
)

Script = Callable[[str], str]

PRINT = "import sys; print('got', *sys.argv[1:])"
SLEEP = "import time; print('asleep', flush=True); time.sleep(60)"
BOOM = "def work():\n    raise ValueError('boom')\n\nprint('before')\nwork()"


def result(run: Run) -> tuple[RunLifeCycleState | None, RunResultState | None]:
    assert run.state
    return run.state.life_cycle_state, run.state.result_state


SUCCESS = (RunLifeCycleState.TERMINATED, RunResultState.SUCCESS)
FAILED = (RunLifeCycleState.TERMINATED, RunResultState.FAILED)
CANCELED = (RunLifeCycleState.TERMINATED, RunResultState.CANCELED)


def submit(workspace: WorkspaceClient, *tasks: SubmitTask) -> int:
    return started(workspace.jobs.submit(tasks=list(tasks)))


def task_id(run: Run, key: str = "main") -> int:
    assert run.tasks
    found = next(task for task in run.tasks if task.task_key == key)
    assert found.run_id
    return found.run_id


def job(workspace: WorkspaceClient, file: str, *parameters: str, **settings: Any) -> int:
    made = workspace.jobs.create(name="job", tasks=[task("main", file, *parameters)], **settings)
    assert made.job_id
    return made.job_id


def test_a_job_runs_and_tells_its_state_and_output(
    workspace: WorkspaceClient, script: Script
) -> None:
    job_id = job(workspace, script(PRINT), "one", "two")
    run = waited(workspace.jobs.run_now(job_id))
    assert result(run) == SUCCESS
    assert run.status
    assert run.status.termination_details
    assert run.status.termination_details.code is TerminationCodeCode.SUCCESS
    assert run.run_page_url
    assert run.run_page_url.endswith(f"/?o={WORKSPACE_ID}#job/{job_id}/run/{run.run_id}")
    assert run.start_time
    assert run.end_time
    assert run.end_time >= run.start_time
    output = workspace.jobs.get_run_output(task_id(run))
    assert (output.logs, output.logs_truncated, output.error) == ("got one two\n", False, None)
    assert output.metadata
    assert result(output.metadata) == SUCCESS


def test_a_job_sees_the_volumes_and_calls_back_with_a_token_of_its_own(
    workspace: WorkspaceClient, http: httpx.Client, script: Script, volume: str
) -> None:
    source = """
        import json, os, urllib.request
        from pathlib import Path
        place = Path(os.environ["DARA_SANDBOX_ROOT"], VOLUME[1:])
        (place / "made").write_text(json.dumps(dict(os.environ)))
        me = urllib.request.Request(
            os.environ["DATABRICKS_HOST"] + "/api/2.0/preview/scim/v2/Me",
            headers={"Authorization": "Bearer " + os.environ["DATABRICKS_TOKEN"]},
        )
        print(json.load(urllib.request.urlopen(me))["userName"], end="")
    """
    file = script(source.replace("VOLUME", repr(volume)))
    ended = finished(workspace, submit(workspace, submitted("main", file)))
    assert result(ended) == SUCCESS, ended.state
    logs = workspace.jobs.get_run_output(task_id(ended)).logs
    assert logs == "developer@sandbox.local"
    environment = http.get(f"/api/2.0/fs/files{volume}/made").json()
    assert "SECRET_OF_THE_PARENT" not in environment
    over = {"Authorization": f"Bearer {environment['DATABRICKS_TOKEN']}"}
    assert http.get("/api/2.0/preview/scim/v2/Me", headers=over).status_code == 401


def test_a_failing_job_ends_as_failed_with_its_error(
    workspace: WorkspaceClient, script: Script
) -> None:
    job_id = job(workspace, script(BOOM))
    run = waited(workspace.jobs.run_now(job_id))
    assert result(run) == FAILED
    assert run.state
    assert run.state.state_message == "Workload failed, see run output for details"
    output = workspace.jobs.get_run_output(task_id(run))
    assert output.error == "ValueError: boom"
    assert output.error_trace
    assert output.error_trace.startswith("Traceback (most recent call last):")
    assert "in work" in output.error_trace
    assert output.logs
    assert output.logs.startswith("before\n")


def test_an_exit_code_and_long_output_are_told(workspace: WorkspaceClient, script: Script) -> None:
    source = "import sys; sys.stdout.write('x' * 6 * 2**20); sys.exit(3)"
    run = finished(workspace, submit(workspace, submitted("main", script(source))))
    assert result(run) == FAILED
    output = workspace.jobs.get_run_output(task_id(run))
    assert output.error == "The Python process exited with code 3."
    assert output.logs_truncated
    assert output.logs == "x" * 5 * 2**20


def test_many_jobs_at_once_each_keep_their_own_output(
    workspace: WorkspaceClient, script: Script
) -> None:
    file = script(PRINT)
    ids = [submit(workspace, submitted("main", file, str(place))) for place in range(24)]
    for place, run_id in enumerate(ids):
        run = finished(workspace, run_id)
        assert workspace.jobs.get_run_output(task_id(run)).logs == f"got {place}\n"


def test_parameters_come_from_the_job_or_replace_it(
    workspace: WorkspaceClient, script: Script
) -> None:
    job_id = job(
        workspace,
        script(PRINT),
        "{{job.parameters.day}}-{{job.parameters.what}}",
        "{{job.id}}",
        "{{unknown}}",
        parameters=[
            JobParameterDefinition(name="day", default="monday"),
            JobParameterDefinition(name="what", default="all"),
        ],
    )
    first = workspace.jobs.run_now(job_id, job_parameters={"day": "{{job.id}}"})
    run = finished(workspace, started(first))
    printed = workspace.jobs.get_run_output(task_id(run)).logs
    assert printed == f"got {{{{job.id}}}}-all {job_id} {{{{unknown}}}}\n"
    assert run.job_parameters
    values = {known.name: (known.default, known.value) for known in run.job_parameters}
    assert values == {"day": ("monday", "{{job.id}}"), "what": ("all", "all")}
    second = workspace.jobs.run_now(job_id, python_params=["new"])
    run = finished(workspace, started(second))
    assert workspace.jobs.get_run_output(task_id(run)).logs == "got new\n"
    assert run.overriding_parameters
    assert run.overriding_parameters.python_params == ["new"]


def test_a_cancelled_run_ends_as_canceled_and_its_children_are_gone(
    workspace: WorkspaceClient, sandbox: Served, script: Script, volume: str
) -> None:
    # The program and its children ignore the polite signal, and one child has left the group.
    source = f"""
        import os, signal, subprocess, sys, time
        from pathlib import Path
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        child = subprocess.Popen(sleep)
        stray = subprocess.Popen(sleep, start_new_session=sys.platform == "linux")
        place = Path(os.environ["DARA_SANDBOX_ROOT"], {volume!r}[1:])
        (place / "draft").write_text(f"{{os.getpid()}} {{child.pid}} {{stray.pid}}")
        (place / "draft").rename(place / "pids")
        time.sleep(60)
    """
    run_id = started(workspace.jobs.run_now(job(workspace, script(source))))
    pids = sandbox.root / volume.lstrip("/") / "pids"
    wait_until(pids.exists)
    workspace.jobs.cancel_run(run_id)
    workspace.jobs.cancel_run(run_id)
    assert life(workspace, run_id) is RunLifeCycleState.TERMINATING
    run = finished(workspace, run_id)
    assert result(run) == CANCELED
    assert run.state
    assert run.state.user_cancelled_or_timedout
    wait_until(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))
    workspace.jobs.cancel_run(run_id)
    assert result(workspace.jobs.get_run(run_id)) == CANCELED


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_timeout_ends_a_run_as_timed_out(workspace: WorkspaceClient, script: Script) -> None:
    file = script(SLEEP)
    of_task = submit(workspace, submitted("main", file, timeout_seconds=1))
    of_run = started(workspace.jobs.submit(tasks=[submitted("main", file)], timeout_seconds=1))
    for run_id in (of_task, of_run):
        run = finished(workspace, run_id)
        assert result(run) == (RunLifeCycleState.TERMINATED, RunResultState.TIMEDOUT)


def test_the_same_idempotency_token_gives_the_same_run(
    workspace: WorkspaceClient, script: Script, volume: str
) -> None:
    job_id, token = job(workspace, script(BOOM)), volume[-32:]
    first = started(workspace.jobs.run_now(job_id, idempotency_token=token))
    finished(workspace, first)
    assert started(workspace.jobs.run_now(job_id, idempotency_token=token)) == first
    assert started(workspace.jobs.run_now(job_id, idempotency_token=token + "!")) != first
    workspace.jobs.delete_run(first)
    with pytest.raises(InvalidParameterValue, match="was deleted"):
        workspace.jobs.run_now(job_id, idempotency_token=token)
    with pytest.raises(InvalidParameterValue, match="65 characters: 64 at most"):
        workspace.jobs.run_now(job_id, idempotency_token="x" * 65)


def test_what_is_not_there_is_said_in_the_words_the_sdk_knows(workspace: WorkspaceClient) -> None:
    with pytest.raises(ResourceDoesNotExist, match=r"Job 7 does not exist\."):
        workspace.jobs.get(7)
    with pytest.raises(ResourceDoesNotExist, match=r"Run 7 does not exist\."):
        workspace.jobs.get_run(7)
    with pytest.raises(ResourceDoesNotExist):
        workspace.jobs.get_run_output(7)
    with pytest.raises(InvalidParameterValue, match=r"Job 7 does not exist\."):
        workspace.jobs.run_now(7)


def test_tasks_run_in_order_and_a_failure_stops_those_behind_it(
    workspace: WorkspaceClient, script: Script
) -> None:
    good, bad = script(PRINT), script(BOOM)
    run_id = submit(
        workspace,
        submitted("last", good, depends_on=[TaskDependency("broken"), TaskDependency("fine")]),
        submitted("broken", bad, depends_on=[TaskDependency("fine")]),
        submitted("fine", good),
        submitted("anyway", good, depends_on=[TaskDependency("broken")], run_if=RunIf.ALL_DONE),
    )
    run = finished(workspace, run_id)
    states = {task.task_key: task.state.result_state for task in run.tasks or [] if task.state}
    assert states == {
        "fine": RunResultState.SUCCESS,
        "broken": RunResultState.FAILED,
        "last": RunResultState.UPSTREAM_FAILED,
        "anyway": RunResultState.SUCCESS,
    }
    skipped = workspace.jobs.get_run(task_id(run, "last"))
    assert result(skipped) == (RunLifeCycleState.SKIPPED, RunResultState.UPSTREAM_FAILED)
    assert result(run) == FAILED
    assert run.state
    assert (run.state.state_message or "").startswith("Task broken failed with message: Workload")
    with pytest.raises(InvalidParameterValue, match="runs with multiple tasks is not supported"):
        workspace.jobs.get_run_output(run.run_id or 0)
    assert workspace.jobs.get_run_output(task_id(run, "broken")).error == "ValueError: boom"
    assert result(workspace.jobs.get_run(task_id(run, "fine"))) == SUCCESS


def test_a_task_is_tried_again(workspace: WorkspaceClient, script: Script) -> None:
    source = """
        from pathlib import Path
        if not Path("tried").exists():
            Path("tried").touch()
            raise SystemExit("not yet")
        print("done")
    """
    run_id = submit(workspace, submitted("main", script(source), max_retries=1))
    run = finished(workspace, run_id)
    assert result(run) == SUCCESS
    assert run.tasks
    assert run.tasks[0].attempt_number == 1


def test_a_run_too_many_is_skipped_or_queued(workspace: WorkspaceClient, script: Script) -> None:
    job_id = job(workspace, script(SLEEP))
    first = started(workspace.jobs.run_now(job_id))
    skipped = workspace.jobs.get_run(started(workspace.jobs.run_now(job_id)))
    reached = RunResultState.MAXIMUM_CONCURRENT_RUNS_REACHED
    assert result(skipped) == (RunLifeCycleState.SKIPPED, reached)
    queue = QueueSettings(enabled=True)
    queued = [started(workspace.jobs.run_now(job_id, queue=queue)) for _ in range(2)]
    assert [life(workspace, run_id) for run_id in queued] == [RunLifeCycleState.QUEUED] * 2
    active = {run.run_id for run in workspace.jobs.list_runs(job_id=job_id, active_only=True)}
    assert active == {first, *queued}
    workspace.jobs.cancel_run(queued[0])
    assert result(workspace.jobs.get_run(queued[0])) == CANCELED
    workspace.jobs.cancel_run(first)
    wait_until(lambda: life(workspace, queued[1]) is RunLifeCycleState.RUNNING)
    workspace.jobs.cancel_all_runs(job_id=job_id)
    assert result(finished(workspace, queued[1])) == CANCELED


def test_a_file_that_is_not_there_is_an_internal_error(
    workspace: WorkspaceClient, volume: str
) -> None:
    run_id = submit(workspace, submitted("main", f"{volume}/none.py"))
    run = finished(workspace, run_id)
    assert result(run) == (RunLifeCycleState.INTERNAL_ERROR, RunResultState.FAILED)
    assert run.state
    assert f"Cannot read the python file {volume}/none.py" in (run.state.state_message or "")


def test_jobs_are_listed_by_name_in_pages_and_deleted(
    workspace: WorkspaceClient, script: Script, volume: str
) -> None:
    file, name = script(PRINT), volume[-12:]
    made = [
        workspace.jobs.create(name=name.upper(), tasks=[task("main", file)]).job_id
        for _ in range(3)
    ]
    listed = [known.job_id for known in workspace.jobs.list(name=name, limit=2)]
    assert listed == made[::-1]
    settings = workspace.jobs.get(made[0] or 0).settings
    assert settings
    assert settings.tasks
    assert settings.tasks[0].spark_python_task
    assert settings.tasks[0].spark_python_task.python_file == file
    workspace.jobs.delete(made[0] or 0)
    assert len(list(workspace.jobs.list(name=name))) == 2


def test_runs_are_listed_newest_first_in_pages(workspace: WorkspaceClient, script: Script) -> None:
    job_id = job(workspace, script(PRINT), max_concurrent_runs=5)
    made = [started(workspace.jobs.run_now(job_id)) for _ in range(3)]
    listed = [run.run_id for run in workspace.jobs.list_runs(job_id=job_id, limit=2)]
    assert listed == made[::-1]
    numbers = [workspace.jobs.get_run(run_id).number_in_job for run_id in made]
    assert numbers == [1, 2, 3]
    for run_id in made:
        finished(workspace, run_id)
    done = workspace.jobs.list_runs(job_id=job_id, completed_only=True, expand_tasks=True)
    assert [len(run.tasks or []) for run in done] == [1, 1, 1]


def test_parameters_have_a_limit(workspace: WorkspaceClient, script: Script) -> None:
    job_id = job(workspace, script(PRINT))
    with pytest.raises(InvalidParameterValue, match="cannot exceed 10000 bytes"):
        workspace.jobs.run_now(job_id, python_params=["x" * 10_000])


def test_an_active_run_cannot_be_deleted(workspace: WorkspaceClient, script: Script) -> None:
    run_id = started(workspace.jobs.run_now(job(workspace, script(SLEEP))))
    with pytest.raises(InvalidParameterValue, match="still active"):
        workspace.jobs.delete_run(run_id)
    workspace.jobs.cancel_run(run_id)
    finished(workspace, run_id)
    workspace.jobs.delete_run(run_id)
    with pytest.raises(ResourceDoesNotExist):
        workspace.jobs.get_run(run_id)


def test_a_program_in_the_workspace_folder_runs_too(workspace: WorkspaceClient) -> None:
    workspace.workspace.upload("/Shared/tool.py", PRINT.encode(), format=ImportFormat.RAW)
    run_id = submit(workspace, submitted("main", "/Workspace/Shared/tool.py", "x"))
    assert result(finished(workspace, run_id)) == SUCCESS


def test_a_program_can_be_replaced_between_runs(workspace: WorkspaceClient, script: Script) -> None:
    file = script(PRINT)
    job_id = job(workspace, file)
    workspace.files.upload(file, BytesIO(b"print('new')"), overwrite=True)
    run = finished(workspace, started(workspace.jobs.run_now(job_id)))
    assert workspace.jobs.get_run_output(task_id(run)).logs == "new\n"
