"""Many tasks at once: submitted as fast as one process can, and waited for."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

from dara_fp import StepContext, WorkflowExecutor
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State

__all__ = ["FINAL", "settled", "submit"]

FINAL = frozenset({State.SUCCEEDED, State.FAILED})

_LANES = 50
_LOOK_SECONDS = 0.05


async def submit(
    executor: WorkflowExecutor, name: str, contexts: Iterable[StepContext]
) -> Sequence[str]:
    """Start a task of the workflow *name* for each of *contexts*, and give their ids in order."""
    left = iter(contexts)
    ids: list[str] = []

    async def lane() -> None:
        ids.extend([await executor.start(name, context) for context in left])

    await asyncio.gather(*(lane() for _ in range(_LANES)))
    return ids


async def settled(
    executor: WorkflowExecutor, ids: Sequence[str], states: Collection[State]
) -> Sequence[TaskStatus]:
    """Wait until each of the tasks *ids* is in one of *states*, and give how they are.

    The newest are looked at first: while they are not there yet, a look costs next to nothing.
    """
    found: list[TaskStatus] = []
    for task_id in reversed(ids):
        while (status := await executor.status(task_id)) is None or status.state not in states:  # noqa: ASYNC110 - in another process
            await asyncio.sleep(_LOOK_SECONDS)
        found.append(status)
    return found
