"""Looking at something until it has ended: often while it is young, seldom when it is old."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Generic, TypeVar

import attrs

from dara_fp.databricks.errors import DatabricksError, UnexpectedAnswer

__all__ = ["Polling", "looked_until"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Polling:
    """How often to look.

    Attributes:
        least: Shortest pause, in seconds.
        most: Longest pause, in seconds.
        share: Pause as a share of the time waited so far.
        patience: Seconds to bear an unbroken row of passing troubles; after them no look begins.
        clock: Tells the time in seconds; monotonic.
        sleep: Waits for seconds.
        chance: Gives a number from 0 to 1, so that many waiters do not look at once.
    """

    least: float = 0.25
    most: float = 10.0
    share: float = 0.1
    patience: float = 600.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    def pause(self, waited: float) -> float:
        """Give the seconds to pause after having *waited* so long, 20% more or less.

        >>> steady = Polling(chance=lambda: 0.5)
        >>> [steady.pause(waited) for waited in (0.0, 20.0, 3600.0)]
        [0.25, 2.0, 10.0]
        """
        wanted = min(self.most, max(self.least, waited * self.share))
        return wanted * (0.8 + 0.4 * self.chance())


async def looked_until(
    has_ended: Callable[[T], bool],
    look: Callable[[], Awaitable[T]],
    *,
    polling: Polling | None = None,
    on_look: Callable[[T], Awaitable[None]] | None = None,
) -> T:
    """Look until *has_ended* holds of what is seen, and give that.

    Passing troubles of the workspace are borne, and so is whatever is its own fault. There is no
    limit of time: put `asyncio.timeout` around it where one is wanted.

    Args:
        has_ended: Tells whether it is over.
        look: Looks once.
        polling: How often to look.
        on_look: Awaited with what is seen at each look that brought something.

    Raises:
        DatabricksError: A look was refused for good, or troubles lasted longer than the patience.
    """
    how = polling or Polling()
    watch = _Watch(look=look, polling=how)
    began = how.clock()
    while True:
        seen = await watch.look_once()
        if seen is not None:
            if on_look is not None:
                await on_look(seen[0])
            if has_ended(seen[0]):
                return seen[0]
        await how.sleep(max(how.pause(how.clock() - began), watch.asked))


@attrs.define(kw_only=True)
class _Watch(Generic[T]):
    """What one waiter has seen so far."""

    look: Callable[[], Awaitable[T]]
    polling: Polling
    trouble_since: float | None = None
    asked: float = 0.0  # seconds the last look was told to wait

    async def look_once(self) -> tuple[T] | None:
        """Look once; None where a trouble came that may pass."""
        began = self.polling.clock()
        try:
            seen = await self.look()
        except DatabricksError as error:
            left = self.patience_left(began)
            if left <= 0 or not _passes(error):
                raise
            self.asked = min(error.retry_after or 0.0, left)
            return None
        self.trouble_since, self.asked = None, 0.0
        return (seen,)

    def patience_left(self, began: float) -> float:
        """Tell the seconds for which a row of troubles, with one that *began* then, is borne."""
        if self.trouble_since is None:
            self.trouble_since = began
        return self.trouble_since + self.polling.patience - self.polling.clock()


def _passes(error: DatabricksError) -> bool:
    """Tell whether *error* may be gone at the next look: only what we did wrong stays wrong."""
    of_the_server = error.status is not None and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return error.retryable or of_the_server or isinstance(error, UnexpectedAnswer)
