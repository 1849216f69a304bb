"""The Files API: directories of volumes, which are directories on disk."""

import errno
from pathlib import Path

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.paths import volume_path
from dara_fp.sandbox.server.errors import ApiError, already_exists, invalid, not_found
from dara_fp.sandbox.server.wire import Json, cursor, json_response, page_start, read_query

__all__ = ["Directories"]

PAGE_LIMIT = 1_000
NOT_THERE = "The directory being accessed is not found."


class _ListQuery(msgspec.Struct):
    page_size: int = PAGE_LIMIT
    page_token: str = ""


@attrs.frozen(kw_only=True)
class Directories:
    """The routes of directories below *root*."""

    root: Path

    def routes(self) -> list[Route]:
        """Give the routes of `/api/2.0/fs/directories`."""
        path = "/api/2.0/fs/directories{path:path}"
        return [
            Route(path, self.create, methods=["PUT"]),
            Route(path, self.exists, methods=["HEAD"]),
            Route(path, self.contents, methods=["GET"]),
            Route(path, self.delete, methods=["DELETE"]),
        ]

    async def create(self, request: Request) -> Response:
        """Create a directory and its parents; nothing happens when it is there; 204."""
        shown, place = self._directory(request)
        try:
            place.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            said = f"{shown!r}, or a parent of it, is a file: choose another path."
            raise already_exists(said, "ALREADY_EXISTS") from None
        return Response(status_code=204)

    async def exists(self, request: Request) -> Response:
        """Answer 200 for a directory that is there."""
        if not self._directory(request)[1].is_dir():
            raise not_found(NOT_THERE)
        return Response()

    async def contents(self, request: Request) -> Response:
        """List the first level of a directory, in pages by name."""
        query = read_query(request, _ListQuery)
        shown, place = self._directory(request)
        if not place.is_dir():
            raise not_found(NOT_THERE)
        if query.page_size < 0:
            raise invalid(f"page_size must not be negative, got {query.page_size}.")
        size = min(query.page_size or PAGE_LIMIT, PAGE_LIMIT)
        after = page_start(query.page_token)
        names = sorted(entry.name for entry in place.iterdir() if entry.name > after)
        body: Json = {"contents": [_entry(shown, place / name) for name in names[:size]]}
        if len(names) > size:
            body["next_page_token"] = cursor(names[size - 1])
        return json_response(body)

    async def delete(self, request: Request) -> Response:
        """Remove an empty directory; 204."""
        shown, place = self._directory(request, below_volume=True)
        try:
            place.rmdir()
        except (FileNotFoundError, NotADirectoryError):
            raise not_found(NOT_THERE) from None
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
            said = f"The directory is not empty: {shown!r}. Delete its contents first."
            raise ApiError(status=400, error_code="DIRECTORY_NOT_EMPTY", message=said) from None
        return Response(status_code=204)

    def _directory(self, request: Request, *, below_volume: bool = False) -> tuple[str, Path]:
        shown = "/" + str(request.path_params["path"]).strip("/")
        return shown, volume_path(self.root, shown, below_volume=below_volume)


def _entry(parent: str, place: Path) -> Json:
    stat = place.stat(follow_symlinks=False)
    entry: Json = {
        "path": f"{parent}/{place.name}",
        "name": place.name,
        "is_directory": place.is_dir(),
        "last_modified": int(stat.st_mtime * 1000),
    }
    if not place.is_dir():
        entry["file_size"] = stat.st_size
    return entry
