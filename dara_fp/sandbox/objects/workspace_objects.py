"""The Workspace API: notebooks, files and folders, on disk below `/Workspace`."""

import base64
import binascii
import hashlib
import shutil
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Literal

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.disk import is_draft, write_atomically
from dara_fp.sandbox.files.paths import local_path
from dara_fp.sandbox.jobs.notebooks import (
    EXTENSIONS,
    as_jupyter,
    as_source,
    language_named,
    language_of,
    stored,
)
from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import ApiError, invalid, missing
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.server.wire import (
    Json,
    convert,
    empty,
    json_response,
    parse,
    read_bytes,
    read_query,
)

__all__ = ["WorkspaceObjects"]

SIZE_LIMIT = 10 * 2**20
"""Bytes of the largest object that is imported."""

FILE_LIMIT = 500 * 2**20
"""Bytes of the largest file of a workspace, as its documentation has it."""

_API = "/api/2.0/workspace"
_FILES = "/api/2.0/workspace-files"
_DONE = frozenset({"AUTO", "SOURCE", "JUPYTER", "RAW"})

Format = Literal["AUTO", "SOURCE", "JUPYTER", "RAW", "HTML", "DBC", "R_MARKDOWN"]


class _Import(msgspec.Struct):
    path: str
    content: str = ""
    format: Format = "SOURCE"
    language: str | None = None
    overwrite: bool = False


class _Export(msgspec.Struct):
    path: str
    format: Format = "SOURCE"
    direct_download: bool = False


class _Path(msgspec.Struct):
    path: str
    recursive: bool = False


class _Write(msgspec.Struct):
    overwrite: bool = False


@attrs.frozen
class WorkspaceObjects:
    """The routes of what is below `/Workspace` in *root*, with folders that are always there."""

    root: Path
    unanswered: Unanswered

    def __attrs_post_init__(self) -> None:
        for folder in ("Shared", f"Users/{USER}"):
            (self.root / "Workspace" / folder).mkdir(parents=True, exist_ok=True)

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route(f"{_API}/import", self.take, methods=["POST"]),
            Route(f"{_API}/export", self.give, methods=["GET"]),
            Route(f"{_API}/get-status", self.status, methods=["GET"]),
            Route(f"{_API}/list", self.list, methods=["GET"]),
            Route(f"{_API}/mkdirs", self.mkdirs, methods=["POST"]),
            Route(f"{_API}/delete", self.delete, methods=["POST"]),
            Route(f"{_FILES}/import-file/{{path:path}}", self.write, methods=["POST"]),
            Route(f"{_FILES}/{{path:path}}", self.read, methods=["GET"]),
        ]

    async def take(self, request: Request) -> Response:
        """Import a notebook or a file."""
        asked, content = _sent(await read_bytes(request), request.headers.get("content-type", ""))
        self._check_format("POST", f"{_API}/import", asked.format)
        if len(content) > SIZE_LIMIT:
            said = f"The content exceeds {SIZE_LIMIT} bytes: import a smaller one."
            raise ApiError(status=400, error_code="MAX_NOTEBOOK_SIZE_EXCEEDED", message=said)
        return json_response({"object_id": _object_id(self._keep(asked, content))})

    async def write(self, request: Request) -> Response:
        """Import the bytes of the body, as command line tools do: AUTO, and 409 for a file."""
        overwrite = read_query(request, _Write).overwrite
        asked = _Import(path=_in_address(request), format="AUTO", overwrite=overwrite)
        self._keep(asked, await read_bytes(request, FILE_LIMIT), status_of_file=409)
        return empty()

    async def read(self, request: Request) -> Response:
        """Answer the bytes of a file, or of a notebook as source."""
        path = _in_address(request)
        place = self._found(path)
        if place.is_dir():
            raise invalid(f"Path ({_shown(path)}) is a folder: name a file in it.")
        return Response(_exported(place, "AUTO")[0], media_type="application/octet-stream")

    async def give(self, request: Request) -> Response:
        """Export a notebook or a file."""
        asked = read_query(request, _Export)
        self._check_format("GET", f"{_API}/export", asked.format)
        place = self._found(asked.path)
        if place.is_dir():
            raise self.unanswered.refuse("GET", f"{_API}/export", "of a folder")
        content, extension = _exported(place, asked.format)
        if asked.direct_download:
            return Response(content, media_type="application/octet-stream")
        encoded = base64.b64encode(content).decode()
        return json_response({"content": encoded, "file_type": extension})

    async def status(self, request: Request) -> Response:
        """Answer what an object is."""
        path = read_query(request, _Path).path
        return json_response(_object(_shown(path), self._found(path)))

    async def list(self, request: Request) -> Response:
        """Answer what a folder holds, or an object that is none."""
        path = read_query(request, _Path).path
        found, shown = self._found(path), _shown(path)
        if not found.is_dir():
            return json_response({"objects": [_object(shown, found)]})
        objects = [_object(f"{shown.rstrip('/')}/{place.name}", place) for place in _visible(found)]
        return json_response({"objects": objects} if objects else {})

    async def mkdirs(self, request: Request) -> Response:
        """Make a folder and those above it."""
        path = parse(await read_bytes(request) or b"{}", _Path, "request body").path
        try:
            self._place(_shown(path)).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise _exists(_shown(path)) from None
        return empty()

    async def delete(self, request: Request) -> Response:
        """Delete an object, a folder with all that is in it only when `recursive` is true."""
        asked = parse(await read_bytes(request) or b"{}", _Path, "request body")
        found = self._found(asked.path)
        if not found.is_dir():
            found.unlink()
        elif asked.recursive:
            shutil.rmtree(found)
        else:
            self._delete_folder(found, _shown(asked.path))
        return empty()

    def _keep(self, asked: _Import, content: bytes, *, status_of_file: int = 400) -> str:
        shown, kept = _imported(asked, content)
        place = self._place(shown)
        if not place.parent.is_dir():
            raise missing(f"The parent folder ({_parent(shown)}) does not exist.")
        if place.exists() and not (asked.overwrite and place.is_file()):
            raise _exists(shown, status_of_file if _is_plain(place) else 400)
        write_atomically(place, kept)
        return shown

    def _delete_folder(self, found: Path, shown: str) -> None:
        try:
            found.rmdir()
        except OSError:
            said = f"Folder ({shown}) is not empty: delete it with recursive=true."
            raise ApiError(status=400, error_code="DIRECTORY_NOT_EMPTY", message=said) from None

    def _check_format(self, method: str, path: str, form: str) -> None:
        if form not in _DONE:
            raise self.unanswered.refuse(method, path, f"format {form}")

    def _place(self, shown: str) -> Path:
        return local_path(self.root, f"/Workspace{shown}")

    def _found(self, path: str) -> Path:
        shown = _shown(path)
        place = self._place(shown)
        if not place.exists():
            raise missing(f"Path ({shown}) doesn't exist.")
        return place


def _sent(body: bytes, media_type: str) -> tuple[_Import, bytes]:
    """Read what is imported: JSON with the content in base64, or a form with it as a file."""
    if not media_type.startswith("multipart/"):
        asked = parse(body or b"{}", _Import, "request body")
        try:
            return asked, base64.b64decode(asked.content, validate=True)
        except (binascii.Error, ValueError):
            raise invalid("content is not base64: encode it.") from None
    head = f"Content-Type: {media_type}\r\n\r\n".encode()
    parts: dict[str, bytes] = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        parts[str(name)] = bytes(part.get_payload(decode=True) or b"")
    content = parts.pop("content", b"")
    fields = {name: value.decode("utf-8", "replace") for name, value in parts.items()}
    return convert(fields, _Import, "form"), content


def _imported(asked: _Import, content: bytes) -> tuple[str, bytes]:
    """Give the path of what is imported, and its content, as they are kept."""
    shown = _shown(asked.path)
    if asked.format == "RAW":
        return shown, content
    if asked.format != "AUTO":
        return shown, stored(content, asked.format, asked.language or language_named(shown))
    stem, _, extension = shown.rpartition(".")
    is_source = extension in EXTENSIONS.values() and language_of(content) is not None
    if is_source or extension == "ipynb":
        form = "JUPYTER" if extension == "ipynb" else "SOURCE"
        return stem, stored(content, form, language_of(content))
    return shown, content


def _exported(place: Path, form: str) -> tuple[bytes, str]:
    content = place.read_bytes()
    language = language_of(content)
    if language is None:
        return content, place.suffix.removeprefix(".")
    if form != "JUPYTER":
        return as_source(content), EXTENSIONS[language]
    if language != "PYTHON":
        raise invalid(f"The sandbox gives {language} notebooks as SOURCE only.")
    return as_jupyter(content), "ipynb"


def _object(shown: str, place: Path) -> Json:
    body: Json = {"path": shown, "object_id": (known := _object_id(shown))}
    body["resource_id"] = str(known)
    if place.is_dir():
        return {**body, "object_type": "DIRECTORY"}
    status = place.stat()
    changed = int(status.st_mtime * 1000)
    body |= {"created_at": changed, "modified_at": changed}
    language = language_of(place.read_bytes())
    if language is None:
        return {**body, "object_type": "FILE", "size": status.st_size}
    return {**body, "object_type": "NOTEBOOK", "language": language}


def _object_id(shown: str) -> int:
    """Give a number for the object at *shown* that is the same after a restart."""
    return int.from_bytes(hashlib.blake2b(shown.encode(), digest_size=6).digest())


def _visible(folder: Path) -> Iterator[Path]:
    return (place for place in sorted(folder.iterdir()) if not is_draft(place.name))


def _shown(path: str) -> str:
    """Give *path* as answers have it: without the `/Workspace` that may stand before it."""
    if not path.startswith("/"):
        raise invalid(f"Path ({path[:200]}) must start with '/'.")
    if path == "/Workspace" or path.startswith("/Workspace/"):
        path = path.removeprefix("/Workspace")
    return path.rstrip("/") or "/"


def _parent(shown: str) -> str:
    return shown.rpartition("/")[0] or "/"


def _is_plain(place: Path) -> bool:
    return place.is_file() and language_of(place.read_bytes()) is None


def _in_address(request: Request) -> str:
    path: str = request.path_params["path"]
    return f"/{path.lstrip('/')}"


def _exists(shown: str, status: int = 400) -> ApiError:
    said = f"Path ({shown}) already exists."
    return ApiError(status=status, error_code="RESOURCE_ALREADY_EXISTS", message=said)
