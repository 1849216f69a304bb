"""One sandbox for all tests; every test works in a volume of its own."""

import uuid
from collections.abc import Callable, Iterator
from io import BytesIO
from textwrap import dedent

import httpx
import pytest
from databricks.sdk import WorkspaceClient

from tests.sandbox.served import CLIENT_ID, CLIENT_SECRET, Served, serve


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data_dir = tmp_path_factory.mktemp("sandbox")
    served = serve(data_dir, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    yield served
    served.end()


@pytest.fixture(scope="session")
def workspace(sandbox: Served) -> WorkspaceClient:
    return sandbox.workspace()


@pytest.fixture(scope="session")
def http(sandbox: Served) -> Iterator[httpx.Client]:
    with sandbox.http() as client:
        yield client


@pytest.fixture
def volume() -> str:
    return f"/Volumes/main/default/{uuid.uuid4().hex}"


@pytest.fixture
def script(workspace: WorkspaceClient, volume: str) -> Callable[[str], str]:
    """Upload a program and give its path."""

    def upload(source: str) -> str:
        path = f"{volume}/{uuid.uuid4().hex}.py"
        workspace.files.upload(path, BytesIO(dedent(source).encode()))
        return path

    return upload
