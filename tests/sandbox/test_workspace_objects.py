"""Notebooks, files and folders of the workspace, and secrets, by the official client."""

import base64
import io
import json
import uuid
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    BadRequest,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)
from databricks.sdk.service.workspace import ExportFormat, ImportFormat, Language, ObjectType

SOURCE = (
    b"# Databricks notebook source\n# MAGIC %md\n# MAGIC # Title\n\n# COMMAND ----------\n\nx = 1\n"
)


@pytest.fixture
def folder(workspace: WorkspaceClient) -> str:
    path = f"/Shared/{uuid.uuid4().hex}"
    workspace.workspace.mkdirs(path)
    return path


def listed(workspace: WorkspaceClient, folder: str) -> list[str]:
    api: Any = workspace.workspace  # what `list` takes is not typed in full
    return [known.path for known in api.list(folder)]


def test_a_file_is_uploaded_listed_downloaded_and_deleted(
    workspace: WorkspaceClient, folder: str
) -> None:
    path = f"{folder}/tool.py"
    workspace.workspace.upload(path, b"print('\x00')", format=ImportFormat.AUTO)
    status = workspace.workspace.get_status(f"/Workspace{path}")
    assert (status.path, status.object_type, status.size) == (path, ObjectType.FILE, 10)
    assert listed(workspace, folder) == [path]
    assert workspace.workspace.download(path).read() == b"print('\x00')"
    workspace.workspace.delete(path)
    assert listed(workspace, folder) == []


def test_a_notebook_is_known_by_its_form_and_goes_from_one_to_the_other(
    workspace: WorkspaceClient, folder: str
) -> None:
    api = workspace.workspace
    api.upload(f"{folder}/first.py", SOURCE, format=ImportFormat.AUTO)
    status = api.get_status(f"{folder}/first")
    assert (status.object_type, status.language) == (ObjectType.NOTEBOOK, Language.PYTHON)
    assert api.download(f"{folder}/first").read() == SOURCE
    jupyter = api.download(f"{folder}/first", format=ExportFormat.JUPYTER).read()
    cells = json.loads(jupyter)["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == [
        ("markdown", "# Title"),
        ("code", "x = 1"),
    ]
    api.upload(f"{folder}/second.ipynb", jupyter, format=ImportFormat.AUTO)
    assert api.download(f"{folder}/second").read() == SOURCE
    encoded = base64.b64encode(b"x = 2").decode()
    api.import_(f"{folder}/third", content=encoded, language=Language.PYTHON)
    exported = api.export(f"{folder}/third")
    assert exported.file_type == "py"
    assert base64.b64decode(exported.content or "") == b"# Databricks notebook source\nx = 2"


def test_what_is_there_is_replaced_only_when_asked(workspace: WorkspaceClient, folder: str) -> None:
    path = f"{folder}/a.txt"
    workspace.workspace.upload(path, b"1", format=ImportFormat.RAW)
    with pytest.raises(ResourceAlreadyExists, match="already exists"):
        workspace.workspace.upload(path, b"2", format=ImportFormat.RAW)
    workspace.workspace.upload(path, io.BytesIO(b"3"), format=ImportFormat.RAW, overwrite=True)
    assert workspace.workspace.download(path).read() == b"3"
    with pytest.raises(ResourceAlreadyExists):
        workspace.workspace.mkdirs(path)


def test_a_folder_that_is_not_empty_is_deleted_only_with_all_that_is_in_it(
    workspace: WorkspaceClient, folder: str
) -> None:
    workspace.workspace.mkdirs(f"{folder}/inner")
    with pytest.raises(BadRequest, match="is not empty"):
        workspace.workspace.delete(folder)
    workspace.workspace.delete(folder, recursive=True)
    with pytest.raises(ResourceDoesNotExist, match=r"Path \(/Shared/.*\) doesn't exist"):
        workspace.workspace.get_status(folder)


def test_every_folder_that_is_always_there_is_there(workspace: WorkspaceClient) -> None:
    me = workspace.current_user.me().user_name
    assert {"/Shared", "/Users"} <= set(listed(workspace, "/"))
    assert workspace.workspace.get_status(f"/Users/{me}").object_type is ObjectType.DIRECTORY


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"path": "a"}, "must start with '/'"),
        ({"path": "/Shared/../../x", "format": "RAW"}, "are not allowed"),
        ({"path": "/Shared/none/a", "format": "RAW"}, "parent folder (/Shared/none)"),
        ({"path": "/Shared/a", "content": "%"}, "not base64"),
        ({"path": "/Shared/a"}, "language is None"),
        ({"path": "/Shared/a", "language": "R"}, "keeps no notebook in"),
        ({"path": "/Shared/a", "format": "JUPYTER", "content": "e30="}, "no Jupyter notebook"),
        ({"path": "/Shared/a", "language": "PYTHON", "content": "/w=="}, "import this as RAW"),
        ({"path": "/Shared/a", "format": "PDF"}, "format"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_the_reason(
    http: httpx.Client, asked: dict[str, str], said: str
) -> None:
    answer = http.post("/api/2.0/workspace/import", json=asked)
    assert answer.status_code in {400, 404}
    assert said in answer.json()["message"]


def test_a_format_that_is_not_done_is_told_and_counted(http: httpx.Client) -> None:
    for answer in (
        http.get("/api/2.0/workspace/export", params={"path": "/Shared", "format": "DBC"}),
        http.get("/api/2.0/workspace/export", params={"path": "/Shared"}),
    ):
        assert answer.status_code == 501
    calls = http.get("/_sandbox/unanswered").json()["calls"]
    assert any(call["path"] == "/api/2.0/workspace/export" for call in calls)


def test_an_object_beyond_the_limit_is_refused(workspace: WorkspaceClient, folder: str) -> None:
    with pytest.raises(BadRequest, match="exceeds 10485760 bytes"):
        workspace.workspace.upload(
            f"{folder}/big", b"x" * (10 * 2**20 + 1), format=ImportFormat.RAW
        )


@pytest.fixture
def scope(workspace: WorkspaceClient) -> str:
    name = uuid.uuid4().hex
    workspace.secrets.create_scope(name)
    return name


def test_a_secret_is_kept_listed_by_key_and_given_in_base64(
    workspace: WorkspaceClient, scope: str
) -> None:
    workspace.secrets.put_secret(scope, "password", string_value="bün")
    workspace.secrets.put_secret(scope, "raw", bytes_value=base64.b64encode(b"\x00").decode())
    assert [known.key for known in workspace.secrets.list_secrets(scope)] == ["password", "raw"]
    value = workspace.secrets.get_secret(scope, "password").value
    assert base64.b64decode(value or "").decode() == "bün"
    assert workspace.dbutils.secrets.getBytes(scope, "raw") == b"\x00"
    workspace.secrets.delete_secret(scope, "raw")
    with pytest.raises(ResourceDoesNotExist, match="Secret does not exist with scope"):
        workspace.secrets.get_secret(scope, "raw")
    assert scope in {known.name for known in workspace.secrets.list_scopes()}
    workspace.secrets.delete_scope(scope)
    with pytest.raises(ResourceDoesNotExist, match="does not exist!"):
        list(workspace.secrets.list_secrets(scope))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"scope": "none", "key": "a", "string_value": "x"}, "Scope none does not exist!"),
        ({"scope": "a b", "key": "a", "string_value": "x"}, "scope"),
        ({"key": "a"}, "exactly one"),
        ({"key": "a", "string_value": "x", "bytes_value": "eA=="}, "exactly one"),
    ],
)
def test_a_secret_that_cannot_be_kept_is_refused(
    http: httpx.Client, scope: str, asked: dict[str, str], said: str
) -> None:
    answer = http.post("/api/2.0/secrets/put", json={"scope": scope, **asked})
    assert answer.status_code in {400, 404}
    assert said in answer.json()["message"]


def test_a_scope_is_made_once(workspace: WorkspaceClient, scope: str) -> None:
    with pytest.raises(ResourceAlreadyExists, match="already exists!"):
        workspace.secrets.create_scope(scope)
