"""Resuming a task that failed: a new attempt, which knows what is done and forgets the rest."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import Fenced
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import (
    NO,
    fail,
    history_of,
    kinds_of,
    own,
    state_of,
    take,
    waiting_for,
)

Command = Callable[..., Any]


async def test_a_task_that_failed_is_queued_for_its_next_attempt(store: Store) -> None:
    await fail(store)
    assert await store.resume("t", 1, ["s:run"]) == (State.QUEUED, 1)
    task = (await history_of(store)).task
    assert (task.state, task.attempt, task.deliveries) == (State.QUEUED, 2, 0)
    assert (task.error, task.finished_at) == (None, None)
    again = await take(store, "w2")
    assert again is not None
    assert [step.path for step in again.history.steps] == ["upload"]
    assert again.history.task.attempt == 2
    assert json.loads((await store.events("t"))[-2].data) == {"attempt": 2}


async def test_it_forgets_what_it_is_told_to_and_keeps_the_rest(store: Store) -> None:
    mine = await own(store)
    await store.signal("t", "go", b"1")
    await store.signal("t", "stay", b"1")
    await mine.park([waiting_for("go"), waiting_for("stay")])
    again = await take(store)
    assert again is not None
    mine = again
    await mine.record("upload", b'{"a":1}', None, 1.0)
    await mine.record("run", b"{}", NO, 2.0)
    await mine.finish(State.FAILED, NO)
    await store.resume("t", 1, ["s:run", "w:wait(go)", "g:go", "s:never"])
    history = await history_of(store)
    assert [step.path for step in history.steps] == ["upload"]
    assert [wait.signal for wait in history.waits] == ["stay"]
    assert set(history.signals) == {"stay"}
    assert (await store.signal("t", "go", b"2")).outcome == "taken"


async def test_its_keys_stay_until_it_is_final_again(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    await fail(store)
    keys = [f"{prefix}:{{t}}:{part}" for part in ("task", "journal", "events")]
    assert all(command(url, "PTTL", key) > 0 for key in keys)
    await store.resume("t", 1, ())
    assert [command(url, "PTTL", key) for key in keys] == [-1, -1, -1]
    assert command(url, "ZSCORE", f"{prefix}:gone", "t") is None
    again = await take(store)
    assert again is not None
    await again.finish(State.SUCCEEDED)
    assert all(command(url, "PTTL", key) > 0 for key in keys)


async def test_resuming_twice_is_resuming_once(store: Store) -> None:
    await fail(store)
    await store.resume("t", 1, ())
    before = await store.read("t"), await store.events("t")
    assert await store.resume("t", 1, ["s:upload"]) == (State.QUEUED, 0)
    assert (await store.read("t"), await store.events("t")) == before


async def test_an_attempt_that_failed_is_resumed_by_its_number_only(store: Store) -> None:
    await fail(store)
    await store.resume("t", 1, ())
    again = await take(store)
    assert again is not None
    await again.finish(State.FAILED, NO)
    assert await store.resume("t", 1, ()) == (State.FAILED, 0), "that one was resumed before"
    assert await store.resume("t", 2, ()) == (State.QUEUED, 1)
    assert (await history_of(store)).task.attempt == 3


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CANCELLED])
async def test_what_did_not_fail_is_left_as_it_is(store: Store, state: State) -> None:
    mine = await own(store)
    await mine.finish(state)
    assert await store.resume("t", 1, ["s:upload"]) == (state, 0)
    assert await state_of(store) is state
    assert await store.resume("nobody", 1, ()) == (None, 0)


@pytest.mark.parametrize("where", [State.QUEUED, State.RUNNING, State.WAITING])
async def test_what_is_not_over_is_left_as_it_is(store: Store, where: State) -> None:
    mine = await own(store)
    if where is State.QUEUED:
        await mine.hand_back()
    if where is State.WAITING:
        await mine.park([waiting_for("go")])
    assert await store.resume("t", 1, ()) == (where, 0)
    assert (await history_of(store)).task.attempt == 1


async def test_the_owner_of_the_attempt_before_writes_nothing(store: Store) -> None:
    mine = await own(store)
    await mine.finish(State.FAILED, NO)
    await store.resume("t", 1, ())
    with pytest.raises(Fenced, match="the task is queued"):
        await mine.record("upload", b"{}", None, 1.0)
    again = await take(store, "w2")
    assert again is not None
    with pytest.raises(Fenced, match="epoch 2 owns the task now"):
        await mine.finish(State.FAILED, NO)


async def test_a_task_that_was_poisoned_gets_its_deliveries_again(store: Store) -> None:
    await own(store)
    await store.retire("w1")
    assert await take(store, delivery_limit=1) is None
    await store.resume("t", 1, ())
    again = await take(store, delivery_limit=1)
    assert again is not None
    assert again.history.task.deliveries == 1


async def test_a_cancellation_that_a_failure_forestalled_is_forgotten(store: Store) -> None:
    mine = await own(store)
    await store.cancel("t")
    await mine.finish(State.FAILED, NO)
    await store.resume("t", 1, ())
    again = await take(store)
    assert again is not None
    assert not again.history.task.cancelling
    assert list(await kinds_of(store)).count("task.cancelling") == 1
