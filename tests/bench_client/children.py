"""Processes of this package that answer questions, line by line."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.bench_durable.lines import Child

__all__ = ["Child", "started"]

_LEAVE_SECONDS = 20.0


@asynccontextmanager
async def started(module: str, *arguments: str) -> AsyncGenerator[Child]:
    """Run *module*, which lies beside this file, with *arguments* while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.bench_client.{module}", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Child(" ".join((module, *arguments[:1])), process)
    finally:
        await _left(process)


async def _left(process: asyncio.subprocess.Process) -> None:
    """Let *process* leave by itself, since there are no more questions; end it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_LEAVE_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
