"""A workspace: what its areas share, all of its routes, and nothing of another workspace."""

import shutil
from pathlib import Path
from typing import Protocol

import attrs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.routes import CatalogRoutes
from dara_fp.sandbox.files.directories import Directories
from dara_fp.sandbox.files.files import Files
from dara_fp.sandbox.files.presigned import Signer
from dara_fp.sandbox.files.storage import Storage
from dara_fp.sandbox.files.uploads import Uploads
from dara_fp.sandbox.genie.answering import Answering
from dara_fp.sandbox.genie.genie_routes import GenieRoutes
from dara_fp.sandbox.genie.genie_store import GenieStore
from dara_fp.sandbox.jobs.engine import Engine
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.jobs import Jobs
from dara_fp.sandbox.jobs.ledger import Ledger
from dara_fp.sandbox.jobs.run_routes import Runs
from dara_fp.sandbox.jobs.task_work import TaskWork
from dara_fp.sandbox.objects.secret_scopes import SecretScopes
from dara_fp.sandbox.objects.workspace_objects import WorkspaceObjects
from dara_fp.sandbox.pipelines.pipeline_routes import PipelineRoutes
from dara_fp.sandbox.pipelines.pipeline_store import Pipelines
from dara_fp.sandbox.pipelines.updating import Updating
from dara_fp.sandbox.server.auth import Tokens
from dara_fp.sandbox.server.errors import HANDLERS
from dara_fp.sandbox.server.faults import OWN, Faults
from dara_fp.sandbox.server.identity import Clients, Identity
from dara_fp.sandbox.server.rates import Limit, Rates
from dara_fp.sandbox.server.stumbling import Stumbling
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.serving.embedding import Embedder
from dara_fp.sandbox.serving.serving import Serving
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.sql_statements import SqlStatements
from dara_fp.sandbox.sql.statements import Statements
from dara_fp.sandbox.sql.warehouses import Warehouses
from dara_fp.sandbox.vectors.indexes import Indexes
from dara_fp.sandbox.vectors.query_routes import IndexData
from dara_fp.sandbox.vectors.sync import Syncs
from dara_fp.sandbox.vectors.vector_routes import VectorSearch

__all__ = ["Neighbours", "Seat", "Shared", "World"]

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Neighbours(Clients, Protocol):
    """All workspaces, as one of them sees the others."""

    def routes(self) -> list[Route]:
        """Give the routes that list workspaces and make them."""
        ...


@attrs.frozen(kw_only=True)
class Seat:
    """Which workspace it is, and the tokens that open it."""

    workspace_id: str
    tokens: Tokens


@attrs.frozen(kw_only=True)
class Shared:
    """What the workspaces of a sandbox have in common, and what they begin with."""

    embedder: Embedder
    limits: tuple[Limit, ...]


class World:
    """The workspace of *seat*, which keeps all it has below *place*.

    An area is one line in `__init__` for what it keeps, if others need that too, and one line in
    `routes`. What has to end with the sandbox ends in `close`.

    Args:
        seat: Whose it is.
        place: The folder of this workspace alone.
        neighbours: All workspaces of the sandbox.
        shared: What all workspaces have in common.
    """

    def __init__(self, seat: Seat, place: Path, neighbours: Neighbours, shared: Shared) -> None:
        self.seat = seat
        self.neighbours = neighbours
        self.embedder = shared.embedder
        self.root = place / "files"
        self.root.mkdir(parents=True, exist_ok=True)
        self.scratch = place / "scratch"
        # What was half there when an earlier sandbox was killed; the lock says it is nobody's now.
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.faults, self.unanswered, self.rates = Faults(), Unanswered(), Rates(shared.limits)
        self.signer = Signer(seat.workspace_id, place / "signing.key")
        self.catalog = Catalog(place / "catalog", self.root / "Volumes")
        self.uploads = Uploads(place / "uploads", self.signer)
        self.store = JobStore(place / "jobs")
        self.indexes = Indexes(place / "vectors")
        self.lake = Lake(self.catalog, self.root)
        work = TaskWork(store=self.store, root=self.root, lake=self.lake)
        self.engine = Engine(self.store, seat.tokens, work)
        self.secrets = SecretScopes(kept=place / "secrets.json")
        self.syncs = Syncs(indexes=self.indexes, lake=self.lake, embedder=self.embedder)
        self.statements = SqlStatements(self.lake)
        self.warehouses = Warehouses(kept=place / "warehouses.json")
        self.answering = Answering(
            store=GenieStore(place / "genie"),
            statements=self.statements,
            warehouses=self.warehouses,
        )
        pipelines = Pipelines(place / "pipelines")
        self.updating = Updating(pipelines=pipelines, lake=self.lake, root=self.root)
        app = Starlette(routes=self.routes(), exception_handlers=HANDLERS)
        self._app = Stumbling(self.rates.around(app), self.faults, place / "jobs")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app(_without_slash(scope), receive, send)

    def routes(self) -> list[BaseRoute]:
        """Give all routes; the first that fits a call answers it."""
        unanswered, indexes = self.unanswered, self.indexes
        return [
            *Identity(workspace_id=self.seat.workspace_id, clients=self.neighbours).routes(),
            *Files(root=self.root, scratch=self.scratch, uploads=self.uploads).routes(),
            *Directories(root=self.root).routes(),
            *self.uploads.routes(),
            *Storage(root=self.root, signer=self.signer, uploads=self.uploads).routes(),
            *CatalogRoutes(catalog=self.catalog).routes(),
            *Jobs(store=self.store, unanswered=unanswered).routes(),
            *Runs(
                store=self.store,
                engine=self.engine,
                workspace_id=self.seat.workspace_id,
                unanswered=unanswered,
            ).routes(),
            *WorkspaceObjects(self.root, unanswered).routes(),
            *self.secrets.routes(),
            *VectorSearch(indexes=indexes, syncs=self.syncs, unanswered=unanswered).routes(),
            *IndexData(
                indexes=indexes, embedder=self.embedder, syncs=self.syncs, unanswered=unanswered
            ).routes(),
            *Serving(embedder=self.embedder).routes(),
            *self.warehouses.routes(),
            *Statements(
                statements=self.statements, warehouses=self.warehouses, signer=self.signer
            ).routes(),
            *GenieRoutes(answering=self.answering).routes(),
            *PipelineRoutes(updating=self.updating, unanswered=unanswered).routes(),
            *self.neighbours.routes(),
            *self.faults.routes(),
            *self.rates.routes(),
            Route(f"{OWN}/runs", Ledger(store=self.store).show, methods=["GET"]),
            *_other_routes(unanswered),
        ]

    async def close(self) -> None:
        """End what still runs."""
        await self.engine.close()
        await self.syncs.close()
        await self.updating.close()
        await self.answering.close()
        await self.statements.shut()


def _without_slash(scope: Scope) -> Scope:
    # Clients of a workspace write `/api/2.0/serving-endpoints/` too; only paths of files, which are
    # names that somebody gave, are left as they came.
    path: str = scope["path"]
    if not path.startswith("/api/") or not path.endswith("/") or "/fs/" in path:
        return scope
    return {**scope, "path": path.rstrip("/"), "raw_path": scope["raw_path"].rstrip(b"/")}


def _other_routes(unanswered: Unanswered) -> list[Route]:
    return [
        Route("/", _welcome, methods=["GET"]),
        Route(f"{OWN}/unanswered", unanswered.show, methods=["GET"]),
        Route("/api{path:path}", unanswered.unknown, methods=EVERY_METHOD),
        Route("/ajax-api{path:path}", unanswered.unknown, methods=EVERY_METHOD),
        Route("/serving-endpoints{path:path}", unanswered.unknown, methods=EVERY_METHOD),
    ]


async def _welcome(_request: Request) -> Response:
    return PlainTextResponse(
        "DARA sandbox: a local workspace.\n"
        "GET /_sandbox/unanswered lists refused calls, GET /_sandbox/runs the runs it started;\n"
        "POST /_sandbox/faults lets calls go wrong, PUT /_sandbox/limits sets how many may come;\n"
        "POST /_sandbox/workspaces makes a workspace with a token of its own.\n"
    )
