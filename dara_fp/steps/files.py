"""Steps that put files on volumes."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Protocol

from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Outcome, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.upload import Upload

__all__ = ["UploadsFile", "chunks_of", "open_file", "upload_file"]

_CHUNK = 1024 * 1024


class UploadsFile(Evolves, Protocol):
    """What `upload_file` needs of a context."""

    @property
    def source(self) -> str:
        """Path of a file on this machine."""
        ...

    @property
    def folder(self) -> str:
        """Folder of a volume, such as `/Volumes/main/default/raw`."""
        ...

    @property
    def uploaded(self) -> Upload | None:
        """The upload this step makes."""
        ...


@step
async def upload_file(ctx: UploadsFile, env: HasWorkspace, at: Position) -> Outcome[UploadsFile]:
    """Stream one local file to a volume, replacing what stands there."""
    source = Path(ctx.source)
    try:
        file, size = await asyncio.to_thread(open_file, source)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        return fail(f"cannot read {ctx.source!r}: {why}", kind="rejected")
    with file:
        await at.report(f"uploading {source.name}, {size} bytes")
        path = f"{ctx.folder.rstrip('/')}/{source.name}"
        await env.workspace.files.upload(path, chunks_of(file), length=size, overwrite=True)
    kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
    upload = Upload(path=path, size=size, name=source.name, content_type=kind)
    return Success(ctx.evolve(uploaded=upload))


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
