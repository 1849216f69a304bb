"""Waiting for a vector index: until it is there, and until it has what its table has."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.vectors.indexes import EndpointInfo, VectorIndex, VectorIndexStatus

__all__ = ["IndexFailed", "LooksAtIndexes", "OnIndex", "ready_index", "synced_index"]

_SAID = 2_000
_SETTLED = 30.0
"""Seconds after which an index that shows no sign of an update is taken to have had nothing new."""

OnIndex = Callable[[VectorIndex], Awaitable[None]]


class IndexFailed(DatabricksError):
    """A vector index cannot become ready, or its update failed."""


class LooksAtIndexes(Protocol):
    """What waiting needs of the client."""

    async def get_index(self, index_name: str) -> VectorIndex:
        """Look at an index."""
        ...

    async def get_endpoint(self, endpoint_name: str) -> EndpointInfo:
        """Look at an endpoint."""
        ...

    async def sync(self, index_name: str) -> None:
        """Have an index follow its table."""
        ...


async def ready_index(
    indexes: LooksAtIndexes,
    index_name: str,
    *,
    on_look: OnIndex | None = None,
    polling: Polling | None = None,
) -> VectorIndex:
    """Wait until *index_name* answers queries.

    Raises:
        IndexFailed: It will not: its first update failed, or its endpoint is not up.
        DatabricksError: There is no such index, or the workspace refused for good.
    """

    async def look() -> VectorIndex:
        index = await indexes.get_index(index_name)
        if not index.status.ready:
            await _check(indexes, index)
        return index

    return await looked_until(_is_ready, look, polling=polling, on_look=on_look)


async def synced_index(
    indexes: LooksAtIndexes,
    index_name: str,
    *,
    on_look: OnIndex | None = None,
    polling: Polling | None = None,
) -> VectorIndex:
    """Have *index_name* follow its table, and wait until it has what the table has now.

    The call that starts it answers nothing to wait for, so the end is seen in the index's state:
    an update came and went, or another version of the table was processed. Where neither is seen
    for half a minute, there was nothing new.

    Raises:
        IndexFailed: The update failed, or the endpoint is not up.
        DatabricksError: There is no such index, it follows by itself, or the workspace refused.
    """
    how = polling or Polling()

    async def look() -> VectorIndex:
        return await indexes.get_index(index_name)

    async def look_at_idle() -> VectorIndex:
        index = await look()
        if not index.status.ready:
            await _check(indexes, index)
        return index

    # One that is under way may have read the table already: ours has to come after it.
    idle = await looked_until(_is_idle, look_at_idle, polling=how, on_look=on_look)
    await _check_endpoint(indexes, idle)
    await indexes.sync(index_name)
    update = _Update(before=idle.status, polling=how, asked=how.clock())
    index = await looked_until(update.is_over, look, polling=how, on_look=on_look)
    if index.status.has_failed:
        raise _failed(index)
    return index


@attrs.define(kw_only=True)
class _Update:
    """What is known of an update that was asked for at *asked*, when the status was *before*."""

    before: VectorIndexStatus
    polling: Polling
    asked: float
    was_seen: bool = False

    def is_over(self, index: VectorIndex) -> bool:
        """Tell whether the update has ended, well or not."""
        status = index.status
        if status.is_updating:
            self.was_seen = True
            return False
        # A failure that was there before says nothing of this update.
        moved = attrs.evolve(status, message="") != attrs.evolve(self.before, message="")
        return self.was_seen or moved or self.polling.clock() - self.asked >= _SETTLED


def _is_ready(index: VectorIndex) -> bool:
    return index.status.ready


def _is_idle(index: VectorIndex) -> bool:
    return index.status.ready and not index.status.is_updating


async def _check(indexes: LooksAtIndexes, index: VectorIndex) -> None:
    """Refuse to wait for *index*, which is not ready, where it will not become so."""
    if index.status.has_failed:
        raise _failed(index)
    await _check_endpoint(indexes, index)


async def _check_endpoint(indexes: LooksAtIndexes, index: VectorIndex) -> None:
    if index.endpoint_name is None:
        return
    endpoint = await indexes.get_endpoint(index.endpoint_name)
    if not endpoint.is_down:
        return
    status = endpoint.endpoint_status
    told = f" ({excerpt(status.message, _SAID)})" if status.message else ""
    said = (
        f"the index {index.name} cannot get ready: its endpoint {endpoint.name} is"
        f" {status.state}{told}: start the endpoint, or put the index on one that is up"
    )
    raise IndexFailed(StepError(message=said, error_code=status.state))


def _failed(index: VectorIndex) -> IndexFailed:
    status = index.status
    told = f": {excerpt(status.message, _SAID)}" if status.message else ""
    said = f"the update of the index {index.name} ended with {status.detailed_state}{told}"
    return IndexFailed(
        StepError(kind=Kind.FAILED, message=said, error_code=status.detailed_state),
    )
