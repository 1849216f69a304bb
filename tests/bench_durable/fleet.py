"""How many workflows of ten steps the workers of a fleet run in a second."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import attrs
import msgspec

from dara_fp import Store, WorkflowExecutor
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.bench.speed import Timing
from tests.bench.work import EXPECTED, START, WrongResult
from tests.bench_durable.chains import TEN
from tests.bench_durable.contenders import Place
from tests.bench_durable.lines import Child
from tests.bench_durable.server import Server
from tests.bench_durable.tasks import FINAL, settled, submit
from tests.bench_durable.worker import Order, Taken

__all__ = ["CONCURRENCY", "Fleet", "measure_fleet"]

CONCURRENCY = 50
"""Tasks that a worker runs at a time."""

_PREFIX = "fleet"
_WANTED = msgspec.json.decode(msgspec.json.encode(EXPECTED))


@attrs.frozen(kw_only=True)
class Fleet:
    """What a workflow took, in seconds, with so many workers.

    Attributes:
        workers: How many there were, each a process.
        ready: By the clock, from when the first task is taken, where all waited before a worker
            began.
        submitted: By the clock, from the first submission on, with workers that waited for it.
        cpu: Of the workers' processors, in the rounds of `ready`.
        server: Of the Valkey server's processor, in the same.
    """

    workers: int
    ready: Timing
    submitted: Timing
    cpu: Timing
    server: Timing


@attrs.frozen(kw_only=True)
class _Round:
    """What a workflow took in one round, in seconds; see `Fleet`."""

    ready: float
    submitted: float
    cpu: float
    server: float


async def measure_fleet(
    place: Place, *, workers: int, tasks: int, rounds: Iterable[object]
) -> Fleet:
    """Have *workers* run *tasks* tasks of ten steps twice in each of *rounds*.

    Raises:
        WrongResult: A task did other work.
    """
    found = [await _round(place, workers, tasks) for _ in rounds]
    return Fleet(
        workers=workers,
        ready=Timing(turns=tuple(each.ready for each in found)),
        submitted=Timing(turns=tuple(each.submitted for each in found)),
        cpu=Timing(turns=tuple(each.cpu for each in found)),
        server=Timing(turns=tuple(each.server for each in found)),
    )


async def _round(place: Place, workers: int, tasks: int) -> _Round:
    server = Server(place.url)
    server.forget()
    async with (
        Store.open(place.url, prefix=_PREFIX) as store,
        WorkflowExecutor([TEN], store) as executor,
        AsyncExitStack() as stack,
    ):
        fleet = [await stack.enter_async_context(_worker(place)) for _ in range(workers)]
        cpu = await _cpu(fleet, Order(work=False))
        ids = await _submit(executor, tasks)
        busy = server.cpu()
        await _cpu(fleet, Order())
        await settled(executor, ids[-1:], FINAL)
        busy, cpu = server.cpu() - busy, await _cpu(fleet, Order()) - cpu
        ready = await settled(executor, ids, FINAL)
        begun = time.time()
        ids = await _submit(executor, tasks)
        submitted = await settled(executor, ids, FINAL)
    return _Round(
        ready=(_ended(ready) - _started(ready)) / tasks,
        submitted=(_ended(submitted) - begun) / tasks,
        cpu=cpu / tasks,
        server=busy / tasks,
    )


async def _submit(executor: WorkflowExecutor, tasks: int) -> Sequence[str]:
    return await submit(executor, TEN.name, itertools.repeat(START, tasks))


def _worker(place: Place) -> AbstractAsyncContextManager[Child]:
    return Child.started("worker", place.url, _PREFIX, str(CONCURRENCY))


async def _cpu(fleet: Sequence[Child], order: Order) -> float:
    """Give *order* to all workers, and tell the seconds that their processors have spent."""
    found = await asyncio.gather(*(worker.ask(order, Taken) for worker in fleet))
    return sum(taken.cpu for taken in found)


def _started(statuses: Sequence[TaskStatus]) -> float:
    """Give when the first of the tasks was taken, by the server's clock, which is this machine's.

    To look for that while they run would take time from them.
    """
    return min(each.started_at.timestamp() for each in statuses if each.started_at is not None)


def _ended(statuses: Sequence[TaskStatus]) -> float:
    """Give when the last of the tasks was over.

    Raises:
        WrongResult: One failed, or did other work.
    """
    for status in statuses:
        fields = {name: msgspec.json.decode(value) for name, value in status.context.items()}
        if status.state is not State.SUCCEEDED or fields != _WANTED:
            raise WrongResult(f"task {status.task_id} is {status.state}: {status.error}; {fields}")
    return max(each.finished_at.timestamp() for each in statuses if each.finished_at is not None)
