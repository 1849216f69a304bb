"""Workflows that wait, fail and go on, and an app's users who watch and control them."""

import asyncio
from typing import Any

import attrs
import httpx

from dara_fp import Outcome, StepContext, Success, compensate, fail, made, start, step, workflow
from dara_fp.core.signals import wait_for
from tests.api.stage import PREFIX


@attrs.frozen(kw_only=True)
class Decision:
    """What was decided.

    Attributes:
        approved: Whether it may be bought.
        by: Who said so.
    """

    approved: bool
    by: str = "nobody"


@attrs.frozen(kw_only=True)
class Purchase(StepContext):
    """Buy a thing, once somebody agrees."""

    thing: str = "tea"
    decision: Decision | None = made()
    note: str | None = made()
    bought: bool = made(default=False)


@attrs.frozen(kw_only=True)
class Shop:
    """What the steps need, and what they did."""

    broken: asyncio.Event = attrs.field(factory=asyncio.Event)
    opened: asyncio.Event = attrs.field(factory=asyncio.Event)
    done: list[str] = attrs.field(factory=list[str])


@step
async def reserve(ctx: Purchase, env: Shop) -> Outcome[Purchase]:
    env.done.append("reserve")
    return Success(ctx)


@step
async def give_back(ctx: Purchase, env: Shop) -> Outcome[Purchase]:
    env.done.append("give_back")
    return Success(ctx)


@step
async def pay(ctx: Purchase, env: Shop) -> Outcome[Purchase]:
    env.done.append("pay")
    if env.broken.is_set():
        return fail("the till is broken")
    return Success(ctx.evolve(bought=True))


@step
async def queue_up(ctx: Purchase, env: Shop) -> Outcome[Purchase]:
    await env.opened.wait()
    return Success(ctx)


buy = workflow(
    "buy",
    start(Purchase, Shop)
    >> compensate(reserve, give_back)
    >> wait_for("decision", into="decision")
    >> pay,
)
grab = workflow("grab", start(Purchase, Shop) >> reserve >> pay)
stand = workflow("stand", start(Purchase, Shop) >> compensate(reserve, give_back) >> queue_up)
every_day = workflow(
    "every-day", start(Purchase, Shop) >> reserve, schedule="0 6 * * *", concurrency=2
)


async def begun(client: httpx.AsyncClient, name: str, **headers: str) -> str:
    """Start the workflow *name*, and give the task's id."""
    answer = await client.post(f"{PREFIX}/{name}", json={}, headers=headers)
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


async def until(client: httpx.AsyncClient, task_id: str, state: str, **more: str) -> dict[str, Any]:
    """Wait until the task is in *state*, and its status says *more*; give the status."""
    async with asyncio.timeout(30):
        while True:
            found = await client.get(f"{PREFIX}/status/{task_id}")
            assert found.status_code == 200, found.text
            status: dict[str, Any] = found.json()
            if {**status, "state": state, **more} == status:
                return status
            await asyncio.sleep(0.02)
