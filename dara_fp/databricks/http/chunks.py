"""Streams of bytes before they are sent: cut to size, joined, read from a local file."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

__all__ = ["Chunks", "Progress", "chunks_of", "open_file"]

Progress = Callable[[int, int | None], Awaitable[None]]
"""Hears how many bytes are done, and of how many, where that is known."""

_CHUNK = 1024 * 1024


class Chunks:
    """Chunks of any size, taken in pieces of a wanted size."""

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        """Take from *chunks*."""
        self._chunks = aiter(chunks)
        self._rest = b""

    async def take(self, size: int) -> bytes:
        """Give the next *size* bytes; fewer, down to none, at the end."""
        held, total = [self._rest], len(self._rest)
        self._rest = b""
        while total < size and (chunk := await anext(self._chunks, None)) is not None:
            held.append(chunk)
            total += len(chunk)
        if over := max(0, total - size):
            kept = len(held[-1]) - over
            held[-1], self._rest = held[-1][:kept], held[-1][kept:]
        return b"".join(held)

    def put_back(self, piece: bytes) -> None:
        """Let *piece*, which was taken last, be taken again."""
        self._rest = piece + self._rest

    async def after(self, first: bytes) -> AsyncIterator[bytes]:
        """Give *first*, which was taken already, and then all that is left."""
        yield first
        while chunk := await self.take(_CHUNK):
            yield chunk


def open_file(source: Path) -> tuple[BinaryIO, int]:
    """Open the file *source* for reading, and give its size in bytes, too.

    Raises:
        OSError: It is not there, or may not be read.
        ValueError: It is a folder, a pipe or a device, or its path cannot be one.
    """
    size = source.stat().st_size
    # Opening a pipe would wait for its writer.
    if not source.is_file():
        raise ValueError("it is not a file")
    return source.open("rb"), size


async def chunks_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """Read *file* in threads, 1 MiB at a time."""
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk
