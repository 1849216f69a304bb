"""A sandbox for all tests of the API, and a store of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

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
        "DATABRICKS_HOST",
        "DATABRICKS_TOKEN",
        "DATABRICKS_CLIENT_ID",
        "DATABRICKS_CLIENT_SECRET",
        "DATABRICKS_WORKSPACE_ID",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARA_DATA_DIR", str(tmp_path / "d"))
    monkeypatch.setenv("DARA_UPLOAD_VOLUME", stage.VOLUME)
