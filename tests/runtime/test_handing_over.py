"""A worker that stops hands over what it runs; a task whose workers are lost is given up."""

import time

import pytest

from dara_fp import Store, WorkflowExecutor, wait_for
from dara_fp.core.errors import StepError
from dara_fp.runtime.queue import Leases
from dara_fp.store.records import State
from tests.runtime.stage import (
    QUICK,
    Order,
    Shop,
    at_work,
    called,
    ended,
    history_of,
    in_state,
    shopping,
    until,
)

HELD = shopping(called("fetch"), called("pack"), called("send"))


async def packing(shop: Shop, number: int) -> int:
    """Return once `pack` was begun so many times."""

    async def look() -> int | None:
        found = shop.notes.count("pack")
        return found if found >= number else None

    return await until(look)


async def test_a_worker_that_stops_hands_its_task_to_another_at_once(store: Store) -> None:
    shop = Shop(gates=("pack",))
    async with WorkflowExecutor([HELD], store, shop, leases=QUICK) as staying:
        async with at_work(store, shop, HELD):
            task_id = await staying.start("shopping", Order())
            await packing(shop, 1)
        stopped = time.monotonic()
        async with staying.working():
            await packing(shop, 2)
            # The lease is 20 seconds, and so is the time after which a lost ticket is missed.
            assert time.monotonic() - stopped < 5
            shop.gates["pack"].set()
            assert (await ended(staying, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["fetch", "pack", "pack", "send"]
    reasons = [event.data for event in await store.events(task_id) if event.kind == "task.queued"]
    assert reasons == [b"{}", b'{"reason":"its worker stopped"}']


async def test_a_worker_that_works_already_takes_over_what_another_hands_back(
    store: Store,
) -> None:
    shop = Shop(gates=("pack",))
    async with at_work(store, shop, HELD, concurrency=1) as staying:
        first = await staying.start("shopping", Order())
        await packing(shop, 1)
        async with at_work(store, shop, HELD):
            second = await staying.start("shopping", Order())
            await packing(shop, 2)
        shop.gates["pack"].set()
        for task_id in (first, second):
            assert (await ended(staying, task_id)).state is State.SUCCEEDED
    assert sorted(shop.notes) == ["fetch"] * 2 + ["pack"] * 3 + ["send"] * 2


async def test_a_task_that_ends_in_the_time_of_grace_is_not_handed_back(store: Store) -> None:
    shop = Shop(gates=("pack",))
    leases = Leases(grace=10, look=0.05)
    async with at_work(store, shop, HELD, leases=leases) as executor:
        task_id = await executor.start("shopping", Order())
        await packing(shop, 1)
        queued = await executor.start("shopping", Order())
        await packing(shop, 2)
        shop.gates["pack"].set()
    assert (await history_of(store, task_id)).task.state is State.SUCCEEDED
    assert (await history_of(store, queued)).task.state is State.SUCCEEDED
    assert shop.notes.count("pack") == 2


async def test_deliveries_that_were_handed_back_are_not_counted(store: Store) -> None:
    shop = Shop(gates=("pack",))
    often = QUICK.deliveries + 2
    async with WorkflowExecutor([HELD], store, shop, leases=QUICK) as executor:
        task_id = await executor.start("shopping", Order())
        for number in range(1, often + 1):
            async with executor.working():
                await packing(shop, number)
        async with executor.working():
            await packing(shop, often + 1)
            assert (await history_of(store, task_id)).task.deliveries == 1
            shop.gates["pack"].set()
            status = await ended(executor, task_id)
    assert (status.state, status.attempt) == (State.SUCCEEDED, 1)


async def lost(store: Store, *, records: str | None = None) -> None:
    """Take the task as a worker that is lost, after it has recorded a step or nothing."""
    worker = "made-up"
    taken = await store.take(worker, {"shopping": 0}, fresh=True)
    assert taken.task is not None
    if records is not None:
        await taken.task.record(records, b'{"done":["it"]}', None, time.time())
    await store.retire(worker)


async def given_up(executor: WorkflowExecutor, task_id: str) -> StepError:
    status = await ended(executor, task_id)
    assert status.state is State.FAILED
    assert status.error is not None
    return status.error


@pytest.mark.parametrize("times", [1, 4])
async def test_a_task_whose_workers_were_lost_is_run_by_the_next(store: Store, times: int) -> None:
    shop = Shop()
    async with WorkflowExecutor([HELD], store, shop, leases=QUICK) as executor:
        task_id = await executor.start("shopping", Order())
        for _ in range(times):
            await lost(store)
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["fetch", "pack", "send"]


async def test_a_task_that_lost_five_workers_in_a_row_is_poisoned(store: Store) -> None:
    shop = Shop()
    async with WorkflowExecutor([HELD], store, shop, leases=QUICK) as executor:
        task_id = await executor.start("shopping", Order())
        for _ in range(5):
            await lost(store)
        async with executor.working():
            error = await given_up(executor, task_id)
            assert error.message.startswith("poisoned: this task was taken 5 times")
            # It holds up nobody, and can be resumed once what was wrong is mended.
            other = await executor.start("shopping", Order())
            assert (await ended(executor, other)).state is State.SUCCEEDED
            await executor.resume(task_id)
            status = await ended(executor, task_id)
    assert (status.state, status.attempt) == (State.SUCCEEDED, 2)
    assert shop.notes == ["fetch", "pack", "send"] * 2


async def test_a_task_that_gets_on_is_not_poisoned_however_many_workers_it_loses(
    store: Store,
) -> None:
    shop = Shop()
    names = [f"step{number}" for number in range(12)]
    long = shopping(*[called(name) for name in names])
    async with WorkflowExecutor([long], store, shop, leases=QUICK) as executor:
        task_id = await executor.start("shopping", Order())
        for name in names[:-1]:
            await lost(store, records=name)
            await lost(store)
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == names[-1:]


async def test_a_task_that_is_parked_often_is_not_poisoned(store: Store) -> None:
    waiting = shopping(wait_for("approval", "approved"))
    async with WorkflowExecutor([waiting], store, Shop(), leases=QUICK) as executor:
        task_id = await executor.start("shopping", Order())
        for _ in range(4):
            await lost(store)
        async with executor.working():
            await in_state(executor, task_id, State.WAITING)
        assert (await history_of(store, task_id)).task.deliveries == 0
        async with executor.working():
            await executor.signal(task_id, "approval", b"true")
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
