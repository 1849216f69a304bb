"""Starting a task: once, however often it is asked for, and only while there is room."""

import asyncio

import pytest

from dara_fp import Store, WorkflowExecutor
from dara_fp.runtime.errors import QueueFull, TaskExists, UnknownWorkflow
from dara_fp.runtime.executor import Limits
from dara_fp.store.records import State
from tests.runtime.stage import Order, Shop, at_work, called, ended, in_state, shopping

HALF = shopping(called("pack"))


async def test_a_task_that_is_started_again_is_that_task_and_runs_once(store: Store) -> None:
    shop = Shop()
    async with at_work(store, shop, HALF) as executor:
        for _ in range(2):
            assert await executor.start("shopping", Order(number=1), task_id="mine") == "mine"
        await ended(executor, "mine")
        assert await executor.start("shopping", Order(number=1), task_id="mine") == "mine"
        assert (await ended(executor, "mine")).state is State.SUCCEEDED
        assert len((await executor.tasks()).tasks) == 1
    assert shop.notes == ["pack"]


async def test_of_many_who_start_a_task_at_once_one_starts_it(store: Store) -> None:
    shop = Shop()
    async with at_work(store, shop, HALF) as one, at_work(store, shop, HALF) as other:
        calls = [each.start("shopping", Order(), task_id="mine") for each in (one, other) * 10]
        assert await asyncio.gather(*calls) == ["mine"] * 20
        await ended(one, "mine")
    assert shop.notes == ["pack"]


async def test_another_task_of_the_same_id_is_refused_and_changes_nothing(store: Store) -> None:
    other = shopping(called("pack"), name="other")
    async with WorkflowExecutor([HALF, other], store, Shop()) as executor:
        await executor.start("shopping", Order(number=1), task_id="mine")
        for name, context in (("shopping", Order(number=2)), ("other", Order(number=1))):
            with pytest.raises(TaskExists, match="task 'mine' exists already") as refused:
                await executor.start(name, context, task_id="mine")
            assert refused.value.task_id == "mine"
        status = await executor.status("mine")
    assert status is not None
    assert (status.workflow, bytes(status.context["number"])) == ("shopping", b"1")


async def test_a_request_tells_tasks_of_one_id_apart_whatever_their_contexts(
    store: Store,
) -> None:
    async with WorkflowExecutor([HALF], store, Shop()) as executor:
        await executor.start("shopping", Order(number=1), task_id="mine", request="a")
        again = await executor.start("shopping", Order(number=2), task_id="mine", request="a")
        assert again == "mine"
        with pytest.raises(TaskExists):
            await executor.start("shopping", Order(number=1), task_id="mine", request="b")
        status = await executor.status("mine")
    assert status is not None
    assert bytes(status.context["number"]) == b"1"


async def test_no_more_is_queued_than_the_bound_by_all_executors_together(store: Store) -> None:
    limits = Limits(queue=2)
    async with (
        WorkflowExecutor([HALF], store, Shop(), limits=limits) as one,
        WorkflowExecutor([HALF], store, Shop(), limits=limits) as other,
    ):
        await one.start("shopping", Order(), task_id="first")
        await other.start("shopping", Order(), task_id="second")
        for executor in (one, other):
            with pytest.raises(QueueFull, match="2 tasks are queued") as full:
                await executor.start("shopping", Order(), task_id="third")
            assert full.value.limit == 2
            assert full.value.retry_after > 0
        assert await one.status("third") is None


async def test_a_task_that_is_known_is_given_again_when_the_queue_is_full(store: Store) -> None:
    async with WorkflowExecutor([HALF], store, Shop(), limits=Limits(queue=1)) as executor:
        await executor.start("shopping", Order(), task_id="first")
        assert await executor.start("shopping", Order(), task_id="first") == "first"
        with pytest.raises(TaskExists):
            await executor.start("shopping", Order(number=9), task_id="first")


async def test_what_runs_makes_room_in_the_queue_and_what_is_cancelled_too(store: Store) -> None:
    shop = Shop(gates=("pack",))
    async with at_work(store, shop, HALF, concurrency=1, limits=Limits(queue=1)) as executor:
        running = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        queued = await executor.start("shopping", Order())
        with pytest.raises(QueueFull):
            await executor.start("shopping", Order())
        await executor.cancel(queued)
        following = await executor.start("shopping", Order())
        shop.gates["pack"].set()
        assert (await ended(executor, running)).state is State.SUCCEEDED
        assert (await ended(executor, following)).state is State.SUCCEEDED
        assert (await in_state(executor, queued, State.CANCELLED)).started_at is None


async def test_what_cannot_be_started_is_refused_with_its_name(store: Store) -> None:
    async with WorkflowExecutor([HALF], store, Shop()) as executor:
        with pytest.raises(UnknownWorkflow, match="no workflow 'shoping'; there are shopping"):
            await executor.start("shoping", Order())
        with pytest.raises(TypeError, match="workflow 'shopping' takes a Order, got a str"):
            await executor.start("shopping", "three")
        with pytest.raises(LookupError, match="no task 'nope'"):
            await executor.wait("nope")
        with pytest.raises(ValueError, match="task id 'a b'"):
            await executor.start("shopping", Order(), task_id="a b")
