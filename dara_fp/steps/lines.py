"""JSON-lines files on volumes, read and batched as streams."""

from collections.abc import AsyncIterable, AsyncIterator

from dara_fp.core.errors import Kind, StepError, StepFailed

__all__ = ["batches", "lines", "share"]

_LONGEST = 4 * 1024 * 1024


async def lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Give the lines of *chunks*, without their ends; empty lines are left out.

    Raises:
        StepFailed: A line has more than 4 MiB.
    """
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LONGEST:
            said = f"a line has more than {_LONGEST} bytes: write one JSON object a line"
            raise StepFailed(StepError(kind=Kind.REJECTED, message=said))
        for line in whole:
            if line.strip():
                yield line
    if rest.strip():
        yield rest


async def batches(items: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, ...]]:
    """Give *items* in tuples of *size*; the last one may be shorter."""
    batch: list[bytes] = []
    async for item in items:
        batch.append(item)
        if len(batch) == size:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def share(done: int, total: int | None) -> float | None:
    """Give how much of *total* bytes is *done*, between 0 and 1; None where nobody knows."""
    return min(1.0, done / total) if total else None
