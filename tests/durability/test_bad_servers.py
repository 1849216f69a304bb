"""Servers and links that are slow, silent, read-only, full, too old, or talk nonsense."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store import pending
from dara_fp.store import writer as store_writer
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.link import Link
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.endings import leave_nothing
from tests.durability.proxy import Proxy
from tests.durability.tasks import history_of, lose, new_task, own

Command = Callable[..., Any]


async def test_functions_that_somebody_flushed_are_loaded_again(
    far: Store, command: Command, embedded_url: str
) -> None:
    command(embedded_url, "FUNCTION", "FLUSH")
    outcomes = await asyncio.gather(*(far.create(new_task(f"t{number}")) for number in range(20)))
    assert [one.outcome for one in outcomes] == ["created"] * 20
    command(embedded_url, "FUNCTION", "FLUSH")
    assert (await history_of(far, "t7")).task.state is State.QUEUED


async def test_a_server_that_is_read_only_for_a_while_is_waited_for(
    far: Store, command: Command, embedded_url: str
) -> None:
    mine = await own(far)
    command(embedded_url, "REPLICAOF", "127.0.0.1", "1")
    waiting = asyncio.create_task(mine.record("upload", b"{}", None, 1.0))
    await asyncio.sleep(0.15)
    assert not waiting.done()
    command(embedded_url, "REPLICAOF", "NO", "ONE")
    await waiting
    assert len((await history_of(far, "t")).steps) == 1


async def test_a_server_without_memory_left_is_waited_for(
    far: Store, command: Command, embedded_url: str
) -> None:
    mine = await own(far)
    command(embedded_url, "CONFIG", "SET", "maxmemory", "1")
    waiting = asyncio.create_task(mine.record("upload", b"{}", None, 1.0))
    await asyncio.sleep(0.15)
    assert not waiting.done()
    assert (await history_of(far, "t")).steps == ()
    command(embedded_url, "CONFIG", "SET", "maxmemory", "0")
    await waiting
    assert len((await history_of(far, "t")).steps) == 1


async def test_a_store_that_never_answers_is_reported_in_time(proxy: Proxy) -> None:
    proxy.silent = True
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"no answer in 0\.3 s"):
        async with Store.open(proxy.url, timeout=0.3):
            pass
    assert time.monotonic() - begun < 2


async def test_a_large_record_gets_through_a_slow_link(
    far: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await own(far)
    monkeypatch.setattr(store_writer, "ANSWER_SECONDS", 0.3)
    proxy.seconds_a_chunk = 0.01
    connections = proxy.connections
    begun = time.monotonic()
    async with asyncio.timeout(20):
        await asyncio.gather(
            mine.record("large", b'{"text":"' + b"x" * 2**22 + b'"}', None, 1.0),
            mine.record("small", b"{}", None, 1.0),
        )
    assert time.monotonic() - begun > 2 * store_writer.ANSWER_SECONDS, "or the link was not slow"
    assert proxy.connections == connections, "nothing was sent a second time"


async def test_a_claim_of_a_long_history_gets_through_a_slow_link(
    far: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await own(far)
    await mine.record("large", b'{"text":"' + b"x" * 2**22 + b'"}', None, 1.0)
    monkeypatch.setattr(store_writer, "ANSWER_SECONDS", 0.1)
    proxy.seconds_a_chunk = 0.01
    async with asyncio.timeout(20):
        again = await lose(far)
    assert len(again.history.steps) == 1
    assert proxy.connections > 2, "or the link was not slow"


async def test_a_connection_that_goes_silent_is_replaced(
    far: Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await own(far)
    monkeypatch.setattr(store_writer, "ANSWER_SECONDS", 0.2)
    proxy.silent = True
    waiting = asyncio.create_task(mine.record("upload", b"{}", None, 1.0))
    await proxy.swallowed.wait()
    proxy.silent = False
    async with asyncio.timeout(5):
        await waiting
    assert len((await history_of(far, "t")).steps) == 1


@pytest.mark.parametrize(
    "nonsense", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b":abc\r\n", b"$x\r\n", b"$3\r\nab"]
)
async def test_after_an_answer_that_is_nonsense_commands_are_sent_again(
    far: Store, proxy: Proxy, nonsense: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "ANSWER_SECONDS", 0.2)  # one of them is only too short
    proxy.nonsense = nonsense
    assert (await far.create(new_task("t"))).outcome == "created"
    assert (await far.create(new_task("other"))).outcome == "created"
    assert proxy.nonsense is None


async def test_what_speaks_another_protocol_is_no_store(proxy: Proxy) -> None:
    proxy.nonsense = b":abc\r\n"
    with pytest.raises(StoreUnavailable, match="does not speak the Redis protocol"):
        async with Store.open(proxy.url):
            pass


async def test_a_writer_that_failed_says_so_and_lets_nobody_wait(
    embedded_url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_link: Link) -> None:
        raise AssertionError("a defect")

    async with Store.open(embedded_url, prefix=prefix) as store:
        mine = await own(store)
        monkeypatch.setattr(pending, "MAX_COMMANDS", 1)
        monkeypatch.setattr(Link, "receive", fail)
        waiting = [asyncio.create_task(mine.record(path, b"{}", None, 1.0)) for path in "ab"]
        async with asyncio.timeout(5):
            for one in waiting:  # the second waits for room
                with pytest.raises(StoreUnavailable, match=r"the writer failed.*a defect"):
                    await one
        with pytest.raises(StoreUnavailable, match=r"the writer failed.*a defect"):
            await store.create(new_task("t"))
        begun = time.monotonic()
    assert time.monotonic() - begun < store_writer.CLOSE_SECONDS / 2
    monkeypatch.undo()
    await leave_nothing(embedded_url, prefix)


async def test_a_server_that_is_too_old_is_named_with_its_version(unused_port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"server\r\n")
        info = b"redis_version:6.2.14\r\n"
        writer.write(b"$%d\r\n%b\r\n" % (len(info), info))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", unused_port):
        with pytest.raises(StoreUnavailable, match=r"version 6\.2 is below 7\.0"):
            async with Store.open(f"redis://127.0.0.1:{unused_port}"):
                pass
