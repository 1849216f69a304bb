"""Files in Unity Catalog volumes: up and down as streams, never whole in memory."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.body import Body
from dara_fp.databricks.calls import Answer, Calls, Request
from dara_fp.databricks.errors import BadRequest, ResourceConflict
from dara_fp.databricks.lost_answers import gone_already, is_stored_already
from dara_fp.databricks.multipart import Chunks, MultipartUpload, UploadSizes
from dara_fp.databricks.records import DirectoryEntry, FileMetadata
from dara_fp.databricks.transport import Reply

__all__ = ["Download", "Files"]

_OCTETS = "application/octet-stream"
_PAGE = 1_000
_ACKNOWLEDGED = 64 * 1024  # bytes; the answer to an upload is empty


class Download:
    """A file on its way down: iterate over it for its bytes, chunk by chunk.

    Attributes:
        metadata: What the workspace says of it.
    """

    def __init__(self, reply: Reply) -> None:
        """Read from *reply*."""
        self.metadata = _metadata(reply.headers)
        self._reply = reply

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the chunks, each read from the network when it is asked for."""
        return self._reply.chunks()


class Files:
    """The Files API, under the official SDK's names.

    Attributes:
        sizes: Which upload goes which way.
    """

    def __init__(self, calls: Calls, sizes: UploadSizes | None = None) -> None:
        """Use *calls*; *sizes* say which upload goes which way."""
        self._calls = calls
        self.sizes = sizes or UploadSizes()

    async def upload(
        self,
        file_path: str,
        contents: bytes | AsyncIterable[bytes],
        *,
        length: int | None = None,
        overwrite: bool | None = None,
    ) -> int:
        """Store *contents* at *file_path*.

        A stream is read once, no faster than it is sent. With a *length* of up to 5 GiB it goes
        in one PUT; without, or longer, it goes in parts of 8 to 16 MiB, of which two are in memory.
        A stream that was begun is not sent again. Where an answer was lost and the next try finds
        a file of the same length there, that file counts as this one.

        Args:
            file_path: Absolute path, such as `/Volumes/main/default/inbox/a.pdf`.
            contents: Bytes, or an asynchronous stream of them.
            length: Length of a stream in bytes, if it is known.
            overwrite: False refuses to replace a file; None leaves it to the workspace.

        Returns:
            The number of bytes stored.

        Raises:
            DatabricksError: The workspace refused, no answer came, or the length was another.
        """
        if isinstance(contents, bytes) or (length is not None and length <= self.sizes.one_put):
            return await self._put(file_path, Body(contents, length), overwrite=overwrite)
        return await self._in_parts(file_path, contents, length=length, overwrite=overwrite)

    @asynccontextmanager
    async def download(self, file_path: str) -> AsyncGenerator[Download]:
        """Open the file at *file_path* for reading; memory stays flat however long it is.

        Raises:
            DatabricksError: The workspace refused, or no answer came, or it was cut short.
        """
        headers = {"Accept": _OCTETS, "Accept-Encoding": "identity"}
        request = Request(method="GET", path=_file(file_path), headers=headers)
        reply = await self._calls.open(request)
        try:
            yield Download(reply)
        finally:
            await reply.aclose()

    async def get_metadata(self, file_path: str) -> FileMetadata:
        """Tell what the workspace knows of the file at *file_path* without its contents.

        Raises:
            DatabricksError: There is no such file, or the workspace refused otherwise.
        """
        answer = await self._calls.answer(Request(method="HEAD", path=_file(file_path)))
        return _metadata(answer.headers)

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

    async def _put(self, file_path: str, body: Body, *, overwrite: bool | None) -> int:
        request = Request(
            method="PUT",
            path=_file(file_path),
            query={"overwrite": overwrite},
            headers={"Content-Type": _OCTETS},
            body=body,
        )
        try:
            reply = await self._calls.open(request)
        except ResourceConflict as error:
            if not await is_stored_already(self._calls, request.path, body.length, error):
                raise
            return body.length
        content = await reply.beginning(_ACKNOWLEDGED)
        answer = Answer.of(reply, f"PUT {request.path}", content)
        answer.decoded(dict)  # a login page with status 200 has stored nothing
        return body.length

    async def _in_parts(
        self,
        file_path: str,
        contents: AsyncIterable[bytes],
        *,
        length: int | None,
        overwrite: bool | None,
    ) -> int:
        quoted = _quoted(file_path)
        chunks = Chunks(contents if length is None else Body(contents, length).pieces())
        first = await chunks.take(self.sizes.part)
        if len(first) < self.sizes.part:
            return await self._put(file_path, Body(first), overwrite=overwrite)
        upload = MultipartUpload(self._calls, file_path, quoted, self.sizes)
        return await upload.run(first, chunks, overwrite=overwrite)


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


def _metadata(headers: Mapping[str, str]) -> FileMetadata:
    length = headers.get("content-length", "")
    return FileMetadata(
        content_length=int(length) if length.isdecimal() else None,
        content_type=headers.get("content-type"),
        last_modified=headers.get("last-modified"),
    )
