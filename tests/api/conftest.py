"""A sandbox for all tests of the API, and a store of its own for each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import attrs
import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.workspace import Workspace
from tests.api import stage


@attrs.frozen(kw_only=True)
class Sandbox:
    """A workspace that runs, and where its files lie on this machine."""

    url: str
    data_dir: Path


@pytest.fixture(scope="session")
def one_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    data_dir = tmp_path_factory.mktemp("workspace")
    with stage.sandbox(data_dir) as url:
        yield Sandbox(url=url, data_dir=data_dir)


@pytest.fixture
def sandbox(one_sandbox: Sandbox) -> Sandbox:
    for path in stage.stored(one_sandbox.data_dir):
        path.unlink()
    return one_sandbox


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what DARA reads from the environment to what a test sets."""
    for name in (
        "DARA_REDIS_URL",
        "DARA_CONCURRENCY",
        "DARA_GRACE_SECONDS",
        "DARA_QUEUE_LIMIT",
        "DARA_OWNER_CONCURRENCY",
        "DARA_REDELIVERY_SECONDS",
        "DARA_METRICS",
        "DARA_METRICS_LISTEN",
        "DATABRICKS_APP_PORT",
        "DATABRICKS_HOST",
        "DATABRICKS_TOKEN",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
        "DATABRICKS_WORKSPACE_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARA_DATA_DIR", str(tmp_path / "d"))
    monkeypatch.setenv("DARA_UPLOAD_VOLUME", stage.VOLUME)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(
    one_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve `parcel` and `check` to all tests of a module, which run on one loop."""
    workspace = Workspace(one_sandbox.url, token=stage.TOKEN, retry_seconds=0)
    env = DatabricksEnv(workspace=workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DARA_REDIS_URL", raising=False)
        patch.setenv("DARA_DATA_DIR", str(tmp_path_factory.mktemp("d")))
        patch.setenv("DARA_UPLOAD_VOLUME", stage.VOLUME)
        async with stage.served(create_app([stage.parcel, stage.check], env=env)) as client:
            yield client
    await workspace.aclose()
