"""Running several pipelines at the same time until all of them have settled."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from returns.result import Failure

from dara_fp.core.errors import Outcome, StepError
from dara_fp.core.frame import Frame, Unrecorded
from dara_fp.core.run import Element, due, run_nodes
from dara_fp.core.scope import Parked, Waiting
from dara_fp.core.undo import is_defect

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
    except asyncio.CancelledError:
        _tell(jobs, outcomes)
        raise
    if waits:
        raise Parked(waits)
    if len(outcomes) < len(jobs):
        raise Unrecorded
    return [outcomes[number] for number in range(len(jobs))]


def _tell(jobs: Sequence[Job], outcomes: Mapping[int, Outcome[Any]]) -> None:
    """Tell the watches of a bug that was found before the rest was cut: it may not be hidden."""
    failed = worst([outcomes[number] for number in sorted(outcomes)])
    if failed is not None and is_defect(failed):
        for watch in jobs[0][2].level.watches:
            watch.defect = failed.failure()


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
    """Give the first defect of *outcomes*, which nothing may hide, or the first failure, or None.

    First is by order, so that it does not depend on who was quicker.
    """
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    return next(filter(is_defect, failures), failures[0] if failures else None)
