"""One simulation: a world made of one seed, lived through to its end."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any, Final

import attrs

from dara_fp.runtime.executor import Limits
from tests.simulation.broker import Broker
from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.drawing import Drawing
from tests.simulation.errands import Desk, Errand
from tests.simulation.fleet import KEPT, Fleet
from tests.simulation.processes import SimulatedLoop, bury, unheard
from tests.simulation.reckoning import reckoned
from tests.simulation.redis.keyspace import Hash, Keyspace
from tests.simulation.redis.server import Server
from tests.simulation.redis.wire import Network
from tests.simulation.stand_ins import server_time, standing_in
from tests.simulation.watch import FINAL, Watch
from tests.simulation.weather import CALM, CLIMATES, Weather
from tests.simulation.workspace import Workspace

__all__ = ["Lived", "live"]

_STORM_SECONDS: Final = 35.0
_CLEANING: Final = 26.0
_LONGEST: Final = 600.0


@attrs.frozen(kw_only=True)
class Lived:
    """What a simulation came to.

    Attributes:
        seed: What it was made of.
        climate: How bad its world was.
        trace: What happened, line by line.
        wrong: What happened that may never happen.
    """

    seed: int
    climate: str
    trace: tuple[str, ...]
    wrong: tuple[str, ...]


def _as_it_is(source: bytes) -> bytes:
    return source


def live(
    seed: int, *, climate: str | None = None, change: Callable[[bytes], bytes] = _as_it_is
) -> Lived:
    """Live through the simulation of *seed*.

    Args:
        seed: Decides everything.
        climate: How bad the world is, if *seed* is not to decide that, too.
        change: What is done to the store's functions before they are loaded.
    """
    with unheard():
        return _lived(seed, climate or tuple(CLIMATES)[seed % len(CLIMATES)], change)


def _lived(seed: int, climate: str, change: Callable[[bytes], bytes]) -> Lived:
    loop = SimulatedLoop()
    world = _World(seed, climate, loop, change)
    with _ended(loop, world):
        main = loop.create_task(world.live())
        main.add_done_callback(lambda _: loop.stop())
        with standing_in(world.network, world.broker, world.chance.about("stand-ins")):
            loop.run_forever()
        main.result()
    at_the_end = reckoned(world.watch, world.workspace, world.clients)
    wrong = (*world.watch.wrong, *at_the_end, *world.fleet.bugs, *loop.complaints)
    return Lived(seed=seed, climate=world.climate, trace=tuple(world.trace), wrong=wrong)


@contextmanager
def _ended(loop: SimulatedLoop, world: "_World") -> Generator[None]:
    """Throw away what is left at the end, without a word of it."""
    try:
        yield
    finally:
        loop.set_exception_handler(lambda _loop, _said: None)
        bury([*world.fleet.tasks(), *asyncio.all_tasks(loop)])
        loop.close()


class _World:
    """All that there is."""

    def __init__(
        self, seed: int, climate: str, loop: SimulatedLoop, change: Callable[[bytes], bytes]
    ) -> None:
        self.chance = chance = Chance(seed)
        self.loop = loop
        self.trace: list[str] = []
        self.climate = climate
        self.weather = CLIMATES[climate]
        server = Server(Keyspace(clock=server_time), change)
        self.server = server
        self.watch = Watch(server.space, self.say)
        server.space.noted, server.heard = self.watch.noted, self.watch.heard
        around: dict[str, Any] = {"weather": self._weather, "say": self.say}
        self.network = Network(
            server=server, chance=chance.about("network"), learned=self.watch.learned, **around
        )
        self.broker = Broker(
            chance=chance.about("docket"),
            clock=server_time,
            away=lambda: server.state != "up",
            **around,
        )
        self.workspace = Workspace(chance=chance.about("workspace"), clock=loop.time, **around)
        drawings = [
            Drawing(chance.about(f"drawing {n}"), f"errand-{n}") for n in range(chance.number(1, 2))
        ]
        self.limits = self.watch.limits = Limits(
            owner_concurrency=chance.one((None, 1, 2)), queue=chance.one((None, None, 2))
        )
        desk = Desk(self.workspace, self.watch)
        definitions = [each.workflow for each in drawings]
        self.fleet = Fleet(
            definitions=definitions,
            desk=desk,
            concurrency=chance.number(1, 3),
            limits=self.limits,
            chance=chance.about("fleet"),
            **around,
        )
        self.clients = [self._client(number, drawings) for number in range(chance.number(2, 5))]

    def say(self, who: str, what: str) -> None:
        self.trace.append(f"{self.loop.time():10.4f} {who}: {what}")

    async def live(self) -> None:
        for _ in range(self.chance.number(2, 3)):
            self.fleet.start()
        lives = [_outside(self.loop, client.live()) for client in self.clients]
        await self._storm()
        await self._calm(lives)
        await self._clean()

    def _weather(self) -> Weather:
        return self.weather

    def _client(self, number: int, drawings: list[Drawing]) -> Client:
        chance = self.chance.about(f"client {number}")
        task_id, drawing = f"t{number}", chance.one(drawings)
        self.watch.places[task_id] = drawing.places
        self.watch.most[drawing.workflow.name] = drawing.workflow.concurrency or 99
        self.say("client", f"will start {task_id}: {drawing.workflow.pipeline}")
        return Client(
            task_id=task_id,
            drawing=drawing,
            context=Errand(seed=chance.number(0, 2**32)),
            owner=chance.one((None, "ann", "ann", "bob")),
            fleet=self.fleet,
            chance=chance,
            watch=self.watch,
            say=self.say,
        )

    async def _storm(self) -> None:
        """Let happen what the climate has, then let nothing happen any more."""
        chance = self.chance.about("storm")
        weather = self.weather
        troubles: list[tuple[float, Callable[[Chance], None]]] = [
            (weather.kills, self._kill),
            (weather.pauses, self._pause),
            (weather.stops, self._stop),
            (weather.restarts, self._restart),
        ]
        planned = [
            (chance.between(0, _STORM_SECONDS), number, trouble)
            for often, trouble in troubles
            for number in range(_count(chance, often * _STORM_SECONDS / 60))
        ]
        for at, _, trouble in sorted(planned, key=lambda each: each[:2]):
            await asyncio.sleep(max(0.0, at - self.loop.time()))
            trouble(chance)
        await asyncio.sleep(max(0.0, _STORM_SECONDS - self.loop.time()))

    def _kill(self, chance: Chance) -> None:
        if living := self.fleet.living():
            self.fleet.strike(chance.one(living), None)

    def _pause(self, chance: Chance) -> None:
        if living := self.fleet.living():
            self.fleet.strike(chance.one(living), chance.between(1, 60))

    def _stop(self, chance: Chance) -> None:
        if ready := self.fleet.ready():
            chance.one(ready).stop.set()

    def _restart(self, chance: Chance) -> None:
        """Restart the server: it is away, then it loads; another one has no functions."""
        away, loading = chance.between(0.1, 12), chance.between(0, 4)
        self.say("store", f"is away for {away:.1f} s, then loads for {loading:.1f} s")
        self.server.state = "away"
        if chance.happens(0.5):
            self.server.forget_functions()
        later = self.loop.call_later
        later(away, setattr, self.server, "state", "loading")
        later(away + loading, setattr, self.server, "state", "up")

    async def _calm(self, lives: "list[asyncio.Task[None]]") -> None:
        """Wait until every task has come to its end."""
        self.say("weather", "is calm")
        self.weather = CALM
        seen = await _ended_in_time(lives)
        if seen:
            await self.fleet.answered()
            # What was asked in vain may be done all the same, such as resuming once more.
            seen = await _ended_in_time([_outside(self.loop, each.stay()) for each in self.clients])
        if not seen:
            states = {each.task_id: self.watch.state(each.task_id) for each in self.clients}
            lost = {task_id: state for task_id, state in states.items() if state not in FINAL}
            self.watch.wrong.append(f"after {_LONGEST:g} s of calm there are not final: {lost}")

    async def _clean(self) -> None:
        """Let what is kept expire, and see what is left."""
        self.fleet.close()
        await asyncio.sleep(KEPT)
        await self.fleet.work_alone(_CLEANING)
        space = self.server.space
        left = {key.decode(): space.shown(key) for key in space.all_keys()}
        if set(space.find(b"sim:fleet", Hash)) == {b"tickets"}:
            del left["sim:fleet"]  # a ticket that was lost is counted until a task is ready again
        self.say("store", f"keeps {left}")
        if left and not self.watch.wrong:
            self.watch.wrong.append(f"all tasks have expired, and there are left: {left}")


async def _ended_in_time(works: "list[asyncio.Task[None]]") -> bool:
    """Wait for the end of *works*, and say whether they ended in time."""
    done, late = await asyncio.wait(works, timeout=_LONGEST)
    for each in late:
        each.cancel()
    for each in done:
        each.result()
    return not late


def _count(chance: Chance, mean: float) -> int:
    """Draw how many of what happens *mean* times on the average."""
    return int(mean) + chance.happens(mean - int(mean))


def _outside(loop: SimulatedLoop, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    return contextvars.Context().run(loop.create_task, work)
