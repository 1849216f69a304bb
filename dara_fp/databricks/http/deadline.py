"""The end of one try: for signing in, for a free connection, and for the beginning of an answer."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed
from dara_fp.databricks.http.body import Body

__all__ = ["Deadline"]


class Deadline:
    """When a try ends, and what it waits for: one try is made in its block.

    Every call passes here, so that this is a class: a generator takes several times as long.

    Attributes:
        before: What the call waits for before any of it is sent; empty when it may be sent.
    """

    def __init__(self, name: str, seconds: float, *, body: Body | None = None) -> None:
        """Let a try of the call *name* take *seconds*; the time in which *body* goes out is free.

        Where it takes longer, the block ends in a `ConnectionFailed`, whose `sent` tells whether
        the call may have got there.
        """
        self.before = ""
        self._clock = asyncio.timeout(seconds)
        self.limit: asyncio.Timeout | None = self._clock
        self._name = name
        self._seconds = seconds
        if body is not None:
            body.holding = self.held

    async def __aenter__(self) -> Self:
        """Start the clock."""
        await self._clock.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clock.

        Raises:
            ConnectionFailed: It took longer.
        """
        self.limit = None  # what is left of a body may still be asked for
        is_late = isinstance(error, TimeoutError) and self._clock.expired()
        try:
            await self._clock.__aexit__(kind, error, trace)
        except TimeoutError:
            is_late = True
        if is_late:
            raise _too_late(self._name, max(self._seconds, 0.0), self.before) from None

    @contextmanager
    def held(self) -> Generator[None]:
        """Stand still in the block, in which a long body goes out: that has a watch of its own."""
        loop, end = asyncio.get_running_loop(), self.limit.when() if self.limit else None
        left = None if end is None else end - loop.time()
        self._move(None)
        try:
            yield
        finally:
            self._move(None if left is None else loop.time() + left)

    def _move(self, when: float | None) -> None:
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(when)


def _too_late(name: str, seconds: float, before: str) -> ConnectionFailed:
    waited = f", waiting for {before}" if before else ""
    failed = ConnectionFailed(
        StepError(
            kind=Kind.TIMEOUT,
            message=f"{name}: not answered within {seconds:.1f} s{waited}",
            retryable=True,
        ),
    )
    failed.sent = not before
    return failed
