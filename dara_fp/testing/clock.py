"""An asyncio event loop on virtual time, where an hour's wait takes no time at all."""

import asyncio
import contextvars
import heapq
import itertools
import math
import selectors
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

from dara_fp.testing.standstill import Deadlock, SocketRefused, deadlock, refusal

__all__ = ["Deadlock", "SocketRefused", "VirtualTimeLoop", "run"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_GRACE = 0.5  # real seconds for a thread nobody knows of to say something before it is a deadlock


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still while anything runs, and jumps when nothing can.

    What is waited for happens in the order it would have: all timers of one instant run, in the
    order they were set, and with them everything they lead to, before the clock moves on, be it by
    the smallest step a float can make. Whole seconds stay whole.

    - **Threads** are real. While a job of `run_in_executor` or `asyncio.to_thread` runs, the clock
      stands still and the loop really waits for it, so it must not wait for the clock itself. A
      thread that the loop did not start may use `call_soon_threadsafe`, but while a timer is set
      nobody waits for it.
    - **Sockets and pipes** are refused with `SocketRefused`: nobody could say how much virtual
      time an answer takes. Give the code a client that is made up.
    - When nothing can happen any more, `Deadlock` says which tasks wait, and where.

    With pytest-asyncio (tried with 1.5), async tests run on it if a `conftest.py` says

        def pytest_asyncio_loop_factories(config, item):
            return {"virtual": VirtualTimeLoop}

    and with `asyncio.Runner(loop_factory=VirtualTimeLoop)` anything else does.

    Attributes:
        jumps: What the clock showed after each jump, in seconds.
    """

    _scheduled: list[asyncio.TimerHandle]
    _ready: deque[asyncio.Handle]

    def __init__(self, start: float = 0.0) -> None:
        """Set the clock to *start*, in seconds."""
        self._now = float(start)
        self._jobs = 0
        self._timers = itertools.count()
        self.jumps: list[float] = []
        super().__init__(_Jumping(self))
        self._tick()

    def time(self) -> float:
        """Give the virtual time in seconds."""
        return self._now

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call *callback* with *args* when the clock shows *when*; see asyncio."""
        if self.is_closed():
            raise RuntimeError("the loop is closed: no timer can be set")
        timer = _Timer(when, callback, args, self, context)
        timer.number = next(self._timers)
        timer.push(self._scheduled)
        return timer

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> "asyncio.Future[T]":
        """Run *func* with *args* in a thread, for which the clock stands still; see asyncio."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs += 1
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(self, *timeout: Any) -> None:
        """Wait for the threads to end, at most *timeout* seconds; see asyncio."""
        self._jobs += 1
        try:
            await super().shutdown_default_executor(*timeout)
        finally:
            self._jobs -= 1

    def die(self) -> None:
        """End as a killed process does: nothing that waits, or was about to run, ever runs."""
        for handle in self._ready:
            handle.cancel()
        self._scheduled.clear()
        self.stop()

    def jump(self) -> bool:
        """Move the clock to the next timer, and tell whether there is one."""
        when = self._scheduled[0].when() if self._scheduled else math.inf
        if when == math.inf:
            return False
        self.jumps.append(when)
        self._now = when
        self._tick()
        return True

    @property
    def has_jobs(self) -> bool:
        """Whether a thread is at work for which the clock stands still."""
        return self._jobs > 0

    def _tick(self) -> None:
        # asyncio runs timers that are due within the clock's resolution: here only those of now.
        self._clock_resolution = math.nextafter(self._now, math.inf) - self._now

    def _job_done(self, _future: "asyncio.Future[Any]") -> None:
        self._jobs -= 1


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run the coroutine *main* to its end on virtual time that begins at *start* seconds.

    Raises:
        Deadlock: Nothing can happen any more, and *main* has not ended.
        SocketRefused: Something waits for a real socket.
        RuntimeError: There is a running loop already, as in an async test.

    >>> async def wait() -> float:
    ...     await asyncio.sleep(3600)
    ...     return asyncio.get_running_loop().time()
    >>> run(wait())
    3600.0
    """
    if _is_running():
        main.close()
        raise RuntimeError(
            "a loop is running already, and virtual time needs one of its own: "
            "call this from a plain function, not from an async one"
        )
    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, start)) as runner:
        try:
            return runner.run(main)
        except (Deadlock, SocketRefused):
            with suppress(Deadlock, SocketRefused):  # what is cancelled may come to stand again
                runner.close()
            raise


def _is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Timer(asyncio.TimerHandle):
    """A timer that comes after those set before it for the same instant."""

    __slots__ = ("number",)
    number: int

    def __lt__(self, other: Any) -> bool:
        return (self.when(), self.number) < (other.when(), other.number)

    def push(self, timers: list[asyncio.TimerHandle]) -> None:
        """Put it among the *timers* of its loop."""
        heapq.heappush(timers, self)
        self._scheduled = True  # by this asyncio knows that a cancelled one is still in there


class _Jumping(selectors.DefaultSelector):
    """Lets the clock jump instead of waiting, and knows only the pipe on which threads wake it."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop
        self._refused: SocketRefused | None = None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self.get_map():
            self._refused = refusal(fileobj)
            raise self._refused
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._refused is not None:
            # Raised again here, since asyncio may have logged it in a callback and gone on.
            refused, self._refused = self._refused, None
            raise refused
        woken = super().select(0)
        if woken or (timeout is not None and timeout <= 0):
            return woken
        if self._loop.has_jobs:
            return super().select(None)
        return [] if self._loop.jump() else self._last_chance()

    def _last_chance(self) -> list[tuple[selectors.SelectorKey, int]]:
        woken = super().select(_GRACE if threading.active_count() > 1 else 0)
        if not woken:
            raise deadlock(asyncio.all_tasks(self._loop))
        return woken
