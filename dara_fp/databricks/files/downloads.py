"""Files on their way down: streams that go on after a lost connection, and several at a time.

The Files API takes `Range` and `If-Unmodified-Since` (the SDK's documentation of `files.download`,
0.156), and so do the stores behind presigned URLs.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, DataLoss, UnexpectedAnswer
from dara_fp.databricks.files.checksums import Sum, md5_of
from dara_fp.databricks.http.transport import Reply
from dara_fp.databricks.records import FileMetadata

__all__ = ["Download", "Opening", "Span", "described", "flowing", "opened"]

Opening = Callable[[Mapping[str, str]], Awaitable[Reply]]
"""Asks for a file with more headers, and gives the answer to be read as a stream."""

_STUCK_TRIES = 3
_TOTAL = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@attrs.frozen(kw_only=True)
class Span:
    """What is wanted of a file: the bytes from *start* up to *end*, or to its end.

    Attributes:
        start: First byte, from 0.
        end: The byte after the last; None where the file's length is not known.
        since: The file's `Last-Modified`, by which a change is noticed.
    """

    start: int
    end: int | None
    since: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Give what asks for this span."""
        last = "" if self.end is None else self.end - 1
        unchanged = {} if self.since is None else {"If-Unmodified-Since": self.since}
        return {"Range": f"bytes={self.start}-{last}", **unchanged}

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is left to read."""
        return self.end is not None and self.start >= self.end


class Download:
    """A file on its way down: iterate over it for its bytes, chunk by chunk.

    Where the connection is lost on the way, it goes on from where it was, if the file is as it was.
    Where the answer tells an MD5, a file that has come with another is refused at its end.

    Attributes:
        metadata: What the workspace says of it.
    """

    def __init__(self, reply: Reply, opening: Opening) -> None:
        """Read from *reply*, and from what *opening* gives if that breaks off."""
        self.metadata = described(reply.headers)
        self._reply = reply
        span = Span(start=0, end=self.metadata.content_length, since=self.metadata.last_modified)
        self._chunks = _compared(flowing(reply, span, opening), reply)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks, each read from the network when it is asked for."""
        return self._chunks

    async def aclose(self) -> None:
        """Let go of the connection, also before the end."""
        await self._chunks.aclose()
        await self._reply.aclose()


async def opened(opening: Opening, span: Span) -> Reply:
    """Ask by *opening* for *span* and nothing else.

    Raises:
        DatabricksError: The file has changed, or the answer is another part of it, or none.
    """
    try:
        reply = await opening(span.headers)
    except DatabricksError as error:
        raise _changed(error) from error
    given = _TOTAL.fullmatch(reply.headers.get("content-range", ""))
    start, after = (int(given[1]), int(given[2]) + 1) if given else (-1, -1)
    if reply.status != HTTPStatus.PARTIAL_CONTENT or start != span.start:
        await reply.aclose()
        raise _odd(reply, f"answered {reply.status} to a range from byte {span.start}")
    if span.end is not None and after != span.end:
        await reply.aclose()
        raise _odd(reply, f"ends at byte {after}, not {span.end}")
    return reply


async def flowing(reply: Reply, span: Span, opening: Opening) -> AsyncGenerator[bytes]:
    """Give the bytes of *span* from *reply*, and from *opening* after it broke off.

    Raises:
        DatabricksError: It broke off and could not be gone on with.
    """
    stuck = 0
    while True:
        lost: ConnectionFailed | None = None
        before = span.start
        try:
            async for chunk in reply.chunks():
                span = attrs.evolve(span, start=span.start + len(chunk))
                yield chunk
        except ConnectionFailed as error:
            lost = error
        finally:
            await reply.aclose()  # whoever reads may have stopped before the end
        if _is_whole(span, lost):
            return
        stuck = 0 if span.start > before else stuck + 1
        cut = lost or _odd(reply, f"ended at byte {span.start} of {span.end}")
        reply = await _reopened(opening, span, cut, stuck)


async def _compared(chunks: AsyncGenerator[bytes], reply: Reply) -> AsyncGenerator[bytes]:
    """Give *chunks*, and compare them at the end with the checksum that *reply* told, if any.

    Raises:
        DataLoss: They are others.
    """
    headers = reply.headers
    is_told = md5_of(headers) is not None and "content-encoding" not in headers
    total = Sum()
    async with aclosing(chunks):
        async for chunk in chunks:
            if is_told:
                await total.add(chunk)
            yield chunk
    if is_told and total.is_denied(headers):
        raise DataLoss(
            StepError(
                message="the download has other bytes than the workspace has, by its checksum:"
                " look for what changes them on the way, such as a proxy",
                status=reply.status,
                request_id=reply.request_id,
                retryable=True,
            ),
        )


def described(headers: Mapping[str, str]) -> FileMetadata:
    """Give what *headers* tell of a file."""
    length = headers.get("content-length", "")
    return FileMetadata(
        content_length=int(length) if length.isdecimal() else None,
        content_type=headers.get("content-type"),
        last_modified=headers.get("last-modified"),
    )


def _is_whole(span: Span, lost: ConnectionFailed | None) -> bool:
    """Tell whether the whole of *span* has come; of unknown length, all that was not cut short."""
    return lost is None if span.end is None else span.is_empty


async def _reopened(opening: Opening, span: Span, lost: DatabricksError, stuck: int) -> Reply:
    """Go on with *span* after *lost*, unless that has not helped *stuck* times."""
    if span.since is None or span.end is None or stuck == _STUCK_TRIES:
        raise lost
    try:
        return await opened(opening, span)
    except UnexpectedAnswer as error:
        raise lost.saying(f"and could not go on from byte {span.start}: {error}") from error


def _changed(error: DatabricksError) -> DatabricksError:
    if error.status != HTTPStatus.PRECONDITION_FAILED:
        return error
    return error.changed(
        message=f"{error.message}: the file changed while it was read; download it again",
        kind=Kind.CONFLICT,
    )


def _odd(reply: Reply, what: str) -> UnexpectedAnswer:
    request_id = reply.request_id
    told = StepError(message=f"the download {what}", status=reply.status, request_id=request_id)
    return UnexpectedAnswer(told)
