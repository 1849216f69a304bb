"""Where a step stands in its task, and what is written down as it goes."""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from typing import Any, Literal, Protocol, TypeAlias

import attrs
import msgspec

from dara_fp.core.errors import StepError

__all__ = [
    "Entry",
    "Journal",
    "MemoryJournal",
    "Path",
    "Position",
    "Scope",
    "Verdict",
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


class _Done:
    """Awaited, it is done; a coroutine for each entry would cost more than the entry."""

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value] # an empty iterator awaits nothing


_DONE = _Done()


class MemoryJournal:
    """A journal in this process, for tests and notebooks.

    Attributes:
        entries: What was recorded, by path, in order.
        reports: What running steps said: (path, message, fraction).
    """

    def __init__(self, entries: Mapping[Path, Entry] | None = None) -> None:
        """Start from *entries* of an earlier run."""
        self.entries: dict[Path, Entry] = dict(entries or {})
        self.reports: list[tuple[Path, str, float | None]] = []

    def resumed(self) -> "MemoryJournal":
        """Give a journal to go on from: what succeeded is kept, what failed is tried again.

        After a failure whose effects were undone there is nothing to go on from: it is empty.
        """
        if any(entry.verdict == "undone" for entry in self.entries.values()):
            return MemoryJournal()
        return MemoryJournal({p: e for p, e in self.entries.items() if not e.error or e.verdict})

    def find(self, path: Path, context: type[Any]) -> Entry | None:  # noqa: ARG002 - by protocol
        """Give what was recorded at *path*, or None."""
        return self.entries.get(path)

    def record(self, path: Path, entry: Entry) -> Awaitable[None]:
        """Keep *entry* at *path*, at once: there is nothing to wait for."""
        self.entries[path] = entry
        return _DONE

    async def report(self, path: Path, message: str, fraction: float | None) -> None:
        """Keep what the step at *path* said."""
        self.reports.append((path, message, fraction))


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The task a pipeline runs in.

    Attributes:
        task_id: Names the task; drawn at random for a pipeline run by hand.
        attempt: Counts the deliberate runs of the task from 1. A redelivery after a crash is not
            a new attempt.
        journal: Where steps are recorded, or None to record nothing.
        clock: Gives the time in epoch seconds; a test may give another.
    """

    task_id: str = msgspec.field(default_factory=lambda: f"{random.getrandbits(128):032x}")
    attempt: int = 1
    journal: Journal | None = None
    clock: Callable[[], float] = time.time


@attrs.frozen(kw_only=True)
class Position:
    """Where a running step stands: the third argument of a step that asks for it.

    Attributes:
        path: The step's path.
        scope: The task it runs in.
    """

    path: Path
    scope: Scope

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
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError(f"fraction is {fraction}: give a number between 0 and 1, or None")
        if self.scope.journal is not None:
            await self.scope.journal.report(self.path, message, fraction)


def repeated(paths: Iterable[Path]) -> str:
    """Name those of *paths* that occur more than once, or give an empty text."""
    return ", ".join(repr(path) for path, count in Counter(paths).items() if count > 1)
