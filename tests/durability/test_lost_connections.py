"""Connections that break at the worst moment: nothing is lost, nothing happens twice."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.functions import call, pack
from dara_fp.store.keys import Keys
from dara_fp.store.records import History, NewTask, State
from dara_fp.store.store import Store
from tests.durability.proxy import Proxy

Make = Callable[[str], NewTask]
Command = Callable[..., Any]


async def history_of(store: Store, task_id: str) -> History:
    history = await store.read(task_id)
    assert history is not None
    return history


async def test_a_create_whose_answer_is_lost_still_says_that_the_task_is_new(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    proxy.lose_answer_to = b"_create"
    assert await far.create(new_task("t"))
    assert proxy.lost == 1
    assert [event.kind for event in await far.events("t")] == ["task.queued"]


async def test_a_claim_whose_answer_is_lost_counts_once(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    await far.create(new_task("t"))
    proxy.lose_answer_to = b"_claim"
    history = await far.claim("t")
    assert proxy.lost == 1
    assert history is not None
    assert (history.task.epoch, history.task.deliveries) == (1, 1)


async def test_writes_whose_answers_are_lost_happen_once(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    proxy.lose_answer_to = b"_report"
    await far.report("t", 1, "upload", "half", 0.5)
    proxy.lose_answer_to = b"_record"
    await far.record("t", 1, "upload", b'{"a":1}', None, 1.0)
    proxy.lose_answer_to = b"_finish"
    await far.finish("t", 1, State.SUCCEEDED)
    assert proxy.lost == 3
    kinds = [event.kind for event in await far.events("t")]
    assert kinds == [
        *("task.queued", "task.running", "step.report"),
        *("step.succeeded", "task.succeeded"),
    ]


async def test_of_a_batch_that_is_cut_all_get_through_once(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    paths = [f"each/{number}" for number in range(500)]
    proxy.lose_answer_to = b"each/250"
    await asyncio.gather(*(far.record("t", 1, path, b"{}", None, 1.0) for path in paths))
    assert proxy.lost == 1
    assert [step.path for step in (await history_of(far, "t")).steps] == paths
    assert len(await far.events("t")) == 502


async def test_a_cancelled_caller_disturbs_nobody_and_its_record_is_kept(
    far: Store, new_task: Make, command: Command, embedded_url: str
) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    connections = command(embedded_url, "INFO", "stats")["total_connections_received"]
    callers = [
        asyncio.create_task(far.record("t", 1, f"each/{number}", b"{}", None, 1.0))
        for number in range(200)
    ]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert sum(isinstance(one, asyncio.CancelledError) for one in outcomes) == 100
    assert outcomes[1::2] == [None] * 100
    assert len((await history_of(far, "t")).steps) == 200
    after = command(embedded_url, "INFO", "stats")["total_connections_received"]
    assert after == connections + 1, "only the question itself connected"


async def test_while_the_store_is_away_create_gives_up_and_records_wait(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    await proxy.stop()
    waiting = [
        asyncio.create_task(far.record("t", 1, f"each/{number}", b"{}", None, 1.0))
        for number in range(3)
    ]
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable) as away:
        await far.create(new_task("other"))
    assert 1.9 < time.monotonic() - begun < 3
    assert f"redis://127.0.0.1:{proxy.port}" in str(away.value)
    assert "DARA_REDIS_URL" in str(away.value)
    assert away.value.retry_after > 0
    assert not any(one.done() for one in waiting)
    await proxy.start()
    await asyncio.gather(*waiting)
    assert await far.create(new_task("other"))
    paths = [step.path for step in (await history_of(far, "t")).steps]
    assert paths == ["each/0", "each/1", "each/2"]


async def test_what_was_given_up_is_not_sent_later(
    far: Store, proxy: Proxy, embedded_url: str, prefix: str, new_task: Make
) -> None:
    await proxy.stop()
    with pytest.raises(StoreUnavailable):
        await far.create(new_task("t"))
    await proxy.start()
    await far.ping()
    async with Store.open(embedded_url, prefix=prefix) as near:
        assert await far.create(new_task("other"))
        assert await near.read("t") is None


async def test_what_was_given_up_takes_no_room_from_a_record(
    proxy: Proxy,
    embedded_url: str,
    prefix: str,
    new_task: Make,
    clean: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Store.open(proxy.url, prefix=prefix, timeout=0.2) as store:
        await store.create(new_task("t"))
        await store.claim("t")
        await proxy.stop()
        monkeypatch.setattr("dara_fp.store.pending.MAX_COMMANDS", 2)
        with pytest.raises(StoreUnavailable):
            await store.create(new_task("other"))
        record = asyncio.create_task(store.record("t", 1, "upload", b"{}", None, 1.0))
        await asyncio.sleep(1.1)  # one more attempt to connect lies in it
        record.cancel()  # too late, if it is queued
        await proxy.start()
    async with Store.open(embedded_url, prefix=prefix) as store:
        assert len((await history_of(store, "t")).steps) == 1
    clean(embedded_url, prefix)


async def test_of_many_reports_only_the_newest_waits_for_the_store(
    far: Store, proxy: Proxy, new_task: Make
) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    await proxy.stop()
    reports = [
        asyncio.create_task(far.report("t", 1, "run", f"{percent} %", percent / 100))
        for percent in range(101)
    ]
    await asyncio.sleep(0.1)
    await proxy.start()
    await asyncio.gather(*reports)
    assert (await history_of(far, "t")).reports[0].message == "100 %"
    kinds = [event.kind for event in await far.events("t")]
    assert kinds.count("step.report") <= 2


async def test_a_store_that_is_away_is_reported_at_once(unused_port: int) -> None:
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable) as away:
        async with Store.open(f"redis://app:hidden@127.0.0.1:{unused_port}"):
            pass
    assert time.monotonic() - begun < 2
    said = str(away.value)
    assert f"redis://127.0.0.1:{unused_port}" in said
    assert "DARA_REDIS_URL" in said
    assert "hidden" not in said


async def test_a_wrong_password_is_reported_without_showing_it(remote_url: str) -> None:
    wrong = remote_url.replace("s3cr%3At%2F7", "guess")
    with pytest.raises(StoreUnavailable, match="password") as refused:
        async with Store.open(wrong):
            pass
    assert "guess" not in str(refused.value)


async def test_what_is_pending_is_sent_before_the_store_closes(
    embedded_url: str, prefix: str, new_task: Make, clean: Callable[[str, str], None]
) -> None:
    async with Store.open(embedded_url, prefix=prefix) as store:
        await store.create(new_task("t"))
        await store.claim("t")
        late = asyncio.create_task(store.record("t", 1, "upload", b"{}", None, 1.0))
        await asyncio.sleep(0)
    await late
    async with Store.open(embedded_url, prefix=prefix) as store:
        assert len((await history_of(store, "t")).steps) == 1
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.record("t", 1, "run", b"{}", None, 1.0)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()
    clean(embedded_url, prefix)


async def test_a_long_history_comes_while_steps_are_recorded(far: Store, new_task: Make) -> None:
    await far.create(new_task("t"))
    await far.claim("t")
    big = b'{"text":"' + b"x" * 100_000 + b'"}'
    records = (far.record("t", 1, f"each/{number}", big, None, 1.0) for number in range(100))
    reads = (far.read("t") for _ in range(5))
    await asyncio.gather(*records, *reads)
    assert sum(len(step.changes) for step in (await history_of(far, "t")).steps) > 10_000_000


async def test_calls_are_plain_redis_protocol(embedded_url: str, prefix: str) -> None:
    keys = Keys(prefix=prefix).of("t")[:2]
    reader, writer = await asyncio.open_unix_connection(embedded_url.removeprefix("unix://"))
    writer.write(call("read", keys) + pack(b"PING"))
    assert await reader.readexactly(4 + 4 + 4 + 7) == b"*2\r\n*0\r\n*0\r\n+PONG\r\n"
    writer.close()
    await writer.wait_closed()
