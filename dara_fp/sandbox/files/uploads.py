"""Multipart uploads and presigned addresses: the part of the Files API that large files use."""

import asyncio
import hashlib
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Protocol

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.disk import (
    join_parts,
    publish,
    scratch,
    stream_to_file,
    write_atomically,
)
from dara_fp.sandbox.files.presigned import Grant, Signer, expiry
from dara_fp.sandbox.server.auth import base_url
from dara_fp.sandbox.server.errors import already_exists, invalid, missing
from dara_fp.sandbox.server.wire import Json, empty, json_response, read_body

__all__ = ["PART_LIMIT", "Uploads"]

PART_LIMIT = 5 * 2**30
SESSION = "session.json"
SESSION_LIMIT = 1_000
SESSION_SECONDS = 7 * 24 * 3600
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
    """One upload under way: its target, and the checksum of each part that has arrived.

    The name of a part's file is its number and its checksum, so that a restart finds both.
    """

    shown: str
    target: Path
    overwrite: bool
    parts: Path
    digests: dict[int, str] = attrs.field(factory=dict[int, str])

    def part(self, number: int) -> Path:
        """Give the file of the part *number*, which has arrived."""
        return self.parts / f"{number:05d}-{self.digests[number]}"

    def etag(self, number: int) -> str:
        """Give the ETag of the part *number*, or nothing before it has arrived."""
        return f'"{self.digests[number]}"' if number in self.digests else ""


class _Kept(msgspec.Struct):
    shown: str
    target: str
    overwrite: bool


class Uploads:
    """The uploads under way, each in a folder of *directory*; those of a week ago are given up."""

    def __init__(self, directory: Path, signer: Signer) -> None:
        self._directory = directory
        self._signer = signer
        self._sessions = {place.name: _loaded(place) for place in _recent(directory)}

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
        kept = _Kept(shown=shown, target=str(target), overwrite=overwrite)
        write_atomically(parts / SESSION, msgspec.json.encode(kept))
        self._sessions[token] = _loaded(parts)
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
            _keep(session, grant.part, draft, digest.hexdigest())
        return session.etag(grant.part)

    async def complete(self, request: Request, shown: str, token: str) -> Response:
        """Join the parts the client names into the file; refused unless all are as it says."""
        session = self._session(token, shown)
        parts = (await read_body(request, CompleteRequest)).parts
        for part in parts:
            if session.etag(part.part_number) != part.etag:
                raise invalid(
                    f"Part {part.part_number} of {shown!r} is missing or has another ETag."
                )
        numbers = sorted({part.part_number for part in parts})
        # From here the upload is over for everyone else, so that it is joined once.
        del self._sessions[token]
        (session.parts / SESSION).unlink()
        whole = session.parts / "whole"
        try:
            await asyncio.to_thread(join_parts, [session.part(number) for number in numbers], whole)
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


def _keep(session: Session, number: int, draft: Path, digest: str) -> None:
    before = session.part(number) if number in session.digests else None
    session.digests[number] = digest
    draft.replace(session.part(number))
    if before is not None and before != session.part(number):
        before.unlink(missing_ok=True)


def _recent(directory: Path) -> Iterator[Path]:
    """Give the folders of the uploads of the last days, and remove the others."""
    for place in directory.glob("*"):
        file = place / SESSION
        if file.exists() and file.stat().st_mtime > time.time() - SESSION_SECONDS:
            yield place
        else:
            shutil.rmtree(place, ignore_errors=True)


def _loaded(place: Path) -> Session:
    kept = msgspec.json.decode((place / SESSION).read_bytes(), type=_Kept)
    session = Session(
        shown=kept.shown, target=Path(kept.target), overwrite=kept.overwrite, parts=place
    )
    for file in place.iterdir():
        number, dash, digest = file.name.partition("-")
        if dash:
            session.digests[int(number)] = digest
        elif file.name != SESSION:
            file.unlink()  # what was on its way when the sandbox ended
    return session
