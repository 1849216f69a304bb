"""How many calls a second each family of routes takes, and its pauses, kept to on this side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import attrs

__all__ = ["DOCUMENTED", "Line", "Pace", "Rate"]


_LONGEST = 600.0  # seconds; after them calls find out whether the pause still holds


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

    Callers wait in line; one that gives up takes no slot. Where the workspace asks one of them for
    a pause, all of the family make it.
    """

    def __init__(
        self,
        rates: Sequence[Rate],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """Measure time by *clock* and pass it with *sleep*."""
        self._clock = clock
        self._sleep = sleep
        self._routes = {(rate.method, rate.family): Line(rate, clock, sleep) for rate in rates}
        self._held: dict[tuple[str, str], Line] = {}  # routes without a limit that pause

    def line(self, method: str, path: str) -> "Line | None":
        """Give the line in which a call of *method* to *path* waits, if there may be a reason."""
        return self._limited(method, path) or self._held.get((method, path))

    def hold(self, method: str, path: str, seconds: float) -> None:
        """Let no call of the family of *path* begin for *seconds*, ten minutes at most.

        A route without a limit is its own family.
        """
        line = self.line(method, path)
        if line is None:
            self._held = {route: line for route, line in self._held.items() if line.held > 0}
            line = self._held[method, path] = Line(None, self._clock, self._sleep)
        line.hold(min(seconds, _LONGEST))

    def _limited(self, method: str, path: str) -> "Line | None":
        parts = path.split("/", 3)
        if len(parts) < 4:  # noqa: PLR2004 - "", api, a version, the rest
            return None
        family = parts[3]
        beneath = family.partition("/")[0] + "/"
        keys = ((method, family), (None, family), (method, beneath), (None, beneath))
        return next((self._routes[key] for key in keys if key in self._routes), None)


class Line:
    """The callers of one family, when the last ones began, and when the next one may."""

    def __init__(
        self,
        rate: Rate | None,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._sleep = sleep
        self._began: deque[float] = deque(maxlen=rate.calls if rate else 0)
        self._pauses_until = clock()
        self._first = asyncio.Lock()

    @property
    def held(self) -> float:
        """Tell the seconds that are left of a pause; none when zero or below."""
        return self._pauses_until - self._clock()

    def hold(self, seconds: float) -> None:
        """Let no call begin for *seconds*."""
        self._pauses_until = max(self._pauses_until, self._clock() + seconds)

    async def slot(self, seconds: float) -> None:
        """Wait until one more call may begin.

        Raises:
            TimeoutError: That is more than *seconds* away.
        """
        deadline = self._clock() + seconds
        if self.held > seconds:
            raise TimeoutError
        async with asyncio.timeout(seconds), self._first:
            while (wait := self._wait()) > 0:
                if self._clock() + wait > deadline:
                    raise TimeoutError
                await self._sleep(wait)
            self._began.append(self._clock())

    def _wait(self) -> float:
        if self.rate is None or len(self._began) < self.rate.calls:
            return self.held
        return max(self.held, self._began[0] + self.rate.seconds - self._clock())
