"""Tickets: a task that is ready finds a worker, though its ticket is lost or is misdirected."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from dara_fp import Outcome, Position, Store, WorkflowExecutor
from dara_fp.runtime.queue import Leases
from dara_fp.store.records import NewTask, State
from tests.durability.proxy import Proxy
from tests.runtime.stage import (
    QUICK,
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

PACKING = shopping(called("pack"))
SENDING = shopping(called("send"), name="sending")
SWEEPING = Leases(sweep=0.2, look=0.05)


class CountingShop(Shop):
    """A shop that counts how many are served at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = self.most = 0

    async def do(self, ctx: Order, at: Position) -> Outcome[Order]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await asyncio.sleep(0.02)  # long enough for another one to come in, if it may
        self.inside -= 1
        return await super().do(ctx, at)


@pytest.fixture
async def proxy(store: Store) -> AsyncIterator[Proxy]:
    """A relay to the server of *store*."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    relay = Proxy(store.url.removeprefix("unix://"), port)
    await relay.start()
    yield relay
    await relay.stop()


async def lose_all_tickets(store: Store) -> None:
    """Delete what docket knows; the store still counts the tickets as put."""
    async with server_of(store) as server:
        docket = [key async for key in server.scan_iter(f"{store.prefix}:docket:*")]
        assert docket
        await server.delete(*docket)


async def tickets(store: Store) -> int:
    async with server_of(store) as server:
        return int(await server.hget(f"{store.prefix}:fleet", "tickets") or 0)


async def test_a_task_whose_queueing_was_cut_off_is_found_by_a_sweep(store: Store) -> None:
    task = NewTask(task_id="forgotten", workflow="shopping", context=b"{}", structure=("pack",))
    async with at_work(store, Shop(), PACKING, leases=SWEEPING) as executor:
        await store.create(task)
        assert (await ended(executor, "forgotten")).state is State.SUCCEEDED


async def test_tasks_whose_tickets_docket_lost_are_found_by_a_sweep(store: Store) -> None:
    async with WorkflowExecutor([PACKING], store, Shop(), leases=SWEEPING) as executor:
        tasks = [await executor.start("shopping", Order()) for _ in range(5)]
        assert await tickets(store) == 5
        await lose_all_tickets(store)
        async with executor.working():
            for task_id in tasks:
                assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert await tickets(store) == 0


async def test_a_worker_whose_queue_hears_nothing_looks_for_itself(
    store: Store, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    # The reads of docket vanish, as on a connection that was cut without a word.
    proxy.swallows = b"XREADGROUP"
    shop = CountingShop()
    async with (
        Store.open(proxy.url, prefix=store.prefix) as far,
        at_work(far, shop, PACKING, concurrency=2) as executor,
    ):
        await asyncio.wait_for(proxy.swallowed.wait(), 10)
        tasks = [await executor.start("shopping", Order()) for _ in range(20)]
        for task_id in tasks:
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.most == 2
    assert "did not tell of" in caplog.text


async def test_many_tasks_have_few_tickets_and_all_are_run(store: Store) -> None:
    shop = Shop()
    async with WorkflowExecutor([PACKING], store, shop, leases=QUICK) as executor:
        tasks = [await executor.start("shopping", Order()) for _ in range(100)]
        assert await tickets(store) == 32
        async with executor.working(4):
            for task_id in tasks:
                assert (await ended(executor, task_id)).state is State.SUCCEEDED
            assert await until(lambda: _no_tickets(store))
    assert shop.notes == ["pack"] * 100


async def test_the_oldest_task_is_run_first(store: Store) -> None:
    shop = Shop()
    definitions = [PACKING, SENDING]
    async with WorkflowExecutor(definitions, store, shop, leases=QUICK) as executor:
        names = ["shopping", "sending", "sending", "shopping", "shopping", "sending"]
        tasks = [await executor.start(name, Order()) for name in names]
        async with executor.working(1):
            for task_id in tasks:
                await ended(executor, task_id)
    assert shop.notes == [{"shopping": "pack", "sending": "send"}[name] for name in names]


async def test_a_worker_leaves_a_task_of_a_workflow_it_does_not_have_to_one_that_has(
    store: Store,
) -> None:
    async with WorkflowExecutor([PACKING], store, Shop()) as executor:
        task_id = await executor.start("shopping", Order())
    async with at_work(store, Shop(), SENDING) as executor:
        assert (await ended(executor, await executor.start("sending", Order()))).state.final
        await in_state(executor, task_id, State.QUEUED)
        async with at_work(store, Shop(), PACKING) as knowing:
            assert (await ended(knowing, task_id)).state is State.SUCCEEDED


async def test_what_a_worker_leaves_reaches_the_one_that_knows_it_without_a_sweep(
    store: Store,
) -> None:
    async with (
        at_work(store, Shop(), SENDING) as ignorant,
        WorkflowExecutor([PACKING], store, Shop(), leases=QUICK) as knowing,
    ):
        task_ids = [await knowing.start("shopping", Order()) for _ in range(3)]

        # The ignorant one has spent them all.
        await until(lambda: _no_tickets(store))
        async with knowing.working():
            ends = [(await ended(knowing, task_id)).state for task_id in task_ids]
        assert (await ended(ignorant, await ignorant.start("sending", Order()))).state.final
    assert ends == [State.SUCCEEDED] * 3


async def test_two_workers_run_the_tasks_of_each_other(store: Store) -> None:
    shops = Shop(), Shop()
    async with (
        at_work(store, shops[0], PACKING, concurrency=1) as one,
        at_work(store, shops[1], PACKING, concurrency=1),
    ):
        tasks = [await one.start("shopping", Order()) for _ in range(60)]
        for task_id in tasks:
            assert (await ended(one, task_id)).state is State.SUCCEEDED
    assert len(shops[0].notes) + len(shops[1].notes) == 60
    assert shops[0].notes
    assert shops[1].notes


async def test_a_store_that_stalls_while_a_task_is_claimed_strands_nothing(store: Store) -> None:
    shop = Shop()
    async with WorkflowExecutor([PACKING], store, shop) as executor:
        task_id = await executor.start("shopping", Order())
        async with server_of(store) as server, executor.working():
            await server.client_pause(6500, all=False)
            assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes == ["pack"]


async def _no_tickets(store: Store) -> bool:
    return await tickets(store) == 0


async def test_a_task_that_no_worker_here_knows_does_not_make_more_and_more_tickets(
    store: Store,
) -> None:
    async with WorkflowExecutor([SENDING], store, Shop()) as elsewhere:
        await elsewhere.start("sending", Order())
    async with at_work(store, Shop(), PACKING), server_of(store) as server:
        await asyncio.sleep(1.5)
        planned = await server.zcard(f"{store.prefix}:docket:queue")
        queued = await server.xlen(f"{store.prefix}:docket:stream")
    assert planned + queued <= 2
