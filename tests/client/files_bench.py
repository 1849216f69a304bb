"""Send a long file to a sandbox and fetch it again: how fast, and with how much memory.

Run by hand: `python -m tests.client.files_bench [--mebibytes 2048]`. The sandbox runs in a process
of its own on the same machine, so that the speed is of both together; the memory is of this process
alone, looked at every 5 ms, less what it had after a first short file.
"""

import argparse
import asyncio
import hashlib
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import attrs
import psutil
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from dara_fp import Workspace
from tests.steps.served import TOKEN, sandbox

__all__ = ["ALLOWED", "MIB", "Leg", "there_and_back"]

MIB = 1024 * 1024
ALLOWED = 96 * MIB
_LOOK_EVERY = 0.005
_FILE = "/Volumes/main/default/bench/long"


@attrs.frozen(kw_only=True)
class Leg:
    """One way of the file.

    Attributes:
        name: Which.
        seconds: How long it took.
        added: Bytes of memory beside those of the start, at most.
    """

    name: str
    seconds: float
    added: int


class _Watch:
    """The most memory that this process had while it was watched."""

    def __init__(self) -> None:
        self.added = 0
        self.seconds = 0.0


async def there_and_back(
    host: str, folder: Path, mebibytes: int, progress: Progress | None = None
) -> tuple[Leg, Leg, Leg]:
    """Send *mebibytes* to *host*, fetch them as a stream and into *folder*; all must be the same.

    Raises:
        AssertionError: What came back is something else.
    """
    shown = progress or Progress(disable=True)
    async with Workspace(host, token=TOKEN) as workspace:
        await _stream_up(workspace, 1, shown)
        await workspace.files.download_to(_FILE, folder / "short")
        before = psutil.Process().memory_info().rss
        with _watched(before) as up:
            sent = await _stream_up(workspace, mebibytes, shown)
        with _watched(before) as down:
            streamed = await _stream_down(workspace, mebibytes, shown)
        with _watched(before) as into:
            await _fetch(workspace, folder / "long", mebibytes, shown)
        fetched = await asyncio.to_thread(_digest, folder / "long")
        await workspace.files.delete(_FILE)
    assert sent == streamed == fetched, "another file came back than went up"
    legs = {"up": up, "down as a stream": down, "down into a file": into}
    up_leg, down_leg, into_leg = (
        Leg(name=name, seconds=watch.seconds, added=watch.added) for name, watch in legs.items()
    )
    return up_leg, down_leg, into_leg


async def _stream_up(workspace: Workspace, mebibytes: int, shown: Progress) -> str:
    bar = shown.add_task("up", total=mebibytes * MIB)
    digest = hashlib.sha256()

    async def tell(done: int, _total: int | None) -> None:
        shown.update(bar, completed=done)

    async def chunks() -> AsyncIterator[bytes]:
        for number in range(mebibytes):
            # No two parts are alike, so that one in the place of another would be seen.
            chunk = number.to_bytes(4) * (MIB // 4)
            await asyncio.to_thread(digest.update, chunk)
            yield chunk

    length = mebibytes * MIB
    await workspace.files.upload(_FILE, chunks(), length=length, overwrite=True, progress=tell)
    return digest.hexdigest()


async def _stream_down(workspace: Workspace, mebibytes: int, shown: Progress) -> str:
    bar = shown.add_task("down as a stream", total=mebibytes * MIB)
    digest = hashlib.sha256()
    async with workspace.files.download(_FILE) as file:
        async for chunk in file:
            await asyncio.to_thread(digest.update, chunk)
            shown.advance(bar, len(chunk))
    return digest.hexdigest()


async def _fetch(workspace: Workspace, place: Path, mebibytes: int, shown: Progress) -> None:
    bar = shown.add_task("down into a file", total=mebibytes * MIB)

    async def tell(done: int, _total: int | None) -> None:
        shown.update(bar, completed=done)

    await workspace.files.download_to(_FILE, place, progress=tell)


def _digest(place: Path) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _watched(before: int) -> Generator[_Watch]:
    watch, over, process = _Watch(), threading.Event(), psutil.Process()
    began = time.perf_counter()

    def look() -> None:
        while not over.wait(_LOOK_EVERY):
            watch.added = max(watch.added, process.memory_info().rss - before)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield watch
    finally:
        watch.seconds = time.perf_counter() - began
        over.set()
        looking.join()


def main() -> int:
    """Go there and back with as much as is asked for; give 0 if memory stayed flat."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--mebibytes", type=int, default=2048)
    mebibytes: int = parser.parse_args().mebibytes
    console = Console()
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with (
        tempfile.TemporaryDirectory() as name,
        sandbox(Path(name)) as host,
        Progress(*columns, console=console) as progress,
    ):
        legs = asyncio.run(there_and_back(host, Path(name), mebibytes, progress))
    for leg in legs:
        speed = mebibytes * MIB / leg.seconds / 1e6
        console.print(
            f"{leg.name}: {mebibytes} MiB in {leg.seconds:.1f} s, {speed:.0f} MB/s,"
            f" {leg.added / MIB:.1f} MiB of memory added (allowed: {ALLOWED // MIB})"
        )
    return 0 if all(leg.added < ALLOWED for leg in legs) else 1


if __name__ == "__main__":
    sys.exit(main())
