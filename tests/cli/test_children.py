"""Processes of ours are read from, so that they go on, and end with us."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from dara_fp.cli.children import child
from dara_fp.cli.serving import READY
from dara_fp.core.errors import StepFailed

# Each request is a line in the access log: together more than pipe and reader hold unread.
LONG_PATH = "/" + "x" * 8000
REQUESTS = 100


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not tmp_path: the store's socket lives below it, and its path must be short.
    with TemporaryDirectory(prefix="dara-") as folder:
        (Path(folder) / "nothing.py").write_text(
            "from dara_fp import create_app\napp = create_app([])"
        )
        monkeypatch.chdir(folder)
        for name in ("DARA_REDIS_URL", "DARA_CONCURRENCY", "DATABRICKS_APP_PORT"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DARA_DATA_DIR", f"{folder}/store")
        monkeypatch.setenv("DARA_GRACE_SECONDS", "0")
        yield Path(folder)


async def test_a_child_answers_however_much_it_writes_and_its_log_has_it_all(home: Path) -> None:
    log = home / "log"
    async with (
        asyncio.timeout(60),
        child(["serve", "nothing", "--port", "0"], READY, {}, log) as address,
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=10) as http,
    ):
        for _ in range(REQUESTS):
            assert (await http.get(LONG_PATH)).status_code == 404
    said = log.read_text()
    assert said.count(f"GET {LONG_PATH} ") == REQUESTS
    assert "Application startup complete" in said
    assert "Application shutdown complete" in said


async def test_a_child_that_does_not_start_is_reported_with_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(StepFailed, match=r"(?s)`dara serve` did not start:.*no module 'absent'"):
        async with child(["serve", "absent"], READY, {}, home / "log"):
            pass
