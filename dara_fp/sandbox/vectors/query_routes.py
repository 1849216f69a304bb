"""Vector search: the rows of an index, in and out."""

import asyncio
from typing import Annotated, Literal

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.server.wire import Json, empty, json_response, parse, read_body
from dara_fp.sandbox.serving.embedding import Embedder
from dara_fp.sandbox.vectors.index_specs import IndexSpec, row_fault
from dara_fp.sandbox.vectors.index_wire import check_ready
from dara_fp.sandbox.vectors.indexes import Index, Indexes
from dara_fp.sandbox.vectors.queries import (
    PAGE,
    Cursors,
    Query,
    Question,
    answer,
    check_columns,
    question_vector,
)
from dara_fp.sandbox.vectors.sync import Syncs
from dara_fp.sandbox.vectors.vector_routes import VECTOR_SEARCH, named_index

__all__ = ["IndexData"]


class Upsert(msgspec.Struct):
    """The body of `upsert-data`: the rows, as JSON in a string."""

    inputs_json: str


class DeleteKeys(msgspec.Struct):
    """The body of `delete-data` as the older client sends it."""

    primary_keys: list[str | int | float] = []


class NextPage(msgspec.Struct):
    """The body of `query-next-page`."""

    page_token: str


class Scan(msgspec.Struct):
    """The body of `scan`."""

    last_primary_key: str | int | None = None
    num_results: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10


@attrs.frozen(kw_only=True)
class IndexData:
    """The routes of rows: the SDK posts, the older client sends GET with a body."""

    indexes: Indexes
    embedder: Embedder
    unanswered: Unanswered
    syncs: Syncs
    cursors: Cursors = attrs.field(factory=Cursors)

    def routes(self) -> list[Route]:
        """Give the routes under both families of paths."""
        index = "/indexes/{index}"
        sdk, older = f"{VECTOR_SEARCH}{index}", f"{VECTOR_SEARCH}/endpoints/{{endpoint}}{index}"
        return [*self._routes(sdk), *self._routes(older)]

    def _routes(self, base: str) -> list[Route]:
        asking = ["GET", "POST"]
        return [
            Route(f"{base}/upsert-data", self.upsert, methods=["POST"]),
            Route(f"{base}/delete-data", self.delete, methods=["DELETE"]),
            Route(f"{base}/query", self.query, methods=asking),
            Route(f"{base}/query-next-page", self.next_page, methods=asking),
            Route(f"{base}/scan", self.scan, methods=asking),
            Route(f"{base}/sync", self.sync, methods=["POST"]),
        ]

    async def upsert(self, request: Request) -> Response:
        """Keep rows; rows that do not fit are named, the others are kept."""
        # The index is looked up after the body: while that arrives, the index may be deleted.
        asked = await read_body(request, Upsert)
        index = _direct_index(self.indexes, request)
        rows, failed = await asyncio.to_thread(_sound_rows, index.spec, asked.inputs_json)
        if rows:
            vectors = await self._vectors(index.spec, rows)
            await asyncio.to_thread(index.rows.upsert, _without_vectors(index.spec, rows), vectors)
        return json_response(_changed(len(rows), failed))

    async def delete(self, request: Request) -> Response:
        """Remove rows by key; keys that are not there are named."""
        asked = [*request.query_params.getlist("primary_keys")]
        keys: list[object] = [*asked, *(await read_body(request, DeleteKeys)).primary_keys]
        index = _direct_index(self.indexes, request)
        if not keys:
            raise invalid("Give at least one of primary_keys.")
        typed = [_key(index.spec, key) for key in keys]
        gone = await asyncio.to_thread(index.rows.delete, typed)
        return json_response(_changed(len(gone), [str(key) for key in typed if key not in gone]))

    async def query(self, request: Request) -> Response:
        """Answer the nearest rows."""
        query = await read_body(request, Query)
        self.syncs.wake()
        index = named_index(self.indexes, request)
        if query.missing:
            raise self.unanswered.refuse("POST", request.url.path, query.missing)
        check_ready(index)
        self._check_filters(index, query)
        check_columns(index.spec, (*query.columns, *query.query_columns))
        vector = await question_vector(index.spec, query, self.embedder)
        return await self._page(index, Question(index=index.spec.name, query=query, vector=vector))

    async def next_page(self, request: Request) -> Response:
        """Answer the rows after those of the page before."""
        token = (await read_body(request, NextPage)).page_token
        index = named_index(self.indexes, request)
        return await self._page(index, self.cursors.question(token, index.spec.name))

    async def scan(self, request: Request) -> Response:
        """Answer rows in the order of their keys."""
        asked = await read_body(request, Scan)
        index = named_index(self.indexes, request)
        last = asked.last_primary_key
        after = None if last is None or last == "" else _key(index.spec, last)
        hits = await asyncio.to_thread(index.rows.scan, after, asked.num_results)
        rows = [_struct(index.spec, hit.row, hit.vector) for hit in hits]
        body: Json = {"data": rows}
        if hits:
            body["last_primary_key"] = str(hits[-1].row[index.spec.primary_key])
        return json_response(body)

    async def sync(self, request: Request) -> Response:
        """Have the index take what is new in its table; the answer does not wait for it."""
        index = named_index(self.indexes, request)
        if index.sync is None:
            raise invalid(
                f"Index {index.spec.name} is a DIRECT_ACCESS index: only DELTA_SYNC can be synced."
            )
        if index.is_continuous:
            raise invalid(f"Index {index.spec.name} is CONTINUOUS: it follows its table by itself.")
        if not index.sync.progress.error:
            check_ready(index)
        self.syncs.start(index)
        return empty()

    def _check_filters(self, index: Index, query: Query) -> None:
        endpoint = self.indexes.endpoint(index.spec.endpoint_name)
        if query.filter_string and endpoint.endpoint_type == "STANDARD":
            raise invalid(
                f"Endpoint {endpoint.name} is STANDARD, which takes filters_json: filter_string is"
                " for STORAGE_OPTIMIZED ones."
            )

    async def _page(self, index: Index, question: Question) -> Response:
        body, more = await asyncio.to_thread(answer, index, question)
        # The older client looks for it in every answer.
        body["next_page_token"] = ""
        if more:
            following = attrs.evolve(question, start=question.start + PAGE)
            body["next_page_token"] = self.cursors.keep(following)
        return json_response(body)

    async def _vectors(self, spec: IndexSpec, rows: list[Json]) -> NDArray[np.float32]:
        if spec.embeds and spec.source:
            return await self.embedder.embed([str(row[spec.source.name]) for row in rows])
        return np.asarray([row[spec.vector] for row in rows], dtype=np.float32)


def _direct_index(indexes: Indexes, request: Request) -> Index:
    index = named_index(indexes, request)
    if index.spec.following is not None:
        raise invalid(
            f"Index {index.spec.name} is a DELTA_SYNC index: change the rows of its table"
            f" {index.spec.following.source_table}, and sync."
        )
    return index


def _sound_rows(spec: IndexSpec, inputs_json: str) -> tuple[list[Json], list[str]]:
    rows = parse(inputs_json, list[Json], "inputs_json")
    faults = [row_fault(spec, row) for row in rows]
    pairs = [*zip(rows, faults, strict=True)]
    failed = [str(row[spec.primary_key]) for row, fault in pairs if fault]
    # A key that is there twice counts once, with its last row.
    sound = {str(row[spec.primary_key]): row for row, fault in pairs if not fault}
    return [*sound.values()], failed


def _without_vectors(spec: IndexSpec, rows: list[Json]) -> list[Json]:
    return [{name: value for name, value in row.items() if name != spec.vector} for row in rows]


def _changed(done: int, failed: list[str]) -> Json:
    partial: Literal["PARTIAL_SUCCESS", "FAILURE"] = "PARTIAL_SUCCESS" if done else "FAILURE"
    result = {"success_row_count": done, "failed_primary_keys": failed}
    return {"status": partial if failed else "SUCCESS", "result": result}


def _key(spec: IndexSpec, key: object) -> object:
    if not spec.numbered:
        return str(key)
    try:
        return int(str(key))
    except ValueError:
        raise invalid(f"The primary key {spec.primary_key!r} is a number, got {key!r}.") from None


def _struct(spec: IndexSpec, row: Json, vector: list[float]) -> Json:
    """Give a row as the protobuf Struct that `scan` answers with."""
    full = row if spec.embeds else {**row, spec.vector: vector}
    return {"fields": [{"key": name, "value": _value(value)} for name, value in full.items()]}


def _value(value: object) -> Json:
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int | float):
        return {"number_value": value}
    if isinstance(value, list):
        entries: list[object] = [*value]
        return {"list_value": {"values": [_value(entry) for entry in entries]}}
    return {"string_value": "" if value is None else str(value)}
