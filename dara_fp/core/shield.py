"""Work that is finished whatever happens meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["finished", "shielded"]

T = TypeVar("T")


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish *work* whatever happens meanwhile, and give its result; a cancellation waits."""
    task = asyncio.ensure_future(work)
    interrupted = await finished(task)
    result = task.result()
    if interrupted is not None:
        raise interrupted
    return result


async def finished(task: "asyncio.Future[Any]") -> asyncio.CancelledError | None:
    """Wait until *task* is done, and give the cancellation that came meanwhile, or None."""
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    return interrupted
