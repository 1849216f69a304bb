"""Taking tasks: the oldest first, within the limits, each by one worker at a time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import Fenced
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import history_of, kinds_of, lose, new_task, own, state_of, take

Command = Callable[..., Any]


def id_of(claimed: Claimed | None) -> str | None:
    return claimed.history.task.task_id if claimed else None


async def test_a_task_that_is_taken_runs_in_its_first_epoch(store: Store) -> None:
    task = (await own(store)).history.task
    assert (task.state, task.epoch, task.attempt, task.deliveries) == (State.RUNNING, 1, 1, 1)
    assert task.started_at == task.claimed_at is not None
    assert await store.ready() == 0


async def test_what_is_taken_again_keeps_its_first_start(store: Store) -> None:
    first = (await own(store)).history.task
    second = (await lose(store)).history.task
    assert second.epoch > first.epoch
    assert second.deliveries == 2
    assert second.started_at == first.started_at
    assert second.claimed_at is not None
    assert first.claimed_at is not None
    assert second.claimed_at > first.claimed_at


async def test_a_worker_gets_what_was_recorded_in_the_order_of_recording(store: Store) -> None:
    mine = await own(store)
    paths = tuple(f"each/{number}" for number in range(300))
    for path in paths:
        await mine.record(path, b'{"n":1}', None, 5.25)
    history = (await lose(store)).history
    assert tuple(step.path for step in history.steps) == paths
    assert history.steps[0].started_at == 5.25
    assert history.steps[0].finished_at <= history.steps[-1].finished_at


async def test_the_oldest_of_all_workflows_is_taken_first(store: Store) -> None:
    for name, workflow in (("a", "w"), ("b", "v"), ("c", "w"), ("d", "v")):
        await store.create(new_task(name, workflow))
    order = [id_of(await take(store, "w1", {"v": 0, "w": 0})) for _ in range(5)]
    assert order == ["a", "b", "c", "d", None]


async def test_what_was_lost_keeps_its_age(store: Store) -> None:
    await own(store, "first")
    await store.create(new_task("second"))
    await store.retire("w1")
    assert id_of(await take(store)) == "first"


async def test_of_fifty_workers_each_takes_another_task(store: Store) -> None:
    for number in range(40):
        await store.create(new_task(f"t{number}"))
    taken = await asyncio.gather(*(take(store, f"w{number}") for number in range(50)))
    ids = [id_of(one) for one in taken]
    assert sorted(one for one in ids if one) == sorted(f"t{number}" for number in range(40))
    assert ids.count(None) == 10


async def test_a_worker_takes_only_workflows_it_knows(store: Store) -> None:
    for name, workflow in (("a", "strange"), ("b", "strange"), ("c", "known")):
        await store.create(new_task(name, workflow))
    first = await store.take("w1", {"known": 0}, fresh=True)
    assert id_of(first.task) == "c"
    second = await store.take("w1", {"known": 0}, fresh=False)
    assert second.task is None


async def test_of_a_workflow_as_many_run_as_allowed_while_others_go_on(store: Store) -> None:
    limits = {"narrow": 2, "wide": 0}
    for name, workflow in (("a", "narrow"), ("b", "narrow"), ("c", "narrow"), ("d", "wide")):
        await store.create(new_task(name, workflow))
    taken = [await take(store, "w1", limits) for _ in range(4)]
    assert [id_of(one) for one in taken] == ["a", "b", "d", None]
    assert taken[1] is not None
    await taken[1].finish(State.SUCCEEDED)
    assert id_of(await take(store, "w1", limits)) == "c"


async def test_a_ticket_is_put_for_what_a_limit_held_back(store: Store) -> None:
    for name in ("a", "b"):
        await store.create(new_task(name))
    taken = await take(store, "w1", {"ingest": 1})
    assert taken is not None
    await take(store, "w2", {"ingest": 1})
    assert await taken.finish(State.SUCCEEDED) == 1


async def test_whoever_takes_a_task_hears_whether_one_more_ticket_is_to_be_put(
    store: Store,
) -> None:
    for number in range(40):
        await store.create(new_task(f"t{number}"))
    first = await take(store)
    assert first is not None
    assert first.tickets == 1, "39 are ready, and only 31 tickets are left"
    unasked = await store.take("w1", {"ingest": 0}, fresh=False)
    assert unasked.task is not None
    assert unasked.task.tickets == 0, "without a ticket none was used up"


async def test_a_task_over_its_limit_of_deliveries_fails_as_poisoned(store: Store) -> None:
    await own(store)
    second = await lose(store)
    await store.retire("w2")
    assert await take(store, delivery_limit=2) is None
    task = (await history_of(store)).task
    assert (task.state, task.deliveries) == (State.FAILED, 2)
    assert task.error is not None
    assert task.error.message.startswith("poisoned: this task was taken 2 times")
    assert (await kinds_of(store))[-1] == "task.failed"
    with pytest.raises(Fenced):
        await second.record("upload", b"{}", None, 1.0)


async def test_behind_a_poisoned_task_the_next_one_is_taken(store: Store) -> None:
    await own(store, "poisoned")
    await store.create(new_task("next"))
    await store.retire("w1")
    assert id_of(await take(store, delivery_limit=1)) == "next"


async def test_a_task_that_gets_on_is_not_poisoned_however_often_it_is_lost(store: Store) -> None:
    mine = await own(store)
    for number in range(10):
        await mine.record(f"each/{number}", b"{}", None, 1.0)
        mine = await lose(store, worker=f"w{number + 1}", to=f"w{number + 2}")
    assert mine.history.task.deliveries == 1
    assert await state_of(store) is State.RUNNING


async def test_an_entry_of_the_queue_without_its_task_is_passed_over(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    command(url, "ZADD", f"{prefix}:ready:ingest", "1", "evicted")
    command(url, "HINCRBY", f"{prefix}:fleet", "ready", "1")
    assert id_of(await own(store)) == "t"
