"""What waiting tasks hold: process memory of a worker, and memory of the server."""

import asyncio
import itertools
import statistics

import attrs

from dara_fp import Store, WorkflowExecutor
from dara_fp.databricks.workspace import Workspace
from dara_fp.store.records import State
from tests.bench_durable.contenders import Place
from tests.bench_durable.fleet import CONCURRENCY
from tests.bench_durable.lines import Child
from tests.bench_durable.runs import Ending, Seen
from tests.bench_durable.server import Server
from tests.bench_durable.tasks import FINAL, settled, submit
from tests.bench_durable.waiting import APPROVAL, NOWHERE, PARKED, POLLING, Env, Request, RunOf
from tests.bench_durable.worker import Order, Taken

__all__ = ["Held", "measure_parked", "measure_polling"]

_PREFIX = "waiting"
_ENV = Env(workspace=Workspace(NOWHERE, token="bench"), seconds=1)
_BATCHES = 10
_WOKEN = 10
_LOOK_SECONDS = 0.2


@attrs.frozen(kw_only=True)
class Held:
    """What each of many waiting tasks holds, in bytes.

    Attributes:
        tasks: How many waited, beside those that went before them to warm the worker up.
        process: Of the worker's resident memory.
        server: Of the server's data.
    """

    tasks: int
    process: float
    server: float


async def measure_parked(place: Place, tasks: int) -> Held:
    """Have *tasks* tasks wait for a signal, and wake some to see that they do.

    As many are parked before them, since what a process keeps for the next ones does not depend on
    how many there are. They come in batches, of which the middle one counts: what a task holds is
    held in every batch, and a page that the worker happens to take for itself is not.
    """
    server = Server(place.url)
    server.forget()
    async with (
        Store.open(place.url, prefix=_PREFIX) as store,
        WorkflowExecutor([PARKED], store) as executor,
        Child.started("worker", place.url, _PREFIX, str(CONCURRENCY)) as worker,
    ):
        await worker.ask(Order(), Taken)
        ids = await _park(executor, tasks)
        kept = server.memory()
        resident = [(await worker.ask(Order(), Taken)).resident]
        for _ in range(_BATCHES):
            ids = await _park(executor, tasks // _BATCHES)
            resident.append((await worker.ask(Order(), Taken)).resident)
        keeps = server.memory()
        for task_id in ids[-_WOKEN:]:
            await executor.signal(task_id, APPROVAL, b"true")
        woken = await settled(executor, ids[-_WOKEN:], FINAL)
        assert {status.state for status in woken} == {State.SUCCEEDED}
    grown = statistics.median(after - before for before, after in itertools.pairwise(resident))
    return Held(
        tasks=tasks,
        process=grown / (tasks // _BATCHES),
        server=(keeps - kept) / tasks,
    )


async def _park(executor: WorkflowExecutor, tasks: int) -> list[str]:
    contexts = (Request(path=f"/Volumes/main/default/files/{n}.pdf") for n in range(tasks))
    ids = await submit(executor, PARKED.name, contexts)
    await settled(executor, ids, {State.WAITING})
    return list(ids)


async def measure_polling(place: Place, tasks: int, *, seconds: float) -> Held:
    """Have *tasks* tasks of a worker ask every so many *seconds* how a run is, each of its own."""
    server, first = Server(place.url), tasks // 5
    server.forget()
    async with (
        Child.started("runs") as runs,
        Store.open(place.url, prefix=_PREFIX) as store,
        WorkflowExecutor([POLLING], store, _ENV) as executor,
    ):
        port = (await runs.ask(Ending(end=False), Seen)).port
        host = f"http://127.0.0.1:{port}"
        words = (place.url, _PREFIX, str(first + tasks), host, str(seconds))
        async with Child.started("worker", *words) as worker:
            await worker.ask(Order(), Taken)
            ids = await _poll(executor, runs, range(first))
            before, kept = await worker.ask(Order(), Taken), server.memory()
            ids += await _poll(executor, runs, range(first, first + tasks))
            after, keeps = await worker.ask(Order(), Taken), server.memory()
            await runs.ask(Ending(end=True), Seen)
            ended = await settled(executor, ids, FINAL)
            assert {status.state for status in ended} == {State.SUCCEEDED}
    return Held(
        tasks=tasks,
        process=(after.resident - before.resident) / tasks,
        server=(keeps - kept) / tasks,
    )


async def _poll(executor: WorkflowExecutor, runs: Child, numbers: range) -> list[str]:
    """Start a task for each of *numbers*, and wait until all of their runs were asked about."""
    ids = await submit(executor, POLLING.name, (RunOf(run_id=number + 1) for number in numbers))
    while (await runs.ask(Ending(end=False), Seen)).runs < numbers.stop:  # noqa: ASYNC110 - in another process
        await asyncio.sleep(_LOOK_SECONDS)
    return list(ids)
