"""The embedded server: private, shared by its directory, gone with its owner, and nothing lost."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from dara_fp.store import binary, embedded
from dara_fp.store.claimed import Claimed
from dara_fp.store.embedded import EmbeddedServer
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.process import DirectoryLock
from dara_fp.store.settings import Fsync
from dara_fp.store.store import Store
from tests.durability.tasks import history_of, lose, new_task, own

Command = Callable[..., Any]

OWNER = """
import asyncio, sys
from pathlib import Path
from dara_fp.store.records import NewTask
from dara_fp.store.store import Store

async def main():
    async with Store.open(data_dir=Path(sys.argv[1])) as store:
        await store.create(NewTask(task_id="t", workflow="ingest", context=b"{}", structure=()))
        mine = (await store.take("w1", {"ingest": 0}, fresh=True)).task
        number = 0
        while True:
            await mine.record(f"each/{number}", b"{}", None, 1.0)
            print(number, flush=True)
            number += 1

asyncio.run(main())
"""


@pytest.fixture
def owner(short_dir: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that owns the server of the directory and records steps without a pause."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(short_dir)], stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def server_pid(command: Command, directory: Path) -> int:
    return int(command(f"unix://{directory}/store.sock", "INFO", "server")["process_id"])


async def gone(pid: int, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            while runs(pid):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        return False
    return True


def runs(pid: int) -> bool:
    try:
        status = psutil.Process(pid).status()
    except psutil.NoSuchProcess:
        return False
    # A container's first process may not collect what its children left.
    return bool(status != psutil.STATUS_ZOMBIE)


async def test_only_its_user_can_reach_the_data(short_dir: Path) -> None:
    data = short_dir / "data"
    async with Store.open(data_dir=data) as store:
        await store.create(new_task("t"))
        assert store.url == f"unix://{data}/store.sock"
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        files = [path for path in data.rglob("*") if not path.is_dir()]
        assert len(files) >= 4
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


async def test_the_server_stops_with_its_owner_and_the_data_stays(
    short_dir: Path, command: Command
) -> None:
    async with Store.open(data_dir=short_dir) as store:
        await store.create(new_task("t"))
        pid = server_pid(command, short_dir)
    assert not runs(pid)
    async with Store.open(data_dir=short_dir) as store:
        assert (await history_of(store, "t")).task.workflow == "ingest"


async def test_after_kill_9_of_the_server_nothing_acknowledged_is_lost(
    short_dir: Path, command: Command
) -> None:
    acknowledged: set[str] = set()

    async def record(mine: Claimed, branch: int) -> None:
        for number in range(60):
            path = f"{branch}/{number}"
            await mine.record(path, b"{}", None, 1.0)
            acknowledged.add(path)

    async with Store.open(data_dir=short_dir) as store:
        mine = await own(store)
        branches = [asyncio.create_task(record(mine, branch)) for branch in range(20)]
        for kill_at in (200, 600):
            while len(acknowledged) < kill_at:  # noqa: ASYNC110 - the count matters, not a moment
                await asyncio.sleep(0)
            os.kill(server_pid(command, short_dir), signal.SIGKILL)
            survivors = acknowledged.copy()
            paths = {step.path for step in (await history_of(store, "t")).steps}
            assert survivors <= paths
        await asyncio.gather(*branches)
        history = await history_of(store, "t")
    assert len(acknowledged) == 1200
    assert sorted(step.path for step in history.steps) == sorted(acknowledged)


async def test_after_kill_9_of_its_owner_the_server_is_gone_within_a_second(
    short_dir: Path, owner: "subprocess.Popen[bytes]", command: Command
) -> None:
    assert owner.stdout is not None
    last = [owner.stdout.readline() for _ in range(200)][-1]
    pid = server_pid(command, short_dir)
    owner.kill()
    assert await gone(pid, within=1)
    last = (owner.stdout.read().splitlines() or [last])[-1]
    async with Store.open(data_dir=short_dir) as store:
        history = await history_of(store, "t")
    assert len(history.steps) >= int(last) + 1


async def test_a_process_that_adopted_the_server_takes_over_from_its_killed_owner(
    short_dir: Path, owner: "subprocess.Popen[bytes]", command: Command
) -> None:
    assert owner.stdout is not None
    owner.stdout.readline()
    pid = server_pid(command, short_dir)
    async with Store.open(data_dir=short_dir) as store:
        assert server_pid(command, short_dir) == pid, "adopted, not started"
        mine = await lose(store)
        owner.kill()
        await mine.record("mine", b"{}", None, 1.0)
        assert await gone(pid, within=1)
        await store.ping()
        successor = server_pid(command, short_dir)
        assert successor != pid
    assert not runs(successor)


async def test_a_server_that_lost_its_owner_and_its_watchdog_is_adopted_and_never_doubled(
    short_dir: Path, owner: "subprocess.Popen[bytes]", command: Command
) -> None:
    assert owner.stdout is not None
    owner.stdout.readline()
    pid = server_pid(command, short_dir)
    watchdog = [one for one in psutil.Process(owner.pid).children(recursive=True) if one.pid != pid]
    for process in watchdog:
        process.kill()
    owner.kill()
    owner.wait()
    try:
        assert runs(pid)
        assert not DirectoryLock(short_dir / "store.lock").acquire()
        async with Store.open(data_dir=short_dir) as store:
            assert (await history_of(store, "t")).task.epoch == 1
            assert server_pid(command, short_dir) == pid
            os.kill(pid, signal.SIGKILL)
            assert await gone(pid, within=1)
            await store.ping()
            assert server_pid(command, short_dir) != pid
    finally:
        if runs(pid):
            os.kill(pid, signal.SIGKILL)


async def test_a_server_whose_socket_was_removed_is_replaced(
    short_dir: Path, command: Command
) -> None:
    server = EmbeddedServer(short_dir)
    try:
        await server.ensure()
        pid = server_pid(command, short_dir)
        async with Store.open(server.url) as store:
            await store.create(new_task("t"))
            server.socket.unlink()
            async with asyncio.timeout(10):
                await server.ensure()
            assert not runs(pid)
            assert (await history_of(store, "t")).task.workflow == "ingest"
    finally:
        await server.stop()


async def test_of_two_stores_on_a_directory_the_second_goes_on_when_the_first_closes(
    short_dir: Path,
) -> None:
    async with Store.open(data_dir=short_dir) as first:
        await first.create(new_task("t"))
        second_store = Store.open(data_dir=short_dir)
        second = await second_store.__aenter__()
    assert (await history_of(second, "t")).task.workflow == "ingest"
    assert (await second.create(new_task("other"))).outcome == "created"
    await second_store.__aexit__(None, None, None)


async def test_many_that_open_a_directory_at_once_share_one_server(short_dir: Path) -> None:
    async def use(number: int) -> None:
        async with Store.open(data_dir=short_dir) as store:
            await store.create(new_task(f"t{number}"))

    await asyncio.gather(*(use(number) for number in range(8)))
    async with Store.open(data_dir=short_dir) as store:
        assert await store.ready() == 8


async def test_a_long_directory_gets_its_socket_in_a_short_private_one(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short_dir))
    data = short_dir / ("long" * 30)
    async with Store.open(data_dir=data) as store, Store.open(data_dir=data) as second:
        assert len(store.url.removeprefix("unix://")) < 100
        socket = Path(store.url.removeprefix("unix://"))
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        await store.create(new_task("t"))
        assert await second.read("t")
    assert (data / "appendonlydir").is_dir()


async def test_a_short_directory_that_others_can_enter_is_refused(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short_dir))
    server = EmbeddedServer(short_dir / ("long" * 30))
    server.socket.parent.mkdir(mode=0o777)
    server.socket.parent.chmod(0o777)
    with pytest.raises(StoreUnavailable, match="not a private directory"):
        await server.ensure()
    await server.stop()


async def test_a_server_that_does_not_start_shows_the_end_of_its_log(short_dir: Path) -> None:
    async with Store.open(data_dir=short_dir) as store:
        await store.create(new_task("t"))
    manifest = next((short_dir / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match="ended while starting") as failed:
        async with Store.open(data_dir=short_dir):
            pass
    assert time.monotonic() - begun < 5
    assert "manifest" in str(failed.value)
    assert str(short_dir / "store.log") in str(failed.value)
    assert DirectoryLock(short_dir / "store.lock").acquire(), "a failed start keeps no lock"


async def test_a_directory_that_is_a_file_is_named(short_dir: Path) -> None:
    (short_dir / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"/file cannot use its files.*DARA_DATA_DIR"):
        async with Store.open(data_dir=short_dir / "file"):
            pass


async def test_a_machine_without_a_server_is_told_what_to_set(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_package(_name: str) -> None: ...

    monkeypatch.setattr("importlib.util.find_spec", no_package)
    monkeypatch.setenv("PATH", str(short_dir))
    with pytest.raises(StoreUnavailable, match="DARA_REDIS_URL"):
        async with Store.open(data_dir=short_dir):
            pass


@pytest.mark.parametrize(("version", "taken"), [("6.2.14", False), ("7.0.0", True)])
def test_an_installed_server_is_taken_from_version_7_on(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, taken: bool
) -> None:
    def no_package(_name: str) -> None: ...

    program = short_dir / "redis-server"
    program.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0:0 bits=64'\n")
    program.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", no_package)
    monkeypatch.setenv("PATH", str(short_dir))
    if taken:
        assert binary.find_binary() == program
    else:
        with pytest.raises(StoreUnavailable):
            binary.find_binary()


async def test_a_server_that_hangs_is_not_waited_for_without_end(
    short_dir: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Store.open(data_dir=short_dir):
        pid = server_pid(command, short_dir)
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(embedded, "READY_SECONDS", 0.3)
        monkeypatch.setattr(embedded, "PING_SECONDS", 0.1)
        with pytest.raises(StoreUnavailable, match=r"was not ready in 0\.3 s"):
            await EmbeddedServer(short_dir).ensure()
        os.kill(pid, signal.SIGCONT)


async def test_a_server_that_ignores_being_asked_is_killed(
    short_dir: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dara_fp.store.process.STOP_SECONDS", 0.2)
    async with Store.open(data_dir=short_dir) as store:
        await store.ping()
        pid = server_pid(command, short_dir)
        os.kill(pid, signal.SIGSTOP)
    assert await gone(pid, within=1)


@pytest.mark.parametrize("fsync", ["everysec", "always"])
async def test_the_server_writes_to_the_disk_as_it_is_told(
    short_dir: Path, command: Command, fsync: Fsync
) -> None:
    async with Store.open(data_dir=short_dir, fsync=fsync) as store:
        assert command(store.url, "CONFIG", "GET", "appendfsync") == {
            b"appendfsync": fsync.encode()
        }
        mine = await own(store)
        await mine.record("upload", b"{}", None, 1.0)
        os.kill(server_pid(command, short_dir), signal.SIGKILL)
        assert len((await history_of(store)).steps) == 1
