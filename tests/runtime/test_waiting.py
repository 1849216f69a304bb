"""Waiting: a task that waits is parked in the store, and nothing of it is left in a worker."""

import asyncio
import gc
import time
from datetime import UTC, datetime, timedelta

import pytest

from dara_fp import (
    Kind,
    Store,
    WorkflowExecutor,
    compensate,
    pause,
    timeout,
    wait_for,
)
from dara_fp.runtime.running import Run
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.runtime.stage import (
    BEGIN,
    Order,
    Shop,
    at_work,
    called,
    ended,
    history_of,
    in_state,
    server_of,
    shopping,
    until,
)

DAY = 86_400.0
APPROVED = wait_for("approval", "approved")


async def parked(executor: WorkflowExecutor) -> tuple[str, TaskStatus]:
    """Start a task, and give its id and status once it waits."""
    task_id = await executor.start("shopping", Order())
    return task_id, await in_state(executor, task_id, State.WAITING)


async def days_later(store: Store, task_id: str, days: float) -> None:
    """Move what the task waits for into the past, as if so many days had gone by."""
    history = await history_of(store, task_id)
    seconds = days * DAY
    async with server_of(store) as server:
        for wait in history.waits:
            until = "" if wait.until is None else repr(wait.until - seconds)
            value = f"{wait.since - seconds!r} {until}\n{wait.signal or ''}"
            key = f"{store.prefix}:{{{task_id}}}:journal"
            assert await server.hset(key, f"w:{wait.path}", value) == 0
        await server.zincrby(f"{store.prefix}:due", -seconds, task_id)


async def test_a_task_that_waits_is_held_by_nobody(store: Store) -> None:
    async with at_work(store, Shop(), shopping(called("fetch"), APPROVED)) as executor:
        for _ in range(3):
            await parked(executor)

        async def let_go() -> bool:
            gc.collect()
            return not [each for each in gc.get_objects() if isinstance(each, Run)]

        await until(let_go)
        tasks = {task.get_name() for task in asyncio.all_tasks()}
        assert not [name for name in tasks if name.startswith("dara ") and len(name) > 30]


async def test_a_worker_of_one_place_parks_as_many_as_there_are(store: Store) -> None:
    shop = Shop()
    definition = shopping(APPROVED, called("send"))
    async with at_work(store, shop, definition, concurrency=1) as executor:
        tasks = [(await parked(executor))[0] for _ in range(5)]
        for task_id in tasks:
            await executor.signal(task_id, "approval", b"true")
        for task_id in tasks:
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["send"] * 5


async def test_a_task_is_parked_without_any_worker_for_as_long_as_it_takes(store: Store) -> None:
    shop = Shop()
    definition = shopping(called("fetch"), APPROVED, called("send"))
    async with WorkflowExecutor([definition], store, shop) as executor:
        async with executor.working():
            task_id, _ = await parked(executor)
        await executor.signal(task_id, "approval", b"true")
        await in_state(executor, task_id, State.QUEUED)
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["fetch", "send"]


async def test_a_waiting_task_says_what_it_waits_for_and_until_when(store: Store) -> None:
    definition = shopping(called("fetch"), wait_for("approval", "approved", timeout=30 * DAY))
    async with at_work(store, Shop(), definition) as executor:
        _, status = await parked(executor)
    (wait,) = status.waiting
    assert (wait.path, wait.signal) == ("wait(approval)", "approval")
    assert wait.until is not None
    assert wait.until - wait.since == timedelta(days=30)
    assert abs(datetime.now(UTC) - wait.since) < timedelta(seconds=30)
    assert [each.state for each in status.steps] == ["succeeded", "waiting"]
    assert status.steps[1].started_at == wait.since


async def test_a_signal_after_twenty_nine_days_is_in_time(store: Store) -> None:
    definition = shopping(wait_for("approval", "approved", timeout=30 * DAY), called("send"))
    async with at_work(store, Shop(), definition) as executor:
        task_id, _ = await parked(executor)
        await days_later(store, task_id, 29)
        await asyncio.sleep(0.2)  # several looks at what is due
        await in_state(executor, task_id, State.WAITING)
        await executor.signal(task_id, "approval", b"true")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED


async def test_after_thirty_days_without_a_signal_the_wait_is_a_timeout(store: Store) -> None:
    definition = shopping(wait_for("approval", "approved", timeout=30 * DAY), called("send"))
    async with at_work(store, Shop(), definition) as executor:
        task_id, _ = await parked(executor)
        await days_later(store, task_id, 30.001)
        status = await ended(executor, task_id)
    assert status.state is State.FAILED
    assert status.error is not None
    assert (status.error.kind, status.error.step) == (Kind.TIMEOUT, "wait(approval)")
    assert "no signal 'approval' came within" in status.error.message


async def test_a_pause_of_days_ends_by_itself(store: Store) -> None:
    shop = Shop()
    async with at_work(store, shop, shopping(pause(7 * DAY), called("send"))) as executor:
        task_id, _ = await parked(executor)
        await days_later(store, task_id, 6.9)
        await asyncio.sleep(0.2)  # several looks at what is due
        await in_state(executor, task_id, State.WAITING)
        await days_later(store, task_id, 0.2)
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["send"]


async def test_a_pause_takes_as_long_as_it_says(store: Store) -> None:
    async with at_work(store, Shop(), shopping(pause(0.5), called("send"))) as executor:
        began = time.monotonic()
        task_id = await executor.start("shopping", Order())
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
        assert 0.5 <= time.monotonic() - began < 5


async def test_two_pauses_follow_one_another(store: Store) -> None:
    shop = Shop()
    definition = shopping(pause(0.2), called("fetch"), pause(0.3), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await executor.start("shopping", Order())
        status = await ended(executor, task_id)
    assert status.state is State.SUCCEEDED
    assert status.finished_at is not None
    assert status.finished_at - status.created_at >= timedelta(seconds=0.5)
    assert shop.notes == ["fetch", "send"]
    kinds = [event.kind for event in await store.events(task_id)]
    assert kinds.count("task.waiting") == 2


async def test_an_alternative_is_taken_once_nobody_answered(store: Store) -> None:
    shop = Shop()
    asked = BEGIN >> wait_for("approval", "approved", timeout=0.2) >> called("send")
    async with at_work(store, shop, shopping(asked | called("drop"))) as executor:
        task_id = await executor.start("shopping", Order())
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["drop"]


async def test_a_limit_around_a_wait_wakes_the_task_when_it_is_over(store: Store) -> None:
    shop = Shop()
    limited = timeout(0.4)(called("fetch") >> APPROVED)
    async with at_work(store, shop, shopping(limited, called("send"))) as executor:
        _, status = await parked(executor)
        assert {wait.signal for wait in status.waiting} == {"approval", None}
        status = await ended(executor, status.task_id)
    assert status.error is not None
    assert status.error.kind is Kind.TIMEOUT
    assert "took longer than 0.4 s" in status.error.message
    assert shop.notes == ["fetch"]


async def test_a_limit_around_a_wait_leaves_a_signal_that_came_in_time_alone(
    store: Store,
) -> None:
    shop = Shop()
    limited = timeout(DAY)(called("fetch") >> APPROVED)
    async with at_work(store, shop, shopping(limited, called("send"))) as executor:
        task_id, _ = await parked(executor)
        await executor.signal(task_id, "approval", b"true")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["fetch", "send"]


async def test_a_lane_that_fails_while_another_waits_is_heard_when_that_is_over(
    store: Store,
) -> None:
    shop = Shop(broken=("pack",))
    reserved = compensate(called("reserve"), called("release"))
    lanes = (BEGIN >> APPROVED) & (reserved >> called("pack"))
    async with at_work(store, shop, shopping(lanes)) as executor:
        task_id, _ = await parked(executor)
        assert shop.notes == ["reserve", "pack"]
        await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert status.error is not None
    assert status.error.step == "pack"
    assert shop.notes == ["reserve", "pack", "release"]


async def test_an_undo_may_wait_too(store: Store) -> None:
    shop = Shop(broken=("pack",))
    reserved = compensate(called("reserve"), BEGIN >> pause(0.2) >> called("release"))
    async with at_work(store, shop, shopping(reserved, called("pack"))) as executor:
        task_id, _ = await parked(executor)
        assert shop.notes == ["reserve", "pack"]
        status = await ended(executor, task_id)
    assert status.error is not None
    assert (status.state, status.error.step) == (State.FAILED, "pack")
    assert shop.notes == ["reserve", "pack", "release"]


@pytest.mark.parametrize("seconds", [0.001, 0.05])
async def test_a_wait_that_is_over_before_the_task_is_parked_is_over(
    store: Store, seconds: float
) -> None:
    async with at_work(store, Shop(), shopping(pause(seconds), called("send"))) as executor:
        tasks = [await executor.start("shopping", Order()) for _ in range(20)]
        for task_id in tasks:
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
