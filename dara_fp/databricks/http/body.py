"""What a request sends: bytes, or a stream that can be read once and whose length is known."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import BadRequest

__all__ = ["SLICE", "Body"]

SLICE = 256 * 1024
"""Bytes given to the connection at a time, so that no large buffer is copied in one go."""


class Body:
    """A request body that knows its length, and whether it can still be sent again.

    Attributes:
        length: Bytes it has in all.
        failure: What its source raised while it was read, if it did.
        holding: Gives what it goes out in: a limit of time can stand still meanwhile.
    """

    def __init__(self, content: bytes | AsyncIterable[bytes], length: int | None = None) -> None:
        """Send *content*; a stream has *length* bytes, neither more nor fewer.

        Raises:
            ValueError: The length of a stream is missing, or that of bytes is another one.
        """
        self.length = _length_of(content, length)
        self.failure: BaseException | None = None
        self.holding: Callable[[], AbstractContextManager[None]] = nullcontext
        self._content = content
        self._touched = False

    @property
    def resendable(self) -> bool:
        """Tell whether nothing of a stream was read yet; bytes can always be sent again."""
        return isinstance(self._content, bytes) or not self._touched

    @property
    def whole(self) -> bytes | None:
        """Give a body so small that it goes out in one piece."""
        small = isinstance(self._content, bytes) and len(self._content) <= SLICE
        return self._content if small and isinstance(self._content, bytes) else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body piece by piece.

        Raises:
            BadRequest: The stream has another length than was said.
        """
        try:
            with self.holding():
                async for piece in self._every():
                    yield piece
        except GeneratorExit:  # the connection lost interest: no failure of the source
            raise
        except BaseException as failure:
            # The HTTP client turns whatever happens here into a lost connection.
            self.failure = failure
            raise

    async def _every(self) -> AsyncIterator[bytes]:
        if isinstance(self._content, bytes):
            for piece in _slices(self._content):
                yield piece
        else:
            async for piece in self._counted(self._content):
                yield piece

    async def _counted(self, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        self._touched = True
        sent = 0
        async for chunk in content:
            sent += len(chunk)
            if sent > self.length:
                raise _another_length(f"has more than the {self.length} bytes announced")
            for piece in _slices(chunk):
                yield piece
        if sent < self.length:
            raise _another_length(f"ended after {sent} of the {self.length} bytes announced")


def _another_length(what: str) -> BadRequest:
    return BadRequest(
        StepError(kind=Kind.REJECTED, message=f"the stream {what}: send the whole file again"),
    )


def _slices(content: bytes) -> Iterator[bytes]:
    # One at a time: all at once would be the whole content for a second time.
    for start in range(0, len(content), SLICE):
        yield content[start : start + SLICE]


def _length_of(content: bytes | AsyncIterable[bytes], length: int | None) -> int:
    if isinstance(content, bytes):
        if length is not None and length != len(content):
            raise ValueError(f"length is {length}, but there are {len(content)} bytes")
        return len(content)
    if length is None or length < 0:
        raise ValueError(f"a stream is sent with its length in bytes; got {length}")
    return length
