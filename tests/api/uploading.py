"""One large upload through a real server into a real sandbox, with the server's memory watched."""

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import httpx
import psutil

from tests.api.stage import BOUNDARY, FORM, PREFIX, TOKEN, VOLUME, dara, sandbox

MIB = 1024 * 1024
_CHUNK = os.urandom(MIB - 2) + b"\r\n"


@attrs.frozen(kw_only=True)
class Server:
    """A server process, and the sandbox that its uploads go to."""

    url: str
    pid: int
    data_dir: Path
    workspace_dir: Path


@attrs.frozen(kw_only=True)
class Figures:
    """What an upload took.

    Attributes:
        seconds: From the first byte to the answer.
        added: Memory that the server had more than before at most, in bytes.
        written: What the server wrote to its disk, in bytes.
    """

    status: int
    seconds: float
    added: int
    written: int


@contextmanager
def server_and_sandbox(directory: Path) -> Generator[Server]:
    """Run a server of the workflow `parcel` and a sandbox, each in a process of its own."""
    data_dir, workspace_dir = directory / "d", directory / "w"
    with sandbox(workspace_dir) as host:
        environ = {
            "DATABRICKS_HOST": host,
            "DATABRICKS_TOKEN": TOKEN,
            "DARA_DATA_DIR": str(data_dir),
            "DARA_UPLOAD_VOLUME": VOLUME,
        }
        words = ("serve", "tests.api.stage:parcel", "--port", "0")
        with dara(words, "dara ready ", environ, directory / "log") as (url, process):
            yield Server(url=url, pid=process.pid, data_dir=data_dir, workspace_dir=workspace_dir)


def upload(
    server: Server, mebibytes: int, seen: Callable[[int], object] = lambda _: None
) -> Figures:
    """Upload *mebibytes* in one form and watch the *server*; *seen* hears of each one sent."""

    def body() -> Iterator[bytes]:
        said = 'form-data; name="letter"; filename="large.bin"'
        yield f"--{BOUNDARY}\r\nContent-Disposition: {said}\r\n\r\n".encode()
        for number in range(mebibytes):
            yield _CHUNK
            seen(number + 1)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    process = psutil.Process(server.pid)
    before, written = process.memory_info().rss, process.io_counters().write_bytes
    with _highest(process) as most, httpx.Client(timeout=120, trust_env=False) as client:
        start = time.monotonic()
        answer = client.post(f"{server.url}{PREFIX}/parcel", content=body(), headers=FORM)
        seconds = time.monotonic() - start
    return Figures(
        status=answer.status_code,
        seconds=seconds,
        added=max(most) - before,
        written=process.io_counters().write_bytes - written,
    )


@contextmanager
def _highest(process: psutil.Process) -> Generator[list[int]]:
    """Sample the memory of *process* while the block runs."""
    most = [process.memory_info().rss]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
