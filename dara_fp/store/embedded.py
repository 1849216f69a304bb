"""The embedded server: a real Valkey on a unix socket, which stops with its owner.

The first process that opens a data directory owns the server; later ones adopt it. When the owner
ends, the next process that notices starts a server on the same data and the same socket.
"""

import asyncio
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from dara_fp.store.binary import find_binary
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.process import DirectoryLock, ServerProcess
from dara_fp.store.settings import DATA_DIR_VARIABLE, Fsync

__all__ = ["EmbeddedServer"]

READY_SECONDS: Final = 60.0
PING_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.01
# A socket's path has 104 bytes on macOS and 108 on Linux.
MAX_SOCKET_PATH: Final = 99
MAX_LOG_BYTES: Final = 2**20
LOG_TAIL_LINES: Final = 12


class EmbeddedServer:
    """The server of one data directory.

    Attributes:
        socket: Its unix socket.
        url: The same as an address.
        log: Its log file.
    """

    def __init__(self, data_dir: Path, fsync: Fsync = "everysec") -> None:
        """Serve *data_dir*, on the disk as *fsync* says; nothing happens before `ensure`."""
        self._fsync = fsync
        self._data_dir = data_dir.expanduser().absolute()
        self.socket = _socket_path(self._data_dir)
        self.url = f"unix://{quote(str(self.socket))}"
        self.log = self._data_dir / "store.log"
        self._lock = DirectoryLock(self._data_dir / "store.lock")
        self._process: ServerProcess | None = None
        self._one_at_a_time = asyncio.Lock()

    async def ensure(self) -> None:
        """Return when a server answers on the socket: adopted, or started and owned by us.

        Raises:
            StoreUnavailable: It cannot be started, or is not ready in `READY_SECONDS`.
        """
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(READY_SECONDS):
                    while not await self._answers():
                        await self._start_if_free()
                        await asyncio.sleep(POLL_SECONDS)
            except TimeoutError:
                raise self._failed(f"was not ready in {READY_SECONDS:g} s") from None
            except OSError as error:
                raise self._failed(f"cannot use its files: {error}") from error

    async def stop(self) -> None:
        """Stop the server if it is ours; whoever adopted it starts the next."""
        async with self._one_at_a_time:
            if self._process is not None:
                await self._process.stop()
                self._process = None
            self._lock.release()

    async def _start_if_free(self) -> None:
        if self._process is not None:
            if self._process.alive and self.socket.exists():
                return  # still loading its data
            # Ended, or nobody can reach it any more, since its socket was removed.
            await self._process.stop()
            self._process = None
        self._prepare_directories()
        if self._lock.acquire():
            self._process = self._start()
            await self._started(self._process)

    def _start(self) -> ServerProcess:
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.unlink()
        lock = self._lock.fd
        assert lock is not None  # noqa: S101 - the caller just took it
        return ServerProcess(
            [str(find_binary()), *self._options()], lock=lock, directory=self._data_dir
        )

    async def _started(self, process: ServerProcess) -> None:
        """Wait until *process* listens, or tell why it ended."""
        while not await self._listens():
            if not process.alive:
                raise self._failed("ended while starting")
            await asyncio.sleep(POLL_SECONDS)

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "600",
            "dir": str(self._data_dir),
            "logfile": str(self.log),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        return [word for name, value in options.items() for word in (f"--{name}", value)]

    def _prepare_directories(self) -> None:
        self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.socket.parent != self._data_dir:
            self.socket.parent.mkdir(mode=0o700, exist_ok=True)
            _check_private(self.socket.parent)

    async def _listens(self) -> bool:
        return await self._ping() is not None

    async def _answers(self) -> bool:
        return await self._ping() == b"+PONG"

    async def _ping(self) -> bytes | None:
        """Give the answer to a PING, such as `-LOADING`; None where nobody listens."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                reader, writer = await asyncio.open_unix_connection(str(self.socket))
                try:
                    writer.write(b"PING\r\n")
                    return (await reader.readline()).rstrip() or None
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return None

    def _failed(self, what: str) -> StoreUnavailable:
        tail = _tail(self.log)
        shown = f"; the end of its log:\n{tail}" if tail else ""
        return StoreUnavailable(
            f"the embedded store in {self._data_dir} {what}: see {self.log}, or set "
            f"{DATA_DIR_VARIABLE} to another directory{shown}"
        )


def _socket_path(data_dir: Path) -> Path:
    path = data_dir / "store.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH:
        return path
    # Named after the data directory, so that other processes find the same socket.
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"dara-{os.getuid()}-{digest}" / "store.sock"
    if len(os.fsencode(short)) > MAX_SOCKET_PATH:
        raise StoreUnavailable(
            f"neither {data_dir} nor the directory for temporary files has a path short enough "
            f"for a unix socket ({MAX_SOCKET_PATH} bytes): set {DATA_DIR_VARIABLE} to a shorter one"
        )
    return short


def _check_private(directory: Path) -> None:
    """Refuse a *directory* for temporary files that somebody else made or can enter."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StoreUnavailable(
            f"{directory} is not a private directory of this user: remove it, or set "
            f"{DATA_DIR_VARIABLE} to a directory with a shorter path"
        )


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 16_384))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:])
