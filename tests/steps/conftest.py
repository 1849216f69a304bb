"""One sandbox for all tests of steps, and for those of their requests what respx answers for.

Every test of the sandbox works in a volume of its own.
"""

import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from textwrap import dedent

import pytest
import respx

from dara_fp import DatabricksEnv, Workspace
from dara_fp.cli.demo_workspace import prepare
from dara_fp.databricks.http import polling, pool
from dara_fp.databricks.sql import statements
from dara_fp.databricks.vectors import index_waiting
from tests.client import stage
from tests.steps.served import TOKEN, sandbox


@pytest.fixture(autouse=True)
def trusting_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no certificates: that takes longer than most tests, and nobody is called by TLS."""
    monkeypatch.setattr(pool, "certificates", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@pytest.fixture
async def env(host: str) -> AsyncIterator[DatabricksEnv]:
    made = DatabricksEnv(workspace=Workspace(host, token=TOKEN, retry_seconds=30))
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


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=stage.HOST, using="httpx", assert_all_called=False) as router:
        yield router


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> stage.VirtualTime:
    """Let steps look again without waiting."""
    passing = stage.VirtualTime()
    virtual = partial(polling.Polling, clock=passing.clock, sleep=passing.sleep)
    monkeypatch.setattr(polling, "Polling", virtual)
    monkeypatch.setattr(index_waiting, "Polling", virtual)
    monkeypatch.setattr(statements, "_POLLING", virtual())
    return passing


@pytest.fixture
async def reached(time: stage.VirtualTime) -> AsyncIterator[DatabricksEnv]:
    """Give the workspace that `wire` answers for."""
    made = DatabricksEnv(workspace=stage.workspace(time, seconds=2))
    yield made
    await made.aclose()
