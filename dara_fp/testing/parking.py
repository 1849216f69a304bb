"""Runs that are parked wherever they wait, and delivered again when it is time, as tasks are."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, overload

import attrs

from dara_fp.core.memory import MemoryJournal
from dara_fp.core.scope import Parked, Waiting
from dara_fp.testing.clock import Deadlock, run
from dara_fp.testing.observation import Observable, Observation, Signal, Task
from dara_fp.testing.recorder import rounded
from dara_fp.testing.remains import StoredJournal

__all__ = ["ParkingJournal", "observe_parked"]

C = TypeVar("C")
E = TypeVar("E")


class ParkingJournal(StoredJournal):
    """A journal of one delivery of a task: where the task has to wait, its run is parked.

    Attributes:
        said: The signals of the task, also those to come.
    """

    def __init__(self, earlier: MemoryJournal | None = None, said: Sequence[Signal] = ()) -> None:
        """Go on from *earlier*; *said* are the signals of the task."""
        kept = earlier or MemoryJournal()
        super().__init__(kept.entries, waits=kept.waits)
        self.said = {signal.name: signal for signal in said}

    async def wait(self, waiting: Waiting) -> bytes | None:
        """Give the body of the signal that came in time, or None if the time is over.

        Raises:
            Parked: Neither is so yet.
        """
        end = _end(waiting, self.said)
        if end > self.clock():
            raise Parked((waiting,))
        signal = self.said.get(waiting.signal or "")
        if signal is not None and end == max(signal.at, waiting.since):
            self.signal(signal.name, signal.body)
            return self.signals[signal.name]
        return None


@overload
def observe_parked(
    pipeline: Observable[C, object],
    ctx: C,
    /,
    *,
    signals: Iterable[Signal] = ...,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    start: float = ...,
) -> Observation[C]: ...
@overload
def observe_parked(
    pipeline: Observable[C, E],
    ctx: C,
    env: E,
    /,
    *,
    signals: Iterable[Signal] = ...,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    start: float = ...,
) -> Observation[C]: ...
def observe_parked(
    pipeline: Observable[Any, Any],
    ctx: Any,
    env: Any = None,
    /,
    *,
    signals: Iterable[Signal] = (),
    journal: MemoryJournal | None = None,
    task_id: str = "observed",
    start: float = 0.0,
) -> Observation[Any]:
    """Run *pipeline* as a task is run: at each wait it is parked, and later delivered again.

    Args:
        pipeline: A pipeline or a workflow.
        ctx: The context to start from.
        env: Its environment, which lives on.
        signals: What somebody says to the task, and when.
        journal: What an earlier process left; it is copied.
        task_id: Names the task, and so decides on tokens and jitter.
        start: What the clock shows at the beginning, in seconds.

    Returns:
        What was seen of all deliveries together.

    Raises:
        Deadlock: The task waits for a signal that never comes.

    >>> from dara_fp import StepContext, pause, start, wait_for
    >>> @attrs.frozen(kw_only=True)
    ... class Release(StepContext):
    ...     approved: bool = False
    >>> release = start(Release) >> wait_for("approval", into="approved") >> pause(60)
    >>> seen = observe_parked(release, Release(), signals=[Signal("approval", True, at=3600)])
    >>> seen.context, seen.seconds
    (Release(approved=True), 3660.0)
    >>> [wait.path for waits in seen.parks for wait in waits]
    ['wait(approval)', 'pause(60)']
    """
    task, said = Task(pipeline, ctx, env, task_id, 1), tuple(signals)
    earlier, parks = len(task.recorder.notes), list[tuple[Waiting, ...]]()
    current, now = ParkingJournal(journal, said), start
    while isinstance(end := run(_delivered(task, current), start=now), _Parking):
        parks.append(end.waits)
        current, now = end.next_of(current)
    return attrs.evolve(
        end,
        seconds=rounded(rounded(now - start) + end.seconds),
        effects=tuple(task.recorder.notes[earlier:]),
        parks=tuple(parks),
    )


@attrs.frozen
class _Parking:
    """A delivery that ended in waiting.

    Attributes:
        waits: For what.
        at: What the clock showed.
    """

    waits: tuple[Waiting, ...]
    at: float

    def next_of(self, journal: ParkingJournal) -> tuple[ParkingJournal, float]:
        """Give what the next delivery after that of *journal* knows, and when it is due.

        Raises:
            Deadlock: It never is.
        """
        due = min(_end(wait, journal.said) for wait in self.waits)
        if due == math.inf:
            paths = ", ".join(wait.path for wait in self.waits)
            raise Deadlock(f"the task waits for what nobody will say: {paths}; give signals=[...]")
        kept = ParkingJournal(journal, tuple(journal.said.values()))
        kept.waits = {wait.path: wait for wait in self.waits}
        return kept, max(due, self.at)


async def _delivered(task: Task, journal: ParkingJournal) -> Observation[Any] | _Parking:
    try:
        return await task.observed(journal)
    except Parked as parked:
        return _Parking(parked.waits, asyncio.get_running_loop().time())


def _end(waiting: Waiting, said: dict[str, Signal]) -> float:
    """Give when *waiting* is over: by its signal if that comes in time."""
    until = math.inf if waiting.until is None else waiting.until
    signal = said.get(waiting.signal or "")
    comes = math.inf if signal is None else max(signal.at, waiting.since)
    return min(comes, until)
