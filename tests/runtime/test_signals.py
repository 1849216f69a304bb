"""Signals: taken once, whether the task waits for them yet or not, and only if they fit."""

import asyncio

import pytest

from dara_fp import Store, WorkflowExecutor, for_each, wait_for
from dara_fp.core.codec import InvalidFields
from dara_fp.runtime.errors import SignalRefused, UnknownSignal, UnknownTask
from dara_fp.runtime.status import WaitStatus
from dara_fp.store.records import State
from tests.runtime.stage import (
    BEGIN,
    Order,
    Shop,
    at_work,
    called,
    ended,
    in_state,
    shopping,
    until,
)

APPROVED = wait_for("approval", "approved")
ASKING = shopping(called("fetch"), APPROVED, called("send"))


async def test_a_signal_wakes_the_task_that_waits_for_it_with_what_it_says(store: Store) -> None:
    shop = Shop()
    async with at_work(store, shop, ASKING) as executor:
        task_id = await executor.start("shopping", Order())
        await in_state(executor, task_id, State.WAITING)
        assert shop.notes == ["fetch"]
        assert await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert (status.state, bytes(status.context["approved"])) == (State.SUCCEEDED, b"true")
    assert shop.notes == ["fetch", "send"]


async def test_a_signal_may_come_before_anybody_works_on_the_task(store: Store) -> None:
    shop = Shop()
    async with WorkflowExecutor([ASKING], store, shop) as executor:
        task_id = await executor.start("shopping", Order())
        assert await executor.signal(task_id, "approval", b"false")
        async with executor.working():
            status = await ended(executor, task_id)
    assert (status.state, bytes(status.context["approved"])) == (State.SUCCEEDED, b"false")
    assert "task.waiting" not in [event.kind for event in await store.events(task_id)]


async def test_a_signal_may_come_while_an_earlier_step_runs(store: Store) -> None:
    shop = Shop(gates=("fetch",))
    async with at_work(store, shop, ASKING) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("fetch")
        assert await executor.signal(task_id, "approval", b"true")
        shop.gates["fetch"].set()
        status = await ended(executor, task_id)
    assert (status.state, bytes(status.context["approved"])) == (State.SUCCEEDED, b"true")


async def test_a_signal_that_is_sent_again_is_sent_once(store: Store) -> None:
    shop = Shop(gates=("send",))
    async with at_work(store, shop, ASKING) as executor:
        task_id = await executor.start("shopping", Order())
        sent = await asyncio.gather(
            *[executor.signal(task_id, "approval", b"true") for _ in range(5)]
        )
        assert sorted(sent) == [False] * 4 + [True]
        await shop.comes_to("send")
        assert not await executor.signal(task_id, "approval", b"true")
        shop.gates["send"].set()
        await ended(executor, task_id)
        assert not await executor.signal(task_id, "approval", b"true")
    kinds = [event.kind for event in await store.events(task_id)]
    assert kinds.count("task.signal") == 1
    assert shop.notes == ["fetch", "send"]


async def test_a_signal_counts_once_and_cannot_become_another(store: Store) -> None:
    async with WorkflowExecutor([ASKING], store, Shop()) as executor:
        task_id = await executor.start("shopping", Order())
        await executor.signal(task_id, "approval", b"true")
        with pytest.raises(SignalRefused, match="got the signal 'approval' already, with another"):
            await executor.signal(task_id, "approval", b"false")
        async with executor.working():
            status = await ended(executor, task_id)
    assert bytes(status.context["approved"]) == b"true"


@pytest.mark.parametrize("body", [b'"yes"', b"1", b"[]", b"", b"tru", b"true false", b"\xff"])
async def test_a_signal_that_does_not_fit_its_field_is_refused_and_another_taken(
    store: Store, body: bytes
) -> None:
    async with at_work(store, Shop(), ASKING) as executor:
        task_id = await executor.start("shopping", Order())
        with pytest.raises(InvalidFields, match="approved"):
            await executor.signal(task_id, "approval", body)
        assert await executor.signal(task_id, "approval", b"true")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED


async def test_a_signal_nobody_waits_for_is_refused_with_those_that_somebody_does(
    store: Store,
) -> None:
    priced = wait_for("price", "price")
    async with WorkflowExecutor([shopping(APPROVED, priced)], store, Shop()) as executor:
        task_id = await executor.start("shopping", Order())
        with pytest.raises(UnknownSignal, match="waits for no signal 'aproval'") as refused:
            await executor.signal(task_id, "aproval", b"true")
        assert refused.value.known == ("approval", "price")
        with pytest.raises(UnknownTask, match="no task 'nope'"):
            await executor.signal("nope", "approval", b"true")


async def test_a_task_that_is_over_takes_no_signal(store: Store) -> None:
    async with at_work(store, Shop(), ASKING) as executor:
        task_id = await executor.start("shopping", Order())
        await in_state(executor, task_id, State.WAITING)
        await executor.cancel(task_id)
        await ended(executor, task_id)
        with pytest.raises(SignalRefused, match="is over, and takes no signal any more"):
            await executor.signal(task_id, "approval", b"true")


async def test_a_signal_reaches_the_task_it_is_sent_to_and_no_other(store: Store) -> None:
    async with at_work(store, Shop(), ASKING) as executor:
        one, other = [await executor.start("shopping", Order()) for _ in range(2)]
        for task_id in (one, other):
            await in_state(executor, task_id, State.WAITING)
        await executor.signal(one, "approval", b"true")
        assert (await ended(executor, one)).state is State.SUCCEEDED
        await in_state(executor, other, State.WAITING)


async def test_each_signal_ends_its_own_wait_in_whatever_order_they_come(store: Store) -> None:
    definition = shopping(APPROVED, wait_for("price", "price"))
    async with at_work(store, Shop(), definition) as executor:
        task_id = await executor.start("shopping", Order())
        await in_state(executor, task_id, State.WAITING)
        await executor.signal(task_id, "price", b"7")
        assert [wait.signal for wait in (await waits_of(executor, task_id))] == ["approval"]
        await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert (bytes(status.context["approved"]), bytes(status.context["price"])) == (b"true", b"7")


async def test_lanes_wait_at_the_same_time_and_go_on_each_with_its_own_signal(
    store: Store,
) -> None:
    shop = Shop()
    asked = BEGIN >> APPROVED >> called("wrap")
    lanes = asked & (BEGIN >> wait_for("price", "price") >> called("bill"))
    async with at_work(store, shop, shopping(lanes, called("send"))) as executor:
        task_id = await executor.start("shopping", Order())
        status = await in_state(executor, task_id, State.WAITING)
        assert {wait.signal for wait in status.waiting} == {"approval", "price"}
        await executor.signal(task_id, "price", b"7")
        await until(lambda: _has(shop, "bill"))
        assert [wait.signal for wait in await waits_of(executor, task_id)] == ["approval"]
        await executor.signal(task_id, "approval", b"true")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["bill", "wrap", "send"]


async def test_a_lane_that_works_goes_on_while_another_waits(store: Store) -> None:
    shop = Shop(gates=("bill",))
    lanes = (BEGIN >> APPROVED >> called("wrap")) & (called("fetch") >> called("bill"))
    async with at_work(store, shop, shopping(lanes)) as executor:
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("bill")
        assert await executor.signal(task_id, "approval", b"true")
        shop.gates["bill"].set()
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert sorted(shop.notes) == ["bill", "fetch", "wrap"]


def parts(ctx: Order) -> list[Order]:
    return [Order(number=number) for number in range(3)]


def whole(ctx: Order, done: tuple[Order, ...]) -> Order:
    return ctx.evolve(price=len([each for each in done if each.approved]))


async def test_one_signal_reaches_every_item_that_waits_for_it(store: Store) -> None:
    shop = Shop()
    each = for_each(parts, called("fetch") >> APPROVED, whole)
    async with at_work(store, shop, shopping(each)) as executor:
        task_id = await executor.start("shopping", Order())
        status = await in_state(executor, task_id, State.WAITING)
        assert len(status.waiting) == 3
        with pytest.raises(InvalidFields, match="approval: is no JSON"):
            await executor.signal(task_id, "approval", b"yes")
        assert await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert (status.state, bytes(status.context["price"])) == (State.SUCCEEDED, b"3")
    assert shop.notes == ["fetch"] * 3


async def test_items_that_get_what_does_not_fit_fail_and_can_be_resumed(store: Store) -> None:
    each = for_each(parts, called("fetch") >> APPROVED, whole)
    async with at_work(store, Shop(), shopping(each)) as executor:
        task_id = await executor.start("shopping", Order())
        await executor.signal(task_id, "approval", b'"yes"')
        assert (await ended(executor, task_id)).state is State.FAILED
        await executor.resume(task_id)
        await in_state(executor, task_id, State.WAITING)
        assert await executor.signal(task_id, "approval", b"true")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED


async def waits_of(executor: WorkflowExecutor, task_id: str) -> tuple[WaitStatus, ...]:
    return (await in_state(executor, task_id, State.WAITING)).waiting


async def _has(shop: Shop, name: str) -> bool:
    return name in shop.notes
