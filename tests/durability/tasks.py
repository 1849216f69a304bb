"""Tasks as the tests of the store make, take and lose them."""

from collections.abc import Mapping, Sequence

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Waiting
from dara_fp.store.claimed import Claimed
from dara_fp.store.records import History, NewTask, State
from dara_fp.store.store import Store

__all__ = [
    "FOREVER",
    "NO",
    "fail",
    "history_of",
    "kinds_of",
    "lose",
    "new_task",
    "own",
    "state_of",
    "take",
    "waiting_for",
]

NO = StepError(message="no")
FOREVER = 3_600.0
"""Seconds without a sign of life that no test takes."""

_INGEST: Mapping[str, int] = {"ingest": 0}


def new_task(
    task_id: str,
    workflow: str = "ingest",
    owner: str | None = "ada@example.com",
    request: str | None = None,
) -> NewTask:
    return NewTask(
        task_id=task_id,
        workflow=workflow,
        context=b'{"path":"/Volumes/a"}',
        structure=("upload", "run", "sync"),
        owner=owner,
        request=request,
    )


async def take(
    store: Store,
    worker: str = "w1",
    workflows: Mapping[str, int] = _INGEST,
    *,
    owner_concurrency: int = 0,
    delivery_limit: int = 5,
) -> Claimed | None:
    """Let *worker*, to which a ticket was delivered, take a task."""
    taken = await store.take(
        worker,
        workflows,
        fresh=True,
        owner_concurrency=owner_concurrency,
        delivery_limit=delivery_limit,
    )
    return taken.task


async def own(store: Store, task_id: str = "t", worker: str = "w1") -> Claimed:
    """Create a task and take it, in one go."""
    await store.create(new_task(task_id))
    claimed = await take(store, worker)
    assert claimed is not None
    assert claimed.history.task.task_id == task_id, "another task was ready, and older"
    return claimed


async def lose(store: Store, task_id: str = "t", worker: str = "w1", to: str = "w2") -> Claimed:
    """Let *worker* lose its task to another one, which takes it."""
    await store.look(worker, FOREVER, (task_id,))
    claimed = await take(store, to)
    assert claimed is not None
    assert claimed.history.task.task_id == task_id
    return claimed


async def fail(store: Store, task_id: str = "t") -> None:
    """Have a new task fail in its step `run`, after `upload` succeeded."""
    mine = await own(store, task_id)
    await mine.record("upload", b'{"a":1}', None, 1.0)
    await mine.record("run", b"{}", NO, 2.0)
    await mine.finish(State.FAILED, NO)


async def history_of(store: Store, task_id: str = "t") -> History:
    history = await store.read(task_id)
    assert history is not None
    return history


async def state_of(store: Store, task_id: str = "t") -> State:
    return (await history_of(store, task_id)).task.state


async def kinds_of(store: Store, task_id: str = "t") -> Sequence[str]:
    return [event.kind for event in await store.events(task_id)]


def waiting_for(
    signal: str | None, *, until: float | None = None, path: str | None = None
) -> Waiting:
    return Waiting(path=path or f"wait({signal})", signal=signal, since=1.5, until=until)
