"""Vector search: endpoints and indexes, under the paths of the SDK and of the older client."""

import asyncio
from typing import Annotated, Literal

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import invalid, missing
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.server.wire import Json, convert, empty, json_response, read_body, read_query
from dara_fp.sandbox.serving.embedding import MODELS
from dara_fp.sandbox.vectors.index_specs import CreateIndex, Following, IndexSpec, index_spec
from dara_fp.sandbox.vectors.index_wire import index_json, short_json
from dara_fp.sandbox.vectors.indexes import Endpoint, Index, Indexes
from dara_fp.sandbox.vectors.sync import Syncs
from dara_fp.sandbox.vectors.synced_specs import synced_spec

__all__ = ["VECTOR_SEARCH", "VectorSearch", "named_index"]

VECTOR_SEARCH = "/api/2.0/vector-search"


class CreateEndpoint(msgspec.Struct):
    """The body of `create_endpoint`."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+$", max_length=128)]
    endpoint_type: Literal["STANDARD", "STORAGE_OPTIMIZED"] = "STANDARD"


class ListIndexes(msgspec.Struct):
    """The query of `list_indexes`."""

    endpoint_name: str


def named_index(indexes: Indexes, request: Request) -> Index:
    """Give the index that the path of *request* names, with or without its endpoint."""
    path: dict[str, str] = request.path_params
    return indexes.index(path["index"], path.get("endpoint"))


@attrs.frozen(kw_only=True)
class VectorSearch:
    """The routes of endpoints and indexes."""

    indexes: Indexes
    syncs: Syncs
    unanswered: Unanswered

    def routes(self) -> list[Route]:
        """Give the routes."""
        endpoints = f"{VECTOR_SEARCH}/endpoints"
        return [
            Route(endpoints, self.create_endpoint, methods=["POST"]),
            Route(endpoints, self.list_endpoints, methods=["GET"]),
            Route(f"{endpoints}/{{endpoint}}", self.get_endpoint, methods=["GET"]),
            Route(f"{endpoints}/{{endpoint}}", self.delete_endpoint, methods=["DELETE"]),
            *self._index_routes(f"{VECTOR_SEARCH}/indexes"),
            *self._index_routes(f"{endpoints}/{{endpoint}}/indexes"),
        ]

    def _index_routes(self, base: str) -> list[Route]:
        return [
            Route(base, self.create, methods=["POST"]),
            Route(base, self.list, methods=["GET"]),
            Route(f"{base}/{{index}}", self.get, methods=["GET"]),
            Route(f"{base}/{{index}}", self.delete, methods=["DELETE"]),
        ]

    async def create_endpoint(self, request: Request) -> Response:
        """Keep a new endpoint."""
        asked = await read_body(request, CreateEndpoint)
        return json_response(self._endpoint_json(
            self.indexes.create_endpoint(asked.name, asked.endpoint_type)
        ))  # fmt: skip

    async def list_endpoints(self, _request: Request) -> Response:
        """Answer all endpoints."""
        endpoints = self.indexes.endpoints.values()
        return json_response({"endpoints": [self._endpoint_json(known) for known in endpoints]})

    async def get_endpoint(self, request: Request) -> Response:
        """Answer one endpoint."""
        return json_response(self._endpoint_json(self._endpoint(request)))

    async def delete_endpoint(self, request: Request) -> Response:
        """Forget an endpoint without indexes."""
        self.indexes.delete_endpoint(self._endpoint(request).name)
        return empty()

    async def create(self, request: Request) -> Response:
        """Keep a new index; one over a table begins to take its rows."""
        raw = await read_body(request, Json)
        asked = convert({**raw, **_endpoint_in_path(request)}, CreateIndex, "request body")
        if asked.index_type == "DIRECT_ACCESS":
            spec = index_spec(asked)
        else:
            spec = await self._following(request, asked)
        _check_model(spec)
        index = self.indexes.create(spec)
        self.syncs.start(index)
        return json_response(index_json(index))

    async def _following(self, request: Request, asked: CreateIndex) -> IndexSpec:
        following = asked.delta_sync_index_spec
        if following is None:
            raise invalid("A DELTA_SYNC index needs a delta_sync_index_spec.")
        if following.missing:
            raise self.unanswered.refuse("POST", request.url.path, following.missing)
        return await asyncio.to_thread(self._synced_spec, asked, following)

    def _synced_spec(self, asked: CreateIndex, following: Following) -> IndexSpec:
        tables, table = self.syncs.lake.tables, following.source_table
        fields = tables.fields(table)
        # Refused where the table keeps no changes; there are none after its last version.
        tables.changes(table, since=tables.version(table))
        return synced_spec(asked, following, fields)

    async def list(self, request: Request) -> Response:
        """Answer the indexes of an endpoint."""
        in_path = _endpoint_in_path(request)
        name = in_path.get("endpoint_name") or read_query(request, ListIndexes).endpoint_name
        found = self.indexes.of(self.indexes.endpoint(name).name)
        return json_response({"vector_indexes": [short_json(index) for index in found]})

    async def get(self, request: Request) -> Response:
        """Answer one index."""
        self.syncs.wake()
        return json_response(index_json(named_index(self.indexes, request)))

    async def delete(self, request: Request) -> Response:
        """Forget an index."""
        self.indexes.delete(named_index(self.indexes, request).spec.name)
        return empty()

    def _endpoint(self, request: Request) -> Endpoint:
        return self.indexes.endpoint(str(request.path_params["endpoint"]))

    def _endpoint_json(self, endpoint: Endpoint) -> Json:
        return {
            "id": f"sandbox-{endpoint.created}",
            "name": endpoint.name,
            "endpoint_type": endpoint.endpoint_type,
            "endpoint_status": {"state": "ONLINE", "message": ""},
            "creator": USER,
            "creation_timestamp": endpoint.created,
            "last_updated_timestamp": endpoint.created,
            "last_updated_user": USER,
            "num_indexes": len(self.indexes.of(endpoint.name)),
        }


def _check_model(spec: IndexSpec) -> None:
    """Refuse an index that is to be embedded by a model that is not there."""
    model = spec.source.embedding_model_endpoint_name if spec.embeds and spec.source else None
    if model is not None and model not in MODELS:
        raise missing(
            f"Embedding model endpoint {model!r} does not exist: the sandbox has"
            f" {', '.join(MODELS)}."
        )


def _endpoint_in_path(request: Request) -> dict[str, str]:
    name = request.path_params.get("endpoint")
    return {} if name is None else {"endpoint_name": str(name)}
