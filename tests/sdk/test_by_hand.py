"""What the SDK adds to its generated services by hand: rewritten, or written by hand here."""

from typing import Any

import httpx
import pytest
import respx
from databricks.sdk.service.serving import ExternalFunctionRequestHttpMethod
from databricks.sdk.service.workspace import ImportFormat, Language

from dara_fp.databricks.errors import InvalidParameterValue
from dara_fp.databricks.sdk import by_hand
from dara_fp.databricks.sdk.failures import OperationFailed, WaitTimedOut
from dara_fp.databricks.sdk.waits import Clock
from dara_fp.databricks.workspace import Workspace

GET_RUN = "/api/2.2/jobs/runs/get"
LIST = "/api/2.0/workspace/list"
CLUSTER = "/api/2.1/clusters/get"


@pytest.fixture(autouse=True)
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []

    async def sleep(seconds: float) -> None:
        taken.append(seconds)

    monkeypatch.setattr(Clock, "sleep", sleep)
    monkeypatch.setattr(by_hand, "_PAUSE", 0.001)
    return taken


async def test_a_run_of_many_tasks_is_read_page_by_page(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    first = {"run_id": 7, "tasks": [{"task_key": "a"}], "next_page_token": "b"}
    wire.get(GET_RUN, params={"page_token": "b"}).respond(
        json={"run_id": 7, "tasks": [{"task_key": "b"}]}
    )
    wire.get(GET_RUN).respond(json=first)
    run = await workspace.jobs.get_run(7)
    assert [task.task_key for task in run.tasks or []] == ["a", "b"]


async def test_jobs_are_listed_with_all_their_tasks(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    jobs: list[dict[str, Any]] = [
        {"job_id": 1, "has_more": True, "settings": {"tasks": []}},
        {"job_id": 2},
    ]
    wire.get("/api/2.2/jobs/list").respond(json={"jobs": jobs})
    whole = {"job_id": 1, "settings": {"tasks": [{"task_key": "a"}, {"task_key": "b"}]}}
    wire.get("/api/2.2/jobs/get", params={"job_id": "1"}).respond(json=whole)
    found = [job async for job in workspace.jobs.list(expand_tasks=True)]
    assert [job.job_id for job in found] == [1, 2]
    assert found[0].settings
    assert [task.task_key for task in found[0].settings.tasks or []] == ["a", "b"]


async def test_jobs_are_listed_once_without_their_tasks(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/list").respond(json={"jobs": [{"job_id": 1}, {"job_id": 2}]})
    assert [job.job_id async for job in workspace.jobs.list()] == [1, 2]


async def test_a_runtime_is_selected_among_those_there_are(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    names = {"15.4.x-scala2.12": "15.4 LTS", "16.1.x-scala2.12": "16.1"}
    versions = [{"key": key, "name": name} for key, name in names.items()]
    wire.get("/api/2.1/clusters/spark-versions").respond(json={"versions": versions})
    assert await workspace.clusters.select_spark_version() == "16.1.x-scala2.12"
    kept = await workspace.clusters.select_spark_version(long_term_support=True)
    assert kept == "15.4.x-scala2.12"


async def test_folders_are_listed_with_those_below_them(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    folder = {"path": "/a/b", "object_type": "DIRECTORY"}
    wire.get(LIST, params={"path": "/a"}).respond(json={"objects": [folder, {"path": "/a/n"}]})
    wire.get(LIST, params={"path": "/a/b"}).respond(json={"objects": [{"path": "/a/b/m"}]})
    shallow = [each.path async for each in workspace.workspace.list("/a")]
    deep = [each.path async for each in workspace.workspace.list("/a", recursive=True)]
    assert (shallow, deep) == (["/a/b", "/a/n"], ["/a/n", "/a/b/m"])


def form(route: respx.Route) -> dict[str, bytes]:
    """Read the form that was sent to *route*, as a server does."""
    request: httpx.Request = route.calls.last.request
    border = request.headers["content-type"].partition("boundary=")[2].encode()
    parts = request.content.split(b"--" + border)[1:-1]
    heads_and_bodies = [part.strip(b"\r\n").partition(b"\r\n\r\n") for part in parts]
    return {head.split(b'"')[1].decode(): body for head, _, body in heads_and_bodies}


@pytest.mark.parametrize(
    ("path", "more", "said"),
    [
        ("/n.py", {}, {"language": b"PYTHON"}),
        ("/n.py", {"overwrite": True}, {"language": b"PYTHON", "overwrite": b"true"}),
        ("/n", {"language": Language.SQL}, {"language": b"SQL"}),
        ("/n.py", {"format": ImportFormat.AUTO}, {"format": b"AUTO"}),
    ],
)
async def test_a_notebook_is_uploaded_as_a_form(
    workspace: Workspace,
    wire: respx.MockRouter,
    path: str,
    more: dict[str, Any],
    said: dict[str, bytes],
) -> None:
    route = wire.post("/api/2.0/workspace/import").respond(json={})
    await workspace.workspace.upload(path, b"print(1)", **more)
    assert form(route) == {"path": path.encode(), "content": b"print(1)", **said}


async def test_an_upload_of_another_format_says_what_may_be_missing(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    refusal = {"error_code": "INVALID_PARAMETER_VALUE", "message": "The zip archive is empty."}
    wire.post("/api/2.0/workspace/import").respond(400, json=refusal)
    with pytest.raises(InvalidParameterValue, match=r"zip archive.*format=ImportFormat.AUTO"):
        await workspace.workspace.upload("/n", b"x")


async def test_a_notebook_is_downloaded_as_a_stream(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    query = {"path": "/n", "direct_download": "true"}
    wire.get("/api/2.0/workspace/export", params=query).respond(content=b"print(1)")
    assert await (await workspace.workspace.download("/n")).read() == b"print(1)"


async def test_a_request_to_another_service_goes_through_the_connection(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    route = wire.post("/api/2.0/external-function").respond(content=b"pong")
    method = ExternalFunctionRequestHttpMethod.POST
    answer = await workspace.serving_endpoints.http_request("c", method, "/ping", json={"a": 1})
    assert await answer.read() == b"pong"
    sent = route.calls.last.request.content
    assert sent == b'{"connection_name":"c","method":"POST","path":"/ping","json":"{\\"a\\": 1}"}'


def states(wire: respx.MockRouter, *given: str) -> None:
    answers = [httpx.Response(200, json={"cluster_id": "c", "state": each}) for each in given]
    wire.get(CLUSTER).side_effect = answers


async def test_a_cluster_that_runs_is_left_alone(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    states(wire, "RUNNING")
    await workspace.clusters.ensure_cluster_is_running("c")
    assert wire.calls.call_count == 1


async def test_a_cluster_that_stops_is_started_once_it_stopped(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    start = wire.post("/api/2.1/clusters/start").respond(json={})
    states(wire, "TERMINATING", "TERMINATING", "TERMINATED", "PENDING", "RUNNING")
    await workspace.clusters.ensure_cluster_is_running("c")
    assert start.call_count == 1


async def test_a_cluster_that_someone_else_starts_is_waited_for(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    refusal = {"error_code": "INVALID_STATE", "message": "Cluster c is in unexpected state"}
    wire.post("/api/2.1/clusters/start").respond(400, json=refusal)
    states(wire, "TERMINATED", "PENDING", "RUNNING")
    await workspace.clusters.ensure_cluster_is_running("c")


async def test_a_broken_cluster_is_not_waited_for(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    states(wire, "ERROR")
    with pytest.raises(OperationFailed, match=r"is ERROR.*event log"):
        await workspace.clusters.ensure_cluster_is_running("c")


async def test_a_cluster_that_never_runs_is_given_up(
    workspace: Workspace, wire: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = {"error_code": "INVALID_STATE", "message": "Cluster c is in unexpected state"}
    wire.post("/api/2.1/clusters/start").respond(400, json=refusal)
    wire.get(CLUSTER).respond(json={"cluster_id": "c", "state": "TERMINATED"})
    await workspace.clusters.get("c")  # opens the connections, which takes its time
    monkeypatch.setattr(by_hand, "_LONGEST", 0.05)
    with pytest.raises(WaitTimedOut, match="cluster c does not run"):
        await workspace.clusters.ensure_cluster_is_running("c")
