"""A task's journal in the store."""

from collections.abc import Iterable
from typing import Any

from dara_fp.core.codec import Codec
from dara_fp.core.scope import Entry, Path
from dara_fp.core.storable import NotSerialisable
from dara_fp.store.records import StepRecord
from dara_fp.store.store import Store

__all__ = ["StoreJournal"]


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

    def find(self, path: Path) -> Entry | None:
        """Give what was recorded at *path*, or None."""
        return self._entries.get(path)

    async def record(self, path: Path, entry: Entry) -> None:
        """Keep *entry* at *path*; returns once the store has it.

        Raises:
            NotSerialisable: A changed value cannot be stored, or is too large; nothing was kept.
            Fenced: Another delivery of the task has taken over.
        """
        changes = self._codec.encode_changes(entry.changes)
        try:
            await self._store.record(
                self._task_id, self._epoch, path, changes, entry.error, entry.started_at
            )
        except ValueError as error:
            raise NotSerialisable(str(error)) from error

    async def report(self, path: Path, message: str, fraction: float | None) -> None:
        """Say how far the running step at *path* is."""
        await self._store.report(self._task_id, self._epoch, path, message, fraction)


def _entry(codec: Codec[Any], step: StepRecord) -> Entry:
    changes = codec.decode_changes(step.changes)
    return Entry(changes=changes, error=step.error, started_at=step.started_at)
