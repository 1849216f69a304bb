"""Connections that break at the worst moment: nothing is lost, nothing happens twice."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.functions import call, pack
from dara_fp.store.keys import Keys
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.endings import leave_nothing
from tests.durability.proxy import Proxy
from tests.durability.tasks import history_of, new_task, own, state_of, take

Command = Callable[..., Any]


async def test_a_create_whose_answer_is_lost_still_says_that_the_task_is_new(
    far: Store, proxy: Proxy
) -> None:
    proxy.lose_answer_to = b"_create"
    assert (await far.create(new_task("t"))).outcome == "created"
    assert proxy.lost == 1
    assert [event.kind for event in await far.events("t")] == ["task.queued"]


async def test_a_task_is_taken_once_though_the_answer_is_lost(far: Store, proxy: Proxy) -> None:
    await far.create(new_task("t"))
    await far.create(new_task("next"))
    proxy.lose_answer_to = b"_take"
    claimed = await take(far)
    assert proxy.lost == 1
    assert claimed is not None
    task = claimed.history.task
    assert (task.task_id, task.epoch, task.deliveries) == ("t", 1, 1)
    assert await state_of(far, "next") is State.QUEUED


async def test_writes_whose_answers_are_lost_happen_once(far: Store, proxy: Proxy) -> None:
    mine = await own(far)
    proxy.lose_answer_to = b"_report"
    await mine.report("upload", "half", 0.5)
    proxy.lose_answer_to = b"_record"
    await mine.record("upload", b'{"a":1}', None, 1.0)
    proxy.lose_answer_to = b"_finish"
    await mine.finish(State.SUCCEEDED)
    assert proxy.lost == 3
    kinds = [event.kind for event in await far.events("t")]
    assert kinds == [
        *("task.queued", "task.running", "step.report"),
        *("step.succeeded", "task.succeeded"),
    ]


async def test_of_a_batch_that_is_cut_all_get_through_once(far: Store, proxy: Proxy) -> None:
    mine = await own(far)
    paths = [f"each/{number}" for number in range(500)]
    proxy.lose_answer_to = b"each/250"
    await asyncio.gather(*(mine.record(path, b"{}", None, 1.0) for path in paths))
    assert proxy.lost == 1
    assert [step.path for step in (await history_of(far, "t")).steps] == paths
    assert len(await far.events("t")) == 502


async def test_a_cancelled_caller_disturbs_nobody_and_its_record_is_kept(
    far: Store, command: Command, embedded_url: str
) -> None:
    mine = await own(far)
    connections = command(embedded_url, "INFO", "stats")["total_connections_received"]
    callers = [
        asyncio.create_task(mine.record(f"each/{number}", b"{}", None, 1.0))
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
    far: Store, proxy: Proxy
) -> None:
    mine = await own(far)
    await proxy.stop()
    waiting = [
        asyncio.create_task(mine.record(f"each/{number}", b"{}", None, 1.0)) for number in range(3)
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
    assert (await far.create(new_task("other"))).outcome == "created"
    paths = [step.path for step in (await history_of(far, "t")).steps]
    assert paths == ["each/0", "each/1", "each/2"]


async def test_what_was_given_up_is_not_sent_later(
    far: Store, proxy: Proxy, embedded_url: str, prefix: str
) -> None:
    await proxy.stop()
    with pytest.raises(StoreUnavailable):
        await far.create(new_task("t"))
    await proxy.start()
    await far.ping()
    async with Store.open(embedded_url, prefix=prefix) as near:
        assert (await far.create(new_task("other"))).outcome == "created"
        assert await near.read("t") is None


async def test_what_was_given_up_takes_no_room_from_a_record(
    proxy: Proxy,
    embedded_url: str,
    prefix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Store.open(proxy.url, prefix=prefix, timeout=0.2) as store:
        mine = await own(store)
        await proxy.stop()
        monkeypatch.setattr("dara_fp.store.pending.MAX_COMMANDS", 2)
        with pytest.raises(StoreUnavailable):
            await store.create(new_task("other"))
        record = asyncio.create_task(mine.record("upload", b"{}", None, 1.0))
        await asyncio.sleep(1.1)  # one more attempt to connect lies in it
        record.cancel()  # too late, if it is queued
        await proxy.start()
    async with Store.open(embedded_url, prefix=prefix) as store:
        assert len((await history_of(store, "t")).steps) == 1
    await leave_nothing(embedded_url, prefix)


async def test_of_many_reports_only_the_newest_waits_for_the_store(
    far: Store, proxy: Proxy
) -> None:
    mine = await own(far)
    await proxy.stop()
    reports = [
        asyncio.create_task(mine.report("run", f"{percent} %", percent / 100))
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
    embedded_url: str, prefix: str
) -> None:
    async with Store.open(embedded_url, prefix=prefix) as store:
        mine = await own(store)
        late = asyncio.create_task(mine.record("upload", b"{}", None, 1.0))
        await asyncio.sleep(0)
    await late
    async with Store.open(embedded_url, prefix=prefix) as store:
        assert len((await history_of(store, "t")).steps) == 1
    with pytest.raises(StoreUnavailable, match="closed"):
        await mine.record("run", b"{}", None, 1.0)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()
    await leave_nothing(embedded_url, prefix)


async def test_a_long_history_comes_while_steps_are_recorded(far: Store) -> None:
    mine = await own(far)
    big = b'{"text":"' + b"x" * 100_000 + b'"}'
    records = (mine.record(f"each/{number}", big, None, 1.0) for number in range(100))
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
