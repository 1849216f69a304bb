"""Indexes follow Delta tables: when asked, by themselves, after a restart; failures are told."""

import asyncio
import uuid
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound
from databricks.sdk.service.vectorsearch import (
    DeltaSyncVectorIndexSpecRequest,
    EmbeddingSourceColumn,
    EmbeddingVectorColumn,
    EndpointType,
    PipelineType,
    VectorIndex,
    VectorIndexType,
)

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.entries import Table
from dara_fp.sandbox.serving.embedding import Embedder
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.tables import FEED as FEED_PROPERTY
from dara_fp.sandbox.sql.tables import Field
from dara_fp.sandbox.vectors import sync
from dara_fp.sandbox.vectors.index_specs import CreateIndex, Following, VectorColumn
from dara_fp.sandbox.vectors.indexes import Index, Indexes
from dara_fp.sandbox.vectors.sync import Syncs
from dara_fp.sandbox.vectors.synced_specs import synced_spec
from tests.sandbox.served import wait_until

GTE = "databricks-gte-large-en"
FEED = "TBLPROPERTIES (delta.enableChangeDataFeed = true)"
SOURCE = [EmbeddingSourceColumn(name="text", embedding_model_endpoint_name=GTE)]
VECTOR = [EmbeddingVectorColumn(name="v", embedding_dimension=2)]

Sql = Callable[[str], None]


@pytest.fixture(scope="module")
def endpoint(workspace: WorkspaceClient) -> str:
    name = f"endpoint-{uuid.uuid4().hex[:8]}"
    workspace.vector_search_endpoints.create_endpoint_and_wait(name, EndpointType.STANDARD)
    return name


@pytest.fixture
def sql(workspace: WorkspaceClient, table: str) -> Sql:
    return speaking(workspace, table)


def speaking(workspace: WorkspaceClient, table: str) -> Sql:
    """Give the way to run statements, in which `TABLE_HERE` is the *table*."""
    [warehouse, *_] = workspace.warehouses.list()

    def run(statement: str) -> None:
        answer = workspace.statement_execution.execute_statement(
            statement.replace("TABLE_HERE", table), str(warehouse.id)
        )
        assert answer.status
        assert answer.status.error is None, answer.status.error
        assert answer.status.state
        assert answer.status.state.value == "SUCCEEDED"

    return run


@pytest.fixture
def table() -> str:
    return f"main.default.t{uuid.uuid4().hex[:8]}"


def follow(
    workspace: WorkspaceClient,
    endpoint: str,
    table: str,
    *,
    continuous: bool = False,
    **described: Any,
) -> str:
    kind = PipelineType.CONTINUOUS if continuous else PipelineType.TRIGGERED
    spec = DeltaSyncVectorIndexSpecRequest(source_table=table, pipeline_type=kind, **described)
    name = f"{table}_index"
    workspace.vector_search_indexes.create_index(
        name, endpoint, "id", VectorIndexType.DELTA_SYNC, delta_sync_index_spec=spec
    )
    return name


def look(workspace: WorkspaceClient, name: str) -> VectorIndex:
    return workspace.vector_search_indexes.get_index(name)


def told(workspace: WorkspaceClient, name: str) -> dict[str, Any]:
    """Give the status with the fields that the SDK's class leaves out."""
    api: Any = workspace.api_client  # which has few types
    body = api.do("GET", f"/api/2.0/vector-search/indexes/{name}")
    status: dict[str, Any] = body["status"]
    return status


def settled(workspace: WorkspaceClient, name: str) -> dict[str, Any]:
    busy = {"PROVISIONING_INITIAL_SNAPSHOT", "ONLINE_TRIGGERED_UPDATE"}
    wait_until(lambda: told(workspace, name)["detailed_state"] not in busy)
    return told(workspace, name)


def synced(workspace: WorkspaceClient, name: str) -> dict[str, Any]:
    workspace.vector_search_indexes.sync_index(name)
    assert told(workspace, name)["detailed_state"] == "ONLINE_TRIGGERED_UPDATE"
    return settled(workspace, name)


def rows(workspace: WorkspaceClient, name: str, **asked: Any) -> list[list[Any]]:
    query: dict[str, Any] = {"columns": ["id"], "num_results": 50, **asked}
    answer = workspace.vector_search_indexes.query_index(name, **query)
    assert answer.result
    return [[*row] for row in answer.result.data_array or []]


def test_an_index_takes_texts_and_what_changes_in_them_when_it_is_asked(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id BIGINT, text STRING, day DATE) {FEED}")
    sql(
        "INSERT INTO TABLE_HERE VALUES (1, 'A recipe for apple pie', DATE'2024-01-02'),"
        " (2, 'How volcanoes erupt', NULL), (3, NULL, NULL)"
    )
    name = follow(workspace, endpoint, table, embedding_source_columns=SOURCE)
    status = settled(workspace, name)
    assert (status["detailed_state"], status["indexed_row_count"]) == (
        "ONLINE_NO_PENDING_UPDATE",
        2,
    )
    assert "1 rows without text" in status["message"]
    [best, _] = rows(workspace, name, query_text="baking with fruit", columns=["text", "day"])
    assert best[:2] == ["A recipe for apple pie", "2024-01-02"]

    sql("UPDATE TABLE_HERE SET text = 'The engine of a train' WHERE id = 2")
    sql("DELETE FROM TABLE_HERE WHERE id = 1")
    sql("INSERT INTO TABLE_HERE VALUES (4, 'Rails and stations', NULL)")
    assert len(rows(workspace, name, query_text="anything")) == 2
    status = synced(workspace, name)
    assert status["indexed_row_count"] == 2
    found = rows(workspace, name, query_text="locomotive", columns=["id", "text"])
    assert [row[:2] for row in found] == [[2, "The engine of a train"], [4, "Rails and stations"]]
    version = status["triggered_update_status"]["last_processed_commit_version"]
    assert synced(workspace, name)["triggered_update_status"] == {
        **status["triggered_update_status"],
        "last_processed_commit_timestamp": told(workspace, name)["triggered_update_status"][
            "last_processed_commit_timestamp"
        ],
    }
    assert version >= 4


def test_an_index_takes_vectors_of_a_table_and_only_the_columns_it_is_told(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>, tag STRING, n DECIMAL(9,2)) {FEED}")
    sql("INSERT INTO TABLE_HERE VALUES ('a', array(0, 0), 'x', 1), ('b', array(1, 0), 'y', 2)")
    with pytest.raises(InvalidParameterValue, match=r"'n' .*decimal.*cannot be indexed"):
        follow(workspace, endpoint, table, embedding_vector_columns=VECTOR)
    name = follow(
        workspace, endpoint, table, embedding_vector_columns=VECTOR, columns_to_sync=["tag"]
    )
    assert settled(workspace, name)["indexed_row_count"] == 2
    found = rows(workspace, name, query_vector=[0.0, 0.0], columns=["id", "tag"])
    assert found == [["a", "x", 1.0], ["b", "y", 0.5]]
    described = look(workspace, name).delta_sync_index_spec
    assert described
    assert (described.source_table, described.columns_to_sync) == (table, ["tag"])
    assert described.pipeline_id
    with pytest.raises(InvalidParameterValue, match="not present in index: n"):
        rows(workspace, name, query_vector=[0.0, 0.0], columns=["n"])


def test_a_continuous_index_follows_by_itself(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>) {FEED}")
    name = follow(workspace, endpoint, table, continuous=True, embedding_vector_columns=VECTOR)
    assert settled(workspace, name)["detailed_state"] == "ONLINE_CONTINUOUS_UPDATE"
    sql("INSERT INTO TABLE_HERE VALUES ('a', array(0, 0))")
    wait_until(lambda: rows(workspace, name, query_vector=[0.0, 0.0]) == [["a", 1.0]])
    sql("DELETE FROM TABLE_HERE")
    wait_until(lambda: rows(workspace, name, query_vector=[0.0, 0.0]) == [])
    with pytest.raises(InvalidParameterValue, match="CONTINUOUS: it follows its table by itself"):
        workspace.vector_search_indexes.sync_index(name)


def test_an_update_that_fails_is_told_and_the_rows_of_before_stay(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>) {FEED}")
    sql("INSERT INTO TABLE_HERE VALUES ('a', array(0, 0))")
    name = follow(workspace, endpoint, table, embedding_vector_columns=VECTOR)
    settled(workspace, name)
    sql("INSERT INTO TABLE_HERE VALUES ('b', array(1, 2, 3))")
    status = synced(workspace, name)
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert "has 3 dimensions, the index has 2" in status["message"]
    assert (status["ready"], rows(workspace, name, query_vector=[0.0, 0.0])) == (True, [["a", 1.0]])
    sql("DELETE FROM TABLE_HERE WHERE id = 'b'")
    assert synced(workspace, name)["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"


def test_an_index_whose_first_update_fails_is_not_ready(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>) {FEED}")
    sql("INSERT INTO TABLE_HERE VALUES ('b', array(1, 2, 3))")
    name = follow(workspace, endpoint, table, embedding_vector_columns=VECTOR)
    status = settled(workspace, name)
    assert (status["ready"], status["detailed_state"]) == (False, "OFFLINE_FAILED")
    with pytest.raises(InvalidParameterValue, match="is not ready: OFFLINE_FAILED"):
        rows(workspace, name, query_vector=[0.0, 0.0])


def test_a_table_made_anew_under_the_same_name_replaces_all_rows(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>) {FEED}")
    sql("INSERT INTO TABLE_HERE VALUES ('a', array(0, 0)), ('b', array(1, 0))")
    name = follow(workspace, endpoint, table, embedding_vector_columns=VECTOR)
    settled(workspace, name)
    sql("DROP TABLE TABLE_HERE")
    assert "does not exist" in synced(workspace, name)["message"]
    sql(f"CREATE TABLE TABLE_HERE (id STRING, v ARRAY<FLOAT>) {FEED}")
    for place in range(3):
        sql("INSERT INTO TABLE_HERE VALUES ('c#', array(#, 0))".replace("#", str(place)))
    assert synced(workspace, name)["indexed_row_count"] == 3


def test_what_an_index_cannot_follow_is_refused(
    workspace: WorkspaceClient, endpoint: str, sql: Sql, table: str
) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        follow(workspace, endpoint, table, embedding_source_columns=SOURCE)
    sql("CREATE TABLE TABLE_HERE (id STRING, text STRING)")
    with pytest.raises(InvalidParameterValue, match="Change data feed is not enabled"):
        follow(workspace, endpoint, table, embedding_source_columns=SOURCE)
    sql("ALTER TABLE TABLE_HERE SET TBLPROPERTIES (delta.enableChangeDataFeed = true)")
    with pytest.raises(InvalidParameterValue, match="'v' is not in the source table"):
        follow(workspace, endpoint, table, embedding_vector_columns=VECTOR)
    with pytest.raises(InvalidParameterValue, match="Give one of embedding_vector_columns"):
        follow(workspace, endpoint, table)
    none = [EmbeddingSourceColumn(name="text", embedding_model_endpoint_name="none")]
    with pytest.raises(NotFound, match="Embedding model endpoint 'none' does not exist"):
        follow(workspace, endpoint, table, embedding_source_columns=none)
    name = follow(workspace, endpoint, table, embedding_source_columns=SOURCE)
    with pytest.raises(InvalidParameterValue, match="change the rows of its table"):
        workspace.vector_search_indexes.upsert_data_vector_index(name, "[]")
    with pytest.raises(InvalidParameterValue, match="change the rows of its table"):
        workspace.vector_search_indexes.delete_data_vector_index(name, ["a"])


FIELDS = [
    Field(name="id", kind="string"),
    Field(name="v", kind={"type": "array", "elementType": "float", "containsNull": True}),
]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Give tables, one of which is `main.default.t` and keeps its changes."""
    lake = Lake(Catalog(tmp_path / "catalog", tmp_path / "files/Volumes"), tmp_path / "files")
    table = Table(name="t", parent="main.default", properties={FEED_PROPERTY: "true"})
    lake.tables.create(table, FIELDS)
    return lake


def restarted(place: Path, lake: Lake) -> Syncs:
    """Give what a sandbox makes of *place* when it starts."""
    return Syncs(indexes=Indexes(place), lake=lake, embedder=Embedder())


def put(lake: Lake, *ids: str) -> None:
    rows = [{"id": name, "v": [0.0, 1.0]} for name in ids]
    arrow: Any = import_module("pyarrow")
    schema = arrow.schema([("id", arrow.string()), ("v", arrow.list_(arrow.float32()))])
    lake.tables.append("main.default.t", arrow.Table.from_pylist(rows, schema=schema))


def made(syncs: Syncs, kind: Literal["TRIGGERED", "CONTINUOUS"]) -> Index:
    following = Following(
        source_table="main.default.t",
        pipeline_type=kind,
        embedding_vector_columns=(VectorColumn("v", 2),),
    )
    asked = CreateIndex(
        name="main.default.i",
        endpoint_name="e",
        primary_key="id",
        index_type="DELTA_SYNC",
        delta_sync_index_spec=following,
    )
    syncs.indexes.create_endpoint("e", "STANDARD")
    return syncs.indexes.create(synced_spec(asked, following, FIELDS))


@pytest.mark.parametrize("kind", ["TRIGGERED", "CONTINUOUS"])
async def test_an_update_that_was_stopped_goes_on_after_a_restart(
    tmp_path: Path, lake: Lake, kind: Literal["TRIGGERED", "CONTINUOUS"]
) -> None:
    put(lake, "a")
    first = restarted(tmp_path / "vectors", lake)
    index = made(first, kind)
    first.start(index)
    await until(lambda: len(index.rows) == 1)
    put(lake, "b")
    first.start(index)
    await asyncio.sleep(0)  # so that the update begins
    await first.close()

    second = restarted(tmp_path / "vectors", lake)
    index = second.indexes.index("main.default.i")
    assert index.rows.keys() == ["a"]
    second.wake()
    await until(lambda: len(index.rows) == 2)
    assert index.sync is not None
    await until(lambda: index.sync is not None and not index.sync.progress.pending)
    assert index.sync.progress.version == lake.tables.version("main.default.t")
    # A deleted index is followed no more, and an update of it brings nothing back.
    second.start(index)
    second.indexes.delete("main.default.i")
    index.sync.ask()
    await second.close()
    assert not (tmp_path / "vectors/main.default.i").exists()
    assert [known.name for known in (tmp_path / "vectors").iterdir()] == ["endpoints.json"]


async def followed(syncs: Syncs, lake: Lake, *ids: str) -> Index:
    """Give a continuous index that has the rows of *ids*."""
    put(lake, *ids)
    index = made(syncs, "CONTINUOUS")
    syncs.start(index)
    await until(lambda: len(index.rows) == len(ids))
    await until(lambda: index.sync is not None and not index.sync.progress.pending)
    return index


def error_of(index: Index) -> str | None:
    return index.sync.progress.error if index.sync is not None else None


def last_commit(place: Path) -> Path:
    return max(place.rglob("_delta_log/*.json"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(sync, "FAILED_SECONDS", 0.01)


@pytest.mark.usefixtures("quick")
async def test_a_continuous_index_tells_of_a_broken_table_and_goes_on_when_it_is_mended(
    tmp_path: Path, lake: Lake
) -> None:
    syncs = restarted(tmp_path / "vectors", lake)
    index = await followed(syncs, lake, "a")
    commit = last_commit(tmp_path)
    whole = commit.read_bytes()
    commit.write_bytes(b"torn")
    await until(lambda: "cannot be read" in (error_of(index) or ""))
    commit.write_bytes(whole)
    await until(lambda: not error_of(index))
    put(lake, "b")
    await until(lambda: len(index.rows) == 2)
    await syncs.close()


@pytest.mark.usefixtures("quick")
async def test_a_fault_of_the_sandbox_does_not_end_a_continuous_index(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    syncs = restarted(tmp_path / "vectors", lake)
    index = await followed(syncs, lake, "a")

    def broken(*_asked: object) -> None:
        raise AttributeError("nobody thought of it")

    with monkeypatch.context() as patched:
        patched.setattr(sync, "news_of", broken)
        put(lake, "b")
        await until(lambda: "nobody thought of it" in (error_of(index) or ""))
    await until(lambda: len(index.rows) == 2)
    assert "a fault of the sandbox" in caplog.text
    await syncs.close()
