"""The sandbox as an ASGI application."""

import fcntl
import logging
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from dara_fp.sandbox.auth import Gate, Tokens, auth_routes
from dara_fp.sandbox.directories import Directories
from dara_fp.sandbox.embedding import Embedder
from dara_fp.sandbox.engine import Engine
from dara_fp.sandbox.errors import ApiError, error_response, not_found
from dara_fp.sandbox.faults import OWN, Faults
from dara_fp.sandbox.files import Files
from dara_fp.sandbox.indexes import Indexes
from dara_fp.sandbox.job_store import JobStore
from dara_fp.sandbox.jobs import Jobs
from dara_fp.sandbox.ledger import Ledger
from dara_fp.sandbox.presigned import Signer
from dara_fp.sandbox.query_routes import IndexData
from dara_fp.sandbox.run_routes import Runs
from dara_fp.sandbox.serving import Serving
from dara_fp.sandbox.storage import Storage
from dara_fp.sandbox.stumbling import Stumbling
from dara_fp.sandbox.unanswered import Unanswered
from dara_fp.sandbox.uploads import Uploads
from dara_fp.sandbox.vector_routes import VectorSearch

__all__ = ["DataDirectoryInUse", "create_sandbox"]

logger = logging.getLogger("dara_fp.sandbox")

TOKEN_CHARACTERS = 8
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class DataDirectoryInUse(Exception):
    """Another sandbox serves from the same data directory."""


def create_sandbox(
    data_dir: Path,
    *,
    token: str,
    client_id: str | None = None,
    client_secret: str | None = None,
) -> ASGIApp:
    """Give a local workspace that keeps its files, jobs, runs and indexes in *data_dir*.

    Args:
        data_dir: Made when missing; one sandbox at a time uses it. Files are below
            `files/Volumes/...` in it.
        token: The bearer token clients send; at least 8 characters.
        client_id: Together with *client_secret*: a service principal for OAuth
            machine-to-machine. Without both, the token service refuses everyone.
        client_secret: Its secret.

    Raises:
        ValueError: *token* is too short.
        DataDirectoryInUse: Another sandbox has *data_dir*.
    """
    if len(token) < TOKEN_CHARACTERS:
        raise ValueError(
            f"the token needs {TOKEN_CHARACTERS} characters or more: choose a longer one"
        )
    data_dir = data_dir.absolute()
    root = data_dir / "files"
    root.mkdir(parents=True, exist_ok=True)
    lock = _lock(data_dir / "lock")
    tokens, signer, embedder = Tokens(token), Signer(), Embedder()
    faults, unanswered = Faults(), Unanswered()
    # What was half there when an earlier sandbox was killed; the lock says that it is nobody's now.
    shutil.rmtree(scratch := data_dir / "scratch", ignore_errors=True)
    uploads = Uploads(data_dir / "uploads", signer)
    store = JobStore(data_dir / "jobs")
    engine = Engine(store, tokens, root)
    indexes = Indexes(data_dir / "vectors")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        await engine.close()
        embedder.close()
        lock.close()

    routes: list[BaseRoute] = [
        *auth_routes(tokens, client_id, client_secret),
        *Files(root=root, scratch=scratch, uploads=uploads).routes(),
        *Directories(root=root).routes(),
        *uploads.routes(),
        *Storage(root=root, signer=signer, uploads=uploads).routes(),
        *Jobs(store=store).routes(),
        *Runs(store=store, engine=engine).routes(),
        *VectorSearch(indexes=indexes, unanswered=unanswered).routes(),
        *IndexData(indexes=indexes, embedder=embedder, unanswered=unanswered).routes(),
        *Serving(embedder=embedder).routes(),
        *faults.routes(),
        Route(f"{OWN}/runs", Ledger(store=store).show, methods=["GET"]),
        *_other_routes(unanswered),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=_HANDLERS)
    return Gate(Stumbling(app, faults), tokens)


def _other_routes(unanswered: Unanswered) -> list[Route]:
    return [
        Route("/", _welcome, methods=["GET"]),
        Route(f"{OWN}/unanswered", unanswered.show, methods=["GET"]),
        Route("/api{path:path}", unanswered.unknown, methods=EVERY_METHOD),
        Route("/serving-endpoints{path:path}", unanswered.unknown, methods=EVERY_METHOD),
    ]


def _lock(place: Path) -> TextIO:
    held = place.open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        said = f"another sandbox uses the data directory {place.parent}: stop it or choose another"
        raise DataDirectoryInUse(said) from None
    return held


async def _welcome(_request: Request) -> Response:
    return PlainTextResponse(
        "DARA sandbox: a local workspace.\n"
        "GET /_sandbox/unanswered lists refused calls, GET /_sandbox/runs the runs it started;\n"
        "POST /_sandbox/faults lets calls go wrong.\n"
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class only
    return error_response(error)


async def _not_there(request: Request, _error: Exception) -> Response:
    return error_response(not_found(f"No such page: {request.method} {request.url.path[:200]!r}."))


async def _broken(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    said = "The sandbox failed on this request: its log has the reason."
    return error_response(ApiError(status=500, error_code="INTERNAL_ERROR", message=said))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)


_HANDLERS: dict[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ApiError: _refused,
    ClientDisconnect: _gone,
    404: _not_there,
    405: _not_there,
    500: _broken,
}
