"""Waiting for what a call began: the twins of the SDK's `Wait`, its operations and its `poll`."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Generator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Generic, TypeVar, cast

import attrs

from dara_fp.databricks.sdk.failures import WaitTimedOut, operation_failed, timed_out

__all__ = ["Clock", "Operation", "Wait", "poll"]

T = TypeVar("T")
_LONGEST = 10  # seconds between two looks, as in the SDK
_HAIR = 0.05  # seconds by which a wait is cut later, so that the SDK's own words come first
_look: ContextVar[Callable[[], None] | None] = ContextVar("dara_fp_operation_look", default=None)
_deadline: ContextVar[float] = ContextVar("dara_fp_wait_deadline", default=float("inf"))


class Wait(Generic[T]):
    """What a call began, such as a run: know it by its names, or await its end.

    `await workspace.jobs.run_now(job_id=1)` gives one as soon as the run has begun. Then
    `wait.run_id` tells its names, `wait.response` what the call answered, `await wait.result()`
    gives its end, and `await wait` is short for that.
    """

    def __init__(
        self, waiter: Callable[..., Awaitable[T]], response: Any = None, **bound: Any
    ) -> None:
        """Wait by *waiter* for what the names in *bound* tell; *response* is the call's answer."""
        self.response = response
        self._waiter = waiter
        self._bound = bound

    async def result(
        self,
        timeout: timedelta | float | None = timedelta(minutes=20),  # noqa: ASYNC109 - SDK's name
        callback: Callable[[T], None] | None = None,
    ) -> T:
        """Wait for the end.

        Args:
            timeout: Longest to wait, a number in seconds; None is for ever.
            callback: Called with each state in which it has not ended well.

        Raises:
            OperationFailed: It ended badly.
            WaitTimedOut: It did not end in time, and may still go on.
            DatabricksError: The workspace refused to tell.
        """
        span = _span(timeout)
        waiting = self._waiter(timeout=span, callback=callback, **self._bound)
        return await _within(span, waiting)

    def bind(self) -> dict[str, Any]:
        """Give the names by which the workspace knows it."""
        return self._bound

    def __await__(self) -> Generator[Any, None, T]:
        return self.result().__await__()

    def __getattr__(self, name: str) -> Any:
        bound = cast("dict[str, Any]", self.__dict__.get("_bound", {}))
        if name in bound:
            return bound[name]
        known = ", ".join(sorted(bound)) or "nothing"
        raise AttributeError(f"this wait has no {name!r}: it knows {known}, and `response`")

    def __repr__(self) -> str:
        names = ", ".join(f"{name}={value!r}" for name, value in self._bound.items())
        return f"Wait({names})"


@attrs.frozen(kw_only=True)
class _Options:
    timeout: timedelta | None


class Operation:
    """What rewritten operations can beside what the SDK gives them: be awaited, and watched."""

    wait: Callable[..., Awaitable[Any]]

    async def result(
        self,
        timeout: timedelta | float | None = None,  # noqa: ASYNC109 - as in Wait
        callback: Callable[[Any], None] | None = None,
    ) -> Any:
        """Wait for the end.

        Args:
            timeout: Longest to wait, a number in seconds; None is for ever.
            callback: Called with this operation whenever it is not done yet.

        Raises:
            OperationFailed: It ended badly.
            WaitTimedOut: It did not end in time, and may still go on.
            DatabricksError: The workspace refused to tell.
        """
        looking = _look.set(None if callback is None else lambda: callback(self))
        try:
            return await self.wait(_Options(timeout=None if timeout is None else _span(timeout)))
        finally:
            _look.reset(looking)

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result().__await__()


class Clock:
    """Stands in for the module `time`: tells the same, and sleeps without holding up others."""

    @staticmethod
    def time() -> float:
        """Tell the time in seconds."""
        return time.time()

    @staticmethod
    async def sleep(seconds: float) -> None:
        """Let others run for *seconds*, or until what waits has no time left."""
        left = _deadline.get() - time.monotonic()
        await asyncio.sleep(min(seconds, left + _HAIR / 2))


async def poll(
    look: Callable[[], Awaitable[tuple[Any, Any]]],
    timeout: timedelta | None = None,  # noqa: ASYNC109 - the name the SDK's source passes
) -> Any:
    """Await *look* until it gives a result, at the SDK's pace.

    Args:
        look: Gives a result and None, or anything and why there is no result yet.
        timeout: Longest to wait; None is for ever.

    Raises:
        OperationFailed: *look* gave a halting error.
        WaitTimedOut: There was no result in time.
    """
    span = _span(timeout)
    return await _within(span, _polled(look, span))


async def _polled(look: Callable[[], Awaitable[tuple[Any, Any]]], span: timedelta) -> Any:
    deadline = Clock.time() + span.total_seconds()
    tries = 0
    while Clock.time() < deadline:
        tries += 1
        result, trouble = await look()
        if trouble is None:
            return result
        if trouble.halt:
            raise operation_failed(str(trouble.err))
        if tell := _look.get():
            tell()
        await Clock.sleep(min(_LONGEST, tries) + random.uniform(0.05, 0.75))  # noqa: S311 - jitter
    raise timed_out(f"Timed out after {span}")


async def _within(span: timedelta, waiting: Awaitable[T]) -> T:
    """Give what *waiting* gives within *span*, whatever its calls are doing at the end of that.

    Raises:
        WaitTimedOut: It gives nothing in time.
    """
    seconds = span.total_seconds()
    kept = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    limit = asyncio.timeout(None if span == timedelta.max else seconds + _HAIR)
    try:
        async with limit:
            return await waiting
    except TimeoutError as error:
        if isinstance(error, WaitTimedOut) or not limit.expired():
            raise
        message = f"timed out after {span}: the workspace did not answer the last look in time"
        raise timed_out(message) from None
    finally:
        _deadline.reset(kept)


def _span(timeout: timedelta | float | None) -> timedelta:
    if timeout is None:
        return timedelta.max
    return timeout if isinstance(timeout, timedelta) else timedelta(seconds=timeout)
