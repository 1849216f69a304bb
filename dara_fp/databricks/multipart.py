"""Uploads of unknown or great length: in parts, by presigned URLs, with flat memory.

The calls are those of the official SDK's `FilesExt` (0.156): initiate, a URL for each part, the
parts straight to the cloud's store without our credentials, complete; or abort.
"""

import asyncio
import logging
from collections.abc import AsyncIterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NoReturn

import attrs
import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.body import Body
from dara_fp.databricks.calls import Calls
from dara_fp.databricks.errors import (
    BadRequest,
    DatabricksError,
    NotFound,
    ResourceConflict,
    UnexpectedAnswer,
)
from dara_fp.databricks.lost_answers import is_stored_already
from dara_fp.databricks.transport import Call

__all__ = ["Chunks", "MultipartUpload", "UploadSizes"]

_log = logging.getLogger("dara_fp.databricks")
_MIB = 1024 * 1024
_EXPIRED_TRIES = 4  # the first, and three with a new URL
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
        one_put: Longest file sent in one PUT.
        part: Length of the first parts; shorter files of unknown length go in one PUT.
        late_part: Length of the parts after the first thousand.
        parts: Most parts a file can have.
    """

    one_put: int = 5 * 1024 * _MIB
    part: int = 8 * _MIB
    late_part: int = 16 * _MIB
    parts: int = 10_000

    def of_part(self, number: int) -> int:
        """Give the length of part *number*, from 1."""
        return self.part if number <= self.parts // 10 else self.late_part


class Chunks:
    """Chunks of any size, taken in pieces of a wanted size."""

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        """Take from *chunks*."""
        self._chunks = aiter(chunks)
        self._rest = b""

    async def take(self, size: int) -> bytes:
        """Give the next *size* bytes; fewer, down to none, at the end."""
        held, total = [self._rest], len(self._rest)
        while total < size and (chunk := await anext(self._chunks, None)) is not None:
            held.append(chunk)
            total += len(chunk)
        over = max(0, total - size)
        self._rest = held[-1][len(held[-1]) - over :]
        held[-1] = held[-1][: len(held[-1]) - over]
        return b"".join(held)


class _Session(msgspec.Struct):
    session_token: str


class _Initiated(msgspec.Struct):
    multipart_upload: _Session | None = None


class _Header(msgspec.Struct):
    name: str
    value: str


class _Url(msgspec.Struct):
    url: str
    headers: list[_Header] = []


class _PartUrls(msgspec.Struct):
    upload_part_urls: list[_Url]


class _AbortUrl(msgspec.Struct):
    abort_upload_url: _Url


class MultipartUpload:
    """One upload in parts; at most one part is being sent while the next is being filled."""

    def __init__(self, calls: Calls, path: str, quoted: str, sizes: UploadSizes) -> None:
        """Upload to *path*, which is *quoted* in URLs, in parts of *sizes*."""
        self._calls = calls
        self._path = path
        self._url = f"/api/2.0/fs/files{quoted}"
        self._sizes = sizes
        self._aborting: set[asyncio.Task[None]] = set()

    async def run(self, first: bytes, rest: Chunks, *, overwrite: bool | None) -> int:
        """Send *first* and all of the *rest*; give the bytes sent.

        Raises:
            DatabricksError: The workspace or the store refused; what was sent is given up.
        """
        token = await self._initiate(overwrite=overwrite)
        finished = False
        try:
            total = await self._send_all(token, first, rest)
            finished = True
        finally:
            # In a cancellation too: parts that no one completes are kept, and paid for.
            if not finished:
                await self._give_up(token)
        return total

    async def _initiate(self, *, overwrite: bool | None) -> str:
        query = {"action": "initiate-upload", "overwrite": overwrite}
        try:
            answer = await self._calls.json("POST", self._url, query=query, idempotent=True)
        except DatabricksError as error:
            _explain(error)
        started = answer.decoded(_Initiated).multipart_upload
        if started is None:
            raise UnexpectedAnswer(
                StepError(message=f"POST {self._url}: offers no upload in parts: {_SAY_LENGTH}"),
            )
        return started.session_token

    async def _send_all(self, token: str, first: bytes, rest: Chunks) -> int:
        etags: list[dict[str, object]] = []
        total, part = 0, first
        while part:
            number = len(etags) + 1
            self._check(number)
            sending = asyncio.create_task(self._send(token, number, part))
            try:
                following = await rest.take(self._sizes.of_part(number + 1))
                etag = await sending
            finally:
                await _settled(sending)
            etags.append({"part_number": number, "etag": etag})
            total, part = total + len(part), following
        await self._complete(token, etags, total)
        return total

    def _check(self, number: int) -> None:
        if number > self._sizes.parts:
            raise BadRequest(
                StepError(
                    kind=Kind.REJECTED,
                    message=f"{self._path}: longer than {self._sizes.parts:,} parts can hold:"
                    " upload it as several files",
                ),
            )

    async def _send(self, token: str, number: int, part: bytes) -> str:
        for tries_left in reversed(range(_EXPIRED_TRIES)):
            target = await self._part_url(token, number)
            headers = {"Content-Type": "application/octet-stream", **_named(target)}
            call = Call(method="PUT", url=target.url, headers=headers, body=Body(part))
            try:
                return (await self._calls.elsewhere(call)).headers.get("etag", "")
            except DatabricksError as error:
                if not (tries_left and _is_expired(error)):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _part_url(self, token: str, number: int) -> _Url:
        body = {
            "path": self._path,
            "session_token": token,
            "start_part_number": number,
            "count": 1,
            "expire_time": _in_an_hour(),
        }
        path = "/api/2.0/fs/create-upload-part-urls"
        try:
            answer = await self._calls.json("POST", path, body=body, idempotent=True)
        except DatabricksError as error:
            _explain(error)
        if not (urls := answer.decoded(_PartUrls).upload_part_urls):
            raise UnexpectedAnswer(StepError(message=f"POST {path}: no URL for part {number}"))
        return urls[0]

    async def _complete(self, token: str, etags: list[dict[str, object]], total: int) -> None:
        query = {"action": "complete-upload", "upload_type": "multipart", "session_token": token}
        body = {"parts": etags}
        try:
            await self._calls.json("POST", self._url, query=query, body=body, idempotent=True)
        except (NotFound, ResourceConflict) as error:
            # A session that has been completed is no more.
            if not await is_stored_already(self._calls, self._url, total, error):
                raise

    async def _give_up(self, token: str) -> None:
        aborting = asyncio.create_task(self._abort(token))
        self._aborting.add(aborting)
        aborting.add_done_callback(self._aborting.discard)
        await asyncio.wait([aborting], timeout=_ABORT_SECONDS)
        aborting.cancel()

    async def _abort(self, token: str) -> None:
        body = {"path": self._path, "session_token": token, "expire_time": _in_an_hour()}
        path = "/api/2.0/fs/create-abort-upload-url"
        try:
            answer = await self._calls.json("POST", path, body=body, idempotent=True)
            target = answer.decoded(_AbortUrl).abort_upload_url
            call = Call(method="DELETE", url=target.url, headers=_named(target))
            await self._calls.elsewhere(call)
        except DatabricksError as error:
            # Told, not raised: the caller wants to know why the upload itself failed.
            _log.warning("the parts of %s could not be given up: %s", self._path, error)


_SAY_LENGTH = (
    "a stream of unknown length, as a file in a form is, can go up here only while it is shorter"
    f" than {UploadSizes().part // _MIB} MiB. Whoever calls: give its length in bytes, and up to"
    " 5 GiB it goes in one piece. Whoever operates: have presigned URLs for files turned on in the"
    " workspace, or put long files into the volume by another way"
)


def _explain(error: DatabricksError) -> NoReturn:
    """Raise *error*, saying what to do where a workspace has presigned URLs switched off."""
    if not _OFF.isdisjoint(error.reasons):
        raise error.saying(f"presigned URLs are off in this workspace, so {_SAY_LENGTH}")
    raise error


async def _settled(sending: asyncio.Task[str]) -> None:
    """Stop *sending* if it still runs, and look at how it ended, so that asyncio need not."""
    sending.cancel()
    await asyncio.wait([sending])
    if not sending.cancelled():
        sending.exception()


def _is_expired(error: DatabricksError) -> bool:
    return error.status == HTTPStatus.FORBIDDEN and any(
        error.error_code == code and wording in error.message for code, wording in _EXPIRED
    )


def _named(target: _Url) -> dict[str, str]:
    return {header.name: header.value for header in target.headers}


def _in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
