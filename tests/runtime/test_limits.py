"""How many tasks of a workflow and of an owner run at a time, in the whole fleet."""

import asyncio

import pytest

from dara_fp import Outcome, Position, Store, Success, Workflow, compensate, step, wait_for
from dara_fp.runtime.executor import Limits
from dara_fp.store.records import State
from tests.runtime.stage import (
    Order,
    Shop,
    at_work,
    called,
    ended,
    in_state,
    server_of,
    shopping,
    until,
)


class Counter(Shop):
    """A shop that counts how many are served at a time, and how many ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = self.most = self.served = 0

    async def do(self, ctx: Order, at: Position) -> Outcome[Order]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.03)  # long enough for another one to come in, if it may
        self.inside -= 1
        self.served += 1
        return Success(ctx)


async def served(store: Store, limits: Limits, concurrency: int | None, owner: str | None) -> int:
    """Run eight tasks by two workers, and give how many ran at most at a time."""
    shop, definition = Counter(), shopping(called("serve"), concurrency=concurrency)
    async with (
        at_work(store, shop, definition, limits=limits) as one,
        at_work(store, shop, definition, limits=limits) as other,
    ):
        started = [await each.start("shopping", Order(), owner=owner) for each in (one, other) * 4]
        states = [(await ended(one, task_id)).state for task_id in started]
    assert states == [State.SUCCEEDED] * 8
    assert shop.served == 8
    return shop.most


@pytest.mark.parametrize("most", [1, 2])
async def test_two_workers_together_run_no_more_of_a_workflow_than_it_allows(
    store: Store, most: int
) -> None:
    assert await served(store, Limits(), most, None) == most


@pytest.mark.parametrize("most", [1, 2])
async def test_two_workers_together_run_no_more_of_an_owner_than_is_allowed(
    store: Store, most: int
) -> None:
    assert await served(store, Limits(owner_concurrency=most), None, "ada") == most


async def test_without_limits_as_many_run_as_there_are(store: Store) -> None:
    assert await served(store, Limits(), None, "ada") > 2


async def test_tasks_of_nobody_are_not_limited_by_owner(store: Store) -> None:
    assert await served(store, Limits(owner_concurrency=1), None, None) > 2


async def test_an_owner_who_waits_does_not_hold_up_another(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limits = Limits(owner_concurrency=1)
    async with at_work(store, shop, shopping(called("pack")), limits=limits) as executor:
        adas = [await executor.start("shopping", Order(), owner="ada") for _ in range(3)]
        await in_state(executor, adas[0], State.RUNNING)
        bobs = await executor.start("shopping", Order(), owner="bob")
        await in_state(executor, bobs, State.RUNNING)
        for task_id in adas[1:]:
            await in_state(executor, task_id, State.QUEUED)
        assert shop.notes == ["pack"] * 2
        shop.gates["pack"].set()
        for task_id in (*adas, bobs):
            assert (await ended(executor, task_id)).state is State.SUCCEEDED


async def test_a_workflow_at_its_limit_does_not_hold_up_another(store: Store) -> None:
    shop = Shop(gates=("pack",))
    slow, quick = shopping(called("pack"), concurrency=1), shopping(called("send"), name="sending")
    async with at_work(store, shop, slow, quick) as executor:
        held = [await executor.start("shopping", Order()) for _ in range(2)]
        await shop.comes_to("pack")
        assert (await ended(executor, await executor.start("sending", Order()))).state.final
        await in_state(executor, held[1], State.QUEUED)
        shop.gates["pack"].set()
        for task_id in held:
            assert (await ended(executor, task_id)).state is State.SUCCEEDED


@step
async def refuse(ctx: Order, env: Shop, at: Position) -> Outcome[Order]:
    env.broken.add("refuse")
    return await env.do(ctx, at)


async def test_a_task_that_fails_or_is_cancelled_makes_room_for_the_next(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limits = Limits(owner_concurrency=1)
    one = shopping(called("pack"), concurrency=1)
    two = shopping(refuse, name="refusing", concurrency=1)
    async with at_work(store, shop, one, two, limits=limits) as executor:
        cut = await executor.start("shopping", Order(), owner="ada")
        await shop.comes_to("pack")
        failing = [await executor.start("refusing", Order(), owner="ada") for _ in range(3)]
        await executor.cancel(cut)
        assert (await ended(executor, cut)).state is State.CANCELLED
        for task_id in failing:
            assert (await ended(executor, task_id)).state is State.FAILED


def waiting_in_line() -> Workflow[Order, Shop]:
    return shopping(wait_for("approval", "approved"), called("pack"), concurrency=1)


async def test_a_parked_task_takes_nobodys_place(store: Store) -> None:
    shop = Shop()
    limits = Limits(owner_concurrency=1)
    async with at_work(store, shop, waiting_in_line(), limits=limits) as executor:
        parked = [await executor.start("shopping", Order(), owner="ada") for _ in range(4)]
        for task_id in parked:
            await in_state(executor, task_id, State.WAITING)
        for task_id in reversed(parked):
            assert await executor.signal(task_id, "approval", b"true")
        for task_id in parked:
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["pack"] * 4


async def test_a_task_that_waits_for_its_owners_turn_can_be_cancelled(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limits = Limits(owner_concurrency=1)
    async with at_work(store, shop, shopping(called("pack")), limits=limits) as executor:
        tasks = [await executor.start("shopping", Order(), owner="ada") for _ in range(3)]
        await shop.comes_to("pack")
        assert await until(lambda: _blocked(store)) == 1
        await executor.cancel(tasks[1])
        shop.gates["pack"].set()
        states = [(await ended(executor, task_id)).state for task_id in tasks]
    assert states == [State.SUCCEEDED, State.CANCELLED, State.SUCCEEDED]
    assert shop.notes == ["pack"] * 2


async def test_what_a_cancelled_task_takes_back_waits_for_no_limit(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limits = Limits(owner_concurrency=1)
    reserved = compensate(called("reserve"), called("release"))
    definition = shopping(reserved, wait_for("approval", "approved"), called("pack"), concurrency=1)
    async with at_work(store, shop, definition, limits=limits) as executor:
        parked = [await executor.start("shopping", Order(), owner="ada") for _ in range(2)]
        for task_id in parked:
            await in_state(executor, task_id, State.WAITING)
        await executor.signal(parked[0], "approval", b"true")
        await shop.comes_to("pack")
        await executor.cancel(parked[1])
        assert (await ended(executor, parked[1])).state is State.CANCELLED
        await in_state(executor, parked[0], State.RUNNING)
        shop.gates["pack"].set()
        assert (await ended(executor, parked[0])).state is State.SUCCEEDED
    assert shop.notes == ["reserve", "reserve", "pack", "release"]


async def test_a_task_that_waits_for_its_turn_to_go_on_is_taken_back_at_once(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limits = Limits(owner_concurrency=1)
    definition = shopping(called("reserve"), wait_for("approval", "approved"), called("pack"))
    async with at_work(store, shop, definition, limits=limits) as executor:
        parked = [await executor.start("shopping", Order(), owner="ada") for _ in range(2)]
        for task_id in parked:
            await in_state(executor, task_id, State.WAITING)
            await executor.signal(task_id, "approval", b"true")
        await shop.comes_to("pack")
        assert await until(lambda: _blocked(store)) == 1
        assert await executor.cancel(parked[1]) is State.QUEUED
        assert (await ended(executor, parked[1])).state is State.CANCELLED
        shop.gates["pack"].set()
        assert (await ended(executor, parked[0])).state is State.SUCCEEDED


async def _blocked(store: Store) -> int:
    """Give how many owners have tasks that wait for their turn."""
    async with server_of(store) as server:
        return len(await server.keys(f"{store.prefix}:blocked:*"))
