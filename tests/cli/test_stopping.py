"""Servers and workers that are told to stop: within ten seconds, and no task is lost or waits."""

import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.processes import line_that_starts, running, wait_until_ended

PREFIX = "/api/v1/workflow"
MODULE = '''
import asyncio, time
from pathlib import Path
import attrs
from dara_fp import Outcome, StepContext, Success, create_app, start, step, workflow

@attrs.frozen(kw_only=True)
class Wait(StepContext):
    """Wait until a file is there."""
    file: str

def note(text):
    with open("log", "a") as log:
        log.write(text + "\\n")

@step
async def begin(ctx: Wait) -> Outcome[Wait]:
    note(f"begin {ctx.file}")
    return Success(ctx)

@step
async def stay(ctx: Wait) -> Outcome[Wait]:
    note(f"stay {ctx.file}")
    while not Path(ctx.file).exists():
        await asyncio.sleep(0.05)
    return Success(ctx)

@step
def block(ctx: Wait) -> Outcome[Wait]:
    note(f"block {ctx.file}")
    while not Path(ctx.file).exists():
        time.sleep(0.05)
    return Success(ctx)

app = create_app([
    workflow("stay", start(Wait) >> begin >> stay),
    workflow("block", start(Wait) >> begin >> block),
])
'''


@pytest.fixture
def home() -> Iterator[Path]:
    # Not tmp_path: the store's socket lives below it, and its path must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        (Path(folder) / "waits.py").write_text(MODULE)
        yield Path(folder)


def begun(api: str, name: str, file: str) -> str:
    answer = httpx.post(f"{api}{PREFIX}/{name}", json={"file": file})
    assert answer.status_code == 202, answer.text
    url: str = answer.headers["Location"]
    return url


def status(url: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(url).json()
    return found


def log(home: Path) -> list[str]:
    file = home / "log"
    return file.read_text().splitlines() if file.exists() else []


def wait_for_line(home: Path, line: str, times: int = 1) -> None:
    end = time.monotonic() + 15
    while log(home).count(line) < times:
        assert time.monotonic() < end, log(home)
        time.sleep(0.02)


def stopped(process: subprocess.Popen[str]) -> float:
    """Send SIGTERM, and give how many seconds it took to end."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("name", "settings", "grace"), [("stay", {}, 7), ("block", {"DARA_GRACE_SECONDS": "1"}, 1)]
)
def test_a_server_that_is_stopped_hands_back_what_does_not_finish(
    home: Path, name: str, settings: dict[str, str], grace: int
) -> None:
    with running(home, "serve", "waits", "--port", "0", **settings) as server:
        api = line_that_starts(server.stdout, "dara ready ")
        urls = [begun(api, name, "go") for _ in range(3)]
        wait_for_line(home, f"{name} go", 3)
        assert grace - 0.5 < stopped(server) < grace + 3
    with running(home, "serve", "waits", "--port", "0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        # Handed back, so nobody waits until a lost worker would have been missed.
        wait_for_line(home, f"{name} go", 6)
        (home / "go").touch()
        for url in urls:
            found = wait_until_ended(f"{api}{url}")
            assert (found["state"], found["attempt"]) == ("succeeded", 1)
        assert stopped(server) < 4
    assert log(home).count("begin go") == 3


def test_a_server_that_is_stopped_finishes_what_it_can_and_takes_nothing_more(home: Path) -> None:
    with running(home, "serve", "waits", "--port", "0", DARA_CONCURRENCY="1") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        first, second = begun(api, "stay", "go"), begun(api, "stay", "go")
        wait_for_line(home, "stay go")
        finishing = threading.Timer(2, (home / "go").touch)
        finishing.start()
        assert 1.5 < stopped(server) < 6
    with running(home, "serve", "waits", "--port", "0", DARA_CONCURRENCY="0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        assert status(f"{api}{first}")["state"] == "succeeded"
        found = status(f"{api}{second}")
        assert (found["state"], found["started_at"]) == ("queued", None)


def test_a_worker_that_is_stopped_hands_back_to_the_next_one(home: Path) -> None:
    with running(home, "serve", "waits", "--port", "0", DARA_CONCURRENCY="0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        url = f"{api}{begun(api, 'stay', 'go')}"
        with running(home, "worker", "waits", "--concurrency", "2", DARA_GRACE_SECONDS="1") as one:
            wait_for_line(home, "stay go")
            assert 0.8 < stopped(one) < 5
            assert one.returncode == 0
        assert status(url)["state"] == "queued"
        with running(home, "worker", "waits"):
            wait_for_line(home, "stay go", 2)
            (home / "go").touch()
            assert wait_until_ended(url)["state"] == "succeeded"
    assert log(home).count("begin go") == 1


def test_a_stream_tells_what_happens_and_ends_when_the_server_stops(home: Path) -> None:
    with running(home, "serve", "waits", "--port", "0", DARA_GRACE_SECONDS="0") as server:
        api = line_that_starts(server.stdout, "dara ready ")
        task_id = begun(api, "stay", "go").rpartition("/")[2]
        url = f"{api}{PREFIX}/tasks/{task_id}/events"
        with httpx.stream("GET", url, headers={"Accept": "text/event-stream"}) as stream:
            lines = stream.iter_lines()
            assert any(line == "event: step.succeeded" for line in lines)
            took = stopped(server)
            assert not any(line.startswith("event: task.succeeded") for line in lines)
        assert took < 3
