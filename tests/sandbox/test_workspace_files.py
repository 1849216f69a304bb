"""Files of the workspace: raw bytes in and out, and programs that jobs run from there."""

import base64
import uuid
from collections.abc import Callable
from urllib.parse import quote

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import RunResultState
from databricks.sdk.service.workspace import ImportFormat, Language, ObjectType

from tests.sandbox.served import finished, started, submitted

FILES = "/api/2.0/workspace-files"
NOTEBOOK = b"# Databricks notebook source\nx = 1\n"
TELL = b"import sys\nprint(*sys.argv[1:], end='')"

Write = Callable[..., httpx.Response]


@pytest.fixture
def folder(workspace: WorkspaceClient) -> str:
    path = f"/Users/{workspace.current_user.me().user_name}/{uuid.uuid4().hex}"
    workspace.workspace.mkdirs(path)
    return path


@pytest.fixture
def write(http: httpx.Client) -> Write:
    """Write as the command line tool does: the path in one piece, the bytes as the body."""

    def sent(path: str, content: bytes, overwrite: str = "false") -> httpx.Response:
        address = f"{FILES}/import-file/{quote(path.lstrip('/'), safe='')}"
        return http.post(address, params={"overwrite": overwrite}, content=content)

    return sent


def test_bytes_that_were_written_are_exported_and_read_as_they_were(
    workspace: WorkspaceClient, http: httpx.Client, write: Write, folder: str
) -> None:
    path, content = f"{folder}/a b.whl", b"PK\x03\x04\x00\xff"
    assert write(f"/Workspace{path}", content).json() == {}
    assert workspace.workspace.download(path).read() == content
    assert base64.b64decode(workspace.workspace.export(path).content or "") == content
    assert http.get(f"{FILES}{path}").content == content
    status = workspace.workspace.get_status(path)
    assert (status.object_type, status.language) == (ObjectType.FILE, None)


def test_what_begins_as_a_notebook_is_written_as_one(
    workspace: WorkspaceClient, http: httpx.Client, write: Write, folder: str
) -> None:
    assert write(f"{folder}/first.py", NOTEBOOK).status_code == 200
    assert workspace.workspace.get_status(f"{folder}/first").object_type is ObjectType.NOTEBOOK
    assert http.get(f"{FILES}{folder}/first").content == NOTEBOOK


def test_a_file_that_is_there_is_a_conflict_and_a_notebook_a_bad_request(
    http: httpx.Client, write: Write, folder: str
) -> None:
    path = f"{folder}/state.json"
    write(path, b"1")
    write(f"{folder}/first.py", NOTEBOOK)
    refused = write(path, b"2")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "RESOURCE_ALREADY_EXISTS")
    assert refused.json()["message"] == f"Path ({path}) already exists."
    assert write(f"{folder}/first.py", NOTEBOOK).status_code == 400
    assert http.get(f"{FILES}{path}").content == b"1"
    assert write(path, b"3", "true").status_code == 200
    assert http.get(f"{FILES}{path}").content == b"3"


def test_a_file_needs_its_folder_and_a_folder_is_no_file(
    http: httpx.Client, write: Write, folder: str
) -> None:
    lost = write(f"{folder}/none/a", b"1")
    assert (lost.status_code, lost.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    assert f"parent folder ({folder}/none)" in lost.json()["message"]
    assert http.get(f"{FILES}{folder}/a").status_code == 404
    assert "is a folder" in http.get(f"{FILES}{folder}").json()["message"]


def test_a_folder_whose_name_begins_with_a_dot_is_listed(http: httpx.Client, folder: str) -> None:
    path = f"{folder}/.bundle"
    http.post("/api/2.0/workspace/mkdirs", json={"path": path})
    listed = http.get("/api/2.0/workspace/list", params={"path": folder}).json()["objects"]
    assert [known["path"] for known in listed] == [path]


@pytest.mark.parametrize(("ending", "language"), [("py", "PYTHON"), ("sql", "SQL")])
def test_source_without_a_language_is_in_the_one_its_ending_names(
    workspace: WorkspaceClient, folder: str, ending: str, language: str
) -> None:
    path = f"{folder}/report.{ending}"
    workspace.workspace.import_(path, content="", format=ImportFormat.SOURCE)
    assert workspace.workspace.get_status(path).language is Language(language)


def told(workspace: WorkspaceClient, file: str) -> str | None:
    """Run *file* with two parameters, and give what it printed."""
    task = submitted("main", file, "one", "two words")
    run = finished(workspace, started(workspace.jobs.submit(tasks=[task])))
    assert run.state
    assert run.state.result_state is RunResultState.SUCCESS, run.state.state_message
    return workspace.jobs.get_run_output((run.tasks or [])[0].run_id or 0).logs


@pytest.mark.parametrize("before", ["", "/Workspace"])
def test_a_job_runs_a_file_of_the_workspace_by_either_of_its_paths(
    workspace: WorkspaceClient, folder: str, before: str
) -> None:
    path = f"{folder}/tell.py"
    workspace.workspace.upload(path, TELL, format=ImportFormat.AUTO)
    assert told(workspace, f"{before}{path}") == "one two words"


def test_a_job_runs_a_program_that_was_imported_as_source(workspace: WorkspaceClient) -> None:
    path = f"/Shared/{uuid.uuid4().hex}.py"
    content = base64.b64encode(TELL).decode()
    workspace.workspace.import_(path, content=content, language=Language.PYTHON)
    assert told(workspace, path) == "one two words"
