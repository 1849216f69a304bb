"""Vector search: endpoints, and the indexes on them, which take rows and find neighbours."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import UpsertFailed
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.encoding import given, json_body
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.vectors.index_waiting import (
    IndexFailed,
    OnIndex,
    ready_index,
    sync_index,
    synced_index,
)
from dara_fp.databricks.vectors.indexes import (
    EndpointInfo,
    IndexRows,
    UpsertResult,
    VectorIndex,
    delta_sync_spec,
    direct_access_spec,
    path_of_endpoint,
    path_of_index,
)

__all__ = ["IndexFailed", "Vectors", "delta_sync_spec", "direct_access_spec"]

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
        answer = await self._calls.json("POST", f"{_API}/endpoints", body=body)
        return answer.decoded(EndpointInfo)

    async def get_endpoint(self, endpoint_name: str) -> EndpointInfo:
        """Look at the endpoint *endpoint_name*.

        Raises:
            DatabricksError: There is none of that name, or the workspace refused otherwise.
        """
        answer = await self._calls.json("GET", path_of_endpoint(endpoint_name))
        return answer.decoded(EndpointInfo)

    async def create_index(
        self,
        name: str,
        endpoint_name: str,
        primary_key: str,
        *,
        direct_access_index_spec: Mapping[str, Any] | None = None,
        delta_sync_index_spec: Mapping[str, Any] | None = None,
    ) -> VectorIndex:
        """Make an index, which takes rows by `upsert`, or those of a Delta table.

        Args:
            name: Its full name, `catalog.schema.index`.
            endpoint_name: The endpoint it lives on.
            primary_key: The column rows are told apart by.
            direct_access_index_spec: Its columns; `direct_access_spec` makes one.
            delta_sync_index_spec: Instead: its table; `delta_sync_spec` makes one.

        Raises:
            ValueError: Neither or both kinds of index are described.
            DatabricksError: There is one of that name, or the workspace refused otherwise.
        """
        specs = {
            "DIRECT_ACCESS": direct_access_index_spec,
            "DELTA_SYNC": delta_sync_index_spec,
        }
        described = [*given(specs).items()]
        if len(described) != 1:
            raise ValueError("give either direct_access_index_spec or delta_sync_index_spec")
        [(kind, spec)] = described
        body = {
            "name": name,
            "endpoint_name": endpoint_name,
            "primary_key": primary_key,
            "index_type": kind,
            f"{kind.lower()}_index_spec": dict(spec),
        }
        return (await self._calls.json("POST", f"{_API}/indexes", body=body)).decoded(VectorIndex)

    async def get_index(self, index_name: str) -> VectorIndex:
        """Look at the index *index_name*.

        Raises:
            DatabricksError: There is none of that name, or the workspace refused otherwise.
        """
        return (await self._calls.json("GET", path_of_index(index_name))).decoded(VectorIndex)

    async def delete_index(self, index_name: str) -> None:
        """Delete the index *index_name* with its rows; a table behind it stays.

        Raises:
            DatabricksError: There is none of that name, or the workspace refused otherwise.
        """
        await self._calls.json("DELETE", path_of_index(index_name))

    async def sync(self, index_name: str) -> None:
        """Have the index *index_name* take what is new in its table; it does so later.

        Raises:
            DatabricksError: It has no table, or follows it by itself; or the workspace refused.
        """
        await sync_index(self._calls, index_name)

    async def wait_until_ready(
        self, index_name: str, *, on_look: OnIndex | None = None, polling: Polling | None = None
    ) -> VectorIndex:
        """Wait until the index *index_name* answers queries, and give it.

        There is no limit of time: put `asyncio.timeout` around it where one is wanted.

        Args:
            index_name: The index's full name.
            on_look: Awaited with the index each time it was looked at.
            polling: How often to look.

        Raises:
            IndexFailed: It will not be ready: its update failed, or its endpoint is not up.
            DatabricksError: There is no such index, or the workspace refused for good.
        """
        return await ready_index(self._calls, index_name, on_look=on_look, polling=polling)

    async def sync_and_wait(
        self, index_name: str, *, on_look: OnIndex | None = None, polling: Polling | None = None
    ) -> VectorIndex:
        """Have the index *index_name* take what is new in its table, and wait until it has it.

        It may be called again at any time. There is no limit of time: put `asyncio.timeout` around
        it where one is wanted.

        Args:
            index_name: The index's full name; only one whose updates are TRIGGERED.
            on_look: Awaited with the index each time it was looked at.
            polling: How often to look.

        Returns:
            The index, whose status has the number of its rows.

        Raises:
            IndexFailed: The update failed, or the endpoint is not up.
            DatabricksError: There is no such index, it follows by itself, or the workspace refused.
        """
        return await synced_index(self._calls, index_name, on_look=on_look, polling=polling)

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
        path = f"{path_of_index(index_name)}/upsert-data"
        answer = await self._calls.json("POST", path, body={"inputs_json": rows}, idempotent=True)
        upserted = answer.decoded(_Changed)
        if upserted.status != "SUCCESS":
            raise _upsert_failed(index_name, upserted, answer)
        return upserted.result

    async def delete_rows(self, index_name: str, keys: Sequence[str]) -> UpsertResult:
        """Take the rows with the primary *keys* out of a direct-access index.

        Returns:
            How many there were, and the keys of which there was none.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        if not keys:
            return UpsertResult()
        path = f"{path_of_index(index_name)}/delete-data"
        answer = await self._calls.json("DELETE", path, query={"primary_keys": list(keys)})
        return answer.decoded(_Changed).result

    async def query(  # noqa: PLR0913 - keywords, each a field of the API
        self,
        index_name: str,
        *,
        columns: Sequence[str],
        query_vector: Sequence[float] | None = None,
        query_text: str | None = None,
        query_type: str = "ANN",
        num_results: int = 10,
        score_threshold: float | None = None,
        filters: Mapping[str, Any] | None = None,
        filters_json: str | None = None,
    ) -> IndexRows:
        """Find the rows of the index *index_name* nearest to a vector or a text.

        Args:
            index_name: The index's full name.
            columns: The columns to give; `score` is added as the last.
            query_vector: Where to look, as a vector.
            query_text: Where to look, as a text; only where the index makes the embedding, unless
                words are looked for.
            query_type: `ANN` looks for neighbours, `FULL_TEXT` for words, `HYBRID` for both.
            num_results: Rows to give at most, 10,000; beyond 1,000 they come in pages.
            score_threshold: Rows with a lower score are left out.
            filters: Conditions on columns, such as `{"year >": 2020, "tag": ["a", "b"]}`.
            filters_json: Instead: the same as a JSON object.

        Raises:
            ValueError: Vector and text do not fit the type, or both kinds of filters are given.
            DatabricksError: The workspace refused, or no answer came.
        """
        _check_question(query_type, query_vector, query_text)
        if filters is not None and filters_json is not None:
            raise ValueError("give either filters or filters_json")
        body = {
            "columns": list(columns),
            "query_vector": None if query_vector is None else list(query_vector),
            "query_text": query_text,
            "query_type": None if query_type == "ANN" else query_type,
            "num_results": num_results,
            "score_threshold": score_threshold,
            "filters_json": filters_json if filters is None else json_body(filters).decode(),
        }
        path = f"{path_of_index(index_name)}/query"
        answer = await self._calls.json("POST", path, body=given(body), reads=True)
        return answer.decoded(_Found).rows

    async def next_page(self, index_name: str, page_token: str) -> IndexRows:
        """Give the rows after those that came with *page_token*.

        Raises:
            DatabricksError: The token is too old, or the workspace refused otherwise.
        """
        path = f"{path_of_index(index_name)}/query-next-page"
        body = {"page_token": page_token}
        answer = await self._calls.json("POST", path, body=body, reads=True)
        return answer.decoded(_Found).rows

    async def pages(self, index_name: str, **asked: Any) -> AsyncGenerator[IndexRows]:
        """Give what `query` finds page after page, until there are no more rows.

        Args:
            index_name: The index's full name.
            **asked: As in `query`; `num_results` counts the rows of all pages, each of 1,000.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        page = await self.query(index_name, **asked)
        yield page
        while page.next_page_token:
            page = await self.next_page(index_name, page.next_page_token)
            yield page


class _Changed(msgspec.Struct, frozen=True):
    status: str = ""
    result: UpsertResult = UpsertResult()


class _Column(msgspec.Struct, frozen=True):
    name: str


class _Manifest(msgspec.Struct, frozen=True):
    columns: tuple[_Column, ...] = ()


class _Rows(msgspec.Struct, frozen=True):
    data_array: tuple[tuple[Any, ...], ...] | None = ()
    row_count: int | None = None


class _Found(msgspec.Struct, frozen=True):
    result: _Rows
    manifest: _Manifest = _Manifest()
    next_page_token: str | None = None

    @property
    def rows(self) -> IndexRows:
        return IndexRows(
            columns=tuple(column.name for column in self.manifest.columns),
            rows=self.result.data_array or (),
            row_count=self.result.row_count,
            next_page_token=self.next_page_token or None,
        )


def _check_question(query_type: str, vector: Sequence[float] | None, text: str | None) -> None:
    if query_type == "ANN" and (vector is None) == (text is None):
        raise ValueError("give either query_vector or query_text")
    if query_type != "ANN" and text is None:
        raise ValueError(f"give query_text: {query_type} looks for its words")


def _upsert_failed(index_name: str, upserted: _Changed, answer: Answer) -> UpsertFailed:
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
            request_id=answer.request_id,
        ),
    )
