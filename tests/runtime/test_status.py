"""What clients see of tasks: the status of one, its events, and the list of all."""

import asyncio

import pytest

from dara_fp import Outcome, Position, Store, Success, WorkflowExecutor, pause, step, wait_for
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.runtime.stage import (
    Order,
    Shop,
    at_work,
    called,
    ended,
    in_state,
    shopping,
)

PACKING = shopping(called("fetch"), called("pack"))
WAITING = shopping(called("fetch"), wait_for("approval", "approved"), pause(0.05), name="waiting")


@step
async def tell(ctx: Order, env: Shop, at: Position) -> Outcome[Order]:
    await at.report(f"try {at.attempt}", at.attempt / 10)
    return await env.do(ctx, at)


async def seen(executor: WorkflowExecutor, task_id: str) -> TaskStatus:
    status = await executor.status(task_id)
    assert status is not None
    return status


def states(status: TaskStatus) -> list[str]:
    return [each.state for each in status.steps]


async def test_there_is_no_status_of_a_task_that_there_is_not(store: Store) -> None:
    async with WorkflowExecutor([PACKING], store, Shop()) as executor:
        assert await executor.status("nope") is None
        assert await executor.status("no such id") is None
        assert await executor.events("nope") == ()


async def test_a_status_follows_the_task_from_queue_to_end(store: Store) -> None:
    shop = Shop(gates=("pack",))
    async with WorkflowExecutor([PACKING], store, shop) as executor:
        task_id = await executor.start("shopping", Order(), owner="ada")
        status = await seen(executor, task_id)
        assert (status.state, status.attempt, status.owner) == (State.QUEUED, 1, "ada")
        assert (status.started_at, status.finished_at, status.step) == (None, None, None)
        assert states(status) == ["pending", "pending"]
        async with executor.working():
            await shop.comes_to("pack")
            status = await seen(executor, task_id)
            assert (status.state, status.step, status.progress) == (State.RUNNING, "pack", 0.5)
            assert states(status) == ["succeeded", "running"]
            shop.gates["pack"].set()
            status = await ended(executor, task_id)
    assert (status.state, status.step, status.progress) == (State.SUCCEEDED, None, 1)
    assert states(status) == ["succeeded", "succeeded"]
    assert status.started_at is not None
    assert status.finished_at is not None
    assert status.created_at <= status.started_at <= status.finished_at


async def test_a_status_tells_what_a_task_waits_for_only_while_it_does(store: Store) -> None:
    async with at_work(store, Shop(), WAITING) as executor:
        task_id = await executor.start("waiting", Order())
        status = await in_state(executor, task_id, State.WAITING)
        assert [(wait.path, wait.signal) for wait in status.waiting] == [
            ("wait(approval)", "approval")
        ]
        assert states(status) == ["succeeded", "waiting", "pending"]
        assert status.step == "wait(approval)"
        await executor.signal(task_id, "approval", b"true")
        status = await ended(executor, task_id)
    assert (status.waiting, states(status)) == ((), ["succeeded"] * 3)


async def test_a_status_tells_that_a_task_is_being_cancelled_until_it_is(store: Store) -> None:
    shop = Shop(gates=("pack",))
    async with WorkflowExecutor([PACKING], store, shop) as executor, executor.working():
        task_id = await executor.start("shopping", Order())
        await shop.comes_to("pack")
        assert not (await seen(executor, task_id)).cancelling
        await executor.cancel(task_id)
        assert (await seen(executor, task_id)).cancelling
        status = await ended(executor, task_id)
    assert (status.state, status.cancelling) == (State.CANCELLED, False)


async def test_a_resumed_task_tells_its_attempt_and_nothing_of_the_failure(
    store: Store,
) -> None:
    shop = Shop(broken=("tell",))
    async with WorkflowExecutor([shopping(called("fetch"), tell)], store, shop) as executor:
        async with executor.working():
            task_id = await executor.start("shopping", Order())
            status = await ended(executor, task_id)
            assert (status.state, status.step, status.attempt) == (State.FAILED, "tell", 1)
            assert (states(status), status.steps[1].message) == (["succeeded", "failed"], "try 1")
        await executor.resume(task_id)
        status = await seen(executor, task_id)
        assert (status.state, status.attempt, status.error) == (State.QUEUED, 2, None)
        assert (status.finished_at, states(status)) == (None, ["succeeded", "pending"])
        assert (status.steps[1].message, status.steps[1].fraction) == (None, None)
        shop.broken.clear()
        async with executor.working():
            status = await ended(executor, task_id)
    assert (status.steps[1].message, status.steps[1].error) == ("try 2", None)


async def test_events_tell_all_that_became_of_a_task_in_order(store: Store) -> None:
    async with at_work(store, Shop(), WAITING) as executor:
        task_id = await executor.start("waiting", Order())
        await in_state(executor, task_id, State.WAITING)
        await executor.signal(task_id, "approval", b"true")
        await ended(executor, task_id)
        events = await executor.events(task_id)
        assert await executor.events(task_id, after=3, limit=2) == events[3:5]
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    parking = ["task.running", "step.succeeded", "task.waiting"]
    assert [event.kind for event in events] == [
        "task.queued",
        *parking,
        "task.signal",
        "task.queued",
        *parking,
        "task.queued",
        "task.running",
        "step.succeeded",
        "task.succeeded",
    ]


async def test_tasks_are_listed_newest_first_by_workflow_state_and_owner(store: Store) -> None:
    async with WorkflowExecutor([PACKING, WAITING], store, Shop()) as executor:
        for number in range(4):
            name = ("shopping", "waiting")[number % 2]
            owner = ("ada", "bob")[number // 2]
            await executor.start(name, Order(), task_id=f"t{number}", owner=owner)
        await executor.cancel("t3")

        async def ids(
            workflow: str | None = None, state: State | None = None, owner: str | None = None
        ) -> list[str]:
            page = await executor.tasks(workflow=workflow, state=state, owner=owner)
            assert page.next is None
            return [task.task_id for task in page.tasks]

        assert await ids() == ["t3", "t2", "t1", "t0"]
        assert await ids(workflow="waiting") == ["t3", "t1"]
        assert await ids(owner="ada") == ["t1", "t0"]
        assert await ids(state=State.QUEUED) == ["t2", "t1", "t0"]
        assert await ids(workflow="waiting", owner="bob", state=State.CANCELLED) == ["t3"]
        assert await ids(owner="nobody") == []


async def test_a_list_is_read_page_by_page_though_tasks_are_added_meanwhile(
    store: Store,
) -> None:
    async with WorkflowExecutor([PACKING], store, Shop()) as executor:
        started = [await executor.start("shopping", Order()) for _ in range(7)]
        listed: list[str] = []
        after: str | None = None
        while len(listed) < 7:
            page = await executor.tasks(after=after, limit=3)
            listed += [task.task_id for task in page.tasks]
            after = page.next
            await executor.start("shopping", Order())
        assert listed == started[::-1]
        with pytest.raises(ValueError, match="cursor 'nonsense' is none that a page gave"):
            await executor.tasks(after="nonsense")


async def test_whoever_watches_a_task_sees_it_end(store: Store) -> None:
    shop = Shop(gates=("pack",))
    async with at_work(store, shop, PACKING) as executor:
        task_id = await executor.start("shopping", Order())
        asyncio.get_running_loop().call_later(0.1, shop.gates["pack"].set)
        watched = [status.state async for status in executor.watch(task_id)]
        assert (await executor.wait(task_id)).state is State.SUCCEEDED
    assert watched[-1] is State.SUCCEEDED
    assert State.SUCCEEDED not in watched[:-1]
    assert State.RUNNING in watched


@step
def count_words(ctx: Order, env: Shop) -> Outcome[Order]:
    env.notes.append("count_words")
    return Success(ctx.evolve(price=7))


async def test_a_plain_step_runs_in_a_task_like_any_other(store: Store) -> None:
    shop = Shop()
    async with at_work(store, shop, shopping(called("fetch"), count_words)) as executor:
        status = await ended(executor, await executor.start("shopping", Order()))
    assert (status.state, bytes(status.context["price"])) == (State.SUCCEEDED, b"7")
    assert shop.notes == ["fetch", "count_words"]
