"""Vector search: endpoints, and the indexes on them, which take rows and find neighbours."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.calls import Answer, Calls
from dara_fp.databricks.errors import UpsertFailed
from dara_fp.databricks.records import EndpointInfo, IndexRows, UpsertResult, VectorIndex
from dara_fp.databricks.refusals import request_id_of

__all__ = ["Vectors", "direct_access_spec"]

_API = "/api/2.0/vector-search"
_NAMED = 10  # failed keys an error names


class Vectors:
    """Vector search: endpoints, and the indexes on them."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> EndpointInfo:
        """Make the endpoint *name*; it comes up some time later.

        Raises:
            DatabricksError: There is one of that name, or the workspace refused otherwise.
        """
        body = {"name": name, "endpoint_type": endpoint_type}
        return (await self._calls.json("POST", f"{_API}/endpoints", body=body)).decoded(
            EndpointInfo
        )

    async def get_endpoint(self, endpoint_name: str) -> EndpointInfo:
        """Look at the endpoint *endpoint_name*.

        Raises:
            DatabricksError: There is none of that name, or the workspace refused otherwise.
        """
        path = f"{_API}/endpoints/{quote(endpoint_name, safe='')}"
        return (await self._calls.json("GET", path)).decoded(EndpointInfo)

    async def create_index(
        self,
        name: str,
        endpoint_name: str,
        primary_key: str,
        *,
        direct_access_index_spec: Mapping[str, Any],
    ) -> VectorIndex:
        """Make a direct-access index, which takes rows by `upsert`.

        Args:
            name: Its full name, `catalog.schema.index`.
            endpoint_name: The endpoint it lives on.
            primary_key: The column rows are told apart by.
            direct_access_index_spec: Its columns; `direct_access_spec` makes one.

        Raises:
            DatabricksError: There is one of that name, or the workspace refused otherwise.
        """
        body = {
            "name": name,
            "endpoint_name": endpoint_name,
            "primary_key": primary_key,
            "index_type": "DIRECT_ACCESS",
            "direct_access_index_spec": dict(direct_access_index_spec),
        }
        return (await self._calls.json("POST", f"{_API}/indexes", body=body)).decoded(VectorIndex)

    async def get_index(self, index_name: str) -> VectorIndex:
        """Look at the index *index_name*.

        Raises:
            DatabricksError: There is none of that name, or the workspace refused otherwise.
        """
        return (await self._calls.json("GET", _index(index_name))).decoded(VectorIndex)

    async def upsert(self, index_name: str, inputs_json: str | bytes) -> UpsertResult:
        """Put rows into the index *index_name*, replacing those with the same primary key.

        Args:
            index_name: The index's full name.
            inputs_json: A JSON list of row objects.

        Raises:
            UpsertFailed: The index did not take all of them; the message names keys.
            DatabricksError: The workspace refused, or no answer came.
        """
        rows = inputs_json if isinstance(inputs_json, str) else inputs_json.decode()
        path = f"{_index(index_name)}/upsert-data"
        answer = await self._calls.json("POST", path, body={"inputs_json": rows}, idempotent=True)
        upserted = answer.decoded(_Upserted)
        if upserted.status != "SUCCESS":
            raise _upsert_failed(index_name, upserted, answer)
        return upserted.result

    async def query(
        self,
        index_name: str,
        *,
        columns: Sequence[str],
        query_vector: Sequence[float] | None = None,
        query_text: str | None = None,
        num_results: int = 10,
        filters_json: str | None = None,
    ) -> IndexRows:
        """Find the rows of the index *index_name* nearest to a vector or a text.

        Args:
            index_name: The index's full name.
            columns: The columns to give; `score` is added as the last.
            query_vector: Where to look, as a vector.
            query_text: Where to look, as a text; only where the index makes the embedding.
            num_results: Rows to give at most.
            filters_json: A JSON object of conditions on columns.

        Raises:
            ValueError: Neither or both of vector and text are given.
            DatabricksError: The workspace refused, or no answer came.
        """
        if (query_vector is None) == (query_text is None):
            raise ValueError("give either query_vector or query_text")
        body = {
            "columns": list(columns),
            "query_vector": None if query_vector is None else list(query_vector),
            "query_text": query_text,
            "num_results": num_results,
            "filters_json": filters_json,
        }
        given = {name: value for name, value in body.items() if value is not None}
        path = f"{_index(index_name)}/query"
        return (
            (await self._calls.json("POST", path, body=given, idempotent=True)).decoded(_Found).rows
        )


def direct_access_spec(
    columns: Mapping[str, str],
    *,
    vector_column: str,
    dimension: int,
) -> dict[str, Any]:
    """Describe a direct-access index with *columns* and vectors of *dimension* numbers.

    Args:
        columns: Type of each column by name, the vector's among them.
        vector_column: The column that holds the vector.
        dimension: How many numbers a vector has.

    >>> columns = {"id": "string", "v": "array<float>"}
    >>> direct_access_spec(columns, vector_column="v", dimension=2)["schema_json"]
    '{"id":"string","v":"array<float>"}'
    """
    return {
        "schema_json": msgspec.json.encode(dict(columns)).decode(),
        "embedding_vector_columns": [{"name": vector_column, "embedding_dimension": dimension}],
    }


class _Upserted(msgspec.Struct, frozen=True):
    status: str = ""
    result: UpsertResult = UpsertResult()


class _Column(msgspec.Struct, frozen=True):
    name: str


class _Manifest(msgspec.Struct, frozen=True):
    columns: tuple[_Column, ...] = ()


class _Rows(msgspec.Struct, frozen=True):
    data_array: tuple[tuple[Any, ...], ...] | None = ()


class _Found(msgspec.Struct, frozen=True):
    result: _Rows
    manifest: _Manifest = _Manifest()
    next_page_token: str | None = None

    @property
    def rows(self) -> IndexRows:
        return IndexRows(
            columns=tuple(column.name for column in self.manifest.columns),
            rows=self.result.data_array or (),
            next_page_token=self.next_page_token or None,
        )


def _index(name: str) -> str:
    return f"{_API}/indexes/{quote(name, safe='')}"


def _upsert_failed(index_name: str, upserted: _Upserted, answer: Answer) -> UpsertFailed:
    failed = upserted.result.failed_primary_keys
    more = f" and {len(failed) - _NAMED:,} more" if len(failed) > _NAMED else ""
    keys = ", ".join(key[:100] for key in failed[:_NAMED])
    return UpsertFailed(
        StepError(
            message=f"the index {index_name} answered {upserted.status or 'no status'}: it took"
            f" {upserted.result.success_row_count:,} rows and refused those of the keys"
            f" {keys or '(none named)'}{more}: compare them with the index's columns and dimension",
            status=answer.status,
            error_code=upserted.status or None,
            request_id=request_id_of(answer.headers),
        ),
    )
