"""The settings of a job are replaced as a whole, or changed field by field."""

from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import JobSettings

from tests.sandbox.served import finished, started, task

FILE = "/Volumes/main/default/v/none.py"


@pytest.fixture
def job_id(workspace: WorkspaceClient) -> int:
    tasks = [task("first", FILE), task("second", FILE)]
    return workspace.jobs.create(name="before", timeout_seconds=60, tasks=tasks).job_id or 0


def settings(workspace: WorkspaceClient, job_id: int) -> JobSettings:
    found = workspace.jobs.get(job_id).settings
    assert found
    return found


def keys(known: JobSettings) -> list[str]:
    return [task.task_key for task in known.tasks or []]


def test_a_reset_leaves_nothing_of_what_was_before(workspace: WorkspaceClient, job_id: int) -> None:
    workspace.jobs.reset(job_id, JobSettings(name="after", tasks=[task("only", FILE)]))
    known = settings(workspace, job_id)
    assert (known.name, keys(known), known.timeout_seconds) == ("after", ["only"], 0)


def test_an_update_changes_fields_and_merges_tasks_by_their_keys(
    workspace: WorkspaceClient, job_id: int
) -> None:
    new = JobSettings(name="after", tasks=[task("second", FILE, "new"), task("third", FILE)])
    workspace.jobs.update(job_id, new_settings=new, fields_to_remove=["tasks/first"])
    known = settings(workspace, job_id)
    assert (known.name, keys(known), known.timeout_seconds) == ("after", ["second", "third"], 60)
    assert known.tasks
    assert known.tasks[0].spark_python_task
    assert known.tasks[0].spark_python_task.parameters == ["new"]
    workspace.jobs.update(job_id, fields_to_remove=["timeout_seconds"])
    assert settings(workspace, job_id).timeout_seconds == 0


def test_a_run_begins_with_the_changed_settings(workspace: WorkspaceClient, job_id: int) -> None:
    workspace.jobs.update(job_id, new_settings=JobSettings(name="renamed"))
    run = finished(workspace, started(workspace.jobs.run_now(job_id)))
    assert run.run_name == "renamed"
    assert len(run.tasks or []) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"new_settings": {"tasks": [{"task_key": "third"}]}}, "nothing to run"),
        ({"new_settings": {"tasks": "none"}}, "tasks"),
        ({"fields_to_remove": ["tags/a"]}, "has no elements with keys"),
    ],
)
def test_a_change_that_would_break_the_job_is_refused_and_changes_nothing(
    workspace: WorkspaceClient, http: httpx.Client, job_id: int, asked: dict[str, Any], said: str
) -> None:
    before = settings(workspace, job_id)
    answer = http.post("/api/2.2/jobs/update", json={"job_id": job_id, **asked})
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert settings(workspace, job_id) == before


def test_a_job_that_is_not_there_cannot_be_changed(workspace: WorkspaceClient) -> None:
    for change in (workspace.jobs.update, workspace.jobs.reset):
        with pytest.raises(InvalidParameterValue, match="Job 7 does not exist"):
            change(7, new_settings=JobSettings())
