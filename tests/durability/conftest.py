"""Real servers for the store's tests: the embedded one, and the same program behind an address."""

import asyncio
import secrets
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis
from redis.exceptions import RedisError

from dara_fp.store.binary import find_binary
from dara_fp.store.embedded import EmbeddedServer
from dara_fp.store.store import Store
from tests.durability.endings import leave_nothing
from tests.durability.proxy import Proxy

PASSWORD = "s3cr:t/7"
QUOTED = "s3cr%3At%2F7"


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedServer(tmp_path_factory.mktemp("store"))
    asyncio.run(server.ensure())
    try:
        yield server.url
        assert ask(server.url, "DBSIZE") == 0, "a test left keys behind"
    finally:
        asyncio.run(server.stop())


@pytest.fixture(scope="session")
def remote_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("remote")
    port = free_port()
    url = f"redis://:{QUOTED}@127.0.0.1:{port}/1"
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--requirepass", PASSWORD)
    with subprocess.Popen(
        [str(find_binary()), *options], cwd=directory, stdout=subprocess.DEVNULL
    ) as server:
        try:
            wait_for(url)
            yield url
            assert ask(url, "DBSIZE") == 0, "a test left keys behind"
        finally:
            server.terminate()


@pytest.fixture(params=["embedded", "remote"])
def url(request: pytest.FixtureRequest) -> str:
    return cast("str", request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def prefix() -> str:
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
async def store(url: str, prefix: str) -> AsyncIterator[Store]:
    """A store that is left without a key when the test is over."""
    async with Store.open(url, prefix=prefix) as opened:
        yield opened
    await leave_nothing(url, prefix)


@pytest.fixture
async def proxy(embedded_url: str, unused_port: int) -> AsyncIterator[Proxy]:
    relay = Proxy(embedded_url.removeprefix("unix://"), unused_port)
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def far(proxy: Proxy, embedded_url: str, prefix: str) -> AsyncIterator[Store]:
    """A store whose connections go through the proxy."""
    async with Store.open(proxy.url, prefix=prefix, timeout=2) as opened:
        yield opened
    await leave_nothing(embedded_url, prefix)


@pytest.fixture(scope="session")
def command() -> Callable[..., Any]:
    """Send one command to the server at a url."""
    return ask


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
def short_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("d")


def ask(url: str, *words: str) -> Any:
    with Redis.from_url(url, legacy_responses=False) as client:  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        answer = client.execute_command(*words)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # redis-py's *args
        return cast("Any", answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            assert ask(url, "PING")
        except RedisError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        else:
            return
