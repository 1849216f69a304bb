"""A worker stops within seconds, also where its store does not answer, and strands nothing."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dara_fp import Store, WorkflowExecutor
from dara_fp.runtime.queue import Leases
from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import State
from tests.runtime.stage import Order, Shop, called, ended, server_of, shopping, until

PACKING = shopping(called("pack"))
SHORT = Leases(redelivery=2, grace=0.5, sweep=600, look=0.1)
REFUSING, FROZEN = "refuses every write", "does not answer"


@asynccontextmanager
async def troubled(store: Store, trouble: str) -> AsyncGenerator[None]:
    """Have the server of *store* in *trouble* while the block runs."""
    async with server_of(store) as server:
        if trouble == REFUSING:
            await server.config_set("maxmemory", "1")
        else:
            await server.client_pause(8_000, all=True)
        yield
        if trouble == REFUSING:
            await server.config_set("maxmemory", "0")


@pytest.mark.parametrize("trouble", [REFUSING, FROZEN])
async def test_a_worker_stops_in_seconds_whatever_its_store_does(
    store: Store, trouble: str
) -> None:
    shop = Shop(gates=("pack",))
    async with WorkflowExecutor([PACKING], store, shop, leases=SHORT) as executor:
        working = executor.working()
        await working.__aenter__()
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        async with troubled(store, trouble):
            began = time.monotonic()
            shop.gates["pack"].set()
            await asyncio.sleep(0.2)  # the step ends, and its record cannot be written
            await working.__aexit__(None, None, None)
            assert time.monotonic() - began < 6
        await until(lambda: answers(store))
        async with executor.working():
            assert (await ended(executor, task_id)).state is State.SUCCEEDED


async def answers(store: Store) -> bool:
    try:
        await store.ping()
    except StoreUnavailable:
        return False
    return True


async def test_a_task_that_its_worker_could_not_bring_to_an_end_is_done_again_by_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, finish, refused = Shop(), Claimed.finish, asyncio.Event()

    async def refuse_once(claimed: Claimed, *how: Any) -> int:
        if not refused.is_set():
            refused.set()
            raise StoreUnavailable("refused")
        return await finish(claimed, *how)

    monkeypatch.setattr(Claimed, "finish", refuse_once)
    async with (
        WorkflowExecutor([PACKING], store, shop, leases=SHORT) as executor,
        executor.working(),
    ):
        task_id = await executor.start("shopping", Order())
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
        history = await until(lambda: store.read(task_id))
    assert shop.notes == ["pack"]
    assert history.task.epoch > 1
