"""A task's journal in the store."""

from typing import Any

import msgspec

from dara_fp.core.codec import Codec, codec_of
from dara_fp.core.context import changes, evolved, fields_of
from dara_fp.core.errors import NotSerialisable
from dara_fp.core.scope import Entry, Parked, Path, Waiting
from dara_fp.core.undo import CANCELLED
from dara_fp.runtime.running import Run
from dara_fp.store.arguments import MAX_NAME_LENGTH
from dara_fp.store.records import StepRecord

__all__ = ["FINAL", "INSIDE", "HandedBack", "PathTooLong", "StoreJournal"]

FINAL = "context()"
"""Where the final context of a task is recorded, if its steps do not say it."""

INSIDE = ""
"""The name, which no field has, of changes to the contexts inside `for_each` and `zoom`."""


class HandedBack(Exception):
    """The worker stops: what was done stays done, and another one goes on from there."""


class PathTooLong(Exception):
    """A step stands at a path that cannot be recorded, so it was not run."""


class StoreJournal:
    """Reads what earlier deliveries of a task recorded, and records what this one does.

    Every write carries the epoch of the claim, so that a worker whose lease was lost cannot
    write over the one that took over: its next write raises `Fenced`.
    """

    def __init__(self, run: Run, codec: Codec[Any]) -> None:
        """Start from what is recorded already of the task of *run*.

        Raises:
            InvalidFields: Something recorded no longer fits the context class.
        """
        history = run.claimed.history
        self._run = run
        self._claimed = run.claimed
        self._codec = codec
        # The limits of an attempt do not count the time of the one that failed, or since then.
        since = history.task.resumed_at or 0.0
        self._entries = {step.path: _entry(codec, step, since) for step in history.steps}
        self._reported = {report.path for report in history.reports}
        self._waits = {wait.path: wait for wait in history.waits}

    def cancel(self, root: str) -> None:
        """Have the run closed: it only goes through what was done, to undo it.

        A run that ended in a failure, and was lost while that was undone, ends in that failure.

        Args:
            root: Path of the run's own verdict.
        """
        self._entries.setdefault(root, Entry(error=CANCELLED, verdict="undone"))

    def find(self, path: Path, context: type[Any]) -> Entry | None:
        """Give what was recorded at *path*, or None.

        Raises:
            InvalidFields: What was recorded inside another context no longer fits its class.
            PathTooLong: Nothing can be recorded there.
            Fenced: Another delivery of the task has taken over, so nothing new may begin.
        """
        entry = self._entries.get(path)
        if entry is None:
            self._claimed.owned()
            self._reach(path)
            return None
        inside = entry.changes.get(INSIDE)
        if not isinstance(inside, bytes):
            return entry
        return msgspec.structs.replace(entry, changes=codec_of(context).decode_changes(inside))

    def _reach(self, path: Path) -> None:
        if len(path) > MAX_NAME_LENGTH:
            raise PathTooLong(
                f"the path {path[:80]!r}... has {len(path)} characters, and a journal takes "
                f"{MAX_NAME_LENGTH}: give shorter names, or keys to `for_each`"
            )
        self._run.reached(path)

    async def record(self, path: Path, entry: Entry) -> None:
        """Keep *entry* at *path*; returns once the store has it.

        Raises:
            NotSerialisable: A changed value cannot be stored, or is too large; nothing was kept.
            Fenced: Another delivery of the task has taken over.
            HandedBack: The run was cancelled because the worker stops.
        """
        if entry.error == CANCELLED and not self._run.cancelling:
            raise HandedBack
        changed = self._encoded(entry)
        try:
            await self._claimed.record(path, changed, entry.error, entry.started_at)
        except ValueError as error:
            raise NotSerialisable(str(error)) from error
        self._entries[path] = entry
        self._run.recorded(path, entry)

    def _encoded(self, entry: Entry) -> bytes:
        if not entry.inside:
            return self._codec.encode_changes(entry.changes)
        context: Any = entry.context
        try:
            changed = codec_of(context).encode_changes(entry.changes)
        except TypeError as error:
            raise NotSerialisable(str(error)) from error
        return msgspec.json.encode({INSIDE: msgspec.Raw(changed)})

    async def settle(self, given: Any, final: Any) -> None:
        """Record *final* if the changes alone do not lead there from *given*.

        They do not where something was merged by a rule, tried in vain, or undone.
        """
        changed: dict[str, object] = {}
        for entry in self._entries.values():
            if not entry.inside and INSIDE not in entry.changes:
                changed.update(entry.changes)
        if changes(evolved(given, changed), final):
            whole = {field.name: getattr(final, field.name) for field in fields_of(final.__class__)}
            await self.record(FINAL, Entry(changes=whole))

    async def report(self, path: Path, message: str, fraction: float | None) -> None:
        """Say how far the running step at *path* is."""
        await self._claimed.report(path, message, fraction)
        self._reported.add(path)

    def reported(self, path: Path) -> bool:
        """Tell whether the step at *path* has reported anything, now or in an earlier delivery."""
        return path in self._reported

    def waiting(self, path: Path) -> Waiting | None:
        """Give the wait that an earlier delivery began at *path*, or None."""
        return self._waits.get(path)

    async def wait(self, waiting: Waiting) -> bytes | None:
        """Give the body of the signal that came in time, or None if the time is over.

        Raises:
            Parked: Neither is so: the task waits in the store, and no worker holds it.
        """
        came = self._claimed.history.signals.get(waiting.signal or "")
        until = waiting.until
        if came is not None and (until is None or came.at <= until):
            return came.body
        if until is not None and until <= self._run.clock():
            return None
        raise Parked((waiting,))


def _entry(codec: Codec[Any], step: StepRecord, since: float) -> Entry:
    fields = msgspec.json.decode(step.changes, type=dict[str, msgspec.Raw])
    inside = fields.get(INSIDE)
    return Entry(
        changes={INSIDE: bytes(inside)} if inside else codec.decode_changes(step.changes),
        error=step.error,
        started_at=max(step.started_at, since),
        finished_at=step.finished_at,
    )
