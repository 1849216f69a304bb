"""Uploads in parts: the sizes, what the workspace and the stores answer, and giving one up.

The calls are those of the official SDK's `FilesExt` (0.156): initiate, an address for each part,
the parts straight to the cloud's store without our credentials, complete; or abort. At Google,
where the store takes one stream in pieces, there is one address for all.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import attrs
import msgspec

from dara_fp.databricks.errors import Cancelled, DatabricksError
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.chunks import Progress
from dara_fp.databricks.http.lost_answers import is_stored_already
from dara_fp.databricks.http.transport import Call

__all__ = [
    "EXPIRED_TRIES",
    "Dropping",
    "PartsRefused",
    "Sending",
    "Session",
    "Target",
    "UploadSizes",
    "abort_target",
    "dropped",
    "expiry",
    "initiated",
    "is_expired",
    "is_switched_off",
]

T = TypeVar("T")
EXPIRED_TRIES = 4  # the first, and three with a new address
_log = logging.getLogger("dara_fp.databricks")
_MIB = 1024 * 1024
_ABORT_SECONDS = 10.0
_OFF = {"FILES_API_API_IS_NOT_ENABLED", "FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN"}
_EXPIRED = {
    ("AuthenticationFailed", "Signature not valid in the specified time frame"),  # Azure
    ("AccessDenied", "Request has expired"),  # AWS
}


@attrs.frozen(kw_only=True)
class UploadSizes:
    """Where one way to upload ends and the next begins, in bytes.

    Attributes:
        small: Longest file sent in one PUT although parts are possible.
        one_put: Longest file sent in one PUT where parts are not possible.
        part: Length of the first parts.
        late_part: Length of the parts after the first thousand.
        parts: Most parts a file can have.
        window: Bytes of parts in memory at a time; one part, where that is longer.
    """

    small: int = 32 * _MIB
    one_put: int = 5 * 1024 * _MIB
    part: int = 8 * _MIB
    late_part: int = 16 * _MIB
    parts: int = 10_000
    window: int = 24 * _MIB

    def of_part(self, number: int, length: int | None) -> int:
        """Give the length of part *number*, from 1, of a file of *length* bytes, if it is known.

        Where it has to be more than the usual, it is whole MiB: Google's store takes pieces of
        multiples of 256 KiB only (its page on resumable uploads), but for the last one.

        >>> sizes = UploadSizes()
        >>> sizes.of_part(2_000, None) // _MIB, sizes.of_part(2_000, 10**9) // _MIB
        (16, 8)
        >>> sizes.of_part(1, 10**12) / _MIB, sizes.of_part(1, 10**12) * sizes.parts >= 10**12
        (96.0, True)
        """
        if length is None:
            return self.part if number <= self.parts // 10 else self.late_part
        needed = -(-length // self.parts)
        return self.part if needed <= self.part else -(-needed // _MIB) * _MIB

    def width(self, part: int) -> int:
        """Tell how many parts of *part* bytes are in memory at a time."""
        return max(1, self.window // part)


@attrs.frozen(kw_only=True)
class Sending:
    """One upload, as all ways of sending it need to know it.

    Attributes:
        calls: The way to the workspace and the store.
        path: The file's path.
        url: The same, as the path of a request.
        sizes: Which upload goes which way, and the lengths of parts.
        length: Length of the whole in bytes, if it is known.
        overwrite: Whether a file that is there is replaced; None leaves it to the workspace.
        progress: Hears of what has arrived.
        began: When it began, by the clock of *calls*.
    """

    calls: Calls
    path: str
    url: str
    sizes: UploadSizes
    length: int | None
    overwrite: bool | None
    progress: Progress | None
    began: float

    async def arrived(self, done: int) -> None:
        """Tell that *done* bytes have arrived."""
        if self.progress is not None:
            await self.progress(done, self.length)

    async def is_stored(self, length: int, error: DatabricksError) -> bool:
        """Tell whether a try before *error* stored the file, of *length* bytes."""
        return await is_stored_already(
            self.calls, self.url, length=length, began=self.began, error=error
        )


@attrs.frozen(kw_only=True)
class Session:
    """An upload that was begun; *resumable* is the way of Google's store."""

    token: str = attrs.field(repr=False)
    resumable: bool


class PartsRefused(Exception):
    """Nothing can go in parts here, and nothing has; *error* tells why."""

    def __init__(self, error: DatabricksError) -> None:
        """Tell that *error* was the answer."""
        super().__init__(str(error))
        self.error = error


class Header(msgspec.Struct):
    """A header that a store wants."""

    name: str
    value: str


class Target(msgspec.Struct):
    """An address at a store, with the headers it wants."""

    url: str
    headers: list[Header] = []

    def __repr__(self) -> str:  # the address is a secret
        return "Target(...)"

    @property
    def named(self) -> dict[str, str]:
        """Give the headers by name."""
        return {header.name: header.value for header in self.headers}


class _Token(msgspec.Struct):
    session_token: str


class _Initiated(msgspec.Struct):
    multipart_upload: _Token | None = None
    resumable_upload: _Token | None = None


class _AbortTarget(msgspec.Struct):
    abort_upload_url: Target


async def initiated(sending: Sending) -> Session:
    """Begin the upload *sending*, in the way that the workspace names.

    Raises:
        PartsRefused: It names none, or has them switched off.
        DatabricksError: The workspace refused otherwise.
    """
    query = {"action": "initiate-upload", "overwrite": sending.overwrite}
    try:
        answer = await sending.calls.json("POST", sending.url, query=query, idempotent=True)
    except DatabricksError as error:
        if is_switched_off(error):
            raise PartsRefused(error) from error
        raise
    begun = answer.secret(_Initiated)
    if begun.multipart_upload is not None:
        return Session(token=begun.multipart_upload.session_token, resumable=False)
    if begun.resumable_upload is not None:
        return Session(token=begun.resumable_upload.session_token, resumable=True)
    raise PartsRefused(answer.unexpected("offers no upload in parts"))


async def abort_target(sending: Sending, session: Session) -> Target:
    """Give where the parts that *sending* stored in *session* are dropped.

    Raises:
        DatabricksError: The workspace refused.
    """
    body = {"path": sending.path, "session_token": session.token, "expire_time": expiry()}
    url = "/api/2.0/fs/create-abort-upload-url"
    answer = await sending.calls.json(
        "POST", url, body=body, idempotent=True, secrets=(session.token,)
    )
    return answer.secret(_AbortTarget).abort_upload_url


async def dropped(calls: Calls, target: Target) -> None:
    """Have the store drop what it has at *target*.

    Raises:
        DatabricksError: It refused.
    """
    call = Call(method="DELETE", url=target.url, headers=target.named)
    # 499 is how Google's store says that it did.
    with suppress(Cancelled):
        await calls.elsewhere(call)


def is_switched_off(error: DatabricksError) -> bool:
    """Tell whether *error* says that the workspace gives no addresses of stores."""
    return not _OFF.isdisjoint(error.reasons)


def is_expired(error: DatabricksError) -> bool:
    """Tell whether *error* says that the time of an address is over."""
    return error.status == HTTPStatus.FORBIDDEN and any(
        error.error_code == code and wording in error.message for code, wording in _EXPIRED
    )


def expiry() -> str:
    """Give the time until which an address is wanted: an hour from now."""
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Dropping:
    """Drops uploads that nobody completes: their parts are kept otherwise, and paid for."""

    def __init__(self) -> None:
        """Have nothing to drop yet."""
        self._running: set[asyncio.Task[None]] = set()

    async def drop(self, work: Coroutine[Any, Any, None], path: str) -> None:
        """Do the *work* of dropping the upload of *path*, for some seconds at most.

        It goes on when its caller is cancelled; what goes wrong with it is told, not raised, since
        the caller wants to know why the upload itself failed.
        """
        dropping = asyncio.create_task(_told(work, path))
        self._running.add(dropping)
        dropping.add_done_callback(self._running.discard)
        await asyncio.wait([dropping], timeout=_ABORT_SECONDS)
        dropping.cancel()


async def _told(work: Coroutine[Any, Any, None], path: str) -> None:
    try:
        await work
    except DatabricksError as error:
        _log.warning("the parts of %s could not be given up: %s", path, error)
