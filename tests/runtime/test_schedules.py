"""Workflows that start by the clock: one task for each firing, in the whole fleet."""

import asyncio
import itertools
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from docket import Docket, Execution

from dara_fp import (
    Outcome,
    StepContext,
    Store,
    Success,
    Workflow,
    WorkflowExecutor,
    start,
    step,
    workflow,
)
from dara_fp.core.errors import ConfigurationError
from dara_fp.runtime.executor import Limits
from dara_fp.runtime.schedules import firing, schedule
from dara_fp.store.records import State
from tests.runtime.stage import (
    Order,
    Shop,
    at_work,
    called,
    ended,
    in_state,
    shopping,
    until,
)

MINUTE = timedelta(minutes=1)
SIX = datetime(2031, 3, 4, 6, 0, tzinfo=UTC)


def scheduled(cron: str, name: str = "shopping") -> Workflow[Order, Shop]:
    return attrs.evolve(shopping(called("pack"), name=name), schedule=cron)


DAILY = scheduled("0 6 * * *")
KEY = "schedule shopping 0 6 * * *"


async def nothing() -> None:
    """Stand for a task of docket that is only known by its name here."""


@asynccontextmanager
async def docket_of(store: Store) -> AsyncGenerator[Docket]:
    async with Docket(name=f"{store.prefix}:docket", url=store.url) as docket:
        docket.register(nothing, names=[KEY, "take", "recount"])
        yield docket


async def planned(docket: Docket) -> list[Execution]:
    """Give the firings that are planned, once there is one."""

    async def look() -> list[Execution]:
        future = (await docket.snapshot()).future
        return [each for each in future if each.key.startswith("schedule")]

    return await until(look)


def test_a_schedule_says_when_it_fires_next() -> None:
    told = schedule(DAILY)
    assert (told.workflow, told.cron) == ("shopping", "0 6 * * *")
    assert datetime.now(UTC) < told.next <= datetime.now(UTC) + timedelta(days=1)
    assert (told.next.hour, told.next.minute, told.next.utcoffset()) == (6, 0, timedelta(0))


def test_a_word_stands_for_its_expression() -> None:
    assert schedule(scheduled("@daily")).cron == "0 0 * * *"
    assert schedule(scheduled("@hourly")).next.minute == 0


async def test_an_executor_tells_the_schedules_of_its_workflows(store: Store) -> None:
    definitions = [DAILY, scheduled("@hourly", "hourly"), shopping(called("pack"), name="never")]
    executor = WorkflowExecutor(definitions, store, Shop())
    assert [each.workflow for each in executor.schedules()] == ["shopping", "hourly"]


@pytest.mark.parametrize("never", ["0 0 31 2 *", "0 0 30 2 *"])
async def test_a_schedule_that_never_fires_is_refused(store: Store, never: str) -> None:
    with pytest.raises(ConfigurationError, match="of workflow 'shopping' is no cron expression"):
        WorkflowExecutor([scheduled(never)], store, Shop())


async def test_a_firing_is_one_task_however_often_and_late_it_is_delivered(store: Store) -> None:
    shop = Shop()
    async with (
        at_work(store, shop, DAILY) as one,
        at_work(store, shop, DAILY) as other,
    ):
        late = [timedelta(0), timedelta(seconds=2), timedelta(seconds=59), timedelta(hours=5)]
        fires = [firing(DAILY, each.start).start for each in (one, other)]
        await asyncio.gather(*[fire(SIX + delay) for fire, delay in itertools.product(fires, late)])
        (task,) = (await one.tasks()).tasks
        assert task.task_id == "shopping.20310304T0600Z"
        assert (await ended(one, task.task_id)).state is State.SUCCEEDED
    assert shop.notes == ["pack"]


async def test_each_firing_is_a_task_of_its_own(store: Store) -> None:
    async with WorkflowExecutor([DAILY], store, Shop()) as executor:
        fire = firing(DAILY, executor.start).start
        for day in range(3):
            await fire(SIX + timedelta(days=day))
        ids = {task.task_id for task in (await executor.tasks()).tasks}
    assert ids == {f"shopping.2031030{day}T0600Z" for day in (4, 5, 6)}


async def test_two_workers_plan_a_schedule_once(store: Store) -> None:
    async with (
        docket_of(store) as docket,
        at_work(store, Shop(), DAILY) as executor,
        at_work(store, Shop(), DAILY),
    ):
        (one,) = await planned(docket)
        assert (one.key, one.when) == (KEY, executor.schedules()[0].next)


async def test_a_firing_of_two_workers_starts_one_task_and_plans_the_next(store: Store) -> None:
    shop = Shop()
    async with (
        docket_of(store) as docket,
        at_work(store, shop, DAILY) as executor,
        at_work(store, shop, DAILY),
    ):
        await planned(docket)
        await docket.replace(KEY, datetime.now(UTC), KEY)()

        async def started() -> str | None:
            found = (await executor.tasks()).tasks
            return found[0].task_id if found else None

        task_id = await until(started)
        assert task_id.startswith("shopping.")
        assert task_id.endswith("T0600Z")
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
        (following,) = await planned(docket)
        assert following.when == executor.schedules()[0].next
        assert len((await executor.tasks()).tasks) == 1
    assert shop.notes == ["pack"]


async def test_a_firing_that_finds_the_queue_full_is_fired_again(store: Store) -> None:
    shop = Shop(gates=("send",))
    holding = shopping(called("send"), name="holding", concurrency=1)
    limits = Limits(queue=1)
    async with (
        docket_of(store) as docket,
        at_work(store, shop, DAILY, holding, limits=limits) as executor,
    ):
        running = await executor.start("holding", Order())
        await in_state(executor, running, State.RUNNING)
        await executor.start("holding", Order())
        await planned(docket)
        fired_at = datetime.now(UTC)
        await docket.replace(KEY, fired_at, KEY)()

        async def refused() -> bool:
            return [fired_at < each.when < fired_at + MINUTE for each in await planned(docket)] == [
                True
            ]

        await until(refused)
        assert not (await executor.tasks(workflow="shopping")).tasks
        shop.gates["send"].set()

        async def fired() -> bool:
            return len((await executor.tasks(workflow="shopping")).tasks) == 1

        await until(fired)
        (following,) = await planned(docket)
        assert following.when == executor.schedules()[0].next


@attrs.frozen(kw_only=True)
class Drawn(StepContext):
    number: float = attrs.field(factory=random.random)


@step
async def keep(ctx: Drawn) -> Outcome[Drawn]:
    return Success(ctx)


async def test_a_firing_is_one_task_also_where_its_context_is_drawn_anew(store: Store) -> None:
    nightly = workflow("nightly", start(Drawn) >> keep, schedule="0 6 * * *")
    async with WorkflowExecutor([nightly], store) as executor:
        for _ in range(2):
            await firing(nightly, executor.start).start(SIX)
        assert len((await executor.tasks()).tasks) == 1


async def test_a_firing_that_can_never_start_is_told_and_not_fired_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse(name: str, context: object, **_how: object) -> str:
        raise TypeError("that cannot be stored")

    await firing(DAILY, refuse).start(SIX)
    assert "the schedule of shopping could not start" in caplog.text
    assert "that cannot be stored" in caplog.text
