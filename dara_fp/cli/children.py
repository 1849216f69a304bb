"""Processes of ours that end when we do, however we end."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from dara_fp.core.errors import StepError, StepFailed
from dara_fp.store.process import WATCHDOG

__all__ = ["child"]

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
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
        log: Where its standard error goes.

    Raises:
        StepFailed: It ended before it was ready; the message has the end of its log.
    """
    with log.open("wb") as errors:
        # A session of its own: Ctrl-C must reach us first, so that we can stop it in order.
        process = await asyncio.create_subprocess_exec(
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
    try:
        yield await _ready(process, ready, words, log)
    finally:
        await _stop(process)


async def _ready(
    process: asyncio.subprocess.Process, ready: str, words: Sequence[str], log: Path
) -> str:
    if process.stdout is None:  # pragma: no cover - it is a pipe
        raise RuntimeError("no pipe")
    try:
        async with asyncio.timeout(_START_SECONDS):
            async for line in process.stdout:
                if line.decode().startswith(ready):
                    return line.decode().removeprefix(ready).strip()
    except TimeoutError:
        pass
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
