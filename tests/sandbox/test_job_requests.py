"""What the Jobs API refuses, and that it names the part that does not fit."""

import json

import httpx
import pytest

PYTHON = {"python_file": "/Volumes/a/b/c/x.py"}


REFUSED: list[tuple[object, str]] = [
    ([{"task_key": "a", "python_wheel_task": {}}], "does not run python_wheel_task"),
    ([{"task_key": "a", "notebook_task": {}}], "notebook_path"),
    ([{"task_key": "a", "sql_task": {"warehouse_id": "w", "query": {}}}], "`file`"),
    ([{"task_key": "a", "notebook_task": {"notebook_path": "/a", "source": "GIT"}}], "'GIT'"),
    ([{"task_key": "a"}], "nothing to run"),
    ([{"task_key": "a b", "spark_python_task": PYTHON}], "task_key"),
    ([{"task_key": "a", "spark_python_task": {}}], "python_file"),
    ([{"task_key": "a", "spark_python_task": {**PYTHON, "source": "GIT"}}], "'GIT'"),
    ([{"task_key": "a", "spark_python_task": PYTHON}] * 2, "the same task_key"),
    (
        [{"task_key": "a", "spark_python_task": PYTHON, "depends_on": [{"task_key": "b"}]}],
        "depends on 'b'",
    ),
    (
        [{"task_key": "a", "spark_python_task": PYTHON, "depends_on": [{"task_key": "a"}]}],
        "in a circle",
    ),
    ("none", "tasks"),
]


@pytest.mark.parametrize(("tasks", "said"), REFUSED)
def test_a_job_that_cannot_run_is_refused_by_name(
    http: httpx.Client, tasks: object, said: str
) -> None:
    answer = http.post("/api/2.2/jobs/create", json={"tasks": tasks})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert said in answer.json()["message"]


def test_a_submit_without_tasks_names_the_field(http: httpx.Client) -> None:
    for body in ("{}", '{"tasks": []}'):
        answer = http.post("/api/2.2/jobs/runs/submit", content=body)
        assert answer.status_code == 400
        assert "`tasks`" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "Could not parse"),
        ("[]", "object"),
        ('{"job_id": "x"}', "job_id"),
        ("{}", "job_id"),
        (json.dumps({"job_id": 1, "jar_params": ["a"]}), "jar_params"),
    ],
)
def test_a_broken_request_names_what_is_wrong(http: httpx.Client, body: str, said: str) -> None:
    answer = http.post("/api/2.2/jobs/run-now", content=body)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_page_token_that_is_none_of_ours_is_refused(http: httpx.Client) -> None:
    for token in ("%%%", "YWJj", "ICA="):
        answer = http.get("/api/2.2/jobs/list", params={"page_token": token})
        assert answer.status_code == 400
        assert "page_token" in answer.json()["message"]
