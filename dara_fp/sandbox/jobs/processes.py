"""A job's process: started with its own group, watched, its output kept, never left behind.

Children of a job that leave its group are found by a mark in their environment, which needs Linux's
`/proc`. A child that both leaves the group and clears its environment is not found, and neither is
one that left the group on another system.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from collections.abc import Mapping
from io import FileIO
from pathlib import Path

import attrs

__all__ = ["LOG_LIMIT", "Exit", "Script", "error_of", "run_script", "script_environment"]

LOG_LIMIT = 5 * 2**20
"""Bytes of output that are kept, the first ones."""

TAIL_BYTES = 64 * 1024
GRACE = 2.0
MESSAGE_LIMIT = 4_000
TRACEBACK = "Traceback (most recent call last):"
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV")

MARK = "DARA_SANDBOX_ATTEMPT"

PLACE = "DARA_SANDBOX_WORK"
"""Names the folder a program began in: it may have gone elsewhere since."""

# Kills what carries the mark, until none is left: a process may start another meanwhile.
SWEEP = """
sweep() {
  for _ in 1 2 3 4 5; do
    marked=$(grep -lsF -e "$1" /proc/[0-9]*/environ) || [ "$marked" ] || return 0
    for place in $marked; do place=${place%/environ}; kill -KILL "${place#/proc/}"; done
  done
}
"""

# Descriptor 0 is a pipe whose other end only the sandbox holds. When the sandbox dies, even by
# SIGKILL, the reading watcher wakes up and takes the group and the marked ones with it. SIGTERM is
# for the script: the shell waits on, so that the script's own exit code is told. The shell itself
# has no mark, so that a sweep does not end it halfway.
SUPERVISOR = f"""{SWEEP}
exec 3<&0
mark=$1; shift
(trap '' TERM; read -r _ <&3; sweep "{MARK}=$mark"; kill -KILL -$$) >/dev/null 2>&1 &
trap : TERM
{MARK}=$mark "$@" 3<&- </dev/null &
script=$!
while :; do
  wait $script; code=$?
  kill -0 $script 2>/dev/null || exit $code
done
"""


@attrs.frozen(kw_only=True)
class Script:
    """A Python file to run.

    Attributes:
        file: The file.
        parameters: Its command line arguments.
        directory: Its working directory, made when missing.
        environment: All of its environment.
        log: Where the first `LOG_LIMIT` bytes of its output go.
    """

    file: Path
    parameters: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = attrs.field(repr=False)
    log: Path


@attrs.frozen(kw_only=True)
class Exit:
    """How a script ended: its exit *code*, the end of its output, and the bytes it printed."""

    code: int
    tail: str
    log_bytes: int


def script_environment(root: Path, host: str, token: str) -> dict[str, str]:
    """Give the environment of a job: little of ours, and the way back into the sandbox.

    Args:
        root: The directory below which `/Volumes` lives.
        host: Address of the sandbox.
        token: A token for this run only.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    own = {
        "DATABRICKS_HOST": host,
        "DATABRICKS_TOKEN": token,
        "DARA_SANDBOX_ROOT": str(root),
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8",
    }
    return kept | own


async def run_script(script: Script) -> Exit:
    """Run *script* to its end; when cancelled, end it and all its children first.

    Raises:
        OSError: The process could not be started.
    """
    script.directory.mkdir(parents=True, exist_ok=True)
    output, mark = _Output(script.log), secrets.token_hex(16)
    with contextlib.ExitStack() as ours:
        alive, _alive_writer = _pipe(ours)
        printed, printer = _pipe(ours)
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", SUPERVISOR, "sh", mark, sys.executable, str(script.file)),
            *script.parameters,
            stdin=alive,
            stdout=printer,
            stderr=printer,
            cwd=script.directory,
            env={**script.environment, PLACE: str(script.directory.resolve())},
            start_new_session=True,
        )
        # The reader sees the end of the output only when no writer is left, so ours must go.
        printer.close()
        keeper = asyncio.create_task(output.keep(printed))
        try:
            code = await process.wait()
        finally:
            await asyncio.shield(_finish(process, mark, keeper))
    return Exit(code=code, tail=output.tail.decode("utf-8", "replace"), log_bytes=output.size)


def error_of(end: Exit) -> tuple[str, str]:
    r"""Give the error line and the traceback that the output of a failed script ends with.

    >>> text = "x\nTraceback (most recent call last):\n  File ...\nKeyError: 'a'\n"
    >>> error_of(Exit(code=1, tail=text, log_bytes=60))[0]
    "KeyError: 'a'"
    """
    start = end.tail.rfind(TRACEBACK)
    if start < 0:
        return f"The Python process exited with code {end.code}.", ""
    trace = end.tail[start:].rstrip()
    plain = (line for line in trace.splitlines()[1:] if line and not line[0].isspace())
    return next(plain, trace.splitlines()[-1])[:MESSAGE_LIMIT], trace


class _Output:
    """What a process has printed so far: the first part in *log*, the last part in memory."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.tail = b""
        self.size = 0

    async def keep(self, pipe: FileIO) -> None:
        """Read *pipe* to its end."""
        # Not by connect_read_pipe: uvloop closes the descriptor itself and so does the file object,
        # and by then the number may be another pipe's.
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        os.set_blocking(pipe.fileno(), False)
        with self.log.open("wb", buffering=0) as log:
            loop.add_reader(pipe.fileno(), self._take, pipe, log, end)
            try:
                await end.wait()
            finally:
                loop.remove_reader(pipe.fileno())

    def _take(self, pipe: FileIO, log: FileIO, end: asyncio.Event) -> None:
        chunk = pipe.read(TAIL_BYTES)
        if chunk is None:  # nothing to read after all
            return
        if not chunk:
            end.set()
        log.write(chunk[: max(0, LOG_LIMIT - self.size)])
        self.tail = (self.tail + chunk)[-TAIL_BYTES:]
        self.size += len(chunk)


def _pipe(ours: contextlib.ExitStack) -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    ends = FileIO(reader, "rb"), FileIO(writer, "wb")
    for end in ends:
        ours.callback(end.close)
    return ends


async def _finish(
    process: asyncio.subprocess.Process, mark: str, keeper: "asyncio.Task[None]"
) -> None:
    if process.returncode is None:
        _signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
    # The watcher in the shell's group is alive until now, so the group's id is still ours.
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()
    await _sweep(mark)
    # A process that was not found may hold the output open: it is not waited for.
    await asyncio.wait({keeper}, timeout=GRACE)
    keeper.cancel()
    # Its reader must be gone before the pipe is closed.
    await asyncio.wait({keeper})


async def _sweep(mark: str) -> None:
    nothing = asyncio.subprocess.DEVNULL
    sweeper = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f'{SWEEP}\nsweep "$1"', "sh", f"{MARK}={mark}"),
        stdin=nothing, stdout=nothing, stderr=nothing,
    )  # fmt: skip
    await sweeper.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)
