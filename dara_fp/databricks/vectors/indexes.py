"""Vector indexes and their endpoints: what a workspace says of them, and how one is described."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs
import msgspec

__all__ = [
    "EndpointInfo",
    "EndpointStatus",
    "IndexRows",
    "TriggeredUpdate",
    "UpsertResult",
    "VectorIndex",
    "VectorIndexStatus",
    "delta_sync_spec",
    "direct_access_spec",
    "path_of_endpoint",
    "path_of_index",
]

_API = "/api/2.0/vector-search"
_DOWN = frozenset({"OFFLINE", "RED_STATE", "STOPPED", "STOPPING", "DELETED"})
_UPDATING = frozenset({"ONLINE_TRIGGERED_UPDATE", "ONLINE_UPDATING_PIPELINE_RESOURCES"})


@attrs.frozen(kw_only=True)
class EndpointStatus:
    """Whether a vector search endpoint is up, such as `ONLINE`."""

    state: str | None = None
    message: str = ""


@attrs.frozen(kw_only=True)
class EndpointInfo:
    """A vector search endpoint."""

    name: str
    endpoint_type: str | None = None
    id: str | None = None
    endpoint_status: EndpointStatus = EndpointStatus()
    num_indexes: int = 0

    @property
    def is_down(self) -> bool:
        """Tell whether it will not come up by itself; one that is being provisioned will."""
        return self.endpoint_status.state in _DOWN


@attrs.frozen(kw_only=True)
class TriggeredUpdate:
    """How far an index follows its table.

    Attributes:
        last_processed_commit_version: The table's version that was synced last.
        last_processed_commit_timestamp: When that was, as the workspace writes it.
    """

    last_processed_commit_version: int | None = None
    last_processed_commit_timestamp: str | None = None


@attrs.frozen(kw_only=True)
class VectorIndexStatus:
    """Whether a vector index is ready, and how many rows it has.

    Attributes:
        detailed_state: Such as `ONLINE_NO_PENDING_UPDATE`; the words of the API's online tables.
    """

    ready: bool = False
    message: str = ""
    indexed_row_count: int | None = None
    index_url: str | None = None
    detailed_state: str | None = None
    triggered_update_status: TriggeredUpdate | None = None

    @property
    def is_updating(self) -> bool:
        """Tell whether rows are on their way into it that queries do not find yet."""
        state = self.detailed_state or ""
        return state in _UPDATING or state.startswith("PROVISIONING")

    @property
    def has_failed(self) -> bool:
        """Tell whether its last update failed; it may still answer with the rows of before."""
        return (self.detailed_state or "").endswith("FAILED")


@attrs.frozen(kw_only=True)
class VectorIndex:
    """A vector index."""

    name: str
    endpoint_name: str | None = None
    index_type: str | None = None
    primary_key: str | None = None
    status: VectorIndexStatus = VectorIndexStatus()


@attrs.frozen(kw_only=True)
class UpsertResult:
    """How many rows an index took, or let go, and the keys of those it did not."""

    success_row_count: int = 0
    failed_primary_keys: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class IndexRows:
    """What a query found, best first: *rows* of values in the order of *columns*.

    The last column is `score`. There are more rows where *next_page_token* is set; *row_count* is
    how many the workspace counts on this page, None where it does not tell.

    >>> IndexRows(columns=("id", "score"), rows=(("a", 0.5),)).records
    ({'id': 'a', 'score': 0.5},)
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    row_count: int | None = None
    next_page_token: str | None = None

    @property
    def records(self) -> tuple[dict[str, Any], ...]:
        """Give the rows as mappings from column to value."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)


def path_of_endpoint(name: str) -> str:
    """Give the path of the endpoint *name*."""
    return f"{_API}/endpoints/{quote(name, safe='')}"


def path_of_index(name: str) -> str:
    """Give the path of the index *name*.

    >>> path_of_index("main.default.docs")
    '/api/2.0/vector-search/indexes/main.default.docs'
    """
    return f"{_API}/indexes/{quote(name, safe='')}"


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


def delta_sync_spec(
    source_table: str,
    *,
    text_column: str | None = None,
    model: str | None = None,
    vector_column: str | None = None,
    dimension: int | None = None,
    columns: Sequence[str] = (),
    continuous: bool = False,
) -> dict[str, Any]:
    """Describe an index that follows *source_table*, whose change data feed must be on.

    Its vectors are made by the workspace from a text column, or stand in a column of the table.

    Args:
        source_table: Full name of a Delta table.
        text_column: The column to embed, together with *model*.
        model: The embeddings endpoint that embeds rows and questions.
        vector_column: Instead: the column that holds the vector, together with *dimension*.
        dimension: How many numbers a vector has.
        columns: The columns to keep beside key and vector; none means all.
        continuous: Whether it follows by itself; otherwise `sync` makes it look.

    Raises:
        ValueError: Neither or both kinds of vectors are described, or one of them half.

    >>> spec = delta_sync_spec("main.default.docs", text_column="text", model="gte")
    >>> spec["pipeline_type"], spec["embedding_source_columns"]
    ('TRIGGERED', [{'name': 'text', 'embedding_model_endpoint_name': 'gte'}])
    """
    made, stored = (text_column, model), (vector_column, dimension)
    if (made.count(None), stored.count(None)) not in {(0, 2), (2, 0)}:
        raise ValueError("give either text_column and model, or vector_column and dimension")
    spec: dict[str, Any] = {
        "source_table": source_table,
        "pipeline_type": "CONTINUOUS" if continuous else "TRIGGERED",
    }
    if text_column is not None:
        source = {"name": text_column, "embedding_model_endpoint_name": model}
        spec["embedding_source_columns"] = [source]
    else:
        vector = {"name": vector_column, "embedding_dimension": dimension}
        spec["embedding_vector_columns"] = [vector]
    return {**spec, "columns_to_sync": list(columns)} if columns else spec
