"""When a failed call is made again: one budget of time for all the tries, never exceeded."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

import attrs

from dara_fp.databricks.errors import ConnectionFailed, DatabricksError
from dara_fp.databricks.http.doubt import not_to_be_repeated

__all__ = ["Budget", "Retries", "retrying"]

T = TypeVar("T")

# The workspace says it did not take the call on, so that any verb may be sent again.
_TURNED_AWAY = frozenset({429, 503})


@attrs.frozen(kw_only=True)
class Retries:
    """How long and how often to try.

    Attributes:
        seconds: Wall time for all tries of one call together; 0 tries once.
        first: Seconds before the second try; doubled for each further one.
        most: Longest pause of our own choice, in seconds.
        meeting: Wall time for all tries to connect to a host that has never answered: it is
            likelier that its name is wrong than that it will be there soon.
        clock: Tells the time in seconds; monotonic.
        sleep: Waits for seconds.
        chance: Gives a number from 0 to 1, so that many callers do not come back at once.
    """

    seconds: float = 300.0
    first: float = 0.5
    most: float = 10.0
    meeting: float = 10.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    def pause(self, tries: int, retry_after: float | None) -> float:
        """Give the seconds to wait after *tries* failed ones, *retry_after* at the least.

        Anything down to none, so that many callers spread over the whole of it (full jitter).

        >>> fixed = Retries(chance=lambda: 1.0)
        >>> [fixed.pause(tries, None) for tries in (1, 2, 3, 9)]
        [0.5, 1.0, 2.0, 10.0]
        >>> fixed.pause(1, 7.0)
        7.5
        """
        own = min(self.most, self.first * 2.0 ** min(tries - 1, 30))
        jittered = own * self.chance()
        return jittered if retry_after is None else retry_after + min(jittered, self.first)


class Budget:
    """The time one call has for all its tries."""

    def __init__(
        self,
        retries: Retries,
        *,
        has_met: Callable[[], bool] = lambda: True,
        reads: bool = False,
    ) -> None:
        """Start the clock of *retries*.

        Args:
            retries: How long and how often to try.
            has_met: Tells whether the host has ever answered.
            reads: Whether the call changes nothing, so that no try of it leaves a doubt.
        """
        self.retries = retries
        self.reads = reads
        self._has_met = has_met
        self.tries = 0
        self.lost_before = False
        self._started = retries.clock()

    @property
    def spent(self) -> float:
        """Tell the seconds since the call began."""
        return self.retries.clock() - self._started

    @property
    def left(self) -> float:
        """Tell the seconds that are left; none when below zero."""
        return self.retries.seconds - self.spent

    def limit(self, timeout_seconds: float) -> float:
        """Give the seconds for the next try: what is left, or *timeout_seconds* in all."""
        return self.left if self.retries.seconds else timeout_seconds - self.spent

    async def wait(self, error: DatabricksError) -> None:
        """Pause before the next try, or raise *error* where none fits into the budget.

        Raises:
            DatabricksError: As *error*, and says how many tries there were in how many seconds.
        """
        pause = self.retries.pause(self.tries, error.retry_after)
        if self.is_stranger(error) and pause >= self.retries.meeting - self.spent:
            raise self.told(error) from None
        if pause >= self.left:
            raise self.told(error, self._why(error)) from None
        if error.sent and error.status not in _TURNED_AWAY:
            self.lost_before = not self.reads
        await self.retries.sleep(pause)

    def is_stranger(self, error: DatabricksError) -> bool:
        """Tell whether *error* is that of a host to which there has never been a connection."""
        return isinstance(error, ConnectionFailed) and not error.sent and not self._has_met()

    def told(self, error: DatabricksError, why: str = "") -> DatabricksError:
        """Give a copy of *error* with how often and how long it was tried, and *why* no longer."""
        tries = f"tried {self.tries} times in {self.spent:.1f} s" if self.tries > 1 else ""
        told = error.saying("; ".join(part for part in (tries, why) if part))
        told.lost_before = self.lost_before
        return told

    def _why(self, error: DatabricksError) -> str:
        budget = f"the retry budget of {self.retries.seconds:g} s"
        if error.retry_after is not None and error.retry_after >= self.left:
            return f"asked to wait {error.retry_after:g} s, which is beyond {budget}"
        return f"{budget} is used up" if self.retries.seconds else ""


async def retrying(
    attempt: Callable[[], Awaitable[T]],
    *,
    budget: Budget,
    idempotent: bool,
    resendable: Callable[[], bool] = lambda: True,
) -> T:
    """Await *attempt* until it succeeds, fails for good, or *budget* is used up.

    Args:
        attempt: Makes the call once.
        budget: The time for all tries.
        idempotent: Whether the call may take effect twice without harm.
        resendable: Tells whether the body can be sent once more.

    Raises:
        DatabricksError: The last try's, marked as in doubt where a second call would do harm.
    """
    with nullcontext() if idempotent or budget.reads else not_to_be_repeated():
        while True:
            budget.tries += 1
            try:
                return await attempt()
            except DatabricksError as error:
                if not (resendable() and _worth_another_try(error, idempotent=idempotent)):
                    raise budget.told(error) from None
                await budget.wait(error)


def _worth_another_try(error: DatabricksError, *, idempotent: bool) -> bool:
    harmless = idempotent or not error.sent
    if isinstance(error, ConnectionFailed):
        return harmless
    return error.status in _TURNED_AWAY or (harmless and error.retryable)
