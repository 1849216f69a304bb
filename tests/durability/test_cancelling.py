"""Cancelling a task: at once where it never ran, by its worker where it did, and only once."""

import pytest

from dara_fp.core.errors import Kind
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import (
    FOREVER,
    NO,
    fail,
    history_of,
    kinds_of,
    new_task,
    own,
    state_of,
    take,
    waiting_for,
)


async def test_what_never_ran_is_cancelled_at_once(store: Store) -> None:
    await store.create(new_task("t"))
    assert await store.cancel("t") == (State.CANCELLED, 0)
    task = (await history_of(store)).task
    assert (task.state, task.epoch, task.started_at) == (State.CANCELLED, 1, None)
    assert task.error is not None
    assert task.error.kind is Kind.CANCELLED
    assert await kinds_of(store) == ["task.queued", "task.cancelled"]
    assert (await store.ready(), await take(store)) == (0, None)


async def test_what_ran_and_is_queued_again_is_cancelled_by_whoever_takes_it(
    store: Store,
) -> None:
    mine = await own(store)
    await mine.hand_back()
    assert await store.cancel("t") == (State.QUEUED, 0)
    again = await take(store, "w2")
    assert again is not None
    assert again.history.task.cancelling
    assert (await store.look("w2", FOREVER)).cancelling == ("t",)
    await again.finish(State.CANCELLED, NO)
    assert (await store.look("w2", FOREVER)).cancelling == ()


async def test_what_runs_goes_on_until_its_worker_looks(store: Store) -> None:
    mine = await own(store)
    assert await store.cancel("t") == (State.RUNNING, 0)
    history = await history_of(store)
    assert (history.task.state, history.task.cancelling) == (State.RUNNING, True)
    await mine.record("undo", b"{}", None, 1.0)
    assert (await store.look("w1", FOREVER)).cancelling == ("t",)
    await mine.finish(State.CANCELLED, NO)
    assert (await kinds_of(store))[-3:] == ["task.cancelling", "step.succeeded", "task.cancelled"]


async def test_a_worker_that_was_too_late_may_still_finish(store: Store) -> None:
    mine = await own(store)
    await store.cancel("t")
    await mine.finish(State.SUCCEEDED)
    assert await store.cancel("t") == (State.SUCCEEDED, 0)
    assert (await store.look("w1", FOREVER)).cancelling == ()


async def test_what_waits_is_woken_to_be_cancelled(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go", until=4e9)])
    assert await store.cancel("t") == (State.QUEUED, 1)
    again = await take(store)
    assert again is not None
    assert again.history.task.cancelling
    assert (await kinds_of(store))[-3:] == ["task.cancelling", "task.queued", "task.running"]


async def test_a_cancellation_outlives_the_worker_that_was_to_do_it(store: Store) -> None:
    await own(store)
    await store.cancel("t")
    await store.retire("w1")
    await take(store, "w2")
    assert (await store.look("w1", FOREVER)).cancelling == ()
    assert (await store.look("w2", FOREVER)).cancelling == ("t",)


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_a_final_state_stays(store: Store, state: State) -> None:
    mine = await own(store)
    await mine.finish(state, NO)
    before = await store.read("t"), await store.events("t")
    assert await store.cancel("t") == (state, 0)
    assert (await store.read("t"), await store.events("t")) == before


@pytest.mark.parametrize("where", ["queued", "running", "waiting"])
async def test_cancelling_twice_is_cancelling_once(store: Store, where: str) -> None:
    mine = await own(store)
    if where == "queued":
        await mine.hand_back()
    if where == "waiting":
        await mine.park([waiting_for("go")])
    first, _ = await store.cancel("t")
    before = await store.read("t"), await store.events("t")
    assert await store.cancel("t") == (first, 0)
    assert (await store.read("t"), await store.events("t")) == before


async def test_what_is_unknown_cannot_be_cancelled(store: Store) -> None:
    assert await store.cancel("nobody") == (None, 0)


async def test_a_task_that_failed_and_was_resumed_is_cancelled_by_its_worker(
    store: Store,
) -> None:
    await fail(store)
    await store.resume("t", 1, ())
    assert await store.cancel("t") == (State.QUEUED, 0), "there may be something to take back"
    assert await state_of(store) is State.QUEUED


async def test_whoever_cancels_what_was_next_puts_the_ticket_of_what_stood_aside(
    store: Store,
) -> None:
    for name in ("a1", "a2", "a3"):
        await store.create(new_task(name))
    first = await take(store, owner_concurrency=1)
    assert first is not None
    assert await take(store, owner_concurrency=1) is None
    assert await take(store, owner_concurrency=1) is None
    assert await first.finish(State.SUCCEEDED) == 1
    assert await store.cancel("a2") == (State.CANCELLED, 0), "its ticket serves the next"
    assert await store.ready() == 1
