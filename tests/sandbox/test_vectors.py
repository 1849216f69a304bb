"""Rows go in and the nearest come out, with the workspace's own score."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceAlreadyExists
from databricks.sdk.errors import NotImplemented as SdkNotImplemented
from databricks.sdk.service.vectorsearch import (
    DeleteDataStatus,
    DeltaSyncVectorIndexSpecRequest,
    DirectAccessVectorIndexSpec,
    EmbeddingSourceColumn,
    EmbeddingVectorColumn,
    EndpointType,
    PipelineType,
    UpsertDataStatus,
    VectorIndexType,
)

GTE = "databricks-gte-large-en"
SCHEMA = {
    "id": "string",
    "text": "string",
    "year": "int",
    "tags": "array<string>",
    "vector": "array<float>",
}
SEARCH = "/api/2.0/vector-search"

ROWS: list[dict[str, object]] = [
    {"id": "a", "text": "one", "year": 2020, "tags": ["x"], "vector": [0, 0]},
    {"id": "b", "text": "two", "year": 2021, "tags": ["y"], "vector": [1, 0]},
    {"id": "c", "text": "three", "year": 2022, "tags": ["x", "z"], "vector": [0, 3]},
]


@pytest.fixture(scope="module")
def endpoint(workspace: WorkspaceClient) -> str:
    name = f"endpoint-{uuid.uuid4().hex[:8]}"
    workspace.vector_search_endpoints.create_endpoint_and_wait(name, EndpointType.STANDARD)
    return name


@pytest.fixture
def index(workspace: WorkspaceClient, endpoint: str) -> Iterator[str]:
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    create(workspace, endpoint, name)
    upsert(workspace, name, ROWS)
    yield name
    workspace.vector_search_indexes.delete_index(name)


def create(
    workspace: WorkspaceClient,
    endpoint: str,
    name: str,
    dimension: int = 2,
    schema: dict[str, str] = SCHEMA,
    key: str = "id",
) -> None:
    spec = DirectAccessVectorIndexSpec(
        schema_json=json.dumps(schema),
        embedding_vector_columns=[EmbeddingVectorColumn(dimension, "vector")],
    )
    workspace.vector_search_indexes.create_index(
        name, endpoint, key, VectorIndexType.DIRECT_ACCESS, direct_access_index_spec=spec
    )


def upsert(workspace: WorkspaceClient, name: str, rows: list[dict[str, object]]) -> object:
    return workspace.vector_search_indexes.upsert_data_vector_index(name, json.dumps(rows))


def found(workspace: WorkspaceClient, name: str, **asked: Any) -> list[list[object]]:
    query: dict[str, Any] = {"columns": ["id"], "query_vector": [0.0, 0.0], **asked}
    answer = workspace.vector_search_indexes.query_index(name, **query)
    assert answer.result
    return [[*row] for row in answer.result.data_array or []]


def test_the_nearest_rows_come_first_with_their_scores(
    workspace: WorkspaceClient, index: str
) -> None:
    assert found(workspace, index) == [["a", 1.0], ["b", 0.5], ["c", 0.1]]
    two = found(workspace, index, num_results=1, columns=["text", "vector"], query_vector=[0, 2])
    assert two == [["three", [0.0, 3.0], 0.5]]
    assert found(workspace, index, score_threshold=0.4) == [["a", 1.0], ["b", 0.5]]
    known = workspace.vector_search_indexes.get_index(index)
    assert known.status
    assert (known.status.ready, known.status.indexed_row_count) == (True, 3)


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({"id": "b"}, ["b"]),
        ({"id": ["a", "c"]}, ["a", "c"]),
        ({"id NOT": "a"}, ["b", "c"]),
        ({"id NOT": ["a", "b"]}, ["c"]),
        ({"year >": 2020, "year <": 2022}, ["b"]),
        ({"year >=": 2021}, ["b", "c"]),
        ({"year <=": 2020}, ["a"]),
        ({"text LIKE": "TWO"}, ["b"]),
        ({"text LIKE": "t%e"}, ["c"]),
        ({"text LIKE": "%o%"}, ["a", "b"]),
        ({"text NOT LIKE": "%o%"}, ["c"]),
        ([{"text LIKE": "%o%"}, {"year >": 2020}], ["b"]),
        ({"tags": "x"}, ["a", "c"]),
        ({"tags": ["y", "z"]}, ["b", "c"]),
        ({"tags NOT": "x"}, ["b"]),
        ({"year": True}, []),
        ({"id OR year": ["a", 2022]}, ["a", "c"]),
        ({"year": 1900}, []),
    ],
)
def test_a_filter_lets_through_what_it_says(
    workspace: WorkspaceClient, index: str, filters: object, ids: list[str]
) -> None:
    rows = found(workspace, index, filters_json=json.dumps(filters), num_results=2)
    assert [row[0] for row in rows] == ids


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"query_vector": [1.0]}, "query_vector has 1 dimensions, the index has 2"),
        ({"columns": ["id", "nope"]}, "not present in index: nope"),
        ({"filters_json": '{"nope": 1}'}, "Unknown filter column 'nope'"),
        ({"filters_json": '{"id ~": 1}'}, "Unknown filter operator"),
        ({"filters_json": "{"}, "filters_json"),
        ({"query_vector": [1e39, 0.0]}, "no finite 32-bit float"),
        ({"query_vector": None}, "Give query_vector or query_text"),
        ({"query_vector": None, "query_text": "x"}, "cannot embed query_text"),
        ({"num_results": 0}, "num_results"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    http: httpx.Client, index: str, asked: dict[str, object], said: str
) -> None:
    query = {"columns": ["id"], "query_vector": [0.0, 0.0], **asked}
    answer = http.post(f"{SEARCH}/indexes/{index}/query", json=query)
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_more_than_a_thousand_rows_come_in_pages(workspace: WorkspaceClient, index: str) -> None:
    upsert(workspace, index, [{"id": f"n{n}", "vector": [n + 4, 0]} for n in range(1_400)])
    indexes = workspace.vector_search_indexes
    asked: dict[str, Any] = {"query_vector": [0.0, 0.0], "num_results": 1_200}
    page = indexes.query_index(index, ["id"], **asked)
    assert page.next_page_token
    rest = indexes.query_next_page(index, page_token=page.next_page_token)
    assert page.result
    assert rest.result
    ids = [[row[0] for row in part.data_array or []] for part in (page.result, rest.result)]
    assert [len(part) for part in ids] == [1_000, 200]
    assert ids[0] + ids[1] == ["a", "b", "c", *[f"n{n}" for n in range(1_197)]]
    assert not rest.next_page_token
    with pytest.raises(NotFound, match="page_token"):
        indexes.query_next_page(index, page_token="else")
    # All that were asked for are there: more rows are no reason for another page.
    few = indexes.query_index(index, ["id"], query_vector=[0.0, 0.0], num_results=2)
    assert not few.next_page_token


def test_rows_are_replaced_and_deleted_by_key(workspace: WorkspaceClient, index: str) -> None:
    upsert(workspace, index, [{**ROWS[0], "vector": [0, 1], "text": "new"}])
    assert found(workspace, index, columns=["text"])[0] == ["new", 0.5]
    gone = workspace.vector_search_indexes.delete_data_vector_index(index, ["a", "none"])
    assert gone.result
    assert (gone.result.success_row_count, gone.result.failed_primary_keys) == (1, ["none"])
    assert [row[0] for row in found(workspace, index)] == ["b", "c"]


def test_rows_that_do_not_fit_are_named_and_the_others_kept(
    workspace: WorkspaceClient, index: str
) -> None:
    rows = [
        {"id": "d", "vector": [5, 5]},
        {"id": "e", "vector": None},
        {"id": "f", "vector": [1, "x"]},
        {"id": "g", "vector": [1, 1], "year": "soon"},
        {"id": "h", "vector": [1, 1], "year": 2**63},
        {"id": "i", "vector": [1, 10**400]},
        {"id": "j", "vector": [1, 1e39]},
        {"id": "k", "vector": [1, 1], "tags": ["x", 1]},
    ]
    answer = workspace.vector_search_indexes.upsert_data_vector_index(index, json.dumps(rows))
    assert answer.status is UpsertDataStatus.PARTIAL_SUCCESS
    assert answer.result
    assert answer.result.success_row_count == 1
    assert answer.result.failed_primary_keys == [*"efghijk"]
    answer = workspace.vector_search_indexes.upsert_data_vector_index(index, json.dumps(rows[1:]))
    assert answer.status is UpsertDataStatus.FAILURE


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "x", "vector": [1, 2, 3]}, "has 3 dimensions, the index has 2"),
        ({"id": "x", "vector": [1, 2], "nope": 1}, "Unknown column 'nope'"),
        ({"vector": [1, 2]}, "no value for the primary key 'id'"),
    ],
)
def test_rows_of_another_shape_are_refused(
    workspace: WorkspaceClient, index: str, row: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidParameterValue, match=said):
        upsert(workspace, index, [row])
    assert len(found(workspace, index)) == 3


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        ("array<string>", "id", "cannot be of type array<string>: use string or long"),
        ("double", "id", "cannot be of type double"),
        ("boolean", "id", "cannot be of type boolean"),
        ("string", "vector", "'vector' is the vector column"),
        ("string", "nope", "'nope' is not a column of schema_json"),
        ("array<thing>", "text", "Unknown type 'array<thing>'"),
    ],
)
def test_a_key_that_cannot_name_a_row_is_refused(
    workspace: WorkspaceClient, endpoint: str, kind: str, key: str, said: str
) -> None:
    schema = {**SCHEMA, "id": kind, "vector": "string"}
    with pytest.raises(InvalidParameterValue, match=said):
        create(workspace, endpoint, "main.default.keys", schema=schema, key=key)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("date", ["2024-01-01", "2024-01-02"]),
        ("timestamp", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"]),
        ("short", [9, 10]),
    ],
)
def test_keys_of_every_type_go_in_and_out(
    workspace: WorkspaceClient, endpoint: str, kind: str, keys: list[object]
) -> None:
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    create(workspace, endpoint, name, schema={**SCHEMA, "id": kind})
    upsert(workspace, name, [{"id": key, "vector": [0, 1]} for key in keys])
    indexes = workspace.vector_search_indexes
    last = indexes.scan_index(name, num_results=1).last_primary_key
    assert last == str(keys[0])
    assert len(indexes.scan_index(name, last_primary_key=last).data or []) == 1
    gone = indexes.delete_data_vector_index(name, [str(key) for key in keys])
    assert gone.status is DeleteDataStatus.SUCCESS
    indexes.delete_index(name)


def test_a_scan_walks_all_rows(workspace: WorkspaceClient, index: str) -> None:
    first = workspace.vector_search_indexes.scan_index(index, num_results=2)
    last = first.last_primary_key
    second = workspace.vector_search_indexes.scan_index(index, last_primary_key=last)
    rows = [*(first.data or []), *(second.data or [])]
    keys = [row.fields[0].value.string_value for row in rows if row.fields and row.fields[0].value]
    assert keys == ["a", "b", "c"]


def test_the_older_client_asks_with_get_and_a_body(
    http: httpx.Client, endpoint: str, index: str
) -> None:
    base = f"{SEARCH}/endpoints/{endpoint}/indexes"
    query = {"columns": ["id"], "query_vector": [0.0, 0.0], "num_results": 1}
    answer = http.request("GET", f"{base}/{index}/query", json=query).json()
    assert answer["result"] == {"row_count": 1, "data_array": [["a", 1.0]]}
    assert [column["name"] for column in answer["manifest"]["columns"]] == ["id", "score"]
    gone = http.request("DELETE", f"{base}/{index}/delete-data", json={"primary_keys": ["a"]})
    assert gone.json()["status"] == "SUCCESS"
    assert http.get(f"{base}/{index}").json()["status"]["indexed_row_count"] == 2
    assert index in {known["name"] for known in http.get(base).json()["vector_indexes"]}
    other = http.get(f"{SEARCH}/endpoints/other/indexes/{index}")
    assert (other.status_code, other.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_texts_are_embedded_when_the_index_says_so(
    workspace: WorkspaceClient, endpoint: str
) -> None:
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    spec = DirectAccessVectorIndexSpec(
        schema_json=json.dumps({"id": "long", "text": "string"}),
        embedding_source_columns=[EmbeddingSourceColumn(GTE, name="text")],
    )
    workspace.vector_search_indexes.create_index(
        name, endpoint, "id", VectorIndexType.DIRECT_ACCESS, direct_access_index_spec=spec
    )
    texts = ["The kitten sleeps on the sofa.", "Interest rates rose again this year."]
    upsert(workspace, name, [{"id": place, "text": text} for place, text in enumerate(texts)])
    for question, nearest in [("cat", 0), ("inflation and money", 1)]:
        rows = found(workspace, name, query_vector=None, query_text=question)
        assert rows[0][0] == nearest
    gone = workspace.vector_search_indexes.delete_data_vector_index(name, ["1"])
    assert gone.result
    assert gone.result.success_row_count == 1
    workspace.vector_search_indexes.delete_index(name)


def test_names_are_taken_once_and_missing_ones_are_said(
    workspace: WorkspaceClient, endpoint: str, index: str
) -> None:
    with pytest.raises(ResourceAlreadyExists):
        create(workspace, endpoint, index)
    with pytest.raises(ResourceAlreadyExists):
        workspace.vector_search_endpoints.create_endpoint(endpoint, EndpointType.STANDARD)
    with pytest.raises(NotFound, match=r"Vector index main\.default\.none not found"):
        workspace.vector_search_indexes.get_index("main.default.none")
    with pytest.raises(NotFound, match="endpoint none not found"):
        create(workspace, "none", "main.default.other")
    with pytest.raises(InvalidParameterValue, match=r"still has the index main\.default\.i"):
        workspace.vector_search_endpoints.delete_endpoint(endpoint)


@pytest.mark.parametrize("dimension", [0, 4097])
def test_a_dimension_has_its_limit(
    workspace: WorkspaceClient, endpoint: str, dimension: int
) -> None:
    with pytest.raises(InvalidParameterValue, match=f"1 to 4096, got {dimension}"):
        create(workspace, endpoint, "main.default.large", dimension)


def test_what_the_sandbox_has_not_is_said_and_listed(
    workspace: WorkspaceClient, http: httpx.Client, endpoint: str, index: str
) -> None:
    spec = DeltaSyncVectorIndexSpecRequest(
        source_table="a.b.c",
        pipeline_type=PipelineType.TRIGGERED,
        embedding_writeback_table="a.b.d",
    )
    with pytest.raises(SdkNotImplemented, match="embedding_writeback_table"):
        workspace.vector_search_indexes.create_index(
            "main.default.synced", endpoint, "id", VectorIndexType.DELTA_SYNC,
            delta_sync_index_spec=spec,
        )  # fmt: skip
    with pytest.raises(SdkNotImplemented, match="columns_to_rerank"):
        found(workspace, index, columns_to_rerank=["text"])
    with pytest.raises(InvalidParameterValue, match="only DELTA_SYNC can be synced"):
        workspace.vector_search_indexes.sync_index(index)
    with pytest.raises(SdkNotImplemented):
        workspace.clusters.get("x")
    with pytest.raises(SdkNotImplemented):
        workspace.clusters.get("y")
    calls = http.get("/_sandbox/unanswered").json()["calls"]
    counts = {(call["method"], call["path"]): call["count"] for call in calls}
    assert counts["GET", "/api/2.1/clusters/get"] == 2
    assert counts["POST", f"{SEARCH}/indexes"] == 1


def test_rows_that_arrive_after_their_index_was_deleted_do_not_come_back(
    workspace: WorkspaceClient, http: httpx.Client, endpoint: str
) -> None:
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    create(workspace, endpoint, name)

    def body() -> Iterator[bytes]:
        yield b" "
        # The sandbox has the head of the request by now, and goes on with the next one.
        workspace.vector_search_indexes.delete_index(name)
        yield json.dumps({"inputs_json": json.dumps(ROWS)}).encode()

    late = http.post(f"{SEARCH}/indexes/{name}/upsert-data", content=body())
    assert late.status_code == 404
    create(workspace, endpoint, name)
    assert found(workspace, name) == []
    workspace.vector_search_indexes.delete_index(name)
