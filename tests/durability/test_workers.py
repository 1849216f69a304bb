"""Workers that give signs of life, stop, or die: what they ran goes to others, once."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import Fenced
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import FOREVER, NO, lose, new_task, own, state_of, take

Command = Callable[..., Any]
PATIENCE = 20.0


@pytest.fixture
def long_ago(url: str, prefix: str, command: Command) -> Callable[[str, float], None]:
    """Move the last sign of life of a worker, or the last look of any, back in time."""

    def move(what: str, seconds: float) -> None:
        then = f"{time.time() - seconds:.6f}"
        if what == "any":
            command(url, "HSET", f"{prefix}:fleet", "looked_at", then)
        else:
            command(url, "ZADD", f"{prefix}:alive", then, what)

    return move


async def test_what_a_worker_ran_that_gave_no_sign_of_life_goes_to_another(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    mine = await own(store)
    await store.look("w2", PATIENCE)
    long_ago("w1", 21)
    found = await store.look("w2", PATIENCE)
    assert (found.tickets, await state_of(store)) == (1, State.QUEUED)
    again = await take(store, "w2")
    assert again is not None
    assert (again.history.task.epoch, again.history.task.deliveries) == (3, 2)
    reasons = [json.loads(event.data).get("reason") for event in await store.events("t")]
    assert "its worker was lost" in reasons
    with pytest.raises(Fenced, match="epoch 3 owns the task now"):
        await mine.finish(State.SUCCEEDED)


async def test_from_the_moment_it_is_missed_a_worker_writes_nothing(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    mine = await own(store)
    await store.look("w2", PATIENCE)
    long_ago("w1", 21)
    await store.look("w2", PATIENCE)
    with pytest.raises(Fenced, match="epoch 2 owns the task now"):
        await mine.record("upload", b"{}", None, 1.0)


async def test_who_is_late_but_within_the_patience_keeps_its_tasks(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    mine = await own(store)
    await store.look("w2", PATIENCE)
    long_ago("w1", 19)
    assert (await store.look("w2", PATIENCE)).tickets == 0
    await mine.finish(State.SUCCEEDED)


async def test_a_worker_that_took_a_task_and_never_looked_is_missed_too(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    await own(store)
    begun = float(command(url, "ZSCORE", f"{prefix}:alive", "w1"))
    assert abs(begun - time.time()) < 5


async def test_taking_a_task_is_no_sign_of_life(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    await own(store, "one")
    await store.look("w2", PATIENCE)
    long_ago("w1", 21)
    await own(store, "two")
    await store.look("w2", PATIENCE)
    assert await state_of(store, "one") is State.QUEUED
    assert await state_of(store, "two") is State.QUEUED


async def test_a_worker_that_looks_is_never_the_one_it_misses(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    mine = await own(store)
    await store.look("w1", PATIENCE)
    long_ago("w1", 3_600)
    assert (await store.look("w1", PATIENCE)).tickets == 0
    await mine.finish(State.SUCCEEDED)


@pytest.mark.parametrize("seconds", [5.5, 3_600])
async def test_after_the_server_was_away_every_worker_has_as_long_again(
    store: Store, long_ago: Callable[[str, float], None], seconds: float
) -> None:
    mine = await own(store)
    await store.look("w2", PATIENCE)
    long_ago("w1", 3_600)
    long_ago("any", seconds)
    await store.look("w2", PATIENCE)
    assert await state_of(store) is State.RUNNING
    await store.look("w2", PATIENCE)
    assert await state_of(store) is State.RUNNING, "its time began anew"
    await mine.finish(State.SUCCEEDED)


async def test_the_very_first_look_misses_nobody(
    store: Store, long_ago: Callable[[str, float], None]
) -> None:
    await own(store)
    long_ago("w1", 3_600)
    await store.look("w2", PATIENCE)
    assert await state_of(store) is State.RUNNING


async def test_what_a_worker_lost_track_of_is_ready_again(store: Store) -> None:
    for name in ("one", "two"):
        await own(store, name)
    found = await store.look("w1", FOREVER, ("one",))
    assert found.tickets == 1
    assert [await state_of(store, name) for name in ("one", "two")] == [
        State.QUEUED,
        State.RUNNING,
    ]


async def test_a_worker_gives_back_only_what_it_runs_itself(store: Store) -> None:
    await own(store)
    await lose(store)
    found = await store.look("w1", FOREVER, ("t", "unknown"))
    assert (found.tickets, await state_of(store)) == (0, State.RUNNING)


async def test_a_look_names_the_worker_s_tasks_that_are_to_be_cancelled(store: Store) -> None:
    for name, worker in (("mine", "w1"), ("other", "w2"), ("spared", "w1")):
        await own(store, name, worker)
    await store.cancel("mine")
    await store.cancel("other")
    assert (await store.look("w1", FOREVER)).cancelling == ("mine",)
    assert (await store.look("w2", FOREVER)).cancelling == ("other",)


async def test_a_look_tells_what_the_store_has_the_worker_running(store: Store) -> None:
    for name, worker in (("one", "w1"), ("two", "w1"), ("other", "w2")):
        await own(store, name, worker)
    assert sorted((await store.look("w1", FOREVER)).claimed) == ["one", "two"]
    assert (await store.look("w1", FOREVER, ("one",))).claimed == ("two",)
    assert (await store.look("w3", FOREVER)).claimed == ()


async def test_a_look_makes_up_for_every_ticket_that_is_missing(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    for number in range(40):
        await store.create(new_task(f"t{number}"))
    command(url, "HSET", f"{prefix}:fleet", "tickets", "30")
    # One a look, since whoever takes a ticket is told whether to put the next.
    assert [(await store.look("w1", FOREVER)).tickets for _ in range(3)] == [1, 1, 0]


async def test_what_a_worker_still_runs_when_it_retires_goes_to_others(store: Store) -> None:
    mine = await own(store)
    assert await store.retire("w1") == 1
    assert await state_of(store) is State.QUEUED
    with pytest.raises(Fenced):
        await mine.report("upload", "half", 0.5)


async def test_a_worker_that_retires_leaves_the_tasks_of_others(store: Store) -> None:
    mine = await own(store, worker="w2")
    assert await store.retire("w1") == 0
    await mine.finish(State.SUCCEEDED)


async def test_the_last_worker_that_retires_leaves_no_trace(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    for worker in ("w1", "w2"):
        await store.look(worker, PATIENCE)
    await store.retire("w1")
    assert command(url, "HEXISTS", f"{prefix}:fleet", "looked_at")
    await store.retire("w2")
    assert command(url, "KEYS", f"{prefix}:*") == []


async def test_a_task_that_is_handed_back_does_not_count_as_delivered(store: Store) -> None:
    mine = await own(store)
    assert await mine.hand_back() == 1
    again = await take(store, "w2")
    assert again is not None
    assert (again.history.task.epoch, again.history.task.deliveries) == (2, 1)
    with pytest.raises(Fenced):
        await mine.record("upload", b"{}", None, 1.0)


async def test_what_got_on_and_is_handed_back_counts_from_nothing(store: Store) -> None:
    mine = await own(store)
    await mine.record("upload", b"{}", None, 1.0)
    await mine.hand_back()
    again = await take(store)
    assert again is not None
    assert again.history.task.deliveries == 1


async def test_only_its_owner_hands_a_task_back(store: Store) -> None:
    mine = await own(store)
    await lose(store)
    with pytest.raises(Fenced):
        await mine.hand_back()
    done = await own(store, "done")
    await done.finish(State.FAILED, NO)
    with pytest.raises(Fenced, match="the task is failed"):
        await done.hand_back()


async def test_after_tickets_were_lost_they_are_counted_anew(store: Store) -> None:
    assert await store.recount() == 0
    for number in range(3):
        await store.create(new_task(f"t{number}"))
    assert await store.recount() == 3
    assert (await store.look("w1", FOREVER)).tickets == 0
    for number in range(3, 40):
        await store.create(new_task(f"t{number}"))
    assert await store.recount() == 32


async def test_many_looks_at_once_put_a_ticket_once(store: Store) -> None:
    for number in range(5):
        await own(store, f"t{number}", f"w{number}")
    looks = [store.look(f"w{number}", FOREVER, (f"t{number}",)) for number in range(5)]
    assert sum(found.tickets for found in await asyncio.gather(*looks)) == 5
