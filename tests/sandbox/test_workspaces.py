"""Each token has a workspace of its own, and nothing of another one is seen in it."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, Unauthenticated
from databricks.sdk.service.jobs import ConditionTask, ConditionTaskOp, SubmitTask, Task
from databricks.sdk.service.vectorsearch import EndpointType

from dara_fp.sandbox.server.auth import WORKSPACE_ID
from tests.sandbox.served import TOKEN, Served, serve, started

WORKSPACES = "/_sandbox/workspaces"
CONDITION = ConditionTask(op=ConditionTaskOp.EQUAL_TO, left="a", right="a")


def make(http: httpx.Client, **keys: str) -> dict[str, str]:
    answer = http.post(WORKSPACES, json=keys)
    assert answer.status_code == 200, answer.text
    made: dict[str, str] = answer.json()
    return made


def opened(made: dict[str, str]) -> WorkspaceClient:
    return WorkspaceClient(host=made["host"], token=made["token"])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Not the one of the other tests, which has to stay alone."""
    served = serve(tmp_path_factory.mktemp("workspaces"))
    yield served
    served.end()


@pytest.fixture(scope="module")
def workspace(sandbox: Served) -> WorkspaceClient:
    return sandbox.workspace()


@pytest.fixture(scope="module")
def http(sandbox: Served) -> Iterator[httpx.Client]:
    with sandbox.http() as client:
        yield client


@pytest.fixture
def other(http: httpx.Client) -> WorkspaceClient:
    return opened(make(http))


def test_a_new_workspace_is_empty_and_what_is_made_in_it_stays_in_it(
    workspace: WorkspaceClient, other: WorkspaceClient, volume: str
) -> None:
    file = f"{volume}/a.txt"
    other.files.upload(file, BytesIO(b"mine"))
    task = Task(task_key="a", condition_task=CONDITION)
    job_id = other.jobs.create(name="mine", tasks=[task]).job_id or 0
    other.vector_search_endpoints.create_endpoint("mine-alone", EndpointType.STANDARD)
    assert other.files.get_metadata(file).content_length == len("mine")
    assert [job.job_id for job in other.jobs.list()] == [job_id]
    with pytest.raises(NotFound):
        workspace.files.get_metadata(file)
    with pytest.raises(InvalidParameterValue, match="does not exist"):
        workspace.jobs.run_now(job_id)
    with pytest.raises(NotFound):
        workspace.vector_search_endpoints.get_endpoint("mine-alone")


def test_a_workspace_tells_its_own_id_and_knows_its_own_client(http: httpx.Client) -> None:
    made = make(http, client_id="robot", client_secret="of the robot")
    assert made["workspace_id"] != WORKSPACE_ID
    robot = WorkspaceClient(
        host=made["host"],
        client_id="robot",
        client_secret="of the robot",
        auth_type="oauth-m2m",
    )
    assert robot.get_workspace_id() == int(made["workspace_id"])
    robot.files.upload("/Volumes/main/default/v/robot", BytesIO(b"beep"))
    found = opened(made).files.download("/Volumes/main/default/v/robot").contents
    assert found is not None
    assert found.read() == b"beep"


def test_an_address_without_a_token_leads_to_the_workspace_that_gave_it(
    other: WorkspaceClient, volume: str
) -> None:
    other.files.upload(f"{volume}/a.txt", BytesIO(b"mine"))
    asked = {"path": f"{volume}/a.txt", "expire_time": "2100-01-01T00:00:00Z"}
    address = f"{other.config.host}/api/2.0/fs/create-download-url"
    given = httpx.post(address, params=asked, headers=other.config.authenticate())
    assert httpx.get(given.json()["url"]).content == b"mine"


def test_the_page_of_a_run_is_in_the_workspace_of_the_run(http: httpx.Client) -> None:
    made = make(http)
    other = opened(made)
    condition = SubmitTask(task_key="a", condition_task=CONDITION)
    run = other.jobs.get_run(started(other.jobs.submit(tasks=[condition])))
    assert f"?o={made['workspace_id']}#job/" in (run.run_page_url or "")
    assert f"?o={made['workspace_id']}#job/" in ((run.tasks or [])[0].run_page_url or "")


def test_a_host_of_several_workspaces_names_none_before_it_sees_a_token(
    sandbox: Served, other: WorkspaceClient
) -> None:
    config = httpx.get(f"{sandbox.url}/.well-known/databricks-config").json()
    assert "workspace_id" not in config
    assert other.get_workspace_id() != int(WORKSPACE_ID)


def test_faults_and_unanswered_calls_are_those_of_one_workspace(http: httpx.Client) -> None:
    made = make(http)
    bearer = {"Authorization": f"Bearer {made['token']}"}
    with httpx.Client(base_url=made["host"], headers=bearer) as other:
        other.post("/_sandbox/faults", json={"pattern": "* /api/*", "status": 418})
        assert other.get("/api/2.2/jobs/list").status_code == 418
        assert http.get("/api/2.2/jobs/list").status_code == 200
        other.delete("/_sandbox/faults")
        assert other.get("/api/of-nobody-else").status_code == 501
    unanswered = http.get("/_sandbox/unanswered").json()["calls"]
    assert "/api/of-nobody-else" not in [call["path"] for call in unanswered]


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"token": "short"}, 400, "token"),
        ({"token": TOKEN}, 409, "has this token already"),
        ({"name": "x"}, 400, "name"),
    ],
)
def test_keys_that_cannot_be_are_refused(
    http: httpx.Client, asked: dict[str, str], status: int, said: str
) -> None:
    answer = http.post(WORKSPACES, json=asked)
    assert (answer.status_code, said in answer.json()["message"]) == (status, True)
    assert TOKEN not in answer.text


def test_a_client_is_of_one_workspace(http: httpx.Client) -> None:
    made = make(http)
    answer = http.post(WORKSPACES, json={"client_id": made["client_id"]})
    assert answer.status_code == 409
    assert made["client_secret"] not in answer.text


def test_workspaces_are_listed_without_their_keys(http: httpx.Client) -> None:
    made = make(http)
    shown = http.get(WORKSPACES)
    assert shown.json()["workspaces"][0] == {"workspace_id": WORKSPACE_ID}
    assert {"workspace_id": made["workspace_id"]} in shown.json()["workspaces"]
    assert made["token"] not in shown.text


def test_making_one_needs_a_token(sandbox: Served) -> None:
    assert httpx.post(sandbox.url + WORKSPACES, json={}).status_code == 401


def test_a_restart_knows_all_workspaces_and_keeps_no_key_as_it_was(tmp_path: Path) -> None:
    served = serve(tmp_path)
    with served.http() as http:
        made = make(http)
    path = "/Volumes/main/default/v/kept"
    opened(made).files.upload(path, BytesIO(b"kept"))
    served.end()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert made["token"].encode() not in written
    assert made["client_secret"].encode() not in written

    served = serve(tmp_path)
    known = WorkspaceClient(host=served.url, token=made["token"])
    content = known.files.download(path).contents
    assert content is not None
    assert content.read() == b"kept"
    with pytest.raises(Unauthenticated):
        WorkspaceClient(host=served.url, token=os.urandom(8).hex()).current_user.me()
    served.end()
