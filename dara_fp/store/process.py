"""A server process that cannot outlive its owner, and the lock that keeps it the only one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.settings import URL_VARIABLE

if sys.platform != "win32":
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

else:

    def _lock(fd: int) -> None:  # noqa: ARG001 - the same signature as above
        raise StoreUnavailable(
            f"the embedded store needs Linux or macOS: set {URL_VARIABLE} to a running server"
        )


__all__ = ["WATCHDOG", "DirectoryLock", "ServerProcess"]

STOP_SECONDS = 10.0
KILL_SECONDS = 2.0
POLL_SECONDS = 0.01

# For `sh -c`, with a pipe as its standard input. The owner holds the other end: when it ends, in
# whatever way, `cat` does, too, and the server is asked to stop; when the server ends first, so
# does the shell, and its owner sees that.
WATCHDOG = """
exec 3<&0
"$@" 3<&- &
server=$!
(cat <&3; kill $server 2>/dev/null) >/dev/null &
watch=$!
wait $server
kill $watch 2>/dev/null
"""


class DirectoryLock:
    """An exclusive lock on the file *path*.

    The server process inherits it, so it is free only when neither an owner nor a server is left: a
    server that is still writing its last lines keeps the next one from starting.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to lock *path*."""
        self._path = path
        self._fd: int | None = None

    @property
    def fd(self) -> int | None:
        """The locked file, to be inherited; None while it is not ours."""
        return self._fd

    def acquire(self) -> bool:
        """Take the lock if it is free, and say whether it is ours."""
        if self._fd is not None:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(fd)
        except BlockingIOError:
            os.close(fd)
            return False
        except (OSError, StoreUnavailable):
            os.close(fd)
            raise
        self._fd = fd
        return True

    def release(self) -> None:
        """Let go of the lock; a server that inherited it keeps it until it ends."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class ServerProcess:
    """A running server under its watchdog."""

    def __init__(self, command: Sequence[str], *, lock: int, directory: Path) -> None:
        """Start *command* in *directory*, holding the locked file *lock*.

        Raises:
            OSError: The system does not let us.
        """
        # A session of its own: Ctrl-C in a terminal must not reach the server before its users.
        self._watchdog = subprocess.Popen(  # noqa: S603 - our own command line, no user input
            ["/bin/sh", "-c", WATCHDOG, "dara-store", *command],
            stdin=subprocess.PIPE,
            # The lock, since the server writes to its log: what else waits here must not hold it.
            stdout=lock,
            stderr=subprocess.DEVNULL,
            cwd=directory,
            umask=0o077,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._watchdog.poll() is None

    async def stop(self) -> None:
        """End the server: asked first, killed after `STOP_SECONDS`."""
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
        if not await self._ended_within(STOP_SECONDS):
            os.killpg(self._watchdog.pid, signal.SIGKILL)
            await self._ended_within(KILL_SECONDS)

    async def _ended_within(self, seconds: float) -> bool:
        for _ in range(int(seconds / POLL_SECONDS)):
            if not self.alive:
                return True
            await asyncio.sleep(POLL_SECONDS)
        return False
