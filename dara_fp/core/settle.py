"""Running several pipelines at the same time until all of them have settled."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from returns.result import Failure

from dara_fp.core.errors import Outcome, StepError, gravity
from dara_fp.core.frame import Frame, Unrecorded
from dara_fp.core.run import Element, due, run_nodes
from dara_fp.core.scope import Parked, Waiting

__all__ = ["Job", "settle", "worst"]

Job: TypeAlias = tuple[Sequence[Element], Any, Frame]
"""Nodes to run, the context to run them on, and where."""


async def settle(jobs: Sequence[Job], limit: int) -> list[Outcome[Any]]:
    """Run *jobs*, at most *limit* at a time, and give their outcomes in the order of *jobs*.

    A cancellation is passed on to all of them, and goes on once they have ended.

    Raises:
        Parked: Some of them wait, and all others have ended.
        Unrecorded: The run is closed, and one of them came to what the journal does not hold.
    """
    outcomes: dict[int, Outcome[Any]] = {}
    waits: list[Waiting] = []
    queue = iter(enumerate(jobs))
    count = min(limit, len(jobs))
    workers = [asyncio.ensure_future(_work(queue, outcomes, waits)) for _ in range(count)]
    try:
        await _ended(workers)
    except BaseException:
        _tell(jobs, outcomes)
        raise
    if waits:
        _tell(jobs, outcomes)
        raise Parked(waits)
    if len(outcomes) < len(jobs):
        raise Unrecorded
    return [outcomes[number] for number in range(len(jobs))]


def _tell(jobs: Sequence[Job], outcomes: Mapping[int, Outcome[Any]]) -> None:
    """Tell the watches of what had ended before the rest was cut."""
    for number in sorted(outcomes):
        jobs[number][2].tell(outcomes[number])


async def _work(
    queue: Iterator[tuple[int, Job]], outcomes: dict[int, Outcome[Any]], waits: list[Waiting]
) -> None:
    for number, (nodes, ctx, frame) in queue:
        own = frame.beside()
        try:
            outcomes[number] = await run_nodes(nodes, ctx, own)
        except Unrecorded:
            continue  # the others still have to say what is to be undone
        except Parked as parked:
            waits += parked.waits
        await due(own)


async def _ended(workers: Sequence["asyncio.Task[None]"]) -> None:
    """Wait until all *workers* have ended; if one raises, or this is cancelled, end them all."""
    interrupted: asyncio.CancelledError | None = None
    while pending := [worker for worker in workers if not worker.done()]:
        try:
            await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError as error:
            interrupted = error
        for worker in pending:
            worker.cancel()
    errors = [worker.exception() for worker in workers if not worker.cancelled()]
    raised = next(filter(None, errors), interrupted)
    if raised is not None:
        raise raised
    if len(errors) < len(workers):
        raise asyncio.CancelledError


def worst(outcomes: Sequence[Outcome[Any]]) -> Failure[StepError] | None:
    """Give the first defect of *outcomes*, or the first failure in doubt, or the first, or None.

    First is by order, so that it does not depend on who was quicker. A failure may hide neither a
    bug nor what may have been done: whoever tries again has to know.
    """
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    return max(failures, key=gravity, default=None)
