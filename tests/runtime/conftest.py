"""A store and executors for the tests of the runtime."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dara_fp.store.embedded import EmbeddedServer
from dara_fp.store.store import Store
from tests.runtime.stage import server_of


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Give the url of a server, which each test finds empty."""
    # Not tmp_path: the path of a unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        started = EmbeddedServer(Path(folder))
        asyncio.run(started.ensure())
        yield started.url
        asyncio.run(started.stop())


@pytest.fixture
async def store(server: str) -> AsyncIterator[Store]:
    async with Store.open(server) as opened:
        yield opened
        async with server_of(opened) as client:
            await client.flushall()
