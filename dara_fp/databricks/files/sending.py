"""Which way an upload goes: in one PUT, or in parts as the workspace names them."""

from collections.abc import AsyncGenerator, AsyncIterable

from dara_fp.databricks.errors import DatabricksError, ResourceConflict
from dara_fp.databricks.files.multipart import MultipartUpload
from dara_fp.databricks.files.resumable import ResumableUpload
from dara_fp.databricks.files.upload_sessions import (
    Dropping,
    PartsRefused,
    Sending,
    UploadSizes,
    initiated,
    is_switched_off,
)
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Answer, Request
from dara_fp.databricks.http.chunks import Chunks

__all__ = ["sent"]

_OCTETS = "application/octet-stream"
_SLICE = 1024 * 1024
_ACKNOWLEDGED = 64 * 1024  # bytes; the answer to an upload is empty
_SAY_LENGTH = (
    "a stream of unknown length, as a file in a form is, can go up here only while it is shorter"
    f" than {UploadSizes().part // 2**20} MiB. Whoever calls: give its length in bytes, and up to"
    " 5 GiB it goes in one piece. Whoever operates: have presigned URLs for files turned on in the"
    " workspace, or put long files into the volume by another way"
)


async def sent(sending: Sending, contents: bytes | AsyncIterable[bytes], dropping: Dropping) -> int:
    """Send *contents*; give the bytes that are stored. What fails in parts is left to *dropping*.

    Raises:
        DatabricksError: The workspace refused, no answer came, or the length was another.
    """
    if sending.length is not None and sending.length <= sending.sizes.small:
        return await _put(sending, Body(contents, sending.length))
    stream = _sliced(contents) if isinstance(contents, bytes) else contents
    if sending.length is not None:
        stream = Body(stream, sending.length).pieces()
    return await _in_parts(sending, Chunks(stream), dropping)


async def _put(sending: Sending, body: Body) -> int:
    request = Request(
        method="PUT",
        path=sending.url,
        query={"overwrite": sending.overwrite},
        headers={"Content-Type": _OCTETS},
        body=body,
    )
    try:
        reply = await sending.calls.open(request)
    except ResourceConflict as error:
        if not await sending.is_stored(body.length, error):
            raise
    else:
        content = await reply.beginning(_ACKNOWLEDGED)
        answer = Answer.of(reply, f"PUT {request.path}", content)
        answer.decoded(dict)  # a login page with status 200 has stored nothing
    await sending.arrived(body.length)
    return body.length


async def _in_parts(sending: Sending, chunks: Chunks, dropping: Dropping) -> int:
    size = sending.sizes.of_part(1, sending.length)
    first = await chunks.take(size)
    if len(first) < size:
        return await _put(sending, Body(first))
    try:
        return await _in_session(sending, first, chunks, dropping)
    except PartsRefused as refused:
        if sending.length is None or sending.length > sending.sizes.one_put:
            raise _explained(refused.error) from None
    return await _put(sending, Body(chunks.after(first), sending.length))


async def _in_session(sending: Sending, first: bytes, rest: Chunks, dropping: Dropping) -> int:
    session = await initiated(sending)
    kind = ResumableUpload if session.resumable else MultipartUpload
    way = kind(sending, session)
    finished = False
    try:
        total = await way.run(first, rest)
        finished = True
    finally:
        # In a cancellation too: parts that no one completes are kept, and paid for.
        if not finished:
            await dropping.drop(way.drop(), sending.path)
    return total


def _explained(error: DatabricksError) -> DatabricksError:
    off = "presigned URLs are off in this workspace, so " if is_switched_off(error) else ""
    return error.saying(off + _SAY_LENGTH)


async def _sliced(content: bytes) -> AsyncGenerator[bytes]:
    for start in range(0, len(content), _SLICE):
        yield content[start : start + _SLICE]
