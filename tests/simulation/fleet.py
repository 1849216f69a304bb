"""The processes that serve: started, killed, paused, stopped in good order, and started again."""

import asyncio
import contextvars
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import attrs

from dara_fp import Store, WorkflowExecutor
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.executor import Limits
from dara_fp.runtime.queue import Leases
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import Retention
from tests.simulation.chance import Chance
from tests.simulation.errands import Desk, Errand
from tests.simulation.processes import Process
from tests.simulation.weather import Weather

__all__ = ["KEPT", "Fleet", "Served"]

T = TypeVar("T")

KEPT: Final = 50_000.0
"""Seconds that a final task is kept."""

_LONGEST_PAUSE: Final = 60.0
_RETENTION: Final = Retention(succeeded=KEPT, failed=KEPT, cancelled=KEPT)
_LEASES: Final = Leases(redelivery=20, grace=3, sweep=10, look=2)


@attrs.define(eq=False)
class Served:
    """One process while it serves.

    Attributes:
        process: The process.
        executor: Its executor, once it is ready.
        stop: Set to have it end in good order.
        ended: Whether it ended by itself.
    """

    process: Process
    executor: WorkflowExecutor | None = None
    stop: asyncio.Event = attrs.field(factory=asyncio.Event)
    ended: bool = False

    @property
    def ready(self) -> bool:
        """Whether a client may ask it."""
        return self.executor is not None and self.process.alive and not self.ended


@attrs.define(kw_only=True, eq=False)
class Fleet:
    """Processes that run the same workflows.

    Attributes:
        definitions: The workflows.
        desk: The environment of their steps.
        concurrency: How many tasks each of them runs at a time.
        limits: How much all of them take on.
        weather: Gives how bad the world is now.
        say: Takes what happened, for the trace.
        served: All processes there ever were.
        bugs: What ended a process that should not have.
    """

    definitions: Sequence[Workflow[Errand, Desk]]
    desk: Desk
    concurrency: int
    limits: Limits
    chance: Chance
    weather: Callable[[], Weather]
    say: Callable[[str, str], None]
    served: list[Served] = attrs.field(factory=list[Served])
    bugs: list[str] = attrs.field(factory=list[str])
    _asked: "list[tuple[Process, asyncio.Task[Any]]]" = attrs.field(
        factory=list["tuple[Process, asyncio.Task[Any]]"]
    )
    _closed: bool = False

    def start(self) -> None:
        """Start one more process."""
        if self._closed:
            return
        name = f"worker-{len(self.served) + 1}"
        served = Served(Process(name, skew=self.chance.between(-3, 3)))
        self.served.append(served)
        self.say(name, "starts")
        served.process.spawn(self._serve(served)).add_done_callback(self._bug)

    def strike(self, served: Served, pause: float | None) -> None:
        """Kill or pause the process of *served*, soon, or when its next call has had its effect."""

        def burnt(process: Process) -> None:
            if pause is None:
                self.kill(served)
                return
            process.paused = True
            self.say(process.name, f"stands still for {pause:.1f} s")
            _outside(pause, process.wake)

        served.process.burnt = burnt
        moment = self.chance.one(("anywhere", "workspace", "store"))
        if moment == "anywhere":
            served.process.fuse = self.chance.number(1, 120)
        else:
            served.process.moment = moment

    def kill(self, served: Served) -> None:
        """Kill the process of *served*; another one is started in its place."""
        if not served.process.alive:
            return
        served.process.kill()
        self.say(served.process.name, "is killed")
        if not served.ended:
            _outside(self.chance.between(0.1, 10), self.start)

    def living(self) -> list[Served]:
        """Give those that were not killed and have not ended."""
        return [each for each in self.served if each.process.alive and not each.ended]

    def ready(self) -> list[Served]:
        """Give those that a client may ask."""
        return [each for each in self.served if each.ready]

    def close(self) -> None:
        """Kill all of them, and start no more."""
        self._closed = True
        for each in self.served:
            each.process.kill()

    async def work_alone(self, seconds: float) -> None:
        """Have one process serve for so many *seconds* after all were killed, and stop it."""
        self._closed = False
        self.start()
        self._closed = True
        await asyncio.sleep(seconds)
        self.served[-1].stop.set()
        await asyncio.sleep(_LEASES.grace)

    def tasks(self) -> "list[asyncio.Task[Any]]":
        """Give what is left of all processes, and forget it."""
        left = [task for each in self.served for task in each.process.remains()]
        self.served.clear()
        return left

    async def ask(self, call: Callable[[WorkflowExecutor], Awaitable[T]], seconds: float) -> T:
        """Give what *call* gives in one of the processes.

        Raises:
            StoreUnavailable: The process could not reach the store.
            TimeoutError: It did not answer in so many *seconds*: it is dead, paused or slow.
        """
        ready = self.ready()
        if not ready:
            await asyncio.sleep(1)
            raise TimeoutError
        served = self.chance.one(ready)
        executor: Any = served.executor
        asked = served.process.spawn(_awaited(call(executor)))
        self._asked.append((served.process, asked))
        done, _ = await asyncio.wait({asked}, timeout=seconds)
        if not done:
            raise TimeoutError
        return asked.result()

    def _bug(self, serving: "asyncio.Task[None]") -> None:
        if not serving.cancelled() and (error := serving.exception()) is not None:
            self.bugs.append("".join(traceback.format_exception(error)))

    async def answered(self) -> None:
        """Wait for the answers that nobody waits for any more: a paused process gives them late."""
        left = [asked for process, asked in self._asked if process.alive and not asked.done()]
        if left:
            await asyncio.wait(left, timeout=_LONGEST_PAUSE)

    def _executor(self, store: Store) -> WorkflowExecutor:
        return WorkflowExecutor(
            self.definitions, store, self.desk, leases=_LEASES, limits=self.limits
        )

    async def _serve(self, served: Served) -> None:
        """Serve until `stop` is set, as `dara serve` does."""
        try:
            async with (
                Store.open("redis://simulated", prefix="sim", retention=_RETENTION) as store,
                self._executor(store) as executor,
                executor.working(self.concurrency),
            ):
                served.executor = executor
                await served.stop.wait()
                self.say(served.process.name, "stops")
        except StoreUnavailable as error:
            self.say(served.process.name, f"gives up: {error}")
        served.ended = True
        self.say(served.process.name, "has ended")
        _outside(self.chance.between(0.1, 3), self.start)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def _outside(seconds: float, call: Callable[[], object]) -> None:
    """Call *call* after so many *seconds*, in no process."""
    contextvars.Context().run(asyncio.get_running_loop().call_later, seconds, call)
