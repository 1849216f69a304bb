"""One sandbox for all tests of steps; every test works in a volume of its own."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from textwrap import dedent

import pytest

from dara_fp import DatabricksEnv, Workspace
from dara_fp.cli.demo_workspace import prepare
from tests.steps.served import TOKEN, sandbox


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
async def env(host: str) -> AsyncIterator[DatabricksEnv]:
    made = DatabricksEnv(workspace=Workspace(host, token=TOKEN, retry_seconds=5))
    yield made
    await made.aclose()


@pytest.fixture
async def prepared(env: DatabricksEnv) -> DatabricksEnv:
    """Fill the workspace as the demo does, once a session."""
    if not [job async for job in env.workspace.runs.jobs(name="dara-split-documents")]:
        await prepare(env.workspace)
    return env


@pytest.fixture
def folder() -> str:
    return f"/Volumes/main/default/tests/{uuid.uuid4().hex}"


@pytest.fixture
def job(env: DatabricksEnv, folder: str) -> Callable[[str, str], Awaitable[int]]:
    """Make a job of a name that runs a program, and give its id."""

    async def create(name: str, source: str) -> int:
        script = f"{folder}/{uuid.uuid4().hex}.py"
        await env.workspace.files.upload(script, dedent(source).encode())
        task = {"task_key": "only", "spark_python_task": {"python_file": script}}
        return await env.workspace.runs.create_job(name=name, tasks=[task], max_concurrent_runs=5)

    return create
