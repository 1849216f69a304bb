"""How many calls a second each family of routes takes, kept to on this side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import attrs

__all__ = ["DOCUMENTED", "Pace", "Rate"]


@attrs.frozen(kw_only=True)
class Rate:
    """A limit on a family of routes.

    Attributes:
        family: Path behind the version, such as `jobs/run-now`; all beneath it where it ends
            in a slash.
        calls: How many calls begin within `seconds`, at most.
        seconds: The span, in seconds.
        method: Verb; None is any.
    """

    family: str
    calls: int = attrs.field(validator=attrs.validators.ge(1))
    seconds: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))
    method: str | None = None

    def __str__(self) -> str:
        """Say it in words."""
        verb = f"{self.method} " if self.method else ""
        return f"{self.calls} calls to {verb}{self.family} in {self.seconds:g} s"


DOCUMENTED: tuple[Rate, ...] = (
    Rate(family="jobs/create", calls=20),
    Rate(family="jobs/run-now", calls=20),
    Rate(family="jobs/runs/get", calls=100),
    Rate(family="jobs/runs/submit", calls=35),
    Rate(family="dbfs/", calls=30),
    Rate(family="permissions/", calls=100, method="GET"),
    Rate(family="permissions/", calls=30, method="PUT"),
    Rate(family="permissions/", calls=30, method="PATCH"),
    Rate(family="workspace/export", calls=60),
    Rate(family="workspace/import", calls=30),
)
"""Limits of one workspace, as its documentation has them (Resource limits, API rate limits)."""


class Pace:
    """Holds calls back to *rates*: in any span of time no more begin than the limit says.

    Callers wait in line; one that gives up takes no slot.
    """

    def __init__(
        self,
        rates: Sequence[Rate],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Measure time by *clock* and pass it with *sleep*."""
        lines = [_Line(rate, clock, sleep) for rate in rates]
        self._routes = {(line.rate.method, line.rate.family): line for line in lines}

    def line(self, method: str, path: str) -> "_Line | None":
        """Give the line in which a call of *method* to *path* waits, if its family has a limit."""
        parts = path.split("/", 3)
        if len(parts) < 4:  # noqa: PLR2004 - "", api, a version, the rest
            return None
        family = parts[3]
        beneath = family.partition("/")[0] + "/"
        keys = ((method, family), (None, family), (method, beneath), (None, beneath))
        return next((self._routes[key] for key in keys if key in self._routes), None)


class _Line:
    """The callers of one family, and when the last ones began."""

    def __init__(
        self,
        rate: Rate,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._sleep = sleep
        self._began: deque[float] = deque(maxlen=rate.calls)
        self._first = asyncio.Lock()

    async def slot(self, seconds: float) -> None:
        """Wait until one more call may begin.

        Raises:
            TimeoutError: That is more than *seconds* away.
        """
        deadline = self._clock() + seconds
        async with asyncio.timeout(seconds), self._first:
            while (wait := self._wait()) > 0:
                if self._clock() + wait > deadline:
                    raise TimeoutError
                await self._sleep(wait)
            self._began.append(self._clock())

    def _wait(self) -> float:
        if len(self._began) < self.rate.calls:
            return 0.0
        return self._began[0] + self.rate.seconds - self._clock()
