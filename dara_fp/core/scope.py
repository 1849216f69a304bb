"""Where a step stands in its task, and what is written down as it goes."""

import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol, TypeAlias

import attrs
import msgspec

from dara_fp.core.errors import StepError

__all__ = [
    "Entry",
    "Journal",
    "Parked",
    "Path",
    "Position",
    "Scope",
    "Verdict",
    "Waiting",
    "repeated",
]

Path: TypeAlias = str
"""The `/`-joined names that lead to a step; unique in a workflow."""

Verdict: TypeAlias = Literal["caught", "undone"]
"""What became of a failure: something else was tried, or what had been done was undone."""


class Entry(msgspec.Struct, frozen=True):
    """What a journal holds of one finished step, or of a failure that was dealt with.

    Attributes:
        changes: The fields the step changed, by name; empty for a failure.
        error: Why it failed, or None.
        started_at: When it was started, in epoch seconds.
        finished_at: When it ended, in epoch seconds.
        context: The class whose fields changed.
        inside: Whether that was an item of `for_each` or a part of `zoom`.
        verdict: What became of *error*, or None for a step's own entry. It is recorded before
            anything is undone or tried instead, so that a crash cannot change it.
    """

    changes: Mapping[str, object] = {}
    error: StepError | None = None
    started_at: float = 0.0
    finished_at: float = 0.0
    context: type[Any] | None = None
    inside: bool = False
    verdict: Verdict | None = None


class Waiting(msgspec.Struct, frozen=True):
    """What a task waits for.

    Attributes:
        path: Where.
        signal: The name of the signal, or None where only time has to pass.
        since: When the wait began, in epoch seconds.
        until: When it is over without a signal, in epoch seconds, or None for never.
    """

    path: Path
    signal: str | None
    since: float
    until: float | None


class Parked(BaseException):
    """A run ends here, to go on once what it waits for has come; nothing is undone.

    It is no `Exception`, since no step may catch it.

    Attributes:
        waits: What it waits for; it goes on when the first of them is over.
    """

    def __init__(self, waits: Sequence[Waiting]) -> None:
        """Keep *waits*."""
        super().__init__(", ".join(wait.path for wait in waits))
        self.waits = tuple(waits)


class Journal(Protocol):
    """The record of a task: what its steps changed, by path.

    A step that is found is not run again. `record` returns once the entry is safe; one that was
    cancelled may or may not have kept it. What a journal raises ends the run at once, without
    undoing anything: the run goes on elsewhere.
    """

    def find(self, path: Path, context: type[Any]) -> Entry | None:
        """Give what was recorded at *path*, whose changes are fields of *context*, or None.

        That includes what this very run recorded.
        """
        ...

    def record(self, path: Path, entry: Entry) -> Awaitable[None]:
        """Keep *entry* at *path*.

        Raises:
            NotSerialisable: A changed value cannot be stored; nothing was kept.
        """
        ...

    def report(self, path: Path, message: str, fraction: float | None) -> Awaitable[None]:
        """Say how far the running step at *path* is."""
        ...

    def reported(self, path: Path) -> bool:
        """Tell whether the step at *path* has reported anything, now or in an earlier delivery."""
        ...

    def waiting(self, path: Path) -> Waiting | None:
        """Give the wait that an earlier delivery of the task began at *path*, or None."""
        ...

    def wait(self, waiting: Waiting) -> Awaitable[bytes | None]:
        """Give the body of the signal that *waiting* is for, as JSON, or None once it is over.

        A signal that came in time counts, however late it is asked for.

        Raises:
            Parked: Not now; the run ends here, and the task is delivered again when it is time.
        """
        ...


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The task a pipeline runs in.

    Attributes:
        task_id: Names the task; drawn at random for a pipeline run by hand.
        attempt: Counts the deliberate runs of the task from 1. A redelivery after a crash is not
            a new attempt.
        journal: Where steps are recorded, or None to record nothing.
        clock: Gives the time in epoch seconds; a test may give another.
        cancelling: Tells whether what is cut now is cut for good. It is not where only a worker
            stops, and the task goes on elsewhere.
    """

    task_id: str = msgspec.field(default_factory=lambda: f"{random.getrandbits(128):032x}")
    attempt: int = 1
    journal: Journal | None = None
    clock: Callable[[], float] = time.time
    cancelling: Callable[[], bool] = lambda: True


@attrs.frozen(kw_only=True)
class Position:
    """Where a running step stands: the third argument of a step that asks for it.

    Attributes:
        path: The step's path.
        scope: The task it runs in.
        loop: The event loop it runs for, where that is another thread's.
    """

    path: Path
    scope: Scope
    loop: asyncio.AbstractEventLoop | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def attempt(self) -> int:
        """The attempt of the task, counted from 1."""
        return self.scope.attempt

    @property
    def token(self) -> str:
        """64 hex characters, the same for the same task, path and attempt.

        Made for Databricks' `idempotency_token` (64 characters at most).

        >>> len(Position(path="run_job", scope=Scope(task_id="t")).token)
        64
        """
        key = f"{self.scope.task_id}\n{self.path}\n{self.scope.attempt}"
        return hashlib.sha256(key.encode()).hexdigest()

    async def report(self, message: str, fraction: float | None = None) -> None:
        """Say how far the step is, for whoever watches the task.

        Args:
            message: One short line, such as the state of a Databricks run.
            fraction: Between 0 and 1, or None where nobody knows.

        Raises:
            ValueError: *fraction* is not between 0 and 1.
        """
        _check_fraction(fraction)
        if self.scope.journal is not None:
            await self.scope.journal.report(self.path, message, fraction)

    def beside(self, step: str) -> "Position":
        """Give the position of another *step* of the same pipeline, such as the one to clean up.

        >>> Position(path="2/cancel_run", scope=Scope()).beside("submit_run").path
        '2/submit_run'
        """
        above, slash, _ = self.path.rpartition("/")
        return attrs.evolve(self, path=above + slash + step)

    @property
    def reported(self) -> bool:
        """Whether the step has reported anything: then it has begun, though it may not have ended.

        A step that has an effect elsewhere reports before it, so that one which cleans up after it
        knows whether there can be anything to clean up. Without a journal nobody knows, and it is
        False.
        """
        journal = self.scope.journal
        return journal is not None and journal.reported(self.path)

    def report_soon(self, message: str, fraction: float | None = None) -> None:
        """Say the same from a plain step, which cannot await; it may be called in any thread.

        Nobody waits until it has arrived, and nobody is told if it does not.

        Args:
            message: One short line.
            fraction: Between 0 and 1, or None where nobody knows.

        Raises:
            ValueError: *fraction* is not between 0 and 1.
        """
        _check_fraction(fraction)
        loop = self.loop or asyncio.get_running_loop()
        with suppress(RuntimeError):  # the loop has ended, and what is left of the step with it
            loop.call_soon_threadsafe(self._report_in_loop, message, fraction)

    def _report_in_loop(self, message: str, fraction: float | None) -> None:
        task = asyncio.ensure_future(self.report(message, fraction))
        _REPORTS.add(task)
        task.add_done_callback(_reported)


_REPORTS: set["asyncio.Task[None]"] = set()
"""What is being reported: a loop keeps no task alive by itself."""


def _reported(task: "asyncio.Task[None]") -> None:
    _REPORTS.discard(task)
    if not task.cancelled():
        task.exception()  # or asyncio would complain that nobody looked at it


def _check_fraction(fraction: float | None) -> None:
    if fraction is not None and not 0 <= fraction <= 1:
        raise ValueError(f"fraction is {fraction}: give a number between 0 and 1, or None")


def repeated(paths: Iterable[Path]) -> str:
    """Name those of *paths* that occur more than once, or give an empty text."""
    return ", ".join(repr(path) for path, count in Counter(paths).items() if count > 1)
