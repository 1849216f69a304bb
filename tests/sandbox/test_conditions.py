"""A condition task compares two values, runs no process, and decides what runs after it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import (
    ConditionTask,
    ConditionTaskOp,
    JobParameterDefinition,
    RunLifeCycleState,
    RunResultState,
    SubmitTask,
    Task,
    TaskDependency,
)

from tests.sandbox.served import Served, finished, started, submitted

FAILED = (RunLifeCycleState.TERMINATED, RunResultState.FAILED)


def condition(op: str, left: str, right: str) -> ConditionTask:
    return ConditionTask(op=ConditionTaskOp(op), left=left, right=right)


def test_a_condition_sees_the_parameters_of_its_run(workspace: WorkspaceClient) -> None:
    day = condition("EQUAL_TO", "{{job.parameters.day}}", "monday")
    job_id = workspace.jobs.create(
        tasks=[Task(task_key="main", condition_task=day)],
        parameters=[JobParameterDefinition(name="day", default="monday")],
    ).job_id or 0  # fmt: skip
    found: list[str | None] = []
    for values in ({}, {"day": "tuesday"}):
        run_id = started(workspace.jobs.run_now(job_id, job_parameters=values))
        run = finished(workspace, run_id)
        assert run.state
        assert run.state.result_state is RunResultState.SUCCESS
        assert run.tasks
        assert run.tasks[0].condition_task
        assert run.tasks[0].condition_task.right == "monday"
        found.append(run.tasks[0].condition_task.outcome)
    assert found == ["true", "false"]


def test_a_condition_decides_which_tasks_run(
    workspace: WorkspaceClient, script: Callable[[str], str]
) -> None:
    file = script("print('here')")
    run_id = started(
        workspace.jobs.submit(
            tasks=[
                SubmitTask(task_key="is", condition_task=condition("LESS_THAN", "9", "10.5")),
                submitted("yes", file, depends_on=[TaskDependency("is", outcome="true")]),
                submitted("no", file, depends_on=[TaskDependency("is", outcome="false")]),
                submitted("after", file, depends_on=[TaskDependency("is")]),
            ]
        )
    )
    run = finished(workspace, run_id)
    states = {task.task_key: task.state.result_state for task in run.tasks or [] if task.state}
    assert states == {
        "is": RunResultState.SUCCESS,
        "yes": RunResultState.SUCCESS,
        "no": RunResultState.EXCLUDED,
        "after": RunResultState.SUCCESS,
    }
    assert run.state
    assert run.state.result_state is RunResultState.SUCCESS


def test_a_condition_on_numbers_that_are_none_fails_and_says_so(
    workspace: WorkspaceClient,
) -> None:
    broken = SubmitTask(task_key="main", condition_task=condition("GREATER_THAN", "1", "many"))
    run = finished(workspace, started(workspace.jobs.submit(tasks=[broken])))
    assert run.state
    assert (run.state.life_cycle_state, run.state.result_state) == FAILED
    output = workspace.jobs.get_run_output((run.tasks or [])[0].run_id or 0)
    assert output.error == "A condition compares numbers, and 'many' is none."
    assert output.metadata
    assert not output.logs


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ({"condition_task": {"op": "EQUALS", "left": "a", "right": "b"}}, "EQUALS"),
        ({"condition_task": {"op": "EQUAL_TO", "left": "a"}}, "right"),
        ({"condition_task": {}, "spark_python_task": {}}, "one of"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_is_refused(
    http: httpx.Client, task: dict[str, Any], said: str
) -> None:
    answer = http.post("/api/2.2/jobs/create", json={"tasks": [{"task_key": "a", **task}]})
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_only_a_condition_has_an_outcome_to_depend_on(http: httpx.Client) -> None:
    program = {"spark_python_task": {"python_file": "/Volumes/a/b/c/x.py"}}
    tasks = [
        {"task_key": "a", **program},
        {"task_key": "b", **program, "depends_on": [{"task_key": "a", "outcome": "true"}]},
    ]
    answer = http.post("/api/2.2/jobs/create", json={"tasks": tasks})
    assert answer.status_code == 400
    assert "only a condition_task has" in answer.json()["message"]


@pytest.fixture
def unlimited(http: httpx.Client) -> Iterator[None]:
    """Let more runs a second be started than a workspace takes."""
    limits = http.get("/_sandbox/limits").json()["limits"]
    http.put("/_sandbox/limits", json={"limits": []})
    yield
    kept = [{key: limit[key] for key in limit if key != "refused"} for limit in limits]
    assert http.put("/_sandbox/limits", json={"limits": kept}).status_code == 200


@pytest.mark.usefixtures("unlimited")
def test_a_run_costs_milliseconds_however_many_were_before(
    sandbox: Served, http: httpx.Client
) -> None:
    tasks = [{"task_key": "main", "condition_task": {"op": "EQUAL_TO", "left": "", "right": ""}}]
    body = {"tasks": tasks, "max_concurrent_runs": 1000}
    job_id = http.post("/api/2.2/jobs/create", json=body).json()["job_id"]
    process = psutil.Process(sandbox.process.pid)
    before = process.cpu_times()
    for number in range(1, 1001):
        answer = http.post("/api/2.2/jobs/run-now", json={"job_id": job_id})
        assert answer.json()["number_in_job"] == number
    after = process.cpu_times()
    assert sum(after[:2]) - sum(before[:2]) < 1000 * 0.01
    runs = http.get("/_sandbox/runs").json()["runs"]
    assert sum(run["job_id"] == job_id for run in runs) == 1000
