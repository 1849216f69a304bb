"""Resuming a task that failed: from what failed, as a new attempt, keeping what is done."""

import asyncio

import pytest

from dara_fp import (
    Backoff,
    Pipeline,
    Store,
    WorkflowExecutor,
    compensate,
    for_each,
    pause,
    retry,
    timeout,
    wait_for,
)
from dara_fp.runtime.errors import NotResumable, UnknownTask, UnknownWorkflow
from dara_fp.store.records import State
from tests.runtime.stage import (
    Order,
    Shop,
    at_work,
    called,
    ended,
    history_of,
    in_state,
    shopping,
)

RESERVED = compensate(called("reserve"), called("release"))


async def failed(executor: WorkflowExecutor) -> str:
    """Give the id of a task that has failed."""
    task_id = await executor.start("shopping", Order())
    assert (await ended(executor, task_id)).state is State.FAILED
    return task_id


async def mended(
    store: Store,
    shop: Shop,
    *steps: Pipeline[Order, Shop],
    start: str | None = None,
) -> list[str]:
    """Fail, mend the shop, resume; give what was done after that."""
    async with at_work(store, shop, shopping(*steps)) as executor:
        task_id = await failed(executor)
        shop.broken.clear()
        before = len(shop.notes)
        assert await executor.resume(task_id, start=start) is State.QUEUED
        status = await ended(executor, task_id)
    assert (status.state, status.attempt, status.error) == (State.SUCCEEDED, 2, None)
    return shop.notes[before:]


async def test_a_resumed_task_goes_on_from_the_failed_step_with_a_new_token(store: Store) -> None:
    shop = Shop(broken=("pack",))
    steps = (called("fetch"), called("pack"), called("send"))
    assert await mended(store, shop, *steps) == ["pack", "send"]
    tokens = [token for name, token in shop.tokens if name == "pack"]
    assert len(set(tokens)) == 2


async def test_a_resumed_task_has_the_context_that_it_would_have_had(store: Store) -> None:
    shop = Shop(broken=("pack",))
    definition = shopping(called("fetch"), called("pack"), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await failed(executor)
        shop.broken.clear()
        await executor.resume(task_id)
        status = await ended(executor, task_id)
    assert bytes(status.context["done"]) == b'["fetch","pack","send"]'
    assert [each.state for each in status.steps] == ["succeeded"] * 3


async def test_a_task_resumes_from_an_earlier_step_if_told_to(store: Store) -> None:
    shop = Shop(broken=("send",))
    steps = (called("fetch"), called("pack"), called("send"))
    assert await mended(store, shop, *steps, start="pack") == ["pack", "send"]


async def test_a_task_resumes_from_its_first_step_if_told_to(store: Store) -> None:
    shop = Shop(broken=("send",))
    steps = (called("fetch"), called("pack"), called("send"))
    assert await mended(store, shop, *steps, start="fetch") == ["fetch", "pack", "send"]


async def test_a_step_that_is_not_recorded_is_nowhere_to_resume_from(store: Store) -> None:
    shop = Shop(broken=("pack",))
    definition = shopping(called("fetch"), called("pack"), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await failed(executor)
        with pytest.raises(ValueError, match="not recorded 'send': give one of fetch, pack"):
            await executor.resume(task_id, start="send")
        assert (await in_state(executor, task_id, State.FAILED)).attempt == 1


async def test_what_was_undone_is_done_again(store: Store) -> None:
    shop = Shop(broken=("send",))
    done = await mended(store, shop, called("fetch"), RESERVED, called("pack"), called("send"))
    assert shop.notes[:5] == ["fetch", "reserve", "pack", "send", "release"]
    assert done == ["reserve", "pack", "send"]


async def test_a_task_whose_undo_failed_undoes_nothing_twice_when_resumed(store: Store) -> None:
    shop = Shop(broken=("send", "release"))
    assert await mended(store, shop, RESERVED, called("send")) == ["reserve", "send"]


async def test_lanes_that_succeeded_are_kept(store: Store) -> None:
    shop = Shop(broken=("pack",))
    lanes = (called("fetch") >> called("wrap")) & (called("pack") >> called("label"))
    assert await mended(store, shop, lanes, called("send")) == ["pack", "label", "send"]


async def test_tries_begin_anew(store: Store) -> None:
    shop = Shop(broken=("pack",))
    tried = retry(2, Backoff(initial=0))(called("pack"))
    assert await mended(store, shop, called("fetch"), tried) == ["pack"]
    assert shop.notes == ["fetch", "pack", "pack", "pack", "pack"]


async def test_a_failure_that_was_caught_stays_caught(store: Store) -> None:
    shop = Shop(broken=("fetch", "send"))
    steps = (called("fetch") | called("borrow"), called("send"))
    assert await mended(store, shop, *steps) == ["send"]


async def test_items_that_succeeded_are_kept(store: Store) -> None:
    shop = Shop(broken=("check",))

    def parts(ctx: Order) -> list[Order]:
        return [Order(number=number) for number in range(3)]

    def whole(ctx: Order, done: tuple[Order, ...]) -> Order:
        return ctx.evolve(price=len(done))

    each = for_each(parts, called("fetch") >> called("check"), whole)
    assert await mended(store, shop, each) == ["check"] * 3


async def test_a_limit_that_was_over_begins_anew(store: Store) -> None:
    shop = Shop(gates=("pack",))
    limited = timeout(0.3)(called("fetch") >> called("pack"))
    async with at_work(store, shop, shopping(limited)) as executor:
        task_id = await failed(executor)
        shop.gates["pack"].set()
        await executor.resume(task_id)
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert shop.notes[-1] == "pack"


async def test_a_wait_that_was_in_vain_begins_anew(store: Store) -> None:
    shop = Shop()
    waits = wait_for("approval", "approved", timeout=0.2)
    async with at_work(store, shop, shopping(called("fetch"), waits)) as executor:
        task_id = await failed(executor)
        await executor.resume(task_id)
        assert (await ended(executor, task_id)).state is State.FAILED
        await executor.resume(task_id)
        await in_state(executor, task_id, State.WAITING)
        assert await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert (status.state, status.attempt) == (State.SUCCEEDED, 3)
    assert shop.notes == ["fetch"]


async def test_a_task_that_goes_back_behind_an_approval_asks_for_it_again(store: Store) -> None:
    shop = Shop(broken=("send",))
    definition = shopping(called("fetch"), wait_for("approval", "approved"), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await executor.start("shopping", Order())
        await executor.signal(task_id, "approval", b"true")
        await in_state(executor, task_id, State.FAILED)
        shop.broken.clear()
        await executor.resume(task_id, start="fetch")
        await in_state(executor, task_id, State.WAITING)
        assert await executor.signal(task_id, "approval", b"false")
        status = await ended(executor, task_id)
    assert bytes(status.context["approved"]) == b"false"


async def test_a_pause_that_was_over_is_over(store: Store) -> None:
    shop = Shop(broken=("send",))
    definition = shopping(pause(0.2), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await failed(executor)
        shop.broken.clear()
        await executor.resume(task_id)
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    kinds = [event.kind for event in await store.events(task_id)]
    assert kinds.count("task.waiting") == 1


async def test_a_task_is_resumed_once_however_often_it_is_asked_for(store: Store) -> None:
    shop = Shop(broken=("pack",), gates=("send",))
    definition = shopping(called("pack"), called("send"))
    async with at_work(store, shop, definition) as executor:
        task_id = await failed(executor)
        shop.broken.clear()
        states = await asyncio.gather(*[executor.resume(task_id) for _ in range(4)])
        assert set(states) <= {State.QUEUED, State.RUNNING}
        await shop.comes_to("send")
        assert await executor.resume(task_id) is State.RUNNING
        shop.gates["send"].set()
        assert (await ended(executor, task_id)).attempt == 2
    assert shop.notes == ["pack", "pack", "send"]


async def test_a_task_can_fail_and_be_resumed_again_and_again(store: Store) -> None:
    shop = Shop(broken=("pack",))
    async with at_work(store, shop, shopping(called("fetch"), called("pack"))) as executor:
        task_id = await failed(executor)
        for attempt in (2, 3):
            await executor.resume(task_id)
            status = await ended(executor, task_id)
            assert (status.state, status.attempt) == (State.FAILED, attempt)
        shop.broken.clear()
        await executor.resume(task_id)
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert len({token for name, token in shop.tokens if name == "pack"}) == 4
    assert (await history_of(store, task_id)).task.attempt == 4


async def test_a_resumed_task_can_be_cancelled(store: Store) -> None:
    shop = Shop(broken=("send",))
    async with at_work(store, shop, shopping(RESERVED, called("send"))) as executor:
        task_id = await failed(executor)
        shop.broken.clear()
        shop.gates["send"] = asyncio.Event()
        shop.reached["send"].clear()
        await executor.resume(task_id)
        await shop.comes_to("send")
        await executor.cancel(task_id)
        assert (await ended(executor, task_id)).state is State.CANCELLED
    assert shop.notes == ["reserve", "send", "release"] * 2


async def test_only_a_failed_task_can_be_resumed(store: Store) -> None:
    async with at_work(store, Shop(), shopping(called("pack"))) as executor:
        done = await executor.start("shopping", Order())
        await ended(executor, done)
        with pytest.raises(NotResumable, match="is succeeded, and only a failed task can be"):
            await executor.resume(done)
        with pytest.raises(UnknownTask, match="no task 'nope'"):
            await executor.resume("nope")
    async with WorkflowExecutor([shopping(called("pack"))], store, Shop()) as executor:
        queued = await executor.start("shopping", Order())
        assert await executor.resume(queued) is State.QUEUED
        await executor.cancel(queued)
        with pytest.raises(NotResumable, match="is cancelled"):
            await executor.resume(queued)


async def test_a_task_of_a_workflow_that_is_not_here_cannot_be_resumed_here(store: Store) -> None:
    shop = Shop(broken=("pack",))
    async with at_work(store, shop, shopping(called("pack"))) as executor:
        task_id = await failed(executor)
    async with WorkflowExecutor([shopping(called("pack"), name="other")], store, shop) as executor:
        with pytest.raises(UnknownWorkflow, match="no workflow 'shopping'; there are other"):
            await executor.resume(task_id)
