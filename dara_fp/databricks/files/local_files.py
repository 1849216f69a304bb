"""Downloads into a local file: in pieces side by side, and whole under its name or not at all."""

import asyncio
import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import attrs

from dara_fp.core.shield import shielded
from dara_fp.databricks.files.downloads import Opening, Span, flowing, opened
from dara_fp.databricks.http.chunks import Progress

__all__ = ["DownloadSizes", "Draft", "drafted", "filled"]

_MIB = 1024 * 1024


@attrs.frozen(kw_only=True)
class DownloadSizes:
    """How a download into a local file is divided.

    Attributes:
        small: Longest file, in bytes, that comes as one stream.
        piece: Bytes asked for at a time of a longer one.
        width: Streams side by side.
    """

    small: int = 32 * _MIB
    piece: int = 32 * _MIB
    width: int = 4


class Draft:
    """A local file that is being filled; what is written at one place leaves the others alone."""

    def __init__(self, file: int, length: int | None, progress: Progress | None) -> None:
        """Fill the open *file* with *length* bytes, telling *progress*."""
        self.done = 0
        self._file = file
        self._length = length
        self._progress = progress

    async def write(self, chunks: AsyncIterable[bytes], start: int) -> None:
        """Write *chunks* from the byte *start* on.

        Raises:
            OSError: The disk did not take them.
        """
        async for chunk in chunks:
            # Finished in any case: a thread that writes later would write into another file.
            await shielded(asyncio.to_thread(_write, self._file, chunk, start))
            start += len(chunk)
            self.done += len(chunk)
            if self._progress is not None:
                await self._progress(self.done, self._length)


@asynccontextmanager
async def drafted(
    destination: Path, length: int | None, progress: Progress | None, *, overwrite: bool
) -> AsyncGenerator[Draft]:
    """Give a draft beside *destination* that takes its name at the end, and goes if that fails.

    Raises:
        FileExistsError: *destination* is there, and *overwrite* is false.
        OSError: The disk refused.
    """
    if not overwrite:
        await asyncio.to_thread(_refuse_taken, destination)
    place = destination.with_name(f".{destination.name[:200]}.{secrets.token_hex(8)}")
    file = await asyncio.to_thread(os.open, place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        try:
            yield Draft(file, length, progress)
        finally:
            await shielded(asyncio.to_thread(os.close, file))
        publish = _replace if overwrite else _add
        await shielded(asyncio.to_thread(publish, place, destination))
    finally:
        await shielded(asyncio.to_thread(place.unlink, missing_ok=True))


async def filled(draft: Draft, whole: Span, opening: Opening, sizes: DownloadSizes) -> None:
    """Fill *draft* with the file of which *whole* is all, several pieces at a time.

    Raises:
        DatabricksError: The file changed meanwhile, or could not be read.
        OSError: The disk did not take it.
    """
    spans = _pieces(whole, sizes.piece)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(sizes.width):
                group.create_task(_fetch(draft, spans, opening))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _fetch(draft: Draft, spans: Iterator[Span], opening: Opening) -> None:
    for span in spans:
        reply = await opened(opening, span)
        async with aclosing(flowing(reply, span, opening)) as chunks:
            await draft.write(chunks, span.start)


def _pieces(whole: Span, size: int) -> Iterator[Span]:
    end = whole.end or 0
    for start in range(0, end, size):
        yield attrs.evolve(whole, start=start, end=min(start + size, end))


def _write(file: int, chunk: bytes, start: int) -> None:
    left = memoryview(chunk)
    while left:
        written = os.pwrite(file, left, start)
        left, start = left[written:], start + written


def _replace(place: Path, destination: Path) -> None:
    place.replace(destination)


def _add(place: Path, destination: Path) -> None:
    # Unlike a rename, a link never replaces what came there meanwhile.
    destination.hardlink_to(place)


def _refuse_taken(destination: Path) -> None:
    if destination.exists():
        raise FileExistsError(f"{destination} exists: pass overwrite=True to replace it")
