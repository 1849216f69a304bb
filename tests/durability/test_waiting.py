"""Parked tasks: no worker holds them, and a signal, a time or a cancellation wakes them once."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.core.scope import Waiting
from dara_fp.store.errors import Fenced
from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import (
    FOREVER,
    NO,
    history_of,
    kinds_of,
    lose,
    new_task,
    own,
    state_of,
    take,
    waiting_for,
)

Command = Callable[..., Any]


def soon() -> float:
    """Give a time that is over when a few calls are."""
    return time.time() + 0.15


async def test_a_parked_task_waits_and_tells_for_what(store: Store) -> None:
    mine = await own(store)
    waits = (
        Waiting(path="both/0/go", signal="go", since=1.5, until=None),
        Waiting(path="both/1/pause", signal=None, since=2.5, until=4e9),
    )
    parking = await mine.park(waits)
    assert (parking.parked, parking.tickets) == (True, 0)
    history = await history_of(store)
    assert (history.task.state, history.waits) == (State.WAITING, waits)
    assert (await kinds_of(store))[-1] == "task.waiting"
    assert await take(store) is None
    with pytest.raises(Fenced, match="the task is waiting"):
        await mine.record("upload", b"{}", None, 1.0)


async def test_no_worker_that_dies_or_stops_takes_a_parked_task_along(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    await store.look("w1", FOREVER, ("t",))
    await store.retire("w1")
    assert await state_of(store) is State.WAITING


async def test_waiting_is_progress_so_that_it_poisons_nothing(store: Store) -> None:
    await own(store)
    again = await lose(store)
    assert again.history.task.deliveries == 2
    await again.park([waiting_for("go")])
    await store.signal("t", "go", b"1")
    woken = await take(store)
    assert woken is not None
    assert woken.history.task.deliveries == 1


async def test_a_signal_wakes_a_task_with_its_body(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go", until=4e9)])
    signalled = await store.signal("t", "go", b'{"by":"ada"}')
    assert (signalled.outcome, signalled.tickets) == ("taken", 1)
    assert await state_of(store) is State.QUEUED
    woken = await take(store)
    assert woken is not None
    signal = woken.history.signals["go"]
    assert signal.body == b'{"by":"ada"}'
    assert abs(signal.at - time.time()) < 5
    events = await store.events("t")
    assert [(event.kind, event.path) for event in events[-3:]] == [
        ("task.signal", "go"),
        ("task.queued", None),
        ("task.running", None),
    ]
    assert json.loads(events[-2].data) == {"reason": "a signal came"}


async def test_a_signal_is_kept_once_and_another_body_is_refused(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    outcomes = [(await store.signal("t", "go", body)).outcome for body in (b"1", b"1", b"2")]
    assert outcomes == ["taken", "known", "other"]
    assert (await history_of(store)).signals["go"].body == b"1"
    assert list(await kinds_of(store)).count("task.signal") == 1


async def test_of_fifty_equal_signals_one_wakes(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    all_of_them = await asyncio.gather(*(store.signal("t", "go", b"1") for _ in range(50)))
    assert sorted(one.outcome for one in all_of_them) == ["known"] * 49 + ["taken"]
    assert sum(one.tickets for one in all_of_them) == 1
    assert list(await kinds_of(store)).count("task.queued") == 2


async def test_a_signal_that_came_before_is_found_when_the_wait_begins(store: Store) -> None:
    await store.create(new_task("t"))
    early = await store.signal("t", "go", b"1")
    assert (early.outcome, early.tickets) == ("taken", 0)
    mine = await take(store)
    assert mine is not None
    assert mine.history.signals["go"].body == b"1"


async def test_a_signal_that_came_meanwhile_keeps_a_task_from_waiting(store: Store) -> None:
    mine = await own(store)
    await store.signal("t", "go", b"1")
    parking = await mine.park([waiting_for("go")])
    assert (parking.parked, parking.tickets) == (False, 1)
    assert await state_of(store) is State.QUEUED
    assert "task.waiting" not in await kinds_of(store)


async def test_a_signal_that_a_task_does_not_wait_for_is_kept_and_wakes_nothing(
    store: Store,
) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    for name in ("g", "o", "go on", "\n", "."):
        assert (await store.signal("t", name, b"1")).outcome == "taken"
    assert await state_of(store) is State.WAITING


async def test_either_of_two_signals_wakes(store: Store) -> None:
    for name in ("yes", "no"):
        mine = await own(store, name)
        await mine.park([waiting_for("yes"), waiting_for("no")])
    for name in ("yes", "no"):
        assert (await store.signal(name, name, b"1")).tickets == 1


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_a_task_that_is_over_takes_no_signal_but_still_knows_an_old_one(
    store: Store, state: State
) -> None:
    mine = await own(store)
    await store.signal("t", "early", b"1")
    await mine.finish(state, NO)
    assert (await store.signal("t", "late", b"1")).outcome == "over"
    assert (await store.signal("t", "early", b"1")).outcome == "known"
    assert (await store.signal("t", "early", b"2")).outcome == "other"
    assert (await store.signal("nobody", "go", b"1")).outcome == "unknown"
    assert "late" not in (await history_of(store)).signals


async def test_a_task_whose_time_came_is_woken_by_a_look(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go", until=soon()), waiting_for(None, until=4e9)])
    assert (await store.look("w1", FOREVER)).tickets == 0
    assert await state_of(store) is State.WAITING
    await asyncio.sleep(0.16)
    assert (await store.look("w1", FOREVER)).tickets == 1
    assert await state_of(store) is State.QUEUED
    assert json.loads((await store.events("t"))[-1].data) == {"reason": "its time came"}
    assert (await store.look("w1", FOREVER)).tickets == 0


async def test_a_time_that_is_over_already_keeps_a_task_from_waiting(store: Store) -> None:
    mine = await own(store)
    parking = await mine.park([waiting_for("go", until=4e9), waiting_for(None, until=1.0)])
    assert (parking.parked, parking.tickets) == (False, 1)


async def test_many_that_are_due_at_once_are_all_woken_in_a_few_looks(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    names = [f"t{number}" for number in range(1_100)]
    await asyncio.gather(*(store.create(new_task(name)) for name in names))
    for mine in await asyncio.gather(*(take(store) for _ in names)):
        assert mine is not None
        await mine.park([waiting_for(None, until=4e9)])
    long_ago = [word for name in names for word in ("1", name)]
    command(url, "ZADD", f"{prefix}:due", *long_ago)
    await store.look("w1", FOREVER)
    assert await store.ready() == 1_000
    await store.look("w1", FOREVER)
    assert await store.ready() == 1_100


async def test_what_is_due_and_does_not_wait_is_left_alone(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    await own(store)
    command(url, "ZADD", f"{prefix}:due", "1", "t")
    assert (await store.look("w1", FOREVER)).tickets == 0
    assert await state_of(store) is State.RUNNING


async def test_a_task_that_is_to_be_cancelled_does_not_wait(store: Store) -> None:
    mine = await own(store)
    await store.cancel("t")
    assert not (await mine.park([waiting_for("go")])).parked
    woken = await take(store)
    assert woken is not None
    assert woken.history.task.cancelling


async def test_a_task_waits_again_for_what_is_left(store: Store) -> None:
    mine = await own(store)
    await mine.park([waiting_for("one"), waiting_for("two", until=4e9)])
    await store.signal("t", "one", b"1")
    woken = await take(store)
    assert woken is not None
    assert (await woken.park([waiting_for("two", until=4e9)])).parked
    assert (await store.signal("t", "two", b"2")).tickets == 1
    assert len((await history_of(store)).waits) == 2


async def test_whoever_parks_a_task_hears_whether_another_one_is_ready(store: Store) -> None:
    for name in ("a", "b"):
        await store.create(new_task(name))
    first = await take(store, workflows={"ingest": 1})
    assert first is not None
    assert await take(store, workflows={"ingest": 1}) is None
    parking = await first.park([waiting_for("go")])
    assert (parking.parked, parking.tickets) == (True, 1)
