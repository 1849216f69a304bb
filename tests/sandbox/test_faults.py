"""Calls go wrong as they were asked to: how, how often, and before or after their effect."""

import itertools
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import (
    ConditionTask,
    ConditionTaskOp,
    RunLifeCycleState,
    RunResultState,
    Task,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.retries import Retries
from dara_fp.databricks.workspace import Workspace
from dara_fp.sandbox.server.faults import Faults
from dara_fp.sandbox.server.stumbling import Stumbling
from tests.sandbox.served import (
    TOKEN,
    Served,
    finished,
    life,
    serve,
    started,
    submitted,
    wait_until,
)

FAULTS = "/_sandbox/faults"
ME = "/api/2.0/preview/scim/v2/Me"
RUN_NOW = "/api/2.2/jobs/run-now"
# A reset that comes while the client still writes its body shows as an end when it reads.
LOST = (httpx.ReadError, httpx.RemoteProtocolError)
QUICK = Retries(first=0.01, most=0.01)


@pytest.fixture
def faulty(http: httpx.Client) -> Iterator[httpx.Client]:
    yield http
    assert http.delete(FAULTS).json() == {}
    assert http.get(FAULTS).json() == {"faults": []}


def arm(http: httpx.Client, pattern: str, **how: object) -> dict[str, Any]:
    answer = http.post(FAULTS, json={"pattern": pattern, **how})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def applied(http: httpx.Client) -> list[int]:
    return [fault["applied"] for fault in http.get(FAULTS).json()["faults"]]


def a_job(http: httpx.Client) -> int:
    condition = {"op": "EQUAL_TO", "left": "a", "right": "a"}
    tasks = [{"task_key": "main", "condition_task": condition}]
    made = http.post("/api/2.2/jobs/create", json={"tasks": tasks, "max_concurrent_runs": 9})
    return int(made.json()["job_id"])


def runs_of(http: httpx.Client, job_id: int) -> list[dict[str, Any]]:
    runs = http.get("/_sandbox/runs").json()["runs"]
    return [run for run in runs if run["job_id"] == job_id]


def test_an_error_is_answered_as_often_as_asked_and_in_the_words_of_a_workspace(
    faulty: httpx.Client,
) -> None:
    arm(faulty, f"GET {ME}", status=429, retry_after=7, times=2)
    answers = [faulty.get(ME) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"
    assert answers[0].json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert "x-request-id" in answers[0].headers
    assert applied(faulty) == [2]


@pytest.mark.parametrize(("status", "code"), [(503, "TEMPORARILY_UNAVAILABLE"), (418, "UNKNOWN")])
def test_an_error_without_a_number_of_times_stays(
    faulty: httpx.Client, status: int, code: str
) -> None:
    arm(faulty, "GET /api/*", status=status)
    answers = [faulty.get(ME) for _ in range(3)]
    assert {(answer.status_code, answer.json()["error_code"]) for answer in answers} == {
        (status, code)
    }
    assert "retry-after" not in answers[0].headers


def test_only_calls_of_the_pattern_go_wrong(faulty: httpx.Client) -> None:
    arm(faulty, "POST /api/2.[01]/jobs/*", status=500)
    assert faulty.post("/api/2.1/jobs/run-now", json={}).status_code == 500
    assert faulty.post(RUN_NOW, json={}).status_code == 400
    assert faulty.get("/api/2.1/jobs/list").status_code == 200


def test_a_cut_connection_is_reset_not_closed(faulty: httpx.Client) -> None:
    arm(faulty, f"GET {ME}", cut=True)
    for _ in range(3):
        with pytest.raises(httpx.ReadError, match="reset"):
            faulty.get(ME)


def test_a_cut_connection_comes_before_the_effect(faulty: httpx.Client) -> None:
    job_id = a_job(faulty)
    arm(faulty, f"POST {RUN_NOW}", cut=True, times=1)
    with pytest.raises(LOST):
        faulty.post(RUN_NOW, json={"job_id": job_id})
    assert runs_of(faulty, job_id) == []
    assert faulty.post(RUN_NOW, json={"job_id": job_id}).status_code == 200


def test_an_answer_is_lost_after_the_effect(faulty: httpx.Client) -> None:
    job_id = a_job(faulty)
    arm(faulty, f"POST {RUN_NOW}", after_effect=True, times=1)
    with pytest.raises(LOST):
        faulty.post(RUN_NOW, json={"job_id": job_id, "idempotency_token": "lost"})
    assert [run["token"] for run in runs_of(faulty, job_id)] == ["lost"]


def test_an_error_can_follow_the_effect(faulty: httpx.Client) -> None:
    job_id = a_job(faulty)
    arm(faulty, f"POST {RUN_NOW}", after_effect=True, status=504, times=1)
    answer = faulty.post(RUN_NOW, json={"job_id": job_id})
    assert (answer.status_code, answer.json()["error_code"]) == (504, "DEADLINE_EXCEEDED")
    assert len(runs_of(faulty, job_id)) == 1


def test_a_delay_comes_before_the_answer(faulty: httpx.Client) -> None:
    arm(faulty, f"GET {ME}", delay=0.2, times=1)
    began = time.monotonic()
    assert faulty.get(ME).status_code == 200
    assert time.monotonic() - began >= 0.2


def test_the_same_seed_hits_the_same_calls(faulty: httpx.Client) -> None:
    def hits(seed: int) -> list[int]:
        faulty.delete(FAULTS)
        arm(faulty, f"GET {ME}", status=500, probability=0.5, seed=seed)
        return [faulty.get(ME).status_code for _ in range(40)]

    first = hits(1)
    assert set(first) == {200, 500}
    assert hits(1) == first
    assert hits(2) != first


def test_the_first_fault_that_hits_is_the_only_one(faulty: httpx.Client) -> None:
    arm(faulty, f"GET {ME}", status=503, times=1)
    arm(faulty, f"GET {ME}", status=429, times=1)
    assert [faulty.get(ME).status_code for _ in range(3)] == [503, 429, 200]


def test_the_sandbox_itself_never_goes_wrong_and_asks_for_its_token(
    faulty: httpx.Client, sandbox: Served
) -> None:
    arm(faulty, "* /*", status=500)
    assert faulty.get("/_sandbox/runs").status_code == 200
    for method, path in itertools.product(["GET", "POST", "DELETE"], [FAULTS]):
        assert httpx.request(method, sandbox.url + path).status_code == 401
    assert httpx.get(f"{sandbox.url}/_sandbox/runs").status_code == 401
    assert applied(faulty) == [0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "pattern"),
        ({"pattern": "/api"}, "pattern"),
        ({"pattern": "GET /"}, "does nothing"),
        ({"pattern": "GET /", "status": 500, "cut": True}, "give one of the two"),
        ({"pattern": "GET /", "cut": True, "retry_after": 1}, "give a status with it"),
        ({"pattern": "GET /", "status": 200}, "status"),
        ({"pattern": "GET /", "cut": True, "probability": 1.5}, "probability"),
        ({"pattern": "GET /", "cut": True, "times": 0}, "times"),
        ({"pattern": "GET /", "delay": -1}, "delay"),
        ({"pattern": "GET /", "kill": True}, "kill"),
        ({"pattern": "POST /", "stale": True}, "Only reads can be stale"),
        ({"pattern": "GET /", "stale": True, "status": 500}, "A stale read is answered"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    http: httpx.Client, asked: dict[str, object], said: str
) -> None:
    answer = http.post(FAULTS, json=asked)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert http.get(FAULTS).json() == {"faults": []}


def test_a_stale_read_sees_each_change_one_read_late(faulty: httpx.Client, volume: str) -> None:
    address = f"/api/2.0/fs/files{volume}/a.txt"
    arm(faulty, f"GET {address}", stale=True, times=3)
    contents: list[object] = []
    for content in (b"first", b"second", b"third", b"fourth"):
        faulty.put(address, params={"overwrite": "true"}, content=content)
        answer = faulty.get(address)
        contents.append(answer.content if answer.status_code == 200 else answer.status_code)
    assert contents == [404, b"first", b"second", b"fourth"]


def test_what_was_read_before_the_fault_does_not_vanish(faulty: httpx.Client) -> None:
    job_id = a_job(faulty)
    address = f"/api/2.2/jobs/get?job_id={job_id}"
    assert faulty.get(address).status_code == 200
    arm(faulty, "GET /api/2.2/jobs/get", stale=True)
    assert faulty.get(address).json()["job_id"] == job_id
    other = a_job(faulty)
    assert faulty.get(f"/api/2.2/jobs/get?job_id={other}").status_code == 404


def test_a_read_that_chance_spares_is_the_last_one_too(faulty: httpx.Client, volume: str) -> None:
    address = f"/api/2.0/fs/files{volume}/a.txt"
    faulty.put(address, content=b"first")
    arm(faulty, f"GET {address}", delay=0.01, times=2)
    arm(faulty, f"GET {address}", stale=True, times=1)
    assert faulty.get(address).content == b"first"
    faulty.put(address, params={"overwrite": "true"}, content=b"second")
    assert faulty.get(address).content == b"second"
    faulty.put(address, params={"overwrite": "true"}, content=b"third")
    assert faulty.get(address).content == b"second"
    assert faulty.get(address).content == b"third"


def test_a_list_that_nobody_has_read_is_empty_when_stale(
    faulty: httpx.Client, workspace: WorkspaceClient
) -> None:
    name = uuid.uuid4().hex
    task = Task(task_key="a", condition_task=ConditionTask(ConditionTaskOp.EQUAL_TO, "a", "a"))
    workspace.jobs.create(name=name, tasks=[task])
    arm(faulty, "GET /api/2.*/jobs/list", stale=True, times=1)
    assert [*workspace.jobs.list(name=name)] == []
    assert [job.settings and job.settings.name for job in workspace.jobs.list(name=name)] == [name]


async def test_reads_with_other_bodies_or_methods_are_other_reads(tmp_path: Path) -> None:
    said = iter("abcdefgh")

    async def told(request: Request) -> Response:
        return PlainTextResponse(f"{next(said)} to {(await request.body()).decode()}")

    faults = Faults()
    app = Starlette(routes=[Route("/told", told), *faults.routes()])
    transport = httpx.ASGITransport(Stumbling(app, faults, tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        await http.post(FAULTS, json={"pattern": "GET /told", "stale": True})
        asked = [("GET", "x"), ("GET", "y"), ("HEAD", "x"), ("GET", "x"), ("GET", "y")]
        answers = [await http.request(how, "/told", content=body) for how, body in asked]
    assert [answer.status_code for answer in answers] == [404, 404, 200, 200, 200]
    assert [answer.text for answer in answers[3:]] == ["a to x", "b to y"]


def test_a_killed_program_fails_its_run_as_a_lost_machine_does(
    faulty: httpx.Client, workspace: WorkspaceClient, script: Callable[[str], str]
) -> None:
    file = script("import time; print('up', flush=True); time.sleep(60)")
    run_id = started(workspace.jobs.submit(tasks=[submitted("main", file)]))
    wait_until(lambda: life(workspace, run_id) is RunLifeCycleState.RUNNING)
    arm(faulty, "GET /api/2.*/jobs/runs/get-output", kill="run")
    task = (workspace.jobs.get_run(run_id).tasks or [])[0]
    # The program may not have begun when its run has, so it is tried until there was one to kill.
    wait_until(lambda: workspace.jobs.get_run_output(task.run_id or 0).error)
    ended = finished(workspace, run_id)
    assert ended.state
    assert ended.state.result_state is RunResultState.FAILED


def test_a_killed_sandbox_answers_nobody_and_has_done_what_it_was_asked(tmp_path: Path) -> None:
    served = serve(tmp_path)
    with served.http() as http:
        job_id = a_job(http)
        arm(http, f"POST {RUN_NOW}", kill="sandbox", after_effect=True)
        with pytest.raises(LOST):
            http.post(RUN_NOW, json={"job_id": job_id, "idempotency_token": "known"})
    assert served.process.wait(10) == -signal.SIGKILL
    served.end()
    served = serve(tmp_path)
    with served.http() as http:
        assert [run["token"] for run in runs_of(http, job_id)] == ["known"]
        # And what went wrong before goes wrong no more.
        assert http.get(FAULTS).json() == {"faults": []}
    served.end()


async def test_the_async_client_starts_one_run_through_all_of_it(
    faulty: httpx.Client, sandbox: Served
) -> None:
    job_id, token = a_job(faulty), uuid.uuid4().hex
    arm(faulty, f"POST {RUN_NOW}", cut=True, times=1)
    arm(faulty, f"POST {RUN_NOW}", after_effect=True, times=1)
    arm(faulty, f"POST {RUN_NOW}", status=429, retry_after=0, times=1)
    arm(faulty, f"POST {RUN_NOW}", status=503, after_effect=True, times=1)
    async with Workspace(sandbox.url, token=TOKEN, retries=QUICK) as workspace:
        run_id = await workspace.runs.start(job_id, idempotency_token=token)
    assert applied(faulty) == [1] * 4
    assert [(run["run_id"], run["token"]) for run in runs_of(faulty, job_id)] == [(run_id, token)]


async def test_without_a_token_a_lost_answer_is_told_and_not_sent_again(
    faulty: httpx.Client, sandbox: Served
) -> None:
    job_id = a_job(faulty)
    arm(faulty, f"POST {RUN_NOW}", after_effect=True)
    async with Workspace(sandbox.url, token=TOKEN, retries=QUICK) as workspace:
        with pytest.raises(DatabricksError):
            await workspace.runs.start(job_id)
    assert len(runs_of(faulty, job_id)) == 1


async def test_without_a_server_a_cut_connection_is_an_error_of_the_application(
    tmp_path: Path,
) -> None:
    faults = Faults()
    transport = httpx.ASGITransport(Stumbling(Starlette(routes=faults.routes()), faults, tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        await http.post(FAULTS, json={"pattern": f"GET {ME}", "cut": True})
        with pytest.raises(ConnectionResetError, match="asked to cut"):
            await http.get(ME)
