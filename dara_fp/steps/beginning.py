"""Requests that begin work elsewhere, so that work nobody would know of does not go on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from dara_fp.core.errors import StepFailed
from dara_fp.core.scope import Position
from dara_fp.core.shield import finished

__all__ = ["begun"]

T = TypeVar("T")

_PATIENCE = 10.0  # seconds that a cancellation waits for what it has stopped


async def begun(
    request: Coroutine[Any, Any, T],
    at: Position,
    *,
    stop: Callable[[T], Coroutine[Any, Any, None]],
    named: Callable[[T], str],
) -> T:
    """Make the *request* that begins something, and give its answer.

    One that is cut for good while the request is under way waits for the answer, and has what it
    began stopped, for ten seconds at most: then the cancellation notes what may go on. One whose
    worker only stops does not: the next worker finds what has begun.

    Args:
        request: Gives what tells the thing that has begun.
        at: Where the step stands.
        stop: Stops it.
        named: Names it, for a cancellation that could not stop it.
    """
    beginning = asyncio.ensure_future(request)
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError as interrupted:
        if at.scope.cancelling():
            stopping = asyncio.ensure_future(_stopped(beginning, stop, named, interrupted))
            await finished(asyncio.ensure_future(asyncio.wait([stopping], timeout=_PATIENCE)))
            if stopping.done():
                stopping.result()
            else:
                stopping.cancel()
                interrupted.add_note(_left(beginning, named))
        beginning.cancel()
        raise


async def _stopped(
    beginning: "asyncio.Future[T]",
    stop: Callable[[T], Coroutine[Any, Any, None]],
    named: Callable[[T], str],
    interrupted: asyncio.CancelledError,
) -> None:
    """Have stopped what has begun; if that is refused, *interrupted* says so."""
    await asyncio.wait([beginning])
    if beginning.cancelled() or beginning.exception() is not None:
        return
    try:
        await stop(beginning.result())
    except StepFailed as error:
        interrupted.add_note(f"{named(beginning.result())} goes on: {error}")


def _left(beginning: "asyncio.Future[T]", named: Callable[[T], str]) -> str:
    """Say what may go on, since there was no time left to stop it."""
    if not beginning.done():
        return f"what was begun may go on: its request was not answered within {_PATIENCE:g} s"
    return f"{named(beginning.result())} may go on: no answer to stopping it in {_PATIENCE:g} s"
