"""The Valkey server of a benchmark: started as a store starts its own, and asked what it spent."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from redis import Redis

from dara_fp.store.embedded import EmbeddedServer
from tests.bench_durable.contenders import Place

__all__ = ["Server", "started"]

_KEYS = 1_000


class Server:
    """What a server that runs at an address says of itself."""

    def __init__(self, url: str) -> None:
        """Ask the server at *url*."""
        client = Redis.from_url(url, legacy_responses=False)  # pyright: ignore[reportUnknownMemberType]  # redis-py's **kwargs
        self._client: Any = client  # its methods have **kwargs without a type

    def cpu(self) -> float:
        """Give the seconds of processor it has spent so far."""
        found = self._info("cpu")
        return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])

    def memory(self) -> int:
        """Give the bytes that its data take: what it has allocated changes with its connections."""
        total, cursor = 0, None
        while cursor != 0:
            cursor, keys = self._client.scan(cursor or 0, count=_KEYS)
            with self._client.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.memory_usage(key)
                total += sum(size or 0 for size in pipe.execute())
        return total

    def forget(self) -> None:
        """Remove all data, so that no measurement inherits from another."""
        self._client.flushall()

    def _info(self, section: str) -> dict[str, Any]:
        return cast("dict[str, Any]", self._client.info(section))


@asynccontextmanager
async def started() -> AsyncGenerator[Place]:
    """Give a place of its own to a benchmark: a server with its append-only file, and a folder."""
    # The path of a unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="dara-", ignore_cleanup_errors=True) as folder:
        server = EmbeddedServer(Path(folder))
        await server.ensure()
        try:
            yield Place(url=server.url, folder=Path(folder))
        finally:
            await server.stop()
