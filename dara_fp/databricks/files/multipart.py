"""Uploads in parts as S3's and Azure's stores take them: several at a time, and then joined."""

import asyncio

import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import (
    BadRequest,
    ConnectionFailed,
    DatabricksError,
    DataLoss,
    NotFound,
    PermissionDenied,
    ResourceConflict,
)
from dara_fp.databricks.files.checksums import holds_other_bytes
from dara_fp.databricks.files.upload_sessions import (
    EXPIRED_TRIES,
    PartsRefused,
    Sending,
    Session,
    Target,
    abort_target,
    dropped,
    expiry,
    is_expired,
    is_switched_off,
)
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Answer
from dara_fp.databricks.http.chunks import Chunks
from dara_fp.databricks.http.transport import Call

__all__ = ["MultipartUpload"]

_DAMAGED_TRIES = 3
_OCTETS = "application/octet-stream"


class _PartTargets(msgspec.Struct):
    upload_part_urls: list[Target]


class MultipartUpload:
    """One upload in numbered parts."""

    def __init__(self, sending: Sending, session: Session) -> None:
        """Send the parts of *sending* in *session*."""
        self._sending = sending
        self._session = session
        self._etags: dict[int, str] = {}
        self._arrived = 0

    async def run(self, first: bytes, rest: Chunks) -> int:
        """Send *first* and all of the *rest*; give the bytes sent.

        The first part goes alone: if it is refused, nothing is lost yet and another way is free.

        Raises:
            PartsRefused: The workspace gives no addresses, or the store cannot be reached.
            DatabricksError: The workspace or the store refused.
        """
        try:
            await self._send(1, first)
        except DatabricksError as error:
            if _is_closed(error):
                raise PartsRefused(error) from error
            raise
        try:
            await self._send_rest(rest)
        except BaseExceptionGroup as group:
            # What happened first; what came of it is of no use to the caller.
            raise group.exceptions[0] from None
        await self._complete()
        return self._arrived

    async def drop(self) -> None:
        """Have the store drop what it has.

        Raises:
            DatabricksError: It was refused.
        """
        sending = self._sending
        await dropped(sending.calls, await abort_target(sending, self._session))

    async def _send_rest(self, rest: Chunks) -> None:
        sizes = self._sending.sizes
        usual = sizes.of_part(1, self._sending.length)
        width = sizes.width(usual)
        room = asyncio.Semaphore(width)
        number = 1
        async with asyncio.TaskGroup() as group:
            while True:
                number += 1
                size = sizes.of_part(number, self._sending.length)
                # A later part is longer, and takes the room of two.
                weight = min(width, -(-size // usual))
                for _ in range(weight):
                    await room.acquire()
                part = await rest.take(size)
                if not part:
                    return
                self._check(number)
                group.create_task(self._send_in(room, weight, number, part))
                del part

    async def _send_in(
        self, room: asyncio.Semaphore, weight: int, number: int, part: bytes
    ) -> None:
        await self._send(number, part)
        del part
        for _ in range(weight):
            room.release()

    def _check(self, number: int) -> None:
        most = self._sending.sizes.parts
        if number > most:
            raise BadRequest(
                StepError(
                    kind=Kind.REJECTED,
                    message=f"{self._sending.path}: longer than {most:,} parts can hold:"
                    " upload it as several files",
                ),
            )

    async def _send(self, number: int, part: bytes) -> None:
        tries = 0
        while await holds_other_bytes((answer := await self._put(number, part)).headers, part):
            tries += 1
            if tries == _DAMAGED_TRIES:
                raise self._damaged(number, answer)
        self._etags[number] = answer.headers.get("etag", "")
        self._arrived += len(part)
        await self._sending.arrived(self._arrived)

    def _damaged(self, number: int, answer: Answer) -> DataLoss:
        return DataLoss(
            StepError(
                message=f"{self._sending.path}: the store has other bytes of part {number} than"
                f" were sent, {_DAMAGED_TRIES} times, by its checksum: look for what changes them"
                " on the way, such as a proxy",
                status=answer.status,
                request_id=answer.request_id,
                retryable=True,
            ),
        )

    async def _put(self, number: int, part: bytes) -> Answer:
        """Give what the store answers to *part*, whose address is renewed where it has expired."""
        for tries_left in reversed(range(EXPIRED_TRIES)):
            target = await self._target(number)
            headers = {"Content-Type": _OCTETS, **target.named}
            call = Call(method="PUT", url=target.url, headers=headers, body=Body(part))
            try:
                return await self._sending.calls.elsewhere(call)
            except DatabricksError as error:
                if not (tries_left and is_expired(error)):
                    raise
        raise AssertionError("the last try returns or raises")

    async def _target(self, number: int) -> Target:
        body = {
            "path": self._sending.path,
            "session_token": self._session.token,
            "start_part_number": number,
            "count": 1,
            "expire_time": expiry(),
        }
        url = "/api/2.0/fs/create-upload-part-urls"
        answer = await self._sending.calls.json(
            "POST", url, body=body, idempotent=True, secrets=(self._session.token,)
        )
        if not (targets := answer.secret(_PartTargets).upload_part_urls):
            raise answer.unexpected(f"no URL for part {number}")
        return targets[0]

    async def _complete(self) -> None:
        sending = self._sending
        query = {
            "action": "complete-upload",
            "upload_type": "multipart",
            "session_token": self._session.token,
        }
        parts = [{"part_number": n, "etag": etag} for n, etag in sorted(self._etags.items())]
        body, secrets = {"parts": parts}, (self._session.token,)
        try:
            await sending.calls.json(
                "POST", sending.url, query=query, body=body, idempotent=True, secrets=secrets
            )
        except (NotFound, ResourceConflict) as error:
            # A session that has been completed is no more.
            if not await sending.is_stored(self._arrived, error):
                raise


def _is_closed(error: DatabricksError) -> bool:
    """Tell whether *error*, on the first part, is of a store that is closed to this machine."""
    closed = isinstance(error, PermissionDenied | ConnectionFailed) and not is_expired(error)
    return closed or is_switched_off(error)
