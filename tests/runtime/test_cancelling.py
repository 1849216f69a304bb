"""Cancelling a task: wherever it is, what it did is undone once, and it ends as cancelled."""

import asyncio
import time

import pytest

from dara_fp import Kind, Position, Store, WorkflowExecutor, compensate, on_cancel, pause
from dara_fp.core.errors import Outcome
from dara_fp.runtime.queue import Leases
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.runtime.stage import (
    QUICK,
    Order,
    Shop,
    at_work,
    called,
    ended,
    in_state,
    shopping,
)

RESERVED = compensate(called("reserve"), called("release"))


class CountingShop(Shop):
    """A shop that says when a step was cut, and how long after it was asked for."""

    def __init__(self, *, gates: tuple[str, ...] = ()) -> None:
        super().__init__(gates=gates)
        self.cut_at: float | None = None

    async def do(self, ctx: Order, at: Position) -> Outcome[Order]:
        try:
            return await super().do(ctx, at)
        except asyncio.CancelledError:
            self.cut_at = time.monotonic()
            raise


async def test_a_queued_task_that_never_ran_is_cancelled_at_once(store: Store) -> None:
    shop = Shop()
    async with WorkflowExecutor([shopping(called("pack"))], store, shop) as executor:
        task_id = await executor.start("shopping", Order())
        assert await executor.cancel(task_id) is State.CANCELLED
        status = await executor.status(task_id)
        assert status is not None
        assert (status.state, status.started_at) == (State.CANCELLED, None)
        assert status.error is not None
        assert status.error.kind is Kind.CANCELLED
        async with executor.working():
            other = await executor.start("shopping", Order())
            assert (await ended(executor, other)).state is State.SUCCEEDED
    assert shop.notes == ["pack"]


async def test_a_running_step_is_cut_within_a_second_on_another_worker(store: Store) -> None:
    shop = CountingShop(gates=("pack",))
    definition = shopping(called("pack"))
    async with (
        at_work(store, shop, definition, leases=Leases()) as executor,
        WorkflowExecutor([definition], store, shop) as elsewhere,
    ):
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        asked = time.monotonic()
        assert await elsewhere.cancel(task_id) is State.RUNNING
        assert (await ended(executor, task_id)).state is State.CANCELLED
    assert shop.cut_at is not None
    assert shop.cut_at - asked < 1


async def test_what_a_cancelled_task_did_is_undone_once_last_effect_first(store: Store) -> None:
    shop = Shop(gates=("pack",))
    paid = compensate(called("pay"), called("refund"))
    async with at_work(store, shop, shopping(RESERVED, paid, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        await executor.cancel(task_id)
        status = await ended(executor, task_id)
    assert (status.state, status.cancelling) == (State.CANCELLED, False)
    assert shop.notes == ["reserve", "pay", "pack", "refund", "release"]


async def test_a_step_that_is_cut_is_cleaned_up_once_before_anything_is_undone(
    store: Store,
) -> None:
    shop = Shop(gates=("pack",))
    packed = on_cancel(called("fetch") >> called("pack"), called("unpack"))
    async with at_work(store, shop, shopping(RESERVED, packed)) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        await executor.cancel(task_id)
        assert (await ended(executor, task_id)).state is State.CANCELLED
    assert shop.notes == ["reserve", "fetch", "pack", "unpack", "release"]


async def test_a_task_is_cancelled_once_however_often_it_is_asked_for(store: Store) -> None:
    shop = Shop(gates=("pack", "release"))
    async with at_work(store, shop, shopping(RESERVED, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        for _ in range(3):
            assert await executor.cancel(task_id) is State.RUNNING
        await shop.comes_to("release")
        assert await executor.cancel(task_id) is State.RUNNING
        status = await executor.status(task_id)
        assert status is not None
        assert status.cancelling
        await asyncio.sleep(4 * QUICK.look)  # for a second cancellation to arrive, if there is one
        shop.gates["release"].set()
        assert (await ended(executor, task_id)).state is State.CANCELLED
        assert await executor.cancel(task_id) is State.CANCELLED
    assert shop.notes == ["reserve", "pack", "release"]
    kinds = [event.kind for event in await store.events(task_id)]
    assert kinds.count("task.cancelling") == 1
    assert kinds.count("task.cancelled") == 1


@pytest.mark.parametrize("broken", [(), ("pack",)])
async def test_a_task_that_is_over_is_left_as_it_is(store: Store, broken: tuple[str, ...]) -> None:
    shop = Shop(broken=broken)
    async with at_work(store, shop, shopping(RESERVED, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        before = await ended(executor, task_id)
        assert await executor.cancel(task_id) is before.state
        assert await executor.status(task_id) == before


async def test_nobody_can_cancel_a_task_that_there_is_not(store: Store) -> None:
    async with WorkflowExecutor([shopping(called("pack"))], store, Shop()) as executor:
        for name in ("nope", "no such id"):
            with pytest.raises(LookupError, match="no task"):
                await executor.cancel(name)


async def test_a_waiting_task_is_woken_to_be_undone(store: Store) -> None:
    shop = Shop()
    definition = shopping(RESERVED, pause(86400), called("pack"))
    async with at_work(store, shop, definition) as executor:
        task_id = await executor.start("shopping", Order())
        await in_state(executor, task_id, State.WAITING)
        assert await executor.cancel(task_id) is State.QUEUED
        status = await ended(executor, task_id)
    assert (status.state, status.waiting) == (State.CANCELLED, ())
    assert shop.notes == ["reserve", "release"]


async def test_a_task_that_was_handed_back_is_undone_by_whoever_gets_it(store: Store) -> None:
    shop = Shop(gates=("pack",))
    packed = on_cancel(called("fetch") >> called("pack"), called("unpack"))
    async with WorkflowExecutor(
        [shopping(RESERVED, packed)], store, shop, leases=QUICK
    ) as executor:
        async with executor.working():
            task_id = await executor.start("shopping", Order())
            await shop.comes_to("pack")
        assert await executor.cancel(task_id) is State.QUEUED
        assert shop.notes == ["reserve", "fetch", "pack"]
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.CANCELLED
    assert shop.notes == ["reserve", "fetch", "pack", "unpack", "release"]


async def test_a_task_that_is_cancelled_while_a_failure_is_undone_is_undone_once(
    store: Store,
) -> None:
    shop = Shop(gates=("release",), broken=("pack",))
    async with at_work(store, shop, shopping(RESERVED, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("release")
        await executor.cancel(task_id)
        await asyncio.sleep(4 * QUICK.look)  # for the cancellation to reach the worker
        shop.gates["release"].set()
        status = await ended(executor, task_id)
    assert status.state is State.CANCELLED
    assert shop.notes == ["reserve", "pack", "release"]


async def test_a_worker_that_stops_while_it_undoes_leaves_the_rest_to_another(
    store: Store,
) -> None:
    shop = Shop(gates=("pack", "refund"))
    paid = compensate(called("pay"), called("refund"))
    definition = shopping(RESERVED, paid, called("pack"))
    async with WorkflowExecutor([definition], store, shop, leases=QUICK) as executor:
        async with executor.working():
            task_id = await executor.start("shopping", Order())
            await shop.comes_to("pack")
            await executor.cancel(task_id)
            await shop.comes_to("refund")
            asyncio.get_running_loop().call_later(0.4, shop.gates["refund"].set)
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.CANCELLED
    assert shop.notes == ["reserve", "pay", "pack", "refund", "release"]


def named_in(status: TaskStatus, step: str) -> None:
    assert status.state is State.FAILED
    assert status.error is not None
    assert (status.error.kind, status.error.step) == (Kind.DEFECT, step)
    assert f"{step} is broken" in status.error.message


async def test_a_cancelled_task_that_cannot_be_undone_fails_and_says_what_is_left(
    store: Store,
) -> None:
    shop = Shop(gates=("pack",), broken=("release",))
    async with at_work(store, shop, shopping(RESERVED, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        await executor.cancel(task_id)
        named_in(await ended(executor, task_id), "release")
    assert shop.notes == ["reserve", "pack", "release"]


async def test_a_failed_task_that_is_cancelled_while_an_undo_fails_says_what_is_left(
    store: Store,
) -> None:
    shop = Shop(gates=("release",), broken=("pack", "release"))
    async with at_work(store, shop, shopping(RESERVED, called("pack"))) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("release")
        await executor.cancel(task_id)
        await asyncio.sleep(4 * QUICK.look)  # for the cancellation to reach the worker
        shop.gates["release"].set()
        named_in(await ended(executor, task_id), "release")


async def test_a_cancelled_task_that_was_redelivered_and_cannot_be_undone_fails_alike(
    store: Store,
) -> None:
    shop = Shop(gates=("pack",), broken=("release",))
    definition = shopping(RESERVED, called("pack"))
    async with WorkflowExecutor([definition], store, shop, leases=QUICK) as executor:
        async with executor.working():
            task_id = await executor.start("shopping", Order())
            await shop.comes_to("pack")
        await executor.cancel(task_id)
        async with executor.working():
            named_in(await ended(executor, task_id), "release")
