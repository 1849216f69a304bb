"""A task's journal in the store."""

from collections.abc import Iterable
from typing import Any

import msgspec

from dara_fp.core.codec import Codec, codec_of
from dara_fp.core.context import changes, evolved, fields_of
from dara_fp.core.errors import NotSerialisable
from dara_fp.core.scope import Entry, Path
from dara_fp.core.undo import CANCELLED
from dara_fp.store.records import StepRecord
from dara_fp.store.store import Store

__all__ = ["FINAL", "INSIDE", "HandedBack", "StoreJournal"]

FINAL = "context()"
"""Where the final context of a task is recorded, if its steps do not say it."""

INSIDE = ""
"""The name, which no field has, of changes to the contexts inside `for_each` and `zoom`."""


class HandedBack(Exception):
    """The worker stops: what was done stays done, and another one goes on from there."""


class StoreJournal:
    """Reads what earlier deliveries of a task recorded, and records what this one does.

    Every write carries the *epoch* of the claim, so that a worker whose lease was lost cannot
    write over the one that took over: its next write raises `Fenced`.
    """

    def __init__(
        self,
        store: Store,
        codec: Codec[Any],
        task_id: str,
        epoch: int,
        recorded: Iterable[StepRecord],
    ) -> None:
        """Start from what is *recorded* already.

        Raises:
            InvalidFields: Something recorded no longer fits the context class.
        """
        self._store = store
        self._codec = codec
        self._task_id = task_id
        self._epoch = epoch
        self._entries = {step.path: _entry(codec, step) for step in recorded}

    def find(self, path: Path, context: type[Any]) -> Entry | None:
        """Give what was recorded at *path*, or None.

        Raises:
            InvalidFields: What was recorded inside another context no longer fits its class.
        """
        entry = self._entries.get(path)
        inside = entry.changes.get(INSIDE) if entry else None
        if entry is None or not isinstance(inside, bytes):
            return entry
        changes = codec_of(context).decode_changes(inside)
        return msgspec.structs.replace(entry, changes=changes)

    async def record(self, path: Path, entry: Entry) -> None:
        """Keep *entry* at *path*; returns once the store has it.

        Raises:
            NotSerialisable: A changed value cannot be stored, or is too large; nothing was kept.
            Fenced: Another delivery of the task has taken over.
            HandedBack: The run was cancelled, which only a worker that stops does.
        """
        if entry.error == CANCELLED:
            raise HandedBack
        changes = self._encoded(entry)
        try:
            await self._store.record(
                self._task_id, self._epoch, path, changes, entry.error, entry.started_at
            )
        except ValueError as error:
            raise NotSerialisable(str(error)) from error
        self._entries[path] = entry

    def _encoded(self, entry: Entry) -> bytes:
        if not entry.inside:
            return self._codec.encode_changes(entry.changes)
        context: Any = entry.context
        try:
            changes = codec_of(context).encode_changes(entry.changes)
        except TypeError as error:
            raise NotSerialisable(str(error)) from error
        return msgspec.json.encode({INSIDE: msgspec.Raw(changes)})

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
        await self._store.report(self._task_id, self._epoch, path, message, fraction)


def _entry(codec: Codec[Any], step: StepRecord) -> Entry:
    fields = msgspec.json.decode(step.changes, type=dict[str, msgspec.Raw])
    inside = fields.get(INSIDE)
    return Entry(
        changes={INSIDE: bytes(inside)} if inside else codec.decode_changes(step.changes),
        error=step.error,
        started_at=step.started_at,
        finished_at=step.finished_at,
    )
