"""A Databricks workspace in memory: jobs and bookings, with a ledger of what was really done.

Answers are lost after the effect, calls are refused with 429 and 503, and take long.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import attrs

from tests.simulation.chance import Chance
from tests.simulation.processes import current
from tests.simulation.weather import Weather

__all__ = ["JobRun", "Trouble", "Workspace"]

T = TypeVar("T")

_QUICK = 0.02


class Trouble(Exception):
    """The workspace did not answer, or refused for the moment; nobody knows what was done."""


@attrs.define(eq=False)
class JobRun:
    """A job run.

    Attributes:
        number: Its id.
        what: What it was started for.
        ends_at: When it ends by itself.
        cancelled: Whether somebody ended it.
        quit: Whether somebody asked to end it, be it over or not.
    """

    number: int
    what: str
    ends_at: float
    cancelled: bool = False
    quit: bool = False


@attrs.define(kw_only=True, eq=False)
class Workspace:
    """The workspace.

    Attributes:
        weather: Gives how bad the world is now.
        clock: Gives seconds.
        say: Takes what happened, for the trace.
        runs: The job runs by their idempotency token.
        bookings: What is booked, by its key, and whether it was given back.
    """

    chance: Chance
    weather: Callable[[], Weather]
    clock: Callable[[], float]
    say: Callable[[str, str], None]
    runs: dict[str, JobRun] = attrs.field(factory=dict[str, JobRun])
    bookings: dict[str, bool] = attrs.field(factory=dict[str, bool])

    async def run_now(self, token: str, what: str) -> int:
        """Start a job run for *what*, or give the one that *token* has started.

        Raises:
            Trouble: It was started or not.
        """
        run = await self._reach(lambda: self._started(token, what))
        return run.number

    async def is_over(self, number: int) -> bool:
        """Tell whether run *number* has ended.

        Raises:
            Trouble: The workspace did not say.
        """
        run = self.run(number)
        return await self._reach(lambda: run.cancelled or run.ends_at <= self.clock())

    async def cancel_run(self, number: int) -> None:
        """End run *number*.

        Raises:
            Trouble: It was ended or not.
        """
        await self._reach(lambda: self._cancelled(self.run(number)))

    async def book(self, key: str) -> None:
        """Book *key*, once.

        Raises:
            Trouble: It was booked or not.
        """
        await self._reach(lambda: self.bookings.setdefault(key, False))

    async def give_back(self, key: str) -> None:
        """Give the booking *key* back.

        Raises:
            Trouble: It was given back or not.
        """
        await self._reach(lambda: self.bookings.update({key: True}))

    def run(self, number: int) -> JobRun:
        """Give run *number*."""
        return next(run for run in self.runs.values() if run.number == number)

    async def _reach(self, effect: Callable[[], T]) -> T:
        weather = self.weather()
        dragging = self.chance.happens(weather.dragging)
        await asyncio.sleep(self.chance.between(1, 20) if dragging else _QUICK)
        if self.chance.happens(weather.busy):
            raise Trouble(self.chance.one(("429 too many requests", "503 unavailable")))
        done = effect()
        if process := current():
            process.reach("workspace", self.chance.number(1, 5))
        if self.chance.happens(weather.lost):
            raise Trouble("connection reset by peer")
        return done

    def _started(self, token: str, what: str) -> JobRun:
        if token not in self.runs:
            number = len(self.runs) + 1
            ends_at = self.clock() + self.chance.between(0, 8)
            self.runs[token] = JobRun(number, what, ends_at)
            self.say("workspace", f"starts run {number} for {what}")
        return self.runs[token]

    def _cancelled(self, run: JobRun) -> None:
        run.quit = True
        if not run.cancelled and run.ends_at > self.clock():
            run.cancelled = True
            self.say("workspace", f"cancels run {run.number} of {run.what}")
