"""Long files straight from the cloud's store, by an address that the workspace gives.

`POST /api/2.0/fs/create-download-url?path=&expire_time=`, as the official SDK's `FilesExt` (0.156)
calls it; then `GET` without our credentials, which keeps the bytes away from the workspace.
"""

import asyncio
import logging
from collections.abc import Mapping

import attrs

from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.files.downloads import Opening, Span, opened
from dara_fp.databricks.files.upload_sessions import (
    EXPIRED_TRIES,
    Target,
    expiry,
    is_expired,
)
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.transport import Call, Reply

__all__ = ["StoreOpening", "nearest"]

_log = logging.getLogger("dara_fp.databricks")


class StoreOpening:
    """Asks the store for one file, again and again by one address until that has expired."""

    def __init__(self, calls: Calls, path: str) -> None:
        """Ask for the file at *path* of the workspace of *calls*."""
        self._calls = calls
        self._path = path
        self._target: Target | None = None
        self._renewing = asyncio.Lock()

    async def __call__(self, headers: Mapping[str, str]) -> Reply:
        """Ask with more *headers*, and give the answer to be read as a stream.

        Raises:
            DatabricksError: The workspace gives no address, or the store refused.
        """
        expired: Target | None = None
        for tries_left in reversed(range(EXPIRED_TRIES)):
            target = await self._current(expired)
            call = Call(method="GET", url=target.url, headers={**headers, **target.named})
            try:
                return await self._calls.open_elsewhere(call)
            except DatabricksError as error:
                if not (tries_left and is_expired(error)):
                    raise
                expired = target
        raise AssertionError("the last try returns or raises")

    async def _current(self, expired: Target | None) -> Target:
        """Give an address that is not *expired*; those who find it so at once share a new one."""
        async with self._renewing:
            if self._target is None or self._target is expired:
                query = {"path": self._path, "expire_time": expiry()}
                url = "/api/2.0/fs/create-download-url"
                answer = await self._calls.json("POST", url, query=query, reads=True)
                self._target = answer.secret(Target)
            return self._target


async def nearest(calls: Calls, path: str, whole: Span, otherwise: Opening) -> Opening:
    """Give the way to the file at *path*: its store where that answers, and *otherwise* if not.

    One byte of *whole* is asked for to find out: a store can be closed to this machine.
    """
    store = StoreOpening(calls, path)
    try:
        reply = await opened(store, attrs.evolve(whole, end=whole.start + 1))
        await reply.beginning(1)
    except DatabricksError as error:
        _log.debug("%s comes through the workspace, not from its store: %s", path, error)
        return otherwise
    return store
