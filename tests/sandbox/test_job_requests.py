"""What the Jobs API refuses, and that it names the part that does not fit."""

import json
from collections import Counter

import httpx
import pytest

PYTHON = {"python_file": "/Volumes/a/b/c/x.py"}

REFUSED: list[tuple[object, str]] = [
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


def unanswered(http: httpx.Client) -> Counter[str]:
    calls = http.get("/_sandbox/unanswered").json()["calls"]
    return Counter({call["path"]: call["count"] for call in calls})


@pytest.mark.parametrize(("tasks", "said"), REFUSED)
def test_a_job_that_cannot_run_is_refused_by_name(
    http: httpx.Client, tasks: object, said: str
) -> None:
    answer = http.post("/api/2.2/jobs/create", json={"tasks": tasks})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert said in answer.json()["message"]


@pytest.mark.parametrize("path", ["create", "runs/submit"])
def test_a_kind_of_task_the_sandbox_has_not_is_listed(http: httpx.Client, path: str) -> None:
    path = f"/api/2.2/jobs/{path}"
    before = unanswered(http)[path]
    task = {"task_key": "a", "pipeline_task": {"pipeline_id": "p"}}
    answer = http.post(path, json={"tasks": [task]})
    assert answer.status_code == 501
    assert "pipeline_task of task 'a'" in answer.json()["message"]
    assert unanswered(http)[path] == before + 1


@pytest.mark.parametrize(
    ("settings", "listed"),
    [
        ({"schedule": {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}}, True),
        ({"schedule": {"pause_status": "PAUSED"}}, False),
        ({"continuous": {"pause_status": "UNPAUSED"}}, True),
        ({"trigger": {"file_arrival": {"url": "/Volumes/a/b/c/"}}}, True),
    ],
)
def test_a_job_that_would_start_by_itself_is_kept_and_listed(
    http: httpx.Client, settings: dict[str, object], *, listed: bool
) -> None:
    paths = {name: f"/api/2.2/jobs/{name}#{next(iter(settings))}" for name in ("create", "update")}
    before = unanswered(http)
    created = http.post("/api/2.2/jobs/create", json=settings)
    assert created.status_code == 200
    job_id = created.json()["job_id"]
    change = {"job_id": job_id, "new_settings": settings}
    assert http.post("/api/2.2/jobs/update", json=change).status_code == 200
    kept = http.get("/api/2.2/jobs/get", params={"job_id": job_id}).json()["settings"]
    assert kept | settings == kept
    after = unanswered(http)
    assert [after[path] - before[path] for path in paths.values()] == [listed, listed]


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
