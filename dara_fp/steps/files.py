"""Steps that put files on volumes, fetch them, and take them away again."""

import asyncio
import mimetypes
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Outcome, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.errors import NotFound
from dara_fp.databricks.files.upload import Upload
from dara_fp.databricks.http.chunks import Progress, chunks_of, open_file

__all__ = [
    "DownloadsFile",
    "LocalFile",
    "UploadsFile",
    "chunks_of",
    "delete_uploaded",
    "download_file",
    "open_file",
    "upload_file",
]

_TOLD_EVERY = 0.1  # of the file: a report is a write to the store


@attrs.frozen(kw_only=True)
class LocalFile:
    """A file on this machine.

    Attributes:
        path: Where it is.
        size: Its length in bytes.
    """

    path: str
    size: int


class UploadsFile(Evolves, Protocol):
    """What `upload_file` and `delete_uploaded` need of a context."""

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
        """The upload `upload_file` makes."""
        ...


class DownloadsFile(Evolves, Protocol):
    """What `download_file` needs of a context."""

    @property
    def path(self) -> str:
        """Path of a file in a volume, such as `/Volumes/main/default/raw/a.pdf`."""
        ...

    @property
    def destination(self) -> str:
        """Path on this machine where the file goes; its folder is there."""
        ...

    @property
    def downloaded(self) -> LocalFile | None:
        """The file this step makes."""
        ...


@step
async def upload_file(ctx: UploadsFile, env: HasWorkspace, at: Position) -> Outcome[UploadsFile]:
    """Stream one local file to a volume, replacing what stands there.

    Calls `PUT /api/2.0/fs/files/...`, and for more than 32 MiB `POST` there, and for each part
    `POST /api/2.0/fs/create-upload-part-urls` and a `PUT` to the cloud's store. Where the store is
    closed to this machine, one `PUT` takes up to 5 GiB.
    """
    source = Path(ctx.source)
    path = f"{ctx.folder.rstrip('/')}/{source.name}"
    try:
        file, size = await asyncio.to_thread(open_file, source)
    except (OSError, ValueError) as error:
        return fail(f"cannot read {ctx.source!r}: {_why(error)}", kind="rejected")
    said = f"uploading {source.name}, {size} bytes"
    with file:
        await at.report(said)
        await env.workspace.files.upload(
            path, chunks_of(file), length=size, overwrite=True, progress=_telling(at, said)
        )
    kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
    upload = Upload(path=path, size=size, name=source.name, content_type=kind)
    return Success(ctx.evolve(uploaded=upload))


@step
async def download_file(
    ctx: DownloadsFile, env: HasWorkspace, at: Position
) -> Outcome[DownloadsFile]:
    """Fetch one file of a volume into a local file, whole or not at all.

    Calls `HEAD` and `GET /api/2.0/fs/files/...`; for more than 32 MiB
    `POST /api/2.0/fs/create-download-url` and a `GET` for each range from the cloud's store, or
    from the workspace where the store is closed to this machine.
    """
    said = f"downloading {ctx.path}"
    await at.report(said)
    place = Path(ctx.destination)
    try:
        await env.workspace.files.download_to(ctx.path, place, progress=_telling(at, said))
        size = (await asyncio.to_thread(place.stat)).st_size
    except (OSError, ValueError) as error:
        return fail(f"cannot write {ctx.destination!r}: {_why(error)}", kind="rejected")
    return Success(ctx.evolve(downloaded=LocalFile(path=ctx.destination, size=size)))


@step
async def delete_uploaded(ctx: UploadsFile, env: HasWorkspace) -> Outcome[UploadsFile]:
    """Delete what `upload_file` stored, if anything; what is gone already is fine.

    Calls `DELETE /api/2.0/fs/files/...`. It undoes an upload under a name that was free:
    `compensate(upload_file, delete_uploaded)`.
    """
    if ctx.uploaded is not None:
        with suppress(NotFound):
            await env.workspace.files.delete(ctx.uploaded.path)
    return Success(ctx.evolve(uploaded=None))


def _telling(at: Position, said: str) -> Progress:
    """Give what reports *said* with the share that is done, now and then."""
    told = 0.0

    async def tell(done: int, total: int | None) -> None:
        nonlocal told
        share = done / total if total else 0.0
        # The end of the step tells the end.
        if done != total and share - told >= _TOLD_EVERY:
            told = share
            await at.report(said, share)

    return tell


def _why(error: OSError | ValueError) -> object:
    return error.strerror or error if isinstance(error, OSError) else error
