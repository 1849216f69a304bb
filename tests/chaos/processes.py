"""Real processes that can be killed and started again, and never outlive the one who started."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

__all__ = ["DidNotStart", "Life", "Program"]

START_SECONDS = 60.0
POLL_SECONDS = 0.02
TAIL_BYTES = 2_000

# The program takes the shell's place, and with it its process id. Beside it a watcher reads a pipe
# that only we hold: when we end, in whatever way, it takes the program with it.
WATCHED = 'exec 3<&0 </dev/null; (cat <&3; kill -9 $$) >/dev/null 2>&1 & exec "$@" 3<&-'


class DidNotStart(RuntimeError):
    """A program ended, or took too long, before it was ready."""


@attrs.frozen(kw_only=True)
class Program:
    """What to start.

    Attributes:
        name: What it is called in messages and logs.
        words: Its command line.
        environ: Variables beside ours.
        folder: Its working directory.
        logs: Where its output goes, a file for each life.
        ready: What its output says when it is ready; the rest of that line is its address.
    """

    name: str
    words: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    logs: Path
    ready: str


@attrs.define(kw_only=True)
class Life:
    """One process of a program, from its start to its end.

    Attributes:
        program: What runs.
        log: All it says.
        ended_at: When we killed it or asked it to end, in seconds since the epoch.
    """

    program: Program
    log: Path
    process: "subprocess.Popen[bytes]"
    ended_at: float | None = None

    @classmethod
    def begin(cls, program: Program, number: int) -> "Life":
        """Start *program* for the *number*th time."""
        log = program.logs / f"{program.name}-{number:04}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["/bin/sh", "-c", WATCHED, program.name, *program.words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=program.folder,
                env={**os.environ, **program.environ},
                start_new_session=True,
            )
        return cls(program=program, log=log, process=process)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    async def address(self) -> str:
        """Wait until it is ready, and give what follows the word for that.

        Raises:
            DidNotStart: It ended before, or was not ready in time.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            # Asked first, so that what it said just before its end is not missed.
            alive = self.alive
            _, found, rest = self.log.read_text(errors="replace").partition(self.program.ready)
            if found and "\n" in rest:
                return rest.partition("\n")[0].strip()
            if not alive:
                break
            await asyncio.sleep(POLL_SECONDS)
        raise DidNotStart(self.last_words())

    def last_words(self) -> str:
        """Give the end of what it said."""
        tail = self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        return f"{self.program.name} ended by itself or never was ready:\n{tail}"

    def kill(self) -> None:
        """End it as a failing machine does: SIGKILL."""
        self.ended_at = time.time()
        os.killpg(self.process.pid, signal.SIGKILL)
        self._bury()

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
        # Its watcher is in the group, too.
        os.killpg(self.process.pid, signal.SIGKILL)
        self._bury()
        if not in_time:
            raise TimeoutError(f"{self.program.name} did not end within {seconds:g} s of SIGTERM")
        return took

    def _bury(self) -> None:
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
