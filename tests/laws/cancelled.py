"""Runs that are cancelled at any moment, and journals that make trouble."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import attrs
from hypothesis import strategies as st

from dara_fp import Entry, Outcome, Scope
from dara_fp.core.errors import NotSerialisable
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.scope import Path
from dara_fp.testing import Note, Recorder, StoredJournal, VirtualTimeLoop
from tests.laws.effects import Saga, World

__all__ = [
    "ClosedJournal",
    "Ending",
    "FencedJournal",
    "Moment",
    "NarrowJournal",
    "SlowJournal",
    "copied",
    "end_of",
    "moments",
]

Moment: TypeAlias = tuple[float, int]
"""After so many seconds, and then so many rounds of the loop."""

moments = st.tuples(st.integers(0, 24).map(lambda halves: halves / 2), st.integers(0, 9))


@attrs.frozen(kw_only=True)
class Ending:
    """How a run ended.

    Attributes:
        outcome: Its outcome, or None if it was raised.
        raised: What it raised, or None.
        notes: What was noted, also after it.
        noted: How many notes there were at each cancellation that it got, and at its end.
        tasks: How many other tasks there were when it had ended.
    """

    outcome: Outcome[World] | None
    raised: BaseException | None
    notes: tuple[Note, ...]
    noted: tuple[int, ...]
    tasks: int

    @property
    def is_cancelled(self) -> bool:
        return isinstance(self.raised, asyncio.CancelledError)

    @property
    def was_asked(self) -> bool:
        """Whether anybody cancelled it before it had ended."""
        return len(self.noted) > 1


def end_of(
    saga: Saga,
    cancels: Sequence[Moment] = (),
    journal: MemoryJournal | None = None,
    world: Recorder | None = None,
) -> Ending:
    """Run *saga* in *world* to its end, cancelled at each moment of *cancels* before that."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(_end(saga, cancels, journal, world or Recorder()))


async def _end(
    saga: Saga, cancels: Sequence[Moment], journal: MemoryJournal | None, world: Recorder
) -> Ending:
    loop = asyncio.get_running_loop()
    scope = Scope(task_id="t", journal=journal, clock=loop.time)
    if journal is not None:
        journal.clock = loop.time
    noted: list[int] = []
    running = asyncio.ensure_future(saga(World(), world, scope=scope))
    cancelling = asyncio.ensure_future(_cancel(running, sorted(cancels), noted, world))
    await asyncio.wait([running])
    noted.append(len(world.notes))
    cancelling.cancel()
    await asyncio.wait([cancelling])
    tasks = len(asyncio.all_tasks()) - 1
    await asyncio.sleep(10**6)
    raised = asyncio.CancelledError() if running.cancelled() else running.exception()
    return Ending(
        outcome=None if raised else running.result(),
        raised=raised,
        notes=tuple(world.notes),
        noted=tuple(noted),
        tasks=tasks,
    )


async def _cancel(
    running: "asyncio.Future[Outcome[World]]",
    cancels: Sequence[Moment],
    noted: list[int],
    world: Recorder,
) -> None:
    began = asyncio.get_running_loop().time()
    for seconds, rounds in cancels:
        await asyncio.sleep(began + seconds - asyncio.get_running_loop().time())
        for _ in range(rounds):
            await asyncio.sleep(0)
        if running.cancel():
            noted.append(len(world.notes))


class SlowJournal(StoredJournal):
    """A journal that takes *before* seconds to keep an entry, and *after* seconds to say so."""

    def __init__(self, before: float, after: float, earlier: MemoryJournal | None = None) -> None:
        kept = earlier or MemoryJournal()
        super().__init__(kept.entries, waits=kept.waits, signals=kept.signals)
        self.before = before
        self.after = after

    async def record(self, path: Path, entry: Entry) -> None:
        await asyncio.sleep(self.before)
        await super().record(path, entry)
        await asyncio.sleep(self.after)


def copied(journal: SlowJournal | None) -> SlowJournal | None:
    """Give an empty journal of the same pace as *journal*."""
    return journal and SlowJournal(journal.before, journal.after)


class Fenced(Exception):
    """What a store raises when someone else has taken the task over."""


class FencedJournal(SlowJournal):
    """A journal that refuses what comes after the first *kept* entries, with one *refusal*.

    Attributes:
        refusal: What it raises.
        refused_at: When it first did, or None.
    """

    def __init__(self, kept: int, before: float, after: float, *, for_ever: bool) -> None:
        super().__init__(before, after)
        self.refusal = Fenced()
        self.refused_at: float | None = None
        self._kept = kept
        self.for_ever = for_ever

    async def record(self, path: Path, entry: Entry) -> None:
        if len(self.entries) < self._kept or not (self.for_ever or self.refused_at is None):
            return await super().record(path, entry)
        await asyncio.sleep(self.before)
        now = asyncio.get_running_loop().time()
        self.refused_at = now if self.refused_at is None else self.refused_at
        return await self.refuse()

    async def refuse(self) -> None:
        raise self.refusal


class ClosedJournal(FencedJournal):
    """A journal that is closed: it cancels whoever waits for it."""

    async def refuse(self) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future


class NarrowJournal(SlowJournal):
    """A journal for which what an `act` made is too large, as it finds out after *before*."""

    async def record(self, path: Path, entry: Entry) -> None:
        if entry.error is None and path.rpartition("/")[2].startswith(("succeed", "flake")):
            await asyncio.sleep(self.before)
            raise NotSerialisable(f"{path} is too large")
        await super().record(path, entry)
