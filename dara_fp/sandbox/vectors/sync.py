"""Indexes that follow Delta tables by their change data feed, when asked or by themselves."""

import asyncio
import logging
from datetime import UTC, datetime

import attrs
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from dara_fp.sandbox.server.errors import ApiError, invalid
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.serving.embedding import Embedder
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.vectors.index_specs import Source
from dara_fp.sandbox.vectors.indexes import Index, Indexes, Progress, Sync
from dara_fp.sandbox.vectors.synced_specs import News, news_of

__all__ = ["Syncs"]

logger = logging.getLogger("dara_fp.sandbox")

LOOK_SECONDS = 0.5
"""How often the table of a continuous index is looked at."""

LEAST_SECONDS = 0.25
"""What a triggered update takes at least: a pipeline has to start, and clients see it run."""

FAILED_SECONDS = 5.0
"""How long a continuous index rests after an update that failed."""

BATCH = 200


@attrs.frozen(kw_only=True)
class Syncs:
    """The updates of *indexes* from the tables of *lake*, one at a time an index."""

    indexes: Indexes
    lake: Lake
    embedder: Embedder
    _running: dict[int, "asyncio.Task[None]"] = attrs.field(
        factory=dict[int, "asyncio.Task[None]"], init=False
    )

    def start(self, index: Index) -> None:
        """Have *index* take what is new; where an update is under way, another one follows."""
        if index.sync is not None:
            index.sync.ask()
            self._run(index)

    def wake(self) -> None:
        """Go on with what was under way when the sandbox stopped, and follow by itself what does.

        The routes of indexes call this: before the first of them nobody can see a difference.
        """
        for index in self.indexes.following():
            if index.is_continuous or (index.sync is not None and index.sync.progress.pending):
                self._run(index)

    async def close(self) -> None:
        """Stop all updates; they go on when the sandbox is back."""
        running = [*self._running.values()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _run(self, index: Index) -> None:
        # Not by name: an index that was deleted may still be at work when another one has its name.
        key = id(index)
        if index.sync is not None and key not in self._running:
            task = asyncio.create_task(self._follow(index, index.sync))
            self._running[key] = task
            task.add_done_callback(lambda _task: self._running.pop(key, None))

    async def _follow(self, index: Index, sync: Sync) -> None:
        while self.indexes.has(index):
            if sync.progress.pending:
                await self._update(index, sync)
            elif not index.is_continuous:
                return
            else:
                await asyncio.sleep(FAILED_SECONDS if sync.progress.error else LOOK_SECONDS)
                if await asyncio.to_thread(self._has_news, index, sync.progress):
                    sync.ask()

    def _has_news(self, index: Index, known: Progress) -> bool:
        if known.error:
            return True
        try:
            table = self.lake.tables.open(index.table)
        except Exception:  # noqa: BLE001 - the update meets it as well, and tells why
            return True
        return (str(table.metadata().id), table.version()) != (known.table_id, known.version)

    async def _update(self, index: Index, sync: Sync) -> None:
        """Take what is new in the table; the index's status tells of a failure."""
        begun, before = sync.begin(), sync.progress
        try:
            if before.version >= 0 and not index.is_continuous:
                await asyncio.sleep(LEAST_SECONDS)
            done = await self._taken(index, before)
        except (ApiError, OSError, ValueError) as error:
            logger.warning("the update of %s failed: %s", index.spec.name, error)
            done = replace(before, error=str(error) or type(error).__name__)
        except Exception as error:
            # An index that follows a table ends with the sandbox, and not by a fault of ours.
            logger.exception("the update of %s: a fault of the sandbox", index.spec.name)
            done = replace(before, error=f"The sandbox failed: {type(error).__name__}: {error}")
        sync.end(begun, done)

    async def _taken(self, index: Index, before: Progress) -> Progress:
        news = await asyncio.to_thread(self._news, index, before)
        await asyncio.to_thread(index.rows.delete, news.gone)
        for start in range(0, len(news.rows), BATCH):
            rows = news.rows[start : start + BATCH]
            vectors = await self._vectors(index, rows)
            kept = [_without(row, index.spec.vector) for row in rows]
            await asyncio.to_thread(index.rows.upsert, kept, vectors)
        return Progress(
            table_id=news.table_id,
            version=news.version,
            timestamp=datetime.now(UTC).isoformat(timespec="milliseconds"),
            left_out=news.left_out,
        )

    def _news(self, index: Index, before: Progress) -> News:
        # Late, as the tables themselves: who has no table does without the library.
        from deltalake.exceptions import DeltaError  # noqa: PLC0415 - see above

        tables = self.lake.tables
        try:
            table = tables.open(index.table)
            table_id = str(table.metadata().id)
            # Another table may have come under the same name: then everything is new.
            same = table_id == before.table_id and table.version() >= before.version
            changes = tables.changes(index.table, before.version if same else -1)
        except DeltaError as error:
            raise invalid(f"The source table {index.table} cannot be read: {error}") from None
        stale = [] if same else index.rows.keys()
        return news_of(index.spec, changes, table_id, stale)

    async def _vectors(self, index: Index, rows: list[Json]) -> NDArray[np.float32]:
        spec = index.spec
        if not spec.embeds or spec.source is None:
            return np.asarray([row[spec.vector] for row in rows], dtype=np.float32)
        known = [_embedded(index, row, spec.source) for row in rows]
        wanted = [place for place, vector in enumerate(known) if vector is None]
        made = await self.embedder.embed([str(rows[at][spec.source.name]) for at in wanted])
        vectors = np.zeros((len(rows), spec.dimension), dtype=np.float32)
        for place, vector in enumerate(known):
            vectors[place] = 0 if vector is None else vector
        vectors[wanted] = made
        return vectors


def _embedded(index: Index, row: Json, source: Source) -> NDArray[np.float32] | None:
    """Give the vector that the text of *row* has already, if it is the same text."""
    known = index.rows.known(row[index.spec.primary_key])
    if known is None or known[0].get(source.name) != row[source.name]:
        return None
    return known[1]


def _without(row: Json, vector: str) -> Json:
    return {name: value for name, value in row.items() if name != vector}
