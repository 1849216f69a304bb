"""Processes of ours that end when we do, however we end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn

from dara_fp.core.errors import StepError, StepFailed
from dara_fp.store.process import WATCHDOG

__all__ = ["child"]

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_DRAIN_SECONDS = 1.0
_CHUNK = 65536
_TAIL_BYTES = 2000


@asynccontextmanager
async def child(
    words: Sequence[str], ready: str, environ: Mapping[str, str], log: Path
) -> AsyncGenerator[str]:
    """Run `dara` with *words* while the block runs, and give what follows *ready* in its output.

    Args:
        words: Command and options.
        ready: What the line starts with that says it is ready.
        environ: Variables beside ours.
        log: Where its standard error goes, and its output once it is ready.

    Raises:
        StepFailed: It ended before it was ready; the message has the end of its log.
    """
    # Appended to from both sides, so that neither overwrites what the other wrote.
    with log.open("ab", buffering=0) as said:
        process = await _started(words, environ, said)
        address = asyncio.get_running_loop().create_future()
        reading = asyncio.create_task(_read(process, ready, said, address), name="dara output")
        try:
            await asyncio.wait(
                {address, reading}, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            yield address.result() if address.done() else await _refuse(words, log)
        finally:
            await _stop(process)
            # Something below it may hold the pipe open still.
            await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)
            reading.cancel()


async def _started(
    words: Sequence[str], environ: Mapping[str, str], errors: BinaryIO
) -> asyncio.subprocess.Process:
    # A session of its own: Ctrl-C must reach us first, so that we can stop it in order.
    return await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-c",
        WATCHDOG,
        "dara",
        sys.executable,
        "-m",
        "dara_fp.cli",
        *words,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
        env={**os.environ, **environ},
        start_new_session=True,
    )


async def _read(
    process: asyncio.subprocess.Process, ready: str, said: BinaryIO, address: asyncio.Future[str]
) -> None:
    """Read its output to the end, since a process whose output nobody reads comes to a halt."""
    if process.stdout is None:  # pragma: no cover - it is a pipe
        raise RuntimeError("no pipe")
    async for line in process.stdout:
        if line.decode().startswith(ready):
            address.set_result(line.decode().removeprefix(ready).strip())
            break
    while chunk := await process.stdout.read(_CHUNK):
        said.write(chunk)


async def _refuse(words: Sequence[str], log: Path) -> NoReturn:
    tail = (await asyncio.to_thread(log.read_bytes))[-_TAIL_BYTES:].decode(errors="replace")
    raise StepFailed(StepError(message=f"`dara {words[0]}` did not start:\n{tail}"))


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
