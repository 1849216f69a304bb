"""Multipart forms read as a stream: each file goes on to the volume while it arrives."""

import logging
import re
from collections.abc import AsyncIterator, Mapping
from email.message import Message
from pathlib import PurePosixPath
from typing import TypeAlias

import attrs
from multipart import (  # pyright: ignore[reportMissingTypeStubs] # it ships none
    MultipartSegment,
    ParserError,
    ParserLimitReached,
    PushMultipartParser,
)
from starlette.requests import Request

from dara_fp.api.problems import Rejected
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.upload import Upload
from dara_fp.databricks.workspace import Workspace

__all__ = ["FormReader", "Uploader"]

_MOST_PARTS = 1000
_LARGEST_TEXT = 1024 * 1024
_LONGEST_NAME = 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")

logger = logging.getLogger(__name__)


@attrs.define
class Uploader:
    """Puts the files of one request into a folder of a volume.

    Attributes:
        workspace: Whose volume.
        folder: Absolute path, such as `/Volumes/main/default/raw/{task id}`.
        sent: What was uploaded so far.
    """

    workspace: Workspace
    folder: str
    sent: list[Upload] = attrs.field(factory=list[Upload])

    async def send(
        self, field: str, part: MultipartSegment, chunks: AsyncIterator[bytes]
    ) -> Upload:
        """Upload one *part* named *field* while its *chunks* arrive."""
        name = self._free_name(field, part.filename or "")
        path = f"{self.folder}/{field}/{name}"
        size = await self.workspace.files.upload(path, chunks, overwrite=True)
        kind = part.content_type or "application/octet-stream"
        upload = Upload(path=path, size=size, name=part.filename or name, content_type=kind)
        self.sent.append(upload)
        return upload

    async def remove(self) -> None:
        """Delete what was sent, because the request came to nothing."""
        for upload in self.sent:
            try:
                await self.workspace.files.delete(upload.path)
            except DatabricksError as error:
                logger.warning("could not remove %s: %s", upload.path, error)

    def _free_name(self, field: str, given: str) -> str:
        """Give a safe file name that this request has not used yet."""
        safe = _UNSAFE.sub("_", given.replace("\\", "/").rpartition("/")[2]).strip(". ")
        name = PurePosixPath(safe[-_LONGEST_NAME:] or "file")
        taken = {
            upload.path.rpartition("/")[2] for upload in self.sent if f"/{field}/" in upload.path
        }
        free, number = str(name), 1
        while free in taken:
            number += 1
            free = f"{name.stem}-{number}{name.suffix}"
        return free


class FormReader:
    """Reads one multipart request, part by part."""

    def __init__(self, request: Request, files: Mapping[str, bool], uploader: Uploader) -> None:
        """Read *request*; *files* names its file fields and whether they take many files."""
        self._files = files
        self._uploader = uploader
        self._events = _events(request.stream(), _parser(request.headers.get("content-type", "")))

    async def read(self) -> tuple[dict[str, str], dict[str, tuple[Upload, ...]]]:
        """Give the text fields and the uploads by name.

        Raises:
            Rejected: The form is malformed, too large, or has parts that do not fit.
            DatabricksError: The workspace refused a file.
        """
        texts: dict[str, str] = {}
        uploads: dict[str, tuple[Upload, ...]] = {}
        async for event in self._events:
            if not isinstance(event, MultipartSegment):
                continue
            name = event.name or ""
            if event.filename is None:
                texts[name] = await self._text(name)
            else:
                self._expect_file(name, uploads)
                sent = await self._uploader.send(name, event, self._chunks())
                uploads[name] = (*uploads.get(name, ()), sent)
        return texts, uploads

    def _expect_file(self, name: str, uploads: Mapping[str, object]) -> None:
        known = tuple(self._files)
        if name not in self._files:
            said = {name: f"is not a file field; there are {', '.join(known)}"}
            raise Rejected(422, "INVALID_FIELDS", f"unexpected file part {name!r}", problems=said)
        if name in uploads and not self._files[name]:
            said = {name: "takes one file, got several"}
            raise Rejected(422, "INVALID_FIELDS", f"too many files in {name!r}", problems=said)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Give the data of the current part; pulling here is what reads the request on."""
        async for event in self._events:
            if not isinstance(event, bytes | bytearray):
                return
            yield bytes(event)

    async def _text(self, name: str) -> str:
        if name in self._files:
            said = {name: "is text: send it as a file part, with a file name"}
            raise Rejected(422, "INVALID_FIELDS", f"{name!r} is not a file", problems=said)
        data = bytearray()
        async for chunk in self._chunks():
            data += chunk
            if len(data) > _LARGEST_TEXT:
                raise Rejected(413, "BODY_TOO_LARGE", f"{name!r} is over {_LARGEST_TEXT} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            said = {name: f"is not UTF-8 text: {error}"}
            raise Rejected(422, "INVALID_FIELDS", f"{name!r} is unfit", problems=said) from error


def _parser(content_type: str) -> PushMultipartParser:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        detail = (
            f"The body is {content_type or 'of no type'!r}: "
            "this workflow takes files, so send multipart/form-data"
        )
        raise Rejected(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    return PushMultipartParser(boundary, max_segment_count=_MOST_PARTS)


Event: TypeAlias = MultipartSegment | bytes | bytearray | None


async def _events(body: AsyncIterator[bytes], parser: PushMultipartParser) -> AsyncIterator[Event]:
    """Parse *body* as it is pulled; parts, their data, and None at the end of each."""
    try:
        async for chunk in body:
            for event in parser.parse(chunk) if chunk else ():
                yield event
        parser.close()
    except ParserLimitReached as error:
        raise Rejected(413, "BODY_TOO_LARGE", f"The form is too large: {error}") from error
    except ParserError as error:
        raise Rejected(422, "INVALID_FORM", f"The form is malformed: {error}") from error
