"""SQL warehouses: one that is always there, and those that are made; all are the same engine."""

import uuid
from pathlib import Path

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import invalid, missing
from dara_fp.sandbox.server.wire import Json, empty, json_response, read_body

__all__ = ["FIRST", "Warehouses"]

API = "/api/2.0/sql/warehouses"
FIRST = "da7a0000da7a0001"
"""The id of the warehouse that is always there."""


class _Warehouse(msgspec.Struct, kw_only=True):
    name: str
    id: str = FIRST
    cluster_size: str = "2X-Small"
    auto_stop_mins: int = 10
    max_num_clusters: int = 1
    min_num_clusters: int = 1
    warehouse_type: str = "PRO"
    enable_serverless_compute: bool = True
    running: bool = True


class _New(msgspec.Struct, kw_only=True):
    name: str = ""
    cluster_size: str = "2X-Small"
    auto_stop_mins: int = 10


@attrs.define(kw_only=True)
class Warehouses:
    """The routes of `/api/2.0/sql/warehouses`; they are kept in the file *kept*."""

    kept: Path
    _all: dict[str, _Warehouse] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Read what an earlier sandbox kept."""
        first = _Warehouse(name="Sandbox Warehouse")
        found = [first]
        if self.kept.exists():
            found = msgspec.json.decode(self.kept.read_bytes(), type=list[_Warehouse])
        self._all = {known.id: known for known in found}

    def routes(self) -> list[Route]:
        """Give the routes."""
        one = f"{API}/{{warehouse_id}}"
        return [
            Route(API, self.list, methods=["GET"]),
            Route(API, self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/edit", self.edit, methods=["POST"]),
            Route(f"{one}/start", self.start, methods=["POST"]),
            Route(f"{one}/stop", self.stop, methods=["POST"]),
        ]

    def use(self, warehouse_id: str) -> None:
        """Start the warehouse *warehouse_id* if it is stopped, as a statement does.

        Raises:
            ApiError: 404; there is none.
        """
        self._get(warehouse_id).running = True

    async def list(self, request: Request) -> Response:
        """Answer all warehouses."""
        found = [_json(known, request) for known in self._all.values()]
        return json_response({"warehouses": found})

    async def create(self, request: Request) -> Response:
        """Make a warehouse; it runs at once."""
        asked = await read_body(request, _New)
        if not asked.name.strip():
            raise invalid("A warehouse needs a name.")
        if any(known.name == asked.name for known in self._all.values()):
            raise invalid(f"A warehouse named {asked.name[:100]!r} already exists.")
        made = _Warehouse(
            name=asked.name,
            id=uuid.uuid4().hex[:16],
            cluster_size=asked.cluster_size,
            auto_stop_mins=asked.auto_stop_mins,
        )
        self._all[made.id] = made
        self._keep()
        return json_response({"id": made.id})

    async def get(self, request: Request) -> Response:
        """Answer one warehouse."""
        return json_response(_json(self._named(request), request))

    async def edit(self, request: Request) -> Response:
        """Change a warehouse."""
        known, asked = self._named(request), await read_body(request, _New)
        known.name = asked.name or known.name
        known.cluster_size, known.auto_stop_mins = asked.cluster_size, asked.auto_stop_mins
        self._keep()
        return empty()

    async def delete(self, request: Request) -> Response:
        """Forget a warehouse."""
        del self._all[self._named(request).id]
        self._keep()
        return empty()

    async def start(self, request: Request) -> Response:
        """Start a warehouse."""
        self._named(request).running = True
        self._keep()
        return empty()

    async def stop(self, request: Request) -> Response:
        """Stop a warehouse; a statement starts it again."""
        self._named(request).running = False
        self._keep()
        return empty()

    def _named(self, request: Request) -> _Warehouse:
        return self._get(request.path_params["warehouse_id"])

    def _get(self, warehouse_id: str) -> _Warehouse:
        if warehouse_id not in self._all:
            raise missing(f"SQL warehouse {warehouse_id[:100]} does not exist.")
        return self._all[warehouse_id]

    def _keep(self) -> None:
        write_atomically(self.kept, msgspec.json.encode(list(self._all.values())))


def _json(known: _Warehouse, request: Request) -> Json:
    state = "RUNNING" if known.running else "STOPPED"
    path = f"/sql/1.0/warehouses/{known.id}"
    secure = request.url.scheme == "https"
    port = request.url.port or (443 if secure else 80)
    body: Json = msgspec.to_builtins(known)
    del body["running"]
    return {
        **body,
        "state": state,
        "num_clusters": int(known.running),
        "num_active_sessions": 0,
        "creator_name": USER,
        "health": {"status": "HEALTHY"},
        "jdbc_url": f"jdbc:databricks://{request.url.hostname}:{port}/default;httpPath={path}",
        "odbc_params": {
            "hostname": request.url.hostname,
            "path": path,
            "port": port,
            "protocol": "https" if secure else "http",
        },
    }
