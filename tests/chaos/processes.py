"""Real processes that can be killed and started again, and never outlive the one who started."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import attrs

__all__ = ["DidNotStart", "Life", "Program"]

START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02
TAIL_BYTES: Final = 2_000

# The program takes the shell's place, and with it its process id. Beside it a watcher reads a pipe
# that only we hold: when we end, in whatever way, it takes the program with it.
WATCHED: Final = 'exec 3<&0 </dev/null; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$@" 3<&-'


class DidNotStart(RuntimeError):
    """A program ended, or took too long, before it was ready."""


@attrs.frozen(kw_only=True)
class Program:
    """What to start.

    Attributes:
        name: What it is called in messages and logs.
        start: Starts a process whose output goes to the file it is given.
        logs: Where its output goes, a file for each life.
        ready: What its output says when it is ready; the rest of that line is its address.
    """

    name: str
    start: "Callable[[Path], Process]"
    logs: Path
    ready: str


@attrs.frozen(kw_only=True)
class Process:
    """A process that leads a session of its own.

    Attributes:
        pid: Its process id.
        child: How we know it, if it is a child of ours.
    """

    pid: int
    child: "subprocess.Popen[bytes] | None" = None

    @classmethod
    def of(cls, words: Sequence[str], folder: Path, log: Path) -> "Process":
        """Start *words* in *folder*, writing to *log*."""
        with log.open("wb") as output:
            child = subprocess.Popen(
                ["/bin/sh", "-c", WATCHED, "watched", *words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=folder,
                start_new_session=True,
            )
        return cls(pid=child.pid, child=child)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        if self.child is not None:
            return self.child.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def freeze(self) -> None:
        """Have it stand still."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Have nothing left of its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if self.child is not None:
            self.child.communicate()


@attrs.define(kw_only=True)
class Life:
    """One process of a program, from its start to its end.

    Attributes:
        program: What runs.
        log: All it says.
        process: The process.
        ended_at: When we killed it or asked it to end, in seconds since the epoch.
    """

    program: Program
    log: Path
    process: Process
    ended_at: float | None = None

    @classmethod
    def begin(cls, program: Program, number: int) -> "Life":
        """Start *program* for the *number*th time."""
        log = program.logs / f"{program.name}-{number:04}.log"
        return cls(program=program, log=log, process=program.start(log))

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.alive

    async def address(self) -> str:
        """Wait until it is ready, and give what follows the word for that.

        Raises:
            DidNotStart: It ended before, or was not ready in time.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            # Asked first, so that what it said just before its end is not missed.
            alive, said = self.alive, self.said()
            _, found, rest = said.partition(self.program.ready)
            if found and "\n" in rest:
                return rest.partition("\n")[0].strip()
            if not alive:
                break
            await asyncio.sleep(POLL_SECONDS)
        raise DidNotStart(self.last_words())

    def said(self) -> str:
        """Give all it said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_words(self) -> str:
        """Give the end of what it said."""
        return f"{self.program.name} ended or never was ready:\n{self.said()[-TAIL_BYTES:]}"

    def kill(self) -> None:
        """End it as a failing machine does: SIGKILL."""
        self.ended_at = time.time()
        self.process.kill()

    async def stop(self, seconds: float) -> float:
        """Ask it to end by SIGTERM, and give the seconds that took.

        Raises:
            TimeoutError: It took more than *seconds*, and was killed.
        """
        began, self.ended_at = time.monotonic(), time.time()
        self.process.terminate()
        for _ in range(int(seconds / POLL_SECONDS)):
            if not self.alive:
                break
            await asyncio.sleep(POLL_SECONDS)
        in_time, took = not self.alive, time.monotonic() - began
        # Its watcher is in the session, too.
        self.process.kill()
        if not in_time:
            raise TimeoutError(f"{self.program.name} did not end within {seconds:g} s of SIGTERM")
        return took
