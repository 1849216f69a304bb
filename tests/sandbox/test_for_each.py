"""Tasks that run for each of several inputs, several of them at once."""

import json
from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import (
    ForEachTask,
    Run,
    RunResultState,
    RunTask,
    SparkPythonTask,
    SubmitTask,
    Task,
    TaskDependency,
)

from dara_fp.sandbox.jobs.iterations import iterations_of, with_new
from dara_fp.sandbox.jobs.job_specs import TaskSpec
from dara_fp.sandbox.jobs.runs import SUCCEEDED, TaskRun
from dara_fp.sandbox.jobs.runs import Run as KeptRun
from tests.sandbox.served import ENDED, finished, life, started, submitted, task, wait_until

Script = Callable[[str], str]

SAYS = "import sys; print(*sys.argv[1:], end=''); sys.exit(sys.argv[1] == 'bad')"


def each(inputs: str, file: str, *parameters: str, **settings: Any) -> SubmitTask:
    nested = task("one", file, *parameters)
    work = ForEachTask(inputs=inputs, task=nested, concurrency=2)
    return SubmitTask(task_key="each", for_each_task=work, **settings)


def ran(workspace: WorkspaceClient, *tasks: SubmitTask) -> Run:
    return finished(workspace, started(workspace.jobs.submit(tasks=list(tasks))))


def the_each(run: Run) -> RunTask:
    return next(known for known in run.tasks or [] if known.task_key == "each")


def iterations(workspace: WorkspaceClient, run: Run) -> list[RunTask]:
    return workspace.jobs.get_run(the_each(run).run_id or 0).iterations or []


def read(workspace: WorkspaceClient, path: str) -> bytes:
    content = workspace.files.download(path).contents
    assert content
    return content.read()


def state_of(task: RunTask | Run) -> RunResultState | None:
    return task.state.result_state if task.state else None


def test_each_input_has_an_iteration_with_a_run_id_and_an_output_of_its_own(
    workspace: WorkspaceClient, script: Script
) -> None:
    inputs = json.dumps(["a b", {"n": 1, "s": "x"}, 7])
    run = ran(workspace, each(inputs, script(SAYS), "{{input}}", "{{input.n}}", "{{input.s}}"))
    assert state_of(run) is RunResultState.SUCCESS
    outputs = [
        workspace.jobs.get_run_output(known.run_id or 0).logs
        for known in iterations(workspace, run)
    ]
    of_object = '{"n": 1, "s": "x"} 1 x'
    assert outputs == ["a b {{input.n}} {{input.s}}", of_object, "7 {{input.n}} {{input.s}}"]
    work = the_each(run).for_each_task
    assert work
    assert work.stats
    assert work.stats.task_run_stats
    assert work.stats.task_run_stats.succeeded_iterations == 3


def test_an_iteration_that_fails_stops_no_other_and_fails_the_task(
    workspace: WorkspaceClient, script: Script
) -> None:
    file = script(SAYS)
    after = submitted("after", file, "x", depends_on=[TaskDependency(task_key="each")])
    run = ran(workspace, each('["bad", "good"]', file, "{{input}}"), after)
    states = [state_of(known) for known in iterations(workspace, run)]
    assert states == [RunResultState.FAILED, RunResultState.SUCCESS]
    found = the_each(run)
    assert state_of(found) is RunResultState.FAILED
    assert found.state
    assert "1 of 2 iterations failed" in (found.state.state_message or "")
    assert state_of((run.tasks or [])[-1]) is RunResultState.UPSTREAM_FAILED


def test_a_repair_runs_the_iterations_that_failed(
    workspace: WorkspaceClient, script: Script, volume: str
) -> None:
    file = script(f"""
        import os, pathlib, sys
        mark = pathlib.Path(os.environ["DARA_SANDBOX_ROOT"] + "{volume}/" + sys.argv[1])
        tried = mark.read_text() if mark.exists() else ""
        mark.write_text(tried + "x")
        sys.exit(sys.argv[1] == "bad" and not tried)
    """)
    run = ran(workspace, each('["good", "bad"]', file, "{{input}}"))
    first = iterations(workspace, run)
    workspace.jobs.repair_run(run.run_id or 0, rerun_all_failed_tasks=True)
    run = finished(workspace, run.run_id or 0)
    assert state_of(run) is RunResultState.SUCCESS
    found = workspace.jobs.get_run((run.tasks or [])[-1].run_id or 0).iterations or []
    assert found[0].run_id == first[0].run_id
    assert found[1].run_id != first[1].run_id
    tried = {name: read(workspace, f"{volume}/{name}") for name in ("good", "bad")}
    assert tried == {"good": b"x", "bad": b"xx"}


def test_a_repair_keeps_what_has_succeeded_for_the_same_input_alone() -> None:
    program = {"python_file": "/a.py"}
    work = {"inputs": "[]", "task": {"task_key": "one", "spark_python_task": program}}
    spec = msgspec.convert({"task_key": "each", "for_each_task": work}, TaskSpec)
    before = TaskRun(run_id=1, spec=spec, state=SUCCEEDED)
    after = attrs.evolve(before, run_id=2)
    done = (
        TaskRun(run_id=place, spec=spec, state=SUCCEEDED, parent_id=1, given=str(place))
        for place in (3, 4)
    )
    repaired = KeptRun(
        run_id=9, job_id=8, number_in_job=9, name="r", kind="JOB_RUN", host="", start_time=0,
        state=SUCCEEDED, tasks=(after,), past=(before,),
        iterations=tuple(done),
    )  # fmt: skip
    made = iterations_of(with_new(repaired, after, ["3", "5"], lambda: 6), after)
    assert [(known.run_id, known.given) for known in made] == [(3, "3"), (6, "5")]


def test_inputs_that_are_no_array_fail_the_task_and_none_at_all_do_not(
    workspace: WorkspaceClient, script: Script
) -> None:
    file = script(SAYS)
    run = ran(workspace, each("{{tasks.none.values.rows}}", file))
    assert state_of(run) is RunResultState.FAILED
    output = workspace.jobs.get_run_output(the_each(run).run_id or 0)
    assert "JSON array, not '{{tasks.none.values.rows}}'" in (output.error or "")
    run = ran(workspace, each("[" * 20_000 + "]" * 20_000, file))
    output = workspace.jobs.get_run_output(the_each(run).run_id or 0)
    assert "JSON array, not '[[[" in (output.error or "")
    assert state_of(ran(workspace, each("[]", file))) is RunResultState.SUCCESS


def test_iterations_end_with_the_time_of_their_task_and_with_their_run(
    workspace: WorkspaceClient, script: Script
) -> None:
    sleeps = script("import time; time.sleep(60)")
    run_id = started(workspace.jobs.submit(tasks=[each("[1, 2, 3]", sleeps)]))
    timed = ran(workspace, each("[1, 2, 3]", sleeps, timeout_seconds=1))
    assert state_of(timed) is RunResultState.TIMEDOUT
    ends = [state_of(known) for known in iterations(workspace, timed)]
    assert ends == [RunResultState.TIMEDOUT] * 3
    workspace.jobs.cancel_run(run_id)
    wait_until(lambda: life(workspace, run_id) in ENDED)
    cut = workspace.jobs.get_run(run_id)
    assert [state_of(known) for known in iterations(workspace, cut)] == [
        RunResultState.CANCELED
    ] * 3


@pytest.mark.parametrize(
    ("nested", "settings", "said"),
    [
        ({"depends_on": [TaskDependency(task_key="x")]}, {}, "depends_on"),
        ({}, {"max_retries": 1}, "give max_retries to it"),
    ],
)
def test_what_a_task_for_each_input_cannot_have_is_refused(
    workspace: WorkspaceClient, nested: dict[str, Any], settings: dict[str, Any], said: str
) -> None:
    program = SparkPythonTask(python_file="/Volumes/main/default/v/x.py")
    inner = Task(task_key="one", spark_python_task=program, **nested)
    work = ForEachTask(inputs="[]", task=inner)
    with pytest.raises(InvalidParameterValue, match=said):
        workspace.jobs.create(tasks=[Task(task_key="each", for_each_task=work, **settings)])
