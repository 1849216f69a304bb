"""The ledger tells every run that was ever started, once, with what became of it."""

import signal
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from databricks.sdk import WorkspaceClient

from dara_fp.databricks.workspace import Workspace
from tests.sandbox.served import (
    TOKEN,
    Served,
    finished,
    serve,
    started,
    submitted,
    task,
    wait_until,
)

SLEEP = "import time; time.sleep(60)"
PRINT = "print('hello')"


def ledger(http: httpx.Client) -> list[dict[str, Any]]:
    answer = http.get("/_sandbox/runs")
    runs: list[dict[str, Any]] = answer.json()["runs"]
    return runs


def line(http: httpx.Client, run_id: int) -> dict[str, Any]:
    (found,) = [known for known in ledger(http) if known["run_id"] == run_id]
    return found


def test_a_run_is_listed_with_its_token_from_its_start_to_its_end(
    workspace: WorkspaceClient, http: httpx.Client, script: Callable[[str], str], volume: str
) -> None:
    token, file = volume[-32:], script(PRINT)
    job_id = workspace.jobs.create(tasks=[task("main", file)]).job_id or 0
    run_id = started(workspace.jobs.run_now(job_id, idempotency_token=token))
    assert started(workspace.jobs.run_now(job_id, idempotency_token=token)) == run_id
    run = finished(workspace, run_id)
    assert line(http, run_id) == {
        "run_id": run_id,
        "job_id": job_id,
        "token": token,
        "state": "TERMINATED",
        "result": "SUCCESS",
        "started_at": run.start_time,
        "cancel_requested": False,
        "deleted": False,
    }


async def test_a_run_that_the_async_client_cancels_is_told_from_one_that_ended(
    workspace: WorkspaceClient, http: httpx.Client, script: Callable[[str], str], sandbox: Served
) -> None:
    file = script(SLEEP)
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", file)]))
    timed_out = started(workspace.jobs.submit(tasks=[submitted("main", file)], timeout_seconds=1))
    async with Workspace(sandbox.url, token=TOKEN) as client:
        await client.runs.cancel(run_id)
        assert line(http, run_id)["cancel_requested"]
    finished(workspace, run_id)
    finished(workspace, timed_out)
    asked = {known["run_id"]: known["cancel_requested"] for known in ledger(http)}
    assert (asked[run_id], asked[timed_out]) == (True, False)
    assert line(http, run_id)["result"] == "CANCELED"


def test_cancelling_what_has_ended_changes_nothing(
    workspace: WorkspaceClient, http: httpx.Client, script: Callable[[str], str]
) -> None:
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", script(PRINT))]))
    finished(workspace, run_id)
    for version in ("2.1", "2.2"):
        answer = http.post(f"/api/{version}/jobs/runs/cancel", json={"run_id": run_id})
        assert (answer.status_code, answer.json()) == (200, {})
    assert not line(http, run_id)["cancel_requested"]


def test_a_restart_and_a_deletion_leave_the_ledger_as_it_was(tmp_path: Path) -> None:
    served = serve(tmp_path)
    workspace = served.workspace()
    for name, source in (("print", PRINT), ("sleep", SLEEP)):
        workspace.files.upload(f"/Volumes/a/b/c/{name}.py", BytesIO(source.encode()))
    tasks = [task("main", "/Volumes/a/b/c/print.py")]
    job_id = workspace.jobs.create(tasks=tasks).job_id or 0
    deleted = started(workspace.jobs.run_now(job_id, idempotency_token="deleted"))
    finished(workspace, deleted)
    workspace.jobs.delete_run(deleted)
    sleep = [submitted("main", "/Volumes/a/b/c/sleep.py")]
    cancelled, lost = (
        started(workspace.jobs.submit(tasks=sleep, idempotency_token=token)) for token in "cl"
    )
    with served.http() as http:
        workspace.jobs.cancel_run(cancelled)
        wait_until(lambda: line(http, cancelled)["state"] == "TERMINATED")
        before = ledger(http)
    served.end(signal.SIGKILL)

    served = serve(tmp_path)
    with served.http() as http:
        after = ledger(http)
        answer = http.post("/api/2.2/jobs/run-now", json={"job_id": job_id}).json()
    served.end()
    assert [(known["run_id"], known["token"]) for known in after] == [
        (deleted, "deleted"), (cancelled, "c"), (lost, "l"),
    ]  # fmt: skip
    assert after[:2] == before[:2]
    assert [known["deleted"] for known in after] == [True, False, False]
    assert [known["cancel_requested"] for known in after] == [False, True, False]
    assert (after[2]["state"], after[2]["result"]) == ("INTERNAL_ERROR", "FAILED")
    assert answer["number_in_job"] == 2
