"""The Files API: files of volumes on disk, streamed both ways."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from dara_fp.sandbox.files.disk import publish, scratch, stream_to_file
from dara_fp.sandbox.files.paths import volume_path
from dara_fp.sandbox.files.uploads import Uploads
from dara_fp.sandbox.server.errors import ApiError, already_exists, invalid, not_found, too_large
from dara_fp.sandbox.server.wire import read_query

__all__ = ["PUT_LIMIT", "Files", "file_response"]

PUT_LIMIT = 5 * 2**30
"""Largest file in one PUT, in bytes."""

RANGE_REFUSED = 416


class _PutQuery(msgspec.Struct):
    # The sources contradict each other where nothing is said: the SDK's own documentation
    # (0.156, `files.upload`) has it replace the file, other descriptions of the API have it
    # answer 409. The sandbox takes the answer that loses no data: who relies on it is safe on both.
    overwrite: bool = False


class _PostQuery(msgspec.Struct):
    action: str = ""
    overwrite: bool = False
    session_token: str = ""


@attrs.frozen(kw_only=True)
class Files:
    """The routes of files.

    Attributes:
        root: The directory below which `/Volumes` lives.
        scratch: Where a file is while it arrives; on the same file system as *root*.
        uploads: The multipart uploads under way.
    """

    root: Path
    scratch: Path
    uploads: Uploads

    def routes(self) -> list[Route]:
        """Give the routes of `/api/2.0/fs/files`."""
        path = "/api/2.0/fs/files{path:path}"
        return [
            Route(path, self.put, methods=["PUT"]),
            Route(path, self.get, methods=["GET", "HEAD"]),
            Route(path, self.delete, methods=["DELETE"]),
            Route(path, self.post, methods=["POST"]),
        ]

    async def put(self, request: Request) -> Response:
        """Store the body as a file; 204."""
        overwrite = read_query(request, _PutQuery).overwrite
        shown, place = self._file(request)
        if not overwrite and place.exists():
            raise already_exists(
                f"The file being created already exists: {shown!r}.", "ALREADY_EXISTS"
            )
        if int(request.headers.get("content-length", "0")) > PUT_LIMIT:
            raise too_large(f"One PUT takes {PUT_LIMIT} bytes at most: use the multipart upload.")
        with scratch(self.scratch) as draft:
            await stream_to_file(request.stream(), draft, PUT_LIMIT)
            publish(draft, place, overwrite=overwrite, shown=shown)
        return Response(status_code=204)

    async def get(self, request: Request) -> Response:
        """Answer the content of a file, or a range of it; only its headers to a HEAD."""
        return file_response(request, self._file(request)[1])

    async def delete(self, request: Request) -> Response:
        """Remove a file; 204."""
        shown, place = self._file(request)
        if place.is_dir():
            raise invalid(f"{shown!r} is a directory: delete it under /api/2.0/fs/directories.")
        try:
            place.unlink()
        except (FileNotFoundError, NotADirectoryError):
            raise not_found("The file being accessed is not found.") from None
        return Response(status_code=204)

    async def post(self, request: Request) -> Response:
        """Begin or complete a multipart upload."""
        query = read_query(request, _PostQuery)
        shown, place = self._file(request)
        if query.action == "initiate-upload":
            return self.uploads.initiate(shown, place, overwrite=query.overwrite)
        if query.action == "complete-upload":
            return await self.uploads.complete(request, shown, query.session_token)
        actions = "initiate-upload or complete-upload"
        raise invalid(f"Unknown action {query.action[:40]!r} for {shown!r}: use {actions}.")

    def _file(self, request: Request) -> tuple[str, Path]:
        shown = "/" + str(request.path_params["path"]).lstrip("/")
        if shown.endswith("/"):
            raise invalid(f"{shown[:200]!r} names a directory, not a file: drop the final slash.")
        return shown, volume_path(self.root, shown)


class _Content(FileResponse):
    # A thread hop a chunk: larger chunks than the default 64 KiB make few of them.
    chunk_size = 2**20

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def checked(message: Message) -> None:
            # The framework refuses a range in plain text: clients look for the API's error.
            if message["type"] == "http.response.start" and message["status"] in {400, 416}:
                raise self._range_refused(message["status"])
            await send(message)

        await super().__call__(scope, receive, checked)

    def _range_refused(self, status: int) -> ApiError:
        size = self.headers["content-length"]
        said = f"The Range does not fit the file of {size} bytes: ask for bytes=<first>-<last>."
        headers = {"Content-Range": f"bytes */{size}"} if status == RANGE_REFUSED else {}
        return ApiError(
            status=status, error_code="INVALID_PARAMETER_VALUE", message=said, headers=headers
        )


def file_response(request: Request, place: Path) -> Response:
    """Give the content of *place*, whole or the range that *request* asks for.

    Raises:
        ApiError: 404, there is no such file; 412, it has changed since `If-Unmodified-Since`.
    """
    if not place.is_file():
        raise not_found("The file being accessed is not found.")
    stat = place.stat()
    _check_unmodified(request.headers.get("if-unmodified-since"), int(stat.st_mtime))
    return _Content(place, media_type="application/octet-stream", stat_result=stat)


def _check_unmodified(since: str | None, modified: int) -> None:
    if since is None:
        return
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        raise invalid(f"If-Unmodified-Since is no HTTP date: {since[:60]!r}.") from None
    if modified > moment.timestamp():
        changed = datetime.fromtimestamp(modified, UTC).isoformat()
        said = f"The file has changed since {since}: it was last modified at {changed}."
        raise ApiError(status=412, error_code="PRECONDITION_FAILED", message=said)
