"""Multipart forms read as a stream: each file goes on to the volume while it arrives."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from email.message import Message
from typing import TypeAlias

import attrs
from multipart import (  # pyright: ignore[reportMissingTypeStubs] # it ships none
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)
from starlette.requests import Request

from dara_fp.api.problems import Rejected
from dara_fp.api.uploads import Uploader
from dara_fp.databricks.files.upload import Upload

__all__ = ["MOST_PARTS", "MOST_TEXT", "Form", "FormReader"]

MOST_PARTS = 1000
"""Parts a form may have."""

MOST_TEXT = 1024 * 1024
"""Bytes that all the text parts of a form may have together."""

_LONGEST_BOUNDARY = 200  # RFC 2046 allows 70

Event: TypeAlias = MultipartSegment | bytes | bytearray | None
Events: TypeAlias = AsyncGenerator[Event]


@attrs.define
class Form:
    """What a form held.

    Attributes:
        texts: Text parts by name, in the order they came.
        uploads: Files by name, in the order they came; all on the volume if there is no problem.
        problems: What is wrong with parts, by name.
    """

    texts: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    uploads: dict[str, tuple[Upload, ...]] = attrs.field(factory=dict[str, tuple[Upload, ...]])
    problems: dict[str, str] = attrs.field(factory=dict[str, str])


class FormReader:
    """Reads one multipart request, part by part."""

    def __init__(self, request: Request, files: Mapping[str, bool], uploader: Uploader) -> None:
        """Read *request*; *files* names its file fields and whether they take many files.

        Raises:
            Rejected: The body is no form.
        """
        self._files = files
        self._uploader = uploader
        self._form = Form()
        self._text_left = MOST_TEXT
        self._events = _events(request.stream(), _parser(request.headers.get("content-type", "")))

    async def read(self) -> Form:
        """Give what the form holds; from the first problem on, files are read but not sent.

        Raises:
            Rejected: The form is malformed or too large.
            DatabricksError: The workspace refused a file.
            ClientDisconnect: The form was cut in the middle.
        """
        async with aclosing(self._events):
            async for event in self._events:
                if isinstance(event, MultipartSegment):
                    await self._part(event)
        return self._form

    async def _part(self, part: MultipartSegment) -> None:
        name = part.name or ""
        if part.filename == "":
            # Without contents it is a browser's file input that nobody filled in.
            if await self._skip():
                self._form.problems[name] = "is a file without a name: give it one"
            return
        is_file = part.filename is not None
        said = self._problem(name, is_file=is_file)
        if said:
            self._form.problems[name] = said
        if is_file:
            await self._file(name, part)
        elif said:
            await self._skip()
        else:
            self._form.texts[name] = (*self._form.texts.get(name, ()), await self._text(name))

    def _problem(self, name: str, *, is_file: bool) -> str:
        if not is_file:
            wanted = "is text: send it as a file part, with a file name"
            return wanted if name in self._files else ""
        if name not in self._files:
            return f"is a file where none is taken; files go into {', '.join(self._files)}"
        if name in self._form.uploads and not self._files[name]:
            return "takes one file, got several"
        return ""

    async def _file(self, name: str, part: MultipartSegment) -> None:
        filename = part.filename or ""
        if self._form.problems:
            # Refused already, so nothing is sent; that the file was given is all that counts.
            await self._skip()
            sent = Upload(path="", size=0, name=filename)
        else:
            kind = part.content_type or ""
            sent = await self._uploader.send(name, filename, kind, self._chunks())
        if name in self._files:
            self._form.uploads[name] = (*self._form.uploads.get(name, ()), sent)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Give the data of the current part; pulling here is what reads the request on."""
        async for event in self._events:
            if not isinstance(event, bytes | bytearray):
                return
            yield bytes(event)

    async def _skip(self) -> int:
        """Pass over the current part, and give its length in bytes."""
        length = 0
        async for chunk in self._chunks():
            length += len(chunk)
        return length

    async def _text(self, name: str) -> str:
        data = bytearray()
        async for chunk in self._chunks():
            data += chunk
            self._text_left -= len(chunk)
            if self._text_left < 0:
                detail = f"The form's text is over {MOST_TEXT} bytes: send large data as a file"
                raise Rejected(413, "BODY_TOO_LARGE", detail)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            self._form.problems[name] = f"is not UTF-8 text: {error}"
            return ""


def _parser(content_type: str) -> PushMultipartParser:
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        detail = (
            f"The body is {content_type or 'of no type'!r:.200}: this workflow takes files, so "
            "send multipart/form-data with a boundary"
        )
        raise Rejected(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    if len(boundary) > _LONGEST_BOUNDARY or not boundary.isascii():
        detail = f"The form's boundary is not of at most {_LONGEST_BOUNDARY} ASCII characters"
        raise Rejected(422, "INVALID_FORM", detail)
    return PushMultipartParser(boundary, max_segment_count=MOST_PARTS)


async def _events(body: AsyncIterator[bytes], parser: PushMultipartParser) -> Events:
    """Parse *body* as it is pulled; parts, their data, and None at the end of each."""
    try:
        async for chunk in body:
            for event in parser.parse(chunk) if chunk else ():
                yield event
        parser.close()
    except ParserLimitReached as error:
        detail = f"The form is too large: {error}; {MOST_PARTS} parts are taken at most"
        raise Rejected(413, "BODY_TOO_LARGE", detail) from error
    except MultipartError as error:
        raise Rejected(422, "INVALID_FORM", f"The form is malformed: {error}") from error
