"""The end of one try: for signing in, for a free connection, and for the beginning of an answer."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed
from dara_fp.databricks.http.body import Body

__all__ = ["Deadline", "deadline"]


class Deadline:
    """When a try ends, and what it waits for.

    Attributes:
        before: What the call waits for before any of it is sent; empty when it may be sent.
    """

    def __init__(self, limit: asyncio.Timeout) -> None:
        """End with *limit*."""
        self.before = ""
        self.limit: asyncio.Timeout | None = limit

    @contextmanager
    def waiting(self, before: str) -> Generator[None]:
        """Wait in the block for *before*, after which the call may be sent."""
        self.before = before
        yield
        self.before = ""  # not where the wait was cut: then this is what it was cut in

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


@asynccontextmanager
async def deadline(
    name: str, seconds: float, *, body: Body | None = None
) -> AsyncGenerator[Deadline]:
    """Let one try of the call *name* take *seconds*; the time in which *body* goes out is free.

    Raises:
        ConnectionFailed: It took longer; `sent` tells whether the call may have got there.
    """
    limit = asyncio.timeout(seconds)
    made = Deadline(limit)
    if body is not None:
        body.holding = made.held
    try:
        async with limit:
            yield made
    except TimeoutError:
        if not limit.expired():
            raise
        raise _too_late(name, max(seconds, 0.0), made.before) from None
    finally:
        made.limit = None  # what is left of a body may still be asked for


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
