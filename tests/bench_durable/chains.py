"""The contenders on Valkey that are written here: by hand, and with dara_fp."""

import asyncio
import functools
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import attrs
import msgspec
from redis.asyncio import BlockingConnectionPool, Redis, UnixDomainSocketConnection

from dara_fp import Outcome, Store, Success, Workflow, start, workflow
from dara_fp.core.check import structure
from dara_fp.core.codec import codec_of
from dara_fp.runtime.running import Run as Delivery
from dara_fp.runtime.task import run_task
from dara_fp.store.records import NewTask, State
from tests.bench.work import GIVEN, NAMES, START, Job, ten
from tests.bench_durable.contenders import Durable, Place, Run

if TYPE_CHECKING:
    from redis.typing import EncodableT, FieldT

__all__ = ["TEN", "accepting", "dara", "floor"]

_CONNECTIONS = 50
_EVENTS_KEPT = 10_000
_CODEC = codec_of(Job)
_GIVEN = _CODEC.encode(START)


@asynccontextmanager
async def floor(place: Place) -> AsyncGenerator[Durable]:
    """Send, after each step, what it changed and an event in one pipeline of redis.asyncio."""
    pool = BlockingConnectionPool(
        connection_class=UnixDomainSocketConnection,
        path=place.socket,
        max_connections=_CONNECTIONS,
        timeout=None,
        health_check_interval=0,
        legacy_responses=False,
    )
    async with Redis(connection_pool=pool) as client:
        run = functools.partial(_by_hand, client)

        async def prepare(count: int) -> Sequence[Run]:
            return [run] * count

        yield Durable(prepare=prepare, stored=functools.partial(_merged, client))
    await pool.aclose()


@asynccontextmanager
async def dara(place: Place) -> AsyncGenerator[Durable]:
    """Run tasks that were accepted before as a worker does: claim, ten steps, end."""
    async with Store.open(place.url, prefix="bench") as store:

        async def prepare(count: int) -> Sequence[Run]:
            await asyncio.gather(*(_accept(store) for _ in range(count)))
            return [functools.partial(_run_next, store)] * count

        yield Durable(prepare=prepare, stored=functools.partial(_read, store))


@asynccontextmanager
async def accepting(place: Place) -> AsyncGenerator[Durable]:
    """Accept a task and run it: all that is written for it in its life."""
    async with Store.open(place.url, prefix="bench") as store:

        async def run() -> str:
            await _accept(store)
            return await _run_next(store)

        async def prepare(count: int) -> Sequence[Run]:
            return [run] * count

        yield Durable(prepare=prepare, stored=functools.partial(_read, store))


async def _succeed(job: Job) -> Outcome[Job]:
    return Success(job.evolve(count=job.count + 1, total=job.total + job.limit))


def _ten() -> Workflow[Job, object]:
    pipeline = start(Job)
    for function in ten(_succeed, _succeed, sleeping=False):
        pipeline = pipeline >> function
    return workflow("ten", pipeline)


TEN = _ten()
"""Ten steps, each of which changes two fields."""

_STRUCTURE = structure(TEN.pipeline)


async def _accept(store: Store) -> None:
    task = NewTask(
        task_id=uuid.uuid4().hex, workflow=TEN.name, context=_GIVEN, structure=_STRUCTURE
    )
    await store.create(task)


async def _run_next(store: Store) -> str:
    """Take a task that is ready and run it, as a worker does."""
    claimed = (await store.take("bench", {TEN.name: 0}, fresh=False)).task
    assert claimed is not None
    await run_task(Delivery(claimed, None), TEN, None)
    return claimed.history.task.task_id


async def _read(store: Store, task_id: str) -> Mapping[str, object]:
    history = await store.read(task_id)
    assert history is not None
    assert history.task.state is State.SUCCEEDED
    assert [step.path for step in history.steps] == list(NAMES)
    changed = [_CODEC.decode_changes(step.changes) for step in history.steps]
    return attrs.asdict(_CODEC.decode(history.task.context).evolve(**_joined(changed)))


async def _by_hand(client: Redis) -> str:
    task_id = uuid.uuid4().hex
    job = START
    for name in NAMES:
        job = job.evolve(count=job.count + 1, total=job.total + job.limit)
        changes = msgspec.json.encode({"count": job.count, "total": job.total})
        # Without a transaction: the floor is the least that could be sent.
        async with client.pipeline(transaction=False) as pipe:
            pipe.hset(f"floor:{{{task_id}}}", f"s:{name}", changes)
            event: dict[FieldT, EncodableT] = {"kind": "step.succeeded", "path": name}
            events = f"floor:{{{task_id}}}:events"
            pipe.xadd(events, event, maxlen=_EVENTS_KEPT, approximate=True)
            await pipe.execute()
    return task_id


async def _merged(client: Redis, task_id: str) -> Mapping[str, object]:
    names = [f"s:{name}" for name in NAMES]
    found = await client.hmget(f"floor:{{{task_id}}}", names)
    return {**GIVEN, **_joined([msgspec.json.decode(changes or b"{}") for changes in found])}


def _joined(changes: Sequence[Mapping[str, object]]) -> dict[str, object]:
    return {name: value for each in changes for name, value in each.items()}
