"""A store that goes away under a running app: told as 503, and nothing accepted is lost."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import psutil
import pytest
from redis import Redis
from redis.exceptions import RedisError

from dara_fp.api.app import create_app
from dara_fp.store.binary import find_binary
from tests.api.conftest import Sandbox
from tests.api.stage import (
    FORM,
    PREFIX,
    Gate,
    Part,
    check,
    count,
    dara,
    ended,
    form,
    parcels,
    problem,
    served,
    stored,
)


@attrs.define
class Store:
    """A server behind an address, which a test kills and starts again on the same data."""

    directory: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "")
        durable = ("--appendonly", "yes", "--appendfsync", "always", "--dir", str(self.directory))
        self.process = subprocess.Popen(
            [str(find_binary()), *options, *durable], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < end, "the store did not start"
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with Redis(port=self.port) as client:
                return bool(client.ping())  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        except RedisError:
            return False


@pytest.fixture
def store(tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Give a running store, which the app under test finds by its address."""
    directory = tmp_path / "store"
    directory.mkdir()
    found = Store(directory, unused_tcp_port)
    found.start()
    monkeypatch.delenv("DARA_DATA_DIR")
    monkeypatch.setenv("DARA_REDIS_URL", found.url)
    yield found
    found.kill()


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await client.get(f"{PREFIX}/readyz")).status_code != 200:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.05)


async def away(client: httpx.AsyncClient, method: str, path: str, **sent: Any) -> dict[str, Any]:
    """Send a request that the store's absence must end soon."""
    began = time.monotonic()
    answer = await client.request(method, f"{PREFIX}{path}", **sent)
    assert time.monotonic() - began < 8
    assert 1 <= int(answer.headers["retry-after"]) <= 10
    found = problem(answer, 503, "STORE_UNAVAILABLE")
    assert found["retryable"] is True
    assert "127.0.0.1" not in answer.text
    return found


async def test_requests_get_503_soon_and_accepted_tasks_end_when_it_is_back(store: Store) -> None:
    gate = Gate()
    async with served(create_app([count, check], env=gate)) as client:
        accepted = [
            (await client.post(f"{PREFIX}/count", json={"text": "a b"})).json()["task_id"]
            for _ in range(15)  # more than are worked on at a time
        ]
        store.kill()
        answers = await asyncio.gather(
            away(client, "POST", "/check", json={"text": "a"}),
            away(client, "GET", f"/status/{accepted[0]}"),
            away(client, "GET", "/readyz"),
        )
        assert f"{PREFIX}/status/" in answers[0]["detail"]
        assert (await client.get(f"{PREFIX}/livez")).status_code == 200
        gate.opened.set()
        store.start()
        await until_ready(client)
        for task_id in accepted:
            status = await ended(client, task_id)
            assert (status["state"], status["context"]["words"]) == ("succeeded", 2), status
        answer = await client.post(f"{PREFIX}/check", json={"text": "a"})
        assert (await ended(client, answer.json()["task_id"]))["state"] == "succeeded"


async def test_files_stay_when_it_is_not_known_whether_their_task_was_accepted(
    store: Store, sandbox: Sandbox
) -> None:
    letter = Part(name="letter", data=b"Dear", filename="a")
    async with parcels(sandbox.url) as client:
        store.kill()
        found = await away(client, "POST", "/parcel", content=form(letter), headers=FORM)
        (kept,) = stored(sandbox.data_dir)
        assert kept.parent.parent.name in found["detail"]
        store.start()


async def test_a_start_that_got_no_answer_is_sent_again_with_its_key_and_is_one_task(
    store: Store,
) -> None:
    sent: dict[str, Any] = {"json": {"text": "a"}, "headers": {"Idempotency-Key": "once"}}
    async with served(create_app([check])) as client:
        store.kill()
        await away(client, "POST", "/check", **sent)
        store.start()
        await until_ready(client)
        ids = {(await client.post(f"{PREFIX}/check", **sent)).json()["task_id"] for _ in range(3)}
        assert len((await client.get(f"{PREFIX}/tasks")).json()["tasks"]) == len(ids) == 1
        assert (await ended(client, ids.pop()))["state"] == "succeeded"


async def test_an_embedded_store_that_is_killed_comes_back(tmp_path: Path) -> None:
    gate = Gate()
    async with served(create_app([count], env=gate)) as client:
        answer = await client.post(f"{PREFIX}/count", json={"text": "a b c"})
        os.kill(server_of(tmp_path), signal.SIGKILL)
        gate.opened.set()
        await until_ready(client)
        status = await ended(client, answer.json()["task_id"])
        assert (status["state"], status["context"]["words"]) == ("succeeded", 3)


def server_of(data_dir: Path) -> int:
    """Give the process id of the embedded server whose data is below *data_dir*."""
    children = psutil.Process().children(recursive=True)
    (found,) = (
        each.pid
        for each in children
        if each.name() == "valkey-server" and str(data_dir) in each.cwd()
    )
    return found


def test_a_served_app_outlives_its_store(store: Store, tmp_path: Path) -> None:
    environ = {"DARA_REDIS_URL": store.url}
    words = ("serve", "tests.api.stage:check", "--port", "0")
    with (
        dara(words, "dara ready ", environ, tmp_path / "log") as (url, process),
        httpx.Client(base_url=f"{url}{PREFIX}", trust_env=False, timeout=20) as client,
    ):
        task_id = client.post("/check", json={"text": "a"}).json()["task_id"]
        wait_for(client, task_id)
        store.kill()
        problem(client.get(f"/status/{task_id}"), 503, "STORE_UNAVAILABLE")
        store.start()
        end = time.monotonic() + 20
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < end
        wait_for(client, task_id)
        assert client.post("/check", json={"text": "a"}).status_code == 202
        assert process.poll() is None


def wait_for(client: httpx.Client, task_id: str) -> None:
    end = time.monotonic() + 30
    while client.get(f"/status/{task_id}").json()["state"] != "succeeded":
        assert time.monotonic() < end
        time.sleep(0.05)
