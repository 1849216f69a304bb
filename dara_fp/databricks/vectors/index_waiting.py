"""Waiting for a vector index: until it is there, and until it has what its table has."""

from collections import deque
from collections.abc import Awaitable, Callable

import attrs

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.vectors.indexes import (
    EndpointInfo,
    VectorIndex,
    VectorIndexStatus,
    path_of_endpoint,
    path_of_index,
)

__all__ = ["IndexFailed", "OnIndex", "ready_index", "sync_index", "synced_index"]

_SAID = 2_000
_SETTLED = 30.0
"""Seconds after which an index that shows no sign of an update is taken to have had nothing new."""

OnIndex = Callable[[VectorIndex], Awaitable[None]]


class IndexFailed(DatabricksError):
    """A vector index cannot become ready, or its update failed."""


async def ready_index(
    calls: Calls,
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
    looker = _Looker(calls, index_name)
    return await looked_until(_is_ready, looker.look_in_hope, polling=polling, on_look=on_look)


async def synced_index(
    calls: Calls,
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
    looker = _Looker(calls, index_name)
    # One that is under way may have read the table already: ours has to come after it.
    idle = await looked_until(_is_idle, looker.look_in_hope, polling=how, on_look=on_look)
    await looker.check_endpoint(idle)
    await sync_index(calls, index_name)
    update = _Update(before=idle.status, polling=how, asked=how.clock())
    index = await looked_until(update.is_over, looker.look, polling=how, on_look=on_look)
    if index.status.has_failed:
        raise looker.failure(index)
    return index


async def sync_index(calls: Calls, index_name: str) -> None:
    """Have *index_name* take what is new in its table; it does so later.

    Raises:
        DatabricksError: It has no table, or follows it by itself; or the workspace refused.
    """
    await calls.json("POST", f"{path_of_index(index_name)}/sync", idempotent=True)


@attrs.define
class _Looker:
    """Looks at an index, and keeps the last answer for the error that it may lead to."""

    calls: Calls
    index_name: str
    answers: deque[Answer] = attrs.field(init=False, factory=lambda: deque[Answer](maxlen=1))

    async def look(self) -> VectorIndex:
        """Look once."""
        self.answers.append(await self.calls.json("GET", path_of_index(self.index_name)))
        return self.answers[-1].decoded(VectorIndex)

    async def look_in_hope(self) -> VectorIndex:
        """Look once, and refuse to wait for an index that is not ready and will not become so."""
        index = await self.look()
        if index.status.ready:
            return index
        if index.status.has_failed:
            raise self.failure(index)
        await self.check_endpoint(index)
        return index

    async def check_endpoint(self, index: VectorIndex) -> None:
        """Refuse to wait for *index* where its endpoint is down."""
        if index.endpoint_name is None:
            return
        answer = await self.calls.json("GET", path_of_endpoint(index.endpoint_name))
        endpoint = answer.decoded(EndpointInfo)
        if endpoint.is_down:
            raise _down(index, endpoint, answer)

    def failure(self, index: VectorIndex) -> IndexFailed:
        """Give the error of *index*, whose update has failed."""
        status = index.status
        told = f": {excerpt(status.message, _SAID)}" if status.message else ""
        said = f"the update of the index {index.name} ended with {status.detailed_state}{told}"
        return _failed(said, status.detailed_state, self.answers[-1])


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


def _down(index: VectorIndex, endpoint: EndpointInfo, answer: Answer) -> IndexFailed:
    status = endpoint.endpoint_status
    told = f" ({excerpt(status.message, _SAID)})" if status.message else ""
    said = (
        f"the index {index.name} cannot get ready: its endpoint {endpoint.name} is"
        f" {status.state}{told}: start the endpoint, or put the index on one that is up"
    )
    return _failed(said, status.state, answer)


def _failed(said: str, state: str | None, answer: Answer) -> IndexFailed:
    return IndexFailed(
        StepError(
            message=said,
            status=answer.status,
            error_code=state,
            request_id=answer.request_id,
        ),
    )
