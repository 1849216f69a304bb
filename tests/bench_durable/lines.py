"""Processes that answer questions: a line of JSON in, a line of JSON out."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

__all__ = ["Child", "ChildFailed", "answer"]

A = TypeVar("A")
Q = TypeVar("Q")

_LEAVE_SECONDS = 20.0


class ChildFailed(RuntimeError):
    """A process ended before it had answered."""


class Child:
    """A process of this package's own, seen from the one that started it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        """Talk to *process*, called *name*."""
        self.name = name
        self._process = process

    @classmethod
    @asynccontextmanager
    async def started(cls, module: str, *arguments: str) -> AsyncGenerator["Child"]:
        """Run *module*, which lies beside this file, with *arguments* while the block runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", f"tests.bench_durable.{module}", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield cls(" ".join((module, *arguments[:1])), process)
        finally:
            await _left(process)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def ask(self, question: object, answer: type[A]) -> A:
        """Send *question* and wait for its *answer*.

        Raises:
            ChildFailed: The process ended instead; it wrote why on standard error.
        """
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(msgspec.json.encode(question) + b"\n")
        line = await back.readline()
        if not line:
            raise ChildFailed(f"{self.name} ended before it answered: {question}")
        return msgspec.json.decode(line, type=answer)


async def answer(question: type[Q], reply: Callable[[Q], Awaitable[Any]]) -> None:
    """Give what *reply* makes of each line that holds a *question*, until there are no more."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    with out:
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            found = await reply(msgspec.json.decode(line, type=question))
            out.write(msgspec.json.encode(found) + b"\n")


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
