"""What the tests of the runtime share: a context, a world that notes what is done to it, steps."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
from redis.asyncio import Redis

from dara_fp import (
    Outcome,
    Pipeline,
    Position,
    StepContext,
    Store,
    Success,
    Workflow,
    WorkflowExecutor,
    fail,
    made,
    start,
    step,
    workflow,
)
from dara_fp.runtime.executor import Limits
from dara_fp.runtime.queue import Leases
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import History, State
from dara_fp.testing.leaves import titled

__all__ = [
    "BEGIN",
    "QUICK",
    "Order",
    "Shop",
    "at_work",
    "called",
    "ended",
    "history_of",
    "in_state",
    "server_of",
    "shopping",
    "until",
]

T = TypeVar("T")

# Long leases, so that nothing here goes on because a lease was over; and short looks.
QUICK = Leases(redelivery=20, grace=0.2, sweep=600, look=0.05)


def joined(
    before: tuple[str, ...], left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[str, ...]:
    return left + right[len(before) :]


@attrs.frozen(kw_only=True)
class Order(StepContext):
    number: int = 0
    done: tuple[str, ...] = made((), merge=joined)
    approved: bool | None = made()
    price: int | None = made()


class Shop:
    """The world of the steps: what they did in it, what is broken, and gates that hold them up."""

    def __init__(self, *, gates: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> None:
        self.notes: list[str] = []
        self.tokens: list[tuple[str, str]] = []
        self.gates = {name: asyncio.Event() for name in gates}
        self.reached: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.broken = set(broken)

    async def do(self, ctx: Order, at: Position) -> Outcome[Order]:
        name = at.path.rpartition("/")[2]
        self.notes.append(name)
        self.tokens.append((name, at.token))
        self.reached[name].set()
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.broken:
            return fail(f"{name} is broken")
        return Success(ctx.evolve(done=(*ctx.done, name)))

    async def comes_to(self, name: str) -> None:
        await asyncio.wait_for(self.reached[name].wait(), 10)


BEGIN = start(Order, Shop)
"""What a chain begins with whose first step says nothing of context and environment."""


def called(name: str) -> Pipeline[Order, Shop]:
    """Give a step of that *name*, which does in the shop what is planned for it."""

    async def act(ctx: Order, env: Shop, at: Position) -> Outcome[Order]:
        return await env.do(ctx, at)

    return step(titled(act, name))


def shopping(
    *steps: Pipeline[Order, Shop] | Pipeline[Order, object] | Pipeline[object, object],
    name: str = "shopping",
    concurrency: int | None = None,
) -> Workflow[Order, Shop]:
    """Give the workflow of *steps*."""
    pipeline = BEGIN
    for each in steps:
        pipeline = pipeline >> each
    return workflow(name, pipeline, concurrency=concurrency)


@asynccontextmanager
async def at_work(
    store: Store,
    shop: Any,
    *definitions: Workflow[Any, Any],
    concurrency: int = 10,
    leases: Leases = QUICK,
    limits: Limits | None = None,
) -> AsyncGenerator[WorkflowExecutor]:
    """Give an executor that works."""
    async with (
        WorkflowExecutor(
            definitions, store, shop, leases=leases, limits=limits or Limits()
        ) as executor,
        executor.working(concurrency),
    ):
        yield executor


async def until(look: Callable[[], Awaitable[T | None]], seconds: float = 15) -> T:
    """Look again and again until there is something to be seen, and give that."""
    async with asyncio.timeout(seconds):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.01)


async def in_state(executor: WorkflowExecutor, task_id: str, *states: State) -> TaskStatus:
    """Give the status of the task as soon as it is in one of *states*."""

    async def look() -> TaskStatus | None:
        status = await executor.status(task_id)
        assert status is not None
        return status if status.state in states else None

    return await until(look)


async def ended(executor: WorkflowExecutor, task_id: str) -> TaskStatus:
    """Give the final status of the task."""
    return await in_state(executor, task_id, *(state for state in State if state.final))


async def history_of(store: Store, task_id: str) -> History:
    history = await store.read(task_id)
    assert history is not None
    return history


def server_of(store: Store) -> Any:
    """Give a client of the server of *store*."""
    return Redis(unix_socket_path=store.url.removeprefix("unix://"))
