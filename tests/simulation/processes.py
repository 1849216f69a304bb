"""Processes that share one event loop, of which each can be killed or paused at any await.

What runs in a process is known by its context variables. A killed process stops between two steps
of its coroutines: nothing of it is ever called again, not even what stands in a `finally`. A paused
one goes on later where it stood, and does not know that time has passed.
"""

import asyncio
import contextvars
import gc
import sys
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, TypeVar, TypeVarTuple

import attrs

from dara_fp.testing import VirtualTimeLoop

__all__ = ["Process", "SimulatedLoop", "bury", "current", "unheard"]

_FINALLIES = 20

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_CURRENT: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)


@contextmanager
def unheard() -> Generator[None]:
    """Let nobody hear what is left of the dead, which speaks until it is collected."""
    hears, sys.unraisablehook = sys.unraisablehook, _hear_nothing
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
            gc.collect()
    finally:
        sys.unraisablehook = hears


def bury(tasks: "list[asyncio.Task[Any]]") -> None:
    """Close the coroutines of *tasks*."""
    while tasks:
        _close(tasks.pop().get_coro())


def _hear_nothing(_said: object) -> None:
    """Hear nothing."""


def _close(coroutine: Any) -> None:
    for _ in range(_FINALLIES):
        try:
            coroutine.close()
        except BaseException:  # noqa: BLE001, S112 - whatever the dead say
            continue
        return


def current() -> "Process | None":
    """Give the process whose code runs now."""
    return _CURRENT.get()


@attrs.define(eq=False)
class Process:
    """A process of the fleet.

    Attributes:
        name: Tells it from the others.
        skew: Seconds by which its clock is fast.
        alive: Whether it was not killed.
        paused: Whether nothing of it runs for the moment.
        fuse: After how many more steps of its coroutines `burnt` is called.
        moment: Where the fuse is lit that burns for a few steps only, or None.
        burnt: What happens then.
    """

    name: str
    skew: float = 0.0
    alive: bool = True
    paused: bool = False
    fuse: int | None = None
    moment: str | None = None
    burnt: "Callable[[Process], None] | None" = None
    _tasks: "list[asyncio.Task[Any]]" = attrs.field(factory=list["asyncio.Task[Any]"], repr=False)
    _backlog: "deque[_Gate]" = attrs.field(factory=deque["_Gate"], repr=False)

    def spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run *work* in this process."""
        context = contextvars.Context()
        context.run(_CURRENT.set, self)
        return context.run(asyncio.get_running_loop().create_task, work)

    def keep(self, task: "asyncio.Task[Any]") -> None:
        """Keep *task*: one that were collected would run its `finally` blocks."""
        self._tasks.append(task)

    def reach(self, moment: str, steps: int) -> None:
        """Note that it has come to *moment*; if that is its last, it ends in so many *steps*."""
        if self.moment == moment:
            self.moment, self.fuse = None, steps

    def kill(self) -> None:
        """Let nothing of it run ever again."""
        self.alive = False
        self._backlog.clear()

    def wake(self) -> None:
        """Go on after a pause."""
        self.paused = False
        while self._backlog and self.alive and not self.paused:
            self._backlog.popleft().post()

    def admits(self, gate: "_Gate") -> bool:
        """Tell whether what waits at *gate* may run now."""
        if self.alive and not self.paused and self.fuse is not None:
            self._burn()
        if self.alive and self.paused:
            self._backlog.append(gate)
        return self.alive and not self.paused

    def _burn(self) -> None:
        self.fuse = (self.fuse or 0) - 1
        if self.fuse <= 0 and self.burnt is not None:
            self.fuse = None
            self.burnt(self)

    def remains(self) -> "list[asyncio.Task[Any]]":
        """Give all that was ever begun in it, and forget it."""
        remains, self._tasks = self._tasks, []
        return remains


class _Gate:
    """A callback of a *process*, called only while that runs."""

    __slots__ = ("_arguments", "_callback", "_context", "_loop", "_process", "handle")
    handle: asyncio.Handle

    def __init__(
        self,
        loop: "SimulatedLoop",
        process: Process,
        callback: Callable[..., object],
        arguments: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> None:
        self._loop = loop
        self._process = process
        self._callback = callback
        self._arguments = arguments
        self._context = context or contextvars.copy_context()

    def __call__(self) -> None:
        if self._process.admits(self) and not self.handle.cancelled():
            self._callback(*self._arguments)

    def post(self) -> None:
        """Let it be called soon, unless it was cancelled."""
        if not self.handle.cancelled():
            self._loop.post(self, self._context)


class SimulatedLoop(VirtualTimeLoop):
    """Virtual time for several processes and the world around them.

    Attributes:
        complaints: What asyncio would have logged.
    """

    def __init__(self) -> None:
        """Begin at 0 seconds."""
        self.complaints: list[str] = []
        super().__init__()
        self.set_exception_handler(self._hear)

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Call *callback* with *args* if its process still runs; see asyncio."""
        if self.is_closed():
            return asyncio.Handle(callback, args, self, context)  # of one that is buried
        process = _process(context)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        gate = _Gate(self, process, callback, args, context)
        gate.handle = super().call_soon(gate, context=context)
        return gate.handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call *callback* with *args* at *when* if its process still runs; see asyncio."""
        if self.is_closed():
            return asyncio.TimerHandle(when, callback, args, self, context)
        process = _process(context)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        gate = _Gate(self, process, callback, args, context)
        gate.handle = timer = super().call_at(when, gate, context=context)
        return timer

    def post(self, gate: Callable[[], None], context: contextvars.Context) -> None:
        """Call *gate*, which was held up, soon."""
        super().call_soon(gate, context=context)

    def create_task(self, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        """Make a task of *coro* that its process keeps; see asyncio."""
        task = super().create_task(coro, **options)
        process = _CURRENT.get()
        if process is not None:
            process.keep(task)
        return task

    def _hear(self, _loop: asyncio.AbstractEventLoop, said: dict[str, Any]) -> None:
        self.complaints.append(f"{said.get('message')}: {said.get('exception')!r}")


def _process(context: contextvars.Context | None) -> Process | None:
    return _CURRENT.get() if context is None else context.get(_CURRENT, None)
