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
from tests.bench_durable.worker import Taken

__all__ = ["CONCURRENCY", "Fleet", "measure_fleet"]

CONCURRENCY = 50
"""Tasks that a worker runs at a time."""

_PREFIX = "fleet"


@attrs.frozen(kw_only=True)
class Fleet:
    """What a workflow took, in seconds, with so many workers.

    Attributes:
        workers: How many there were, each a process.
        ready: By the clock, where all tasks waited before a worker began.
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
class _Took:
    """What a workflow took in one round, in seconds."""

    wall: float
    cpu: float
    server: float


async def measure_fleet(
    place: Place, *, workers: int, tasks: int, rounds: Iterable[object]
) -> Fleet:
    """Have *workers* run *tasks* tasks of ten steps twice in each of *rounds*.

    Raises:
        WrongResult: A task did other work.
    """
    ready: list[_Took] = []
    submitted: list[_Took] = []
    for _ in rounds:
        ready.append(await _run(place, workers, tasks, beforehand=True))
        submitted.append(await _run(place, workers, tasks, beforehand=False))
    return Fleet(
        workers=workers,
        ready=Timing(turns=tuple(took.wall for took in ready)),
        submitted=Timing(turns=tuple(took.wall for took in submitted)),
        cpu=Timing(turns=tuple(took.cpu for took in ready)),
        server=Timing(turns=tuple(took.server for took in ready)),
    )


async def _run(place: Place, workers: int, tasks: int, *, beforehand: bool) -> _Took:
    server = Server(place.url)
    server.forget()
    async with (
        Store.open(place.url, prefix=_PREFIX) as store,
        WorkflowExecutor([TEN], store) as executor,
        AsyncExitStack() as stack,
    ):
        fleet = [await stack.enter_async_context(_worker(place)) for _ in range(workers)]
        contexts = itertools.repeat(START, tasks)
        ids = await submit(executor, TEN.name, contexts) if beforehand else None
        begun, busy = time.time(), server.cpu()
        before = await _taken(fleet)
        if ids is None:
            begun, busy = time.time(), server.cpu()
            ids = await submit(executor, TEN.name, contexts)
        await settled(executor, ids[-1:], FINAL)
        busy = server.cpu() - busy
        cpu = sum(taken.cpu for taken in await _taken(fleet)) - sum(taken.cpu for taken in before)
        # The server's clock, which is this machine's, says when the last one was over: looking
        # for that while they run would take time from them.
        ended = max(map(_ended, await settled(executor, ids, FINAL)))
    return _Took(wall=(ended - begun) / tasks, cpu=cpu / tasks, server=busy / tasks)


def _worker(place: Place) -> AbstractAsyncContextManager[Child]:
    return Child.started("worker", place.url, _PREFIX, str(CONCURRENCY))


async def _taken(fleet: Sequence[Child]) -> Sequence[Taken]:
    return await asyncio.gather(*(worker.ask("", Taken) for worker in fleet))


def _ended(status: TaskStatus) -> float:
    """Give when the task of *status* was over.

    Raises:
        WrongResult: It failed, or did other work.
    """
    fields = {name: msgspec.json.decode(value) for name, value in status.context.items()}
    wanted = msgspec.json.decode(msgspec.json.encode(EXPECTED))
    if status.state is not State.SUCCEEDED or status.finished_at is None or fields != wanted:
        raise WrongResult(f"task {status.task_id} is {status.state}: {status.error}; {fields}")
    return status.finished_at.timestamp()
