"""A workflow that changed while a task of it was under way."""

import attrs
import pytest

from dara_fp import (
    Kind,
    Outcome,
    Pipeline,
    StepContext,
    Store,
    Success,
    WorkflowExecutor,
    start,
    step,
    workflow,
)
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.runtime.stage import QUICK, Order, Shop, called, ended, shopping

FETCH, PACK, SEND = called("fetch"), called("pack"), called("send")


async def after_change(store: Store, *steps: Pipeline[Order, Shop]) -> tuple[TaskStatus, Shop]:
    """Run `fetch >> pack` until it packs, and what it has become after that; give how it ends."""
    shop = Shop(gates=("pack",))
    before = WorkflowExecutor([shopping(FETCH, PACK)], store, shop, leases=QUICK)
    async with before, before.working():
        task_id = await before.start("shopping", Order())
        await shop.comes_to("pack")
    shop.gates["pack"].set()
    after = WorkflowExecutor([shopping(*steps)], store, shop, leases=QUICK)
    async with after, after.working():
        return await ended(after, task_id), shop


async def test_a_workflow_that_changed_where_a_task_has_run_fails_the_task(store: Store) -> None:
    status, shop = await after_change(store, SEND, FETCH, PACK)
    assert status.error is not None
    assert status.error.kind is Kind.CONFLICT
    assert status.error.message == (
        "workflow 'shopping' changed under a running task: step 1 was 'fetch' and is now 'send'"
    )
    assert shop.notes == ["fetch", "pack"]


async def test_a_workflow_that_grew_behind_a_task_runs_the_new_steps(store: Store) -> None:
    status, shop = await after_change(store, FETCH, PACK, SEND)
    assert status.state is State.SUCCEEDED
    assert bytes(status.context["done"]) == b'["fetch","pack","send"]'
    assert shop.notes == ["fetch", "pack", "pack", "send"]


async def test_a_step_that_was_under_way_may_be_replaced(store: Store) -> None:
    status, shop = await after_change(store, FETCH, SEND)
    assert status.state is State.SUCCEEDED
    assert shop.notes == ["fetch", "pack", "send"]


@attrs.frozen(kw_only=True)
class Renamed(StepContext):
    figure: int


@step
async def nothing(ctx: Renamed) -> Outcome[Renamed]:
    return Success(ctx)


async def test_a_context_that_no_longer_fits_fails_the_task(store: Store) -> None:
    async with WorkflowExecutor([shopping(PACK)], store, Shop()) as executor:
        task_id = await executor.start("shopping", Order())
    renamed = workflow("shopping", start(Renamed) >> nothing)
    async with WorkflowExecutor([renamed], store) as executor, executor.working():
        status = await ended(executor, task_id)
    assert status.error is not None
    assert status.error.message == "the stored context no longer fits Renamed: figure: is required"


async def test_a_context_of_a_subclass_is_refused_since_it_would_lose_fields(
    store: Store,
) -> None:
    @attrs.frozen(kw_only=True)
    class More(Order):
        more: int

    async with WorkflowExecutor([shopping(PACK)], store, Shop()) as executor:
        with pytest.raises(TypeError, match="takes a Order, got a More"):
            await executor.start("shopping", More(more=4))
