"""The end of one try: for signing in, for a free connection, and for the beginning of an answer."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed
from dara_fp.databricks.http.body import Body

__all__ = ["Deadline", "Named"]


class Named(Protocol):
    """What is used of an answer."""

    @property
    def request_id(self) -> str | None:
        """Tell the service's id of the request."""
        ...


class Deadline:
    """When a try ends, and what it waits for: one try is made in its block.

    Every call passes here, so that this is a class: a generator takes several times as long.

    Attributes:
        before: What the call waits for before any of it is sent; empty when it may be sent.
        answer: What is answered, once it has begun to come.
    """

    def __init__(self, name: str, seconds: float, *, body: Body | None = None) -> None:
        """Let a try of the call *name* take *seconds*; the time in which *body* goes out is free.

        Where it takes longer, the block ends in a `ConnectionFailed`, whose `sent` tells whether
        the call may have got there.
        """
        self.before = ""
        self.answer: Named | None = None
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
        answer, self.answer = self.answer, None  # which holds this, and a body of any size
        if is_late:
            raise self._too_late(answer) from None

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

    def _too_late(self, answer: Named | None) -> ConnectionFailed:
        seconds = max(self._seconds, 0.0)
        waited = f", waiting for {self.before}" if self.before else ""
        failed = ConnectionFailed(
            StepError(
                kind=Kind.TIMEOUT,
                message=f"{self._name}: not answered within {seconds:.1f} s{waited}",
                request_id=answer.request_id if answer else None,
                retryable=True,
            ),
        )
        failed.sent = not self.before
        return failed
