"""Uploads as Google's store takes them: one stream in pieces, gone on with from what it has.

Sources of the facts: the official SDK's `FilesExt` (0.156), and Google's page on resumable uploads:
an answer 308 tells by `Range` what has arrived, and bytes that are sent twice are ignored.
"""

import re
from http import HTTPStatus

import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import (
    AlreadyExists,
    ConnectionFailed,
    DatabricksError,
    DataLoss,
    PermissionDenied,
    UnexpectedAnswer,
)
from dara_fp.databricks.files.checksums import Sum
from dara_fp.databricks.files.upload_sessions import (
    PartsRefused,
    Sending,
    Session,
    Target,
    dropped,
)
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Answer
from dara_fp.databricks.http.chunks import Chunks
from dara_fp.databricks.http.transport import Call

__all__ = ["ResumableUpload"]

_MORE = frozenset({HTTPStatus.PERMANENT_REDIRECT.value})
_STUCK_TRIES = 3
_OCTETS = "application/octet-stream"


class _ResumableTarget(msgspec.Struct):
    resumable_upload_url: Target


class ResumableUpload:
    """One upload to one address, piece after piece."""

    def __init__(self, sending: Sending, session: Session) -> None:
        """Send the pieces of *sending* in *session*."""
        self._sending = sending
        self._session = session
        self._target: Target | None = None
        self._sum = Sum()

    async def run(self, first: bytes, rest: Chunks) -> int:
        """Send *first* and all of the *rest*; give the bytes sent.

        Raises:
            PartsRefused: The workspace gives no address, or the store cannot be reached.
            DatabricksError: The workspace or the store refused.
        """
        try:
            target = self._target = await self._asked()
        except DatabricksError as error:
            raise PartsRefused(error) from error
        offset, piece = 0, first
        while piece:
            # Only the last piece may, and must, tell the length of the whole.
            following = await rest.take(self._sending.sizes.of_part(1, self._sending.length))
            total = None if following else offset + len(piece)
            await self._sum.add(piece)
            try:
                await self._send(target, piece, offset, total)
            except (PermissionDenied, ConnectionFailed) as error:
                if offset == 0:
                    rest.put_back(following)
                    raise PartsRefused(error) from error
                raise
            offset, piece = offset + len(piece), following
            await self._sending.arrived(offset)
        return offset

    async def drop(self) -> None:
        """Have the store drop what it has.

        Raises:
            DatabricksError: It was refused.
        """
        if self._target is not None:
            await dropped(self._sending.calls, self._target)

    async def _asked(self) -> Target:
        body = {"path": self._sending.path, "session_token": self._session.token}
        url = "/api/2.0/fs/create-resumable-upload-url"
        answer = await self._sending.calls.json(
            "POST", url, body=body, idempotent=True, secrets=(self._session.token,)
        )
        return answer.secret(_ResumableTarget).resumable_upload_url

    async def _send(self, target: Target, piece: bytes, offset: int, total: int | None) -> None:
        """Send *piece*, at *offset* of *total* bytes, until the store has all of it."""
        end, stuck = offset + len(piece), 0
        while True:
            answer = await self._put(target, piece, offset, total)
            if answer.status != HTTPStatus.PERMANENT_REDIRECT:
                return self._check(answer)
            arrived = _arrived(answer)
            if not offset <= arrived <= end:
                raise self._odd(answer, f"says it has {arrived} bytes where {offset} to {end} fit")
            if arrived == end and total is None:
                return None
            stuck = 0 if arrived > offset else stuck + 1
            if stuck == _STUCK_TRIES:
                raise self._odd(answer, f"takes no more than {arrived} bytes, asked {stuck} times")
            piece, offset = piece[arrived - offset :], arrived

    def _check(self, done: Answer) -> None:
        if self._sum.is_denied(done.headers):
            raise DataLoss(
                StepError(
                    message=f"{self._sending.path}: the store has other bytes than were sent, by"
                    " its checksum: delete the file, upload it again, and look for what changes"
                    " it on the way, such as a proxy",
                    status=done.status,
                    request_id=done.request_id,
                ),
            )

    async def _put(self, target: Target, piece: bytes, offset: int, total: int | None) -> Answer:
        whole = "*" if total is None else total
        last = f"{offset}-{offset + len(piece) - 1}" if piece else "*"
        headers = {
            "Content-Type": _OCTETS,
            **target.named,
            "Content-Range": f"bytes {last}/{whole}",
        }
        call = Call(method="PUT", url=target.url, headers=headers, body=Body(piece))
        try:
            return await self._sending.calls.elsewhere(call, answers=_MORE)
        except DatabricksError as error:
            if error.status == HTTPStatus.PRECONDITION_FAILED and not self._sending.overwrite:
                said = f"{self._sending.path}: the file exists; upload with overwrite to replace it"
                facts = {"message": said, "kind": Kind.CONFLICT, "error_code": "ALREADY_EXISTS"}
                raise AlreadyExists(error.changed(**facts).error) from error
            raise

    def _odd(self, answer: Answer, what: str) -> UnexpectedAnswer:
        return answer.unexpected(f"the store of {self._sending.path} {what}")


def _arrived(answer: Answer) -> int:
    """Tell how many bytes the store has."""
    found = re.fullmatch(r"bytes=0-(\d+)", answer.headers.get("range", ""))
    return int(found[1]) + 1 if found else 0
