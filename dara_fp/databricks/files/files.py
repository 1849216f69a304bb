"""Files in Unity Catalog volumes: up and down as streams, never whole in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import BadRequest
from dara_fp.databricks.files.downloads import Download, Span, described
from dara_fp.databricks.files.local_files import DownloadSizes, drafted, filled
from dara_fp.databricks.files.sending import sent
from dara_fp.databricks.files.stores import nearest
from dara_fp.databricks.files.upload_sessions import Dropping, Sending, UploadSizes
from dara_fp.databricks.http.calls import Calls, Request
from dara_fp.databricks.http.chunks import Progress, chunks_of, open_file
from dara_fp.databricks.http.lost_answers import gone_already
from dara_fp.databricks.http.transport import Reply
from dara_fp.databricks.records import DirectoryEntry, FileMetadata

__all__ = ["Download", "DownloadSizes", "Files", "UploadSizes"]

_OCTETS = "application/octet-stream"
_PAGE = 1_000


class Files:
    """The Files API, under the official SDK's names.

    Attributes:
        sizes: Which upload goes which way.
        download_sizes: How a download into a local file is divided.
    """

    def __init__(self, calls: Calls, sizes: UploadSizes | None = None) -> None:
        """Use *calls*; *sizes* say which upload goes which way."""
        self._calls = calls
        self._dropping = Dropping()
        self.sizes = sizes or UploadSizes()
        self.download_sizes = DownloadSizes()

    async def upload(
        self,
        file_path: str,
        contents: bytes | AsyncIterable[bytes],
        *,
        length: int | None = None,
        overwrite: bool | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Store *contents* at *file_path*.

        A stream is read once, no faster than it is sent. Up to 32 MiB go in one PUT; more goes in
        parts of 8 MiB and longer, several at a time, of which at most 24 MiB are in memory. A part
        whose connection was lost, or whose address has expired, is sent again by itself, and so is
        one that the store has other bytes of by its checksum; Google's store, which takes one
        stream, is compared as a whole, and a difference refused. What goes in one PUT has no
        checksum. Where the workspace gives no addresses of parts, or its store is closed to this
        machine, a stream of known *length* goes in one PUT of up to 5 GiB, which is not sent again
        once it was begun. Where an answer was lost and the next try finds a file of the same length
        there, no older than the upload, that file counts as this one.

        Args:
            file_path: Absolute path, such as `/Volumes/main/default/inbox/a.pdf`.
            contents: Bytes, or an asynchronous stream of them.
            length: Length of a stream in bytes, if it is known.
            overwrite: False refuses to replace a file; None leaves it to the workspace.
            progress: Awaited with the bytes that are done, and with *length*, now and then.

        Returns:
            The number of bytes stored.

        Raises:
            DatabricksError: The workspace refused, no answer came, or the length was another.
        """
        if isinstance(contents, bytes):
            if length not in {None, len(contents)}:
                raise ValueError(f"length is {length}, but there are {len(contents)} bytes")
            length = len(contents)
        sending = Sending(
            calls=self._calls,
            path=file_path,
            url=_file(file_path),
            sizes=self.sizes,
            length=length,
            overwrite=overwrite,
            progress=progress,
            began=self._calls.now(),
        )
        return await sent(sending, contents, self._dropping)

    async def upload_from(
        self,
        file_path: str,
        source_path: Path,
        *,
        overwrite: bool | None = None,
        progress: Progress | None = None,
    ) -> int:
        """Store the local file *source_path* at *file_path*, as `upload` does with a stream.

        Returns:
            The number of bytes stored.

        Raises:
            OSError: The file is not there, or may not be read.
            ValueError: It is a folder, a pipe or a device.
            DatabricksError: The workspace refused, or no answer came.
        """
        file, length = await asyncio.to_thread(open_file, source_path)
        with file:
            return await self.upload(
                file_path, chunks_of(file), length=length, overwrite=overwrite, progress=progress
            )

    @asynccontextmanager
    async def download(self, file_path: str) -> AsyncGenerator[Download]:
        """Open the file at *file_path* for reading; memory stays flat however long it is.

        A connection that is lost on the way is opened again where it broke off, as long as the
        file has not changed. Where the answer tells an MD5, what came is compared with it at the
        end; where it tells none, only the length is.

        Raises:
            DatabricksError: The workspace refused, no answer came, or the file changed meanwhile.
        """
        opening = partial(self._open, file_path)
        download = Download(await opening({}), opening)
        try:
            yield download
        finally:
            await download.aclose()

    async def download_to(
        self,
        file_path: str,
        destination: Path,
        *,
        overwrite: bool = True,
        progress: Progress | None = None,
    ) -> FileMetadata:
        """Store the file at *file_path* in the local file *destination*, whole or not at all.

        More than 32 MiB come in several streams side by side, straight from the cloud's store where
        that is open to this machine. Each goes on after a lost connection, and by a new address
        when its own has expired; a file that changes meanwhile is refused. Pieces are held to their
        lengths only, since a store's checksum is of the whole; a shorter file as by `download`.

        Args:
            file_path: Absolute path, such as `/Volumes/main/default/inbox/a.pdf`.
            destination: Where it goes; its folder is there already.
            overwrite: Whether a file that is there is replaced.
            progress: Awaited with the bytes that are done, and of how many, now and then.

        Returns:
            What the workspace said of the file.

        Raises:
            DatabricksError: The workspace refused, no answer came, or the file changed meanwhile.
            OSError: The file cannot be written here.
        """
        metadata = await self.get_metadata(file_path)
        length = metadata.content_length
        large = length is not None and length > self.download_sizes.small
        async with drafted(destination, length, progress, overwrite=overwrite) as draft:
            if large and metadata.last_modified is not None:
                whole = Span(start=0, end=length, since=metadata.last_modified)
                through = partial(self._open, file_path)
                opening = await nearest(self._calls, file_path, whole, through)
                await filled(draft, whole, opening, self.download_sizes)
                return metadata
            async with self.download(file_path) as chunks:
                await draft.write(chunks, 0)
                return chunks.metadata

    async def get_metadata(self, file_path: str) -> FileMetadata:
        """Tell what the workspace knows of the file at *file_path* without its contents.

        Raises:
            DatabricksError: There is no such file, or the workspace refused otherwise.
        """
        answer = await self._calls.answer(Request(method="HEAD", path=_file(file_path)))
        return described(answer.headers)

    async def delete(self, file_path: str) -> None:
        """Delete the file at *file_path*.

        Raises:
            DatabricksError: There is no such file, or the workspace refused otherwise.
        """
        with gone_already():
            await self._calls.answer(Request(method="DELETE", path=_file(file_path)))

    async def create_directory(self, directory_path: str) -> None:
        """Make the directory *directory_path* and those above it; one that is there is fine.

        Raises:
            DatabricksError: The workspace refused.
        """
        await self._calls.answer(Request(method="PUT", path=_directory(directory_path)))

    async def delete_directory(self, directory_path: str) -> None:
        """Delete the empty directory *directory_path*.

        Raises:
            DatabricksError: It is not empty, not there, or the workspace refused otherwise.
        """
        with gone_already():
            await self._calls.answer(Request(method="DELETE", path=_directory(directory_path)))

    async def list_directory_contents(self, directory_path: str) -> AsyncGenerator[DirectoryEntry]:
        """Give what lies directly in *directory_path*, page after page.

        Raises:
            DatabricksError: There is no such directory, or the workspace refused otherwise.
        """
        query: dict[str, Any] = {"page_size": _PAGE}
        while True:
            answer = await self._calls.json("GET", _directory(directory_path), query=query)
            page = answer.decoded(_Page)
            for entry in page.contents:
                yield entry
            if not page.next_page_token:
                return
            query["page_token"] = page.next_page_token

    async def _open(self, file_path: str, headers: Mapping[str, str]) -> Reply:
        wanted = {"Accept": _OCTETS, "Accept-Encoding": "identity", **headers}
        return await self._calls.open(Request(method="GET", path=_file(file_path), headers=wanted))


class _Page(msgspec.Struct):
    contents: tuple[DirectoryEntry, ...] = ()
    next_page_token: str = ""


def _file(path: str) -> str:
    return f"/api/2.0/fs/files{_quoted(path)}"


def _directory(path: str) -> str:
    return f"/api/2.0/fs/directories{_quoted(path)}"


def _quoted(path: str) -> str:
    """Quote *path* for a URL; a path that URLs would bend is refused."""
    if not path.startswith("/") or not {".", ".."}.isdisjoint(path.split("/")):
        raise BadRequest(
            StepError(
                kind=Kind.REJECTED,
                message=f"the path {path!r} is not absolute or has a part '.' or '..':"
                " give one such as /Volumes/main/default/inbox/a.pdf",
            ),
        )
    return quote("/" + path.lstrip("/"))
