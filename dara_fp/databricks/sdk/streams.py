"""What a call answers raw: bytes as they come, read once."""

from collections.abc import AsyncIterator

from dara_fp.databricks.closing import Closing
from dara_fp.databricks.http.transport import Reply

__all__ = ["Stream"]

_LIMIT = 1024 * 1024 * 1024


class Stream(Closing):
    """The body of an answer, in the place of the file object that the SDK gives.

    Iterate it, or `read()` it whole; either closes it. Leaving it early takes `async with`, or
    `aclose()`.
    """

    def __init__(self, reply: Reply) -> None:
        """Give the body of *reply*."""
        self._reply = reply

    async def read(self, limit: int = _LIMIT) -> bytes:
        """Read all of it, at most *limit* bytes.

        Raises:
            UnexpectedAnswer: There is more.
            ConnectionFailed: It was cut short.
        """
        return await self._reply.read(limit)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._reply.chunks()

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._reply.aclose()

    def __repr__(self) -> str:
        return f"<Stream of an answer {self._reply.status}>"
