"""The sandbox as an ASGI application."""

import fcntl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from starlette.applications import Starlette
from starlette.types import ASGIApp

from dara_fp.sandbox.server.auth import Gate
from dara_fp.sandbox.server.rates import DOCUMENTED
from dara_fp.sandbox.server.workspaces import Keys, Workspaces
from dara_fp.sandbox.server.world import Seat, Shared, World
from dara_fp.sandbox.serving.embedding import Embedder

__all__ = ["DataDirectoryInUse", "create_sandbox"]


class DataDirectoryInUse(Exception):
    """Another sandbox serves from the same data directory."""


def create_sandbox(
    data_dir: Path,
    *,
    token: str,
    client_id: str | None = None,
    client_secret: str | None = None,
    rate_limits: bool = True,
) -> ASGIApp:
    """Give a local workspace that keeps its files, jobs, runs and indexes in *data_dir*.

    `POST /_sandbox/workspaces` makes further ones beside it: each token sees its own only.

    Args:
        data_dir: Made when missing; one sandbox at a time uses it. Files are below
            `files/Volumes/...` in it.
        token: The bearer token clients send; at least 8 characters.
        client_id: Together with *client_secret*: a service principal for OAuth
            machine-to-machine. Without both, the token service refuses everyone.
        client_secret: Its secret.
        rate_limits: Whether calls beyond the documented limits of a workspace are answered 429;
            `PUT /_sandbox/limits` sets others.

    Raises:
        ValueError: *token* is too short.
        DataDirectoryInUse: Another sandbox has *data_dir*.
    """
    first = Keys.of(token, client_id, client_secret)
    data_dir = data_dir.absolute()
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = _lock(data_dir / "lock")
    embedder = Embedder()
    shared = Shared(embedder=embedder, limits=DOCUMENTED if rate_limits else ())

    def build(seat: Seat, place: Path, workspaces: Workspaces) -> World:
        return World(seat, place, workspaces, shared)

    workspaces = Workspaces(data_dir, first, build)
    # At once, so that what is wrong with the data is told at the start.
    workspaces.by_id("")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        yield
        for world in workspaces.opened():
            await world.close()
        embedder.close()
        lock.close()

    return Gate(workspaces, Starlette(lifespan=lifespan))


def _lock(place: Path) -> TextIO:
    held = place.open("a")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        said = f"another sandbox uses the data directory {place.parent}: stop it or choose another"
        raise DataDirectoryInUse(said) from None
    return held
