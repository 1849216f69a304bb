"""Multipart uploads and presigned addresses: the part of the Files API that large files use."""

import asyncio
import hashlib
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Protocol

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.auth import base_url
from dara_fp.sandbox.disk import join_parts, publish, scratch, stream_to_file
from dara_fp.sandbox.errors import already_exists, invalid, missing
from dara_fp.sandbox.presigned import Grant, Signer, expiry
from dara_fp.sandbox.wire import Json, empty, json_response, read_body

__all__ = ["PART_LIMIT", "Uploads"]

PART_LIMIT = 5 * 2**30
SESSION_LIMIT = 1_000
LAST_PART = 10_000
URL_LIMIT = 1_000


class PartUrlsRequest(msgspec.Struct):
    """The body of `create-upload-part-urls`."""

    path: str
    session_token: str
    start_part_number: Annotated[int, msgspec.Meta(ge=1, le=LAST_PART)]
    count: Annotated[int, msgspec.Meta(ge=1, le=URL_LIMIT)]
    expire_time: str


class AbortUrlRequest(msgspec.Struct):
    """The body of `create-abort-upload-url`."""

    path: str
    session_token: str
    expire_time: str


class UploadedPart(msgspec.Struct):
    """A part as the client believes it was stored."""

    part_number: int
    etag: str


class CompleteRequest(msgspec.Struct):
    """The body of `complete-upload`."""

    parts: list[UploadedPart]


class Digest(Protocol):
    """A checksum that grows with what it is given."""

    def update(self, data: bytes, /) -> None:
        """Add *data*."""
        ...


@attrs.frozen(kw_only=True)
class Session:
    """One upload under way: its target, and the ETag of each part that has arrived."""

    shown: str
    target: Path
    overwrite: bool
    parts: Path
    etags: dict[int, str] = attrs.field(factory=dict[int, str])


class Uploads:
    """The uploads under way. They do not survive a restart, and their parts neither."""

    def __init__(self, directory: Path, signer: Signer) -> None:
        self._directory = directory
        self._signer = signer
        self._sessions: dict[str, Session] = {}
        shutil.rmtree(directory, ignore_errors=True)

    def routes(self) -> list[Route]:
        """Give the routes that hand out addresses."""
        fs = "/api/2.0/fs"
        return [
            Route(f"{fs}/create-upload-part-urls", self.part_urls, methods=["POST"]),
            Route(f"{fs}/create-abort-upload-url", self.abort_url, methods=["POST"]),
        ]

    def initiate(self, shown: str, target: Path, *, overwrite: bool) -> Response:
        """Begin the upload of *shown* to *target*."""
        if not overwrite and target.exists():
            said = f"The file being created already exists: {shown!r}."
            raise already_exists(said, "ALREADY_EXISTS")
        if len(self._sessions) >= SESSION_LIMIT:
            raise invalid(f"{SESSION_LIMIT} uploads are under way: complete or abort some first.")
        token = secrets.token_urlsafe(24)
        parts = self._directory / token
        parts.mkdir(parents=True)
        session = Session(shown=shown, target=target, overwrite=overwrite, parts=parts)
        self._sessions[token] = session
        return json_response({"multipart_upload": {"session_token": token}})

    async def part_urls(self, request: Request) -> Response:
        """Answer addresses to PUT parts to."""
        asked = await read_body(request, PartUrlsRequest)
        self._session(asked.session_token, asked.path)
        base, expires = base_url(request), expiry(asked.expire_time)
        numbers = range(asked.start_part_number, asked.start_part_number + asked.count)
        urls: list[Json] = []
        for number in numbers:
            grant = Grant(verb="PUT", target=asked.session_token, part=number, expires=expires)
            url = self._signer.address(base, grant)
            urls.append({"url": url, "part_number": number, "headers": []})
        return json_response({"upload_part_urls": urls})

    async def abort_url(self, request: Request) -> Response:
        """Answer the address to DELETE to drop an upload."""
        asked = await read_body(request, AbortUrlRequest)
        self._session(asked.session_token, asked.path)
        expires = expiry(asked.expire_time)
        grant = Grant(verb="DELETE", target=asked.session_token, expires=expires)
        url = self._signer.address(base_url(request), grant)
        return json_response({"abort_upload_url": {"url": url, "headers": []}})

    async def store_part(self, grant: Grant, chunks: AsyncIterator[bytes]) -> str:
        """Store the part of *grant* and give its ETag; a part sent again replaces the first."""
        session = self._session(grant.target)
        digest = hashlib.md5(usedforsecurity=False)
        with scratch(session.parts) as draft:
            await stream_to_file(_hashed(chunks, digest), draft, PART_LIMIT)
            draft.replace(_part(session, grant.part))
        etag = f'"{digest.hexdigest()}"'
        session.etags[grant.part] = etag
        return etag

    async def complete(self, request: Request, shown: str, token: str) -> Response:
        """Join the parts the client names into the file; refused unless all are as it says."""
        session = self._session(token, shown)
        parts = (await read_body(request, CompleteRequest)).parts
        for part in parts:
            if session.etags.get(part.part_number) != part.etag:
                raise invalid(
                    f"Part {part.part_number} of {shown!r} is missing or has another ETag."
                )
        numbers = sorted({part.part_number for part in parts})
        # From here the upload is over for everyone else, so that it is joined once.
        del self._sessions[token]
        whole = session.parts / "whole"
        try:
            await asyncio.to_thread(
                join_parts, [_part(session, number) for number in numbers], whole
            )
            publish(whole, session.target, overwrite=session.overwrite, shown=shown)
        finally:
            shutil.rmtree(session.parts, ignore_errors=True)
        return empty()

    def abort(self, grant: Grant) -> None:
        """Drop the upload of *grant* and its parts."""
        session = self._session(grant.target)
        del self._sessions[grant.target]
        shutil.rmtree(session.parts, ignore_errors=True)

    def _session(self, token: str, shown: str | None = None) -> Session:
        session = self._sessions.get(token)
        if session is None or shown not in {None, session.shown}:
            raise missing(
                "The upload session does not exist: it was completed, aborted or never begun."
            )
        return session


async def _hashed(chunks: AsyncIterator[bytes], digest: Digest) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _part(session: Session, number: int) -> Path:
    return session.parts / f"{number:05d}"
