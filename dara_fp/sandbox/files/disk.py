"""Streams onto disk: a file appears under its name only when it is complete."""

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dara_fp.sandbox.server.errors import already_exists, invalid, too_large

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "is_draft", "join_parts", "publish", "scratch", "stream_to_file", "write_atomically",
]  # fmt: skip

COPY_BYTES = 4 * 2**20

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}")


@contextmanager
def scratch(directory: Path) -> "Generator[Path]":
    """Give the name of a temporary file in *directory*, gone at the end."""
    directory.mkdir(parents=True, exist_ok=True)
    place = directory / secrets.token_hex(16)
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)


async def stream_to_file(chunks: AsyncIterator[bytes], place: Path, limit: int) -> int:
    """Write *chunks* to *place* as they come; give the number of bytes.

    Raises:
        ApiError: 413; more than *limit* bytes came.
    """
    size = 0
    # Writing to the page cache takes microseconds a chunk: a thread hop would cost more.
    with place.open("wb", buffering=COPY_BYTES) as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(f"The body exceeds {limit} bytes: use the multipart upload.")
            file.write(chunk)
    return size


def publish(source: Path, target: Path, *, overwrite: bool, shown: str) -> None:
    """Move the complete file *source* to *target* in one step.

    Raises:
        ApiError: 409, *target* exists and *overwrite* is false; 400, it is a directory or below a
            file. The error names *shown*, the path the client knows.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if overwrite:
            source.replace(target)
        else:
            os.link(source, target)
    except FileExistsError as error:
        # mkdir says the same when a parent is a file.
        if not target.parent.is_dir():
            raise invalid(f"A parent of {shown!r} is a file: choose another path.") from error
        said = (
            f"The file being created already exists: {shown!r}. Pass overwrite=true to replace it."
        )
        raise already_exists(said, "ALREADY_EXISTS") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        said = f"{shown!r} is a directory or lies below a file: choose another path."
        raise invalid(said) from error


def join_parts(parts: Sequence[Path], target: Path) -> None:
    """Write the *parts*, in order, into *target*, deleting each once it is copied."""
    with target.open("wb") as whole:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, whole, COPY_BYTES)
            part.unlink()


def write_atomically(place: Path, content: bytes) -> None:
    """Replace the content of *place* so that a crash leaves the old or the new one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.replace(place)


def is_draft(name: str) -> bool:
    """Tell whether `write_atomically` gives such a *name* to what is not complete yet.

    >>> is_draft(".notes.txt.0f3a99c1"), is_draft(".bundle")
    (True, False)
    """
    return _DRAFT.fullmatch(name) is not None
