"""How long a final task stays: by its state, and then nothing of it is left."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import Fenced
from dara_fp.store.records import Retention, State
from dara_fp.store.store import Store
from tests.durability.endings import leave_nothing
from tests.durability.tasks import (
    FOREVER,
    NO,
    new_task,
    own,
    take,
    waiting_for,
)

Command = Callable[..., Any]
SHORT = 0.05


async def end(store: Store, ending: str) -> None:
    """Bring the task `t` to its end, having written all that can be written of a task."""
    if ending == "cancelled before it ran":
        await store.create(new_task("t"))
        await store.cancel("t")
        return
    mine = await own(store)
    await mine.park([waiting_for("go", until=4e9)])
    await store.signal("t", "go", b"1")
    again = await take(store)
    assert again is not None
    await again.report("upload", "half", 0.5)
    await again.begin({"upload": 1.0})
    if ending == "poisoned":
        await store.retire("w1")
        assert await take(store, delivery_limit=1) is None
        return
    await again.record("upload", b"{}", None, 1.0)
    await again.finish(State(ending), None if ending == "succeeded" else NO)


@pytest.mark.parametrize(
    "ending", ["succeeded", "failed", "cancelled", "cancelled before it ran", "poisoned"]
)
async def test_nothing_of_a_task_stays_behind_after_its_retention(
    url: str, prefix: str, command: Command, ending: str
) -> None:
    kept = Retention(succeeded=SHORT, failed=SHORT, cancelled=SHORT)
    async with Store.open(url, prefix=prefix, retention=kept) as store:
        await end(store, ending)
        await asyncio.sleep(2 * SHORT)
        assert await store.read("t") is None
        assert (await store.list()).tasks == ()
        await store.look("w1", FOREVER)
        await store.retire("w1")
        await store.recount()
        assert command(url, "KEYS", "*") == []
        async with asyncio.timeout(10):
            while command(url, "DBSIZE"):  # noqa: ASYNC110 - the server takes its time to sweep up
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("state", "days"), [(State.SUCCEEDED, 7), (State.FAILED, 28), (State.CANCELLED, 7)]
)
async def test_all_keys_of_a_task_expire_at_the_same_moment_by_its_state(
    store: Store, url: str, prefix: str, command: Command, state: State, days: int
) -> None:
    mine = await own(store)
    await mine.record("upload", b"{}", None, 1.0)
    parts = [f"{prefix}:{{t}}:{part}" for part in ("task", "journal", "events")]
    assert {command(url, "PEXPIRETIME", key) for key in parts} == {-1}
    await mine.finish(state, NO)
    moments = {command(url, "PEXPIRETIME", key) for key in parts}
    assert len(moments) == 1
    assert moments.pop() / 1000 == pytest.approx(time.time() + days * 86_400, abs=10)


async def test_each_state_has_a_retention_of_its_own(
    url: str, prefix: str, command: Command
) -> None:
    kept = Retention(succeeded=1_000, failed=2_000, cancelled=3_000)
    async with Store.open(url, prefix=prefix, retention=kept) as store:
        for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED):
            mine = await own(store, state.value)
            await mine.finish(state)
        await store.create(new_task("unrun"))
        await store.cancel("unrun")
        left = {
            name: round(command(url, "PTTL", f"{prefix}:{{{name}}}:task"), -5) // 1000
            for name in ("succeeded", "failed", "cancelled", "unrun")
        }
    assert left == {"succeeded": 1_000, "failed": 2_000, "cancelled": 3_000, "unrun": 3_000}
    await leave_nothing(url, prefix)


async def test_what_is_not_over_is_kept_however_long_it_takes(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    await store.look("w1", FOREVER)
    assert command(url, "PTTL", f"{prefix}:{{t}}:task") == -1
    assert len((await store.list()).tasks) == 1


async def test_a_task_that_expired_takes_no_writes_and_no_signal(url: str, prefix: str) -> None:
    async with Store.open(url, prefix=prefix, retention=Retention(succeeded=SHORT)) as store:
        mine = await own(store)
        await mine.finish(State.SUCCEEDED)
        await asyncio.sleep(2 * SHORT)
        with pytest.raises(Fenced, match="never created, or expired"):
            await mine.report("upload", "late", None)
        assert (await store.signal("t", "go", b"1")).outcome == "unknown"
        assert await store.resume("t", 1, ()) == (None, 0)
    await leave_nothing(url, prefix)


async def test_a_new_task_of_an_id_that_just_expired_stays_in_the_list(
    url: str, prefix: str
) -> None:
    async with Store.open(url, prefix=prefix, retention=Retention(succeeded=SHORT)) as store:
        mine = await own(store)
        await mine.finish(State.SUCCEEDED)
        await asyncio.sleep(2 * SHORT)
        assert (await store.create(new_task("t"))).outcome == "created"
        await store.look("w1", FOREVER)
        assert [task.task_id for task in (await store.list()).tasks] == ["t"]
    await leave_nothing(url, prefix)
