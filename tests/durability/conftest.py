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
from dara_fp.store.records import NewTask
from dara_fp.store.store import Store
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
    """A store whose keys are checked and removed when the test is over."""
    async with Store.open(url, prefix=prefix) as opened:
        yield opened
        await opened.queued()
    check_and_remove(url, prefix)


@pytest.fixture
async def proxy(embedded_url: str, unused_port: int) -> AsyncIterator[Proxy]:
    relay = Proxy(embedded_url.removeprefix("unix://"), unused_port)
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def far(
    proxy: Proxy, embedded_url: str, prefix: str, clean: Callable[[str, str], None]
) -> AsyncIterator[Store]:
    """A store whose connections go through the proxy."""
    async with Store.open(proxy.url, prefix=prefix, timeout=2) as opened:
        yield opened
        await opened.queued()
    clean(embedded_url, prefix)


@pytest.fixture(scope="session")
def command() -> Callable[..., Any]:
    """Send one command to the server at a url."""
    return ask


@pytest.fixture(scope="session")
def clean() -> Callable[[str, str], None]:
    """Check and remove the keys of a prefix."""
    return check_and_remove


@pytest.fixture
def unused_port() -> int:
    return free_port()


@pytest.fixture
def new_task() -> Callable[[str], NewTask]:
    return lambda task_id: NewTask(
        task_id=task_id,
        workflow="ingest",
        context=b'{"path":"/Volumes/a"}',
        structure=("upload", "run", "sync"),
        owner="ada@example.com",
    )


@pytest.fixture
def short_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("d")


def ask(url: str, *words: str) -> Any:
    with Redis.from_url(url, legacy_responses=False) as client:  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        answer = client.execute_command(*words)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] # redis-py's *args
        return cast("Any", answer)


def check_and_remove(url: str, prefix: str) -> None:
    """Prove that what is left under *prefix* belongs to tasks, and expires if they are final."""
    keys = [key.decode() for key in cast("list[bytes]", ask(url, "KEYS", f"{prefix}:*"))]
    final = {
        key.removesuffix(":task")
        for key in keys
        if key.endswith(":task") and ask(url, "HGET", key, "state") in {b"succeeded", b"failed"}
    }
    listed = {one.decode() for one in ask(url, "ZRANGE", f"{prefix}:queued", "0", "-1")}
    for key in keys:
        if key == f"{prefix}:queued":
            continue
        start, _, part = key.rpartition(":")
        assert part in {"task", "journal", "events"}, key
        expires = ask(url, "PTTL", key) != -1
        assert expires == (start in final), key
        assert start not in final or start.partition("{")[2].rstrip("}") not in listed, key
    if keys:
        ask(url, "DEL", *keys)


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
