"""Questions by words: FULL_TEXT finds them, HYBRID joins them with neighbours."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.vectorsearch import (
    DirectAccessVectorIndexSpec,
    EmbeddingSourceColumn,
    EmbeddingVectorColumn,
    EndpointType,
    VectorIndexType,
)

from dara_fp.sandbox.vectors.fulltext import Words
from dara_fp.sandbox.vectors.ranking import fused
from dara_fp.sandbox.vectors.vectors import Hit

SCHEMA = {"id": "string", "title": "string", "text": "string", "v": "array<float>"}
ROWS = [
    {"id": "a", "title": "SPARK-12345", "text": "An executor runs out of memory", "v": [0, 0]},
    {"id": "b", "title": "Pies", "text": "Apples, apples and memory of apples", "v": [1, 0]},
    {"id": "c", "title": "Trains", "text": "The train leaves at noon", "v": [2, 0]},
]


@pytest.fixture(scope="module")
def index(workspace: WorkspaceClient) -> Iterator[str]:
    endpoint = f"endpoint-{uuid.uuid4().hex[:8]}"
    workspace.vector_search_endpoints.create_endpoint(endpoint, EndpointType.STANDARD)
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    spec = DirectAccessVectorIndexSpec(
        schema_json=json.dumps(SCHEMA), embedding_vector_columns=[EmbeddingVectorColumn(2, "v")]
    )
    indexes = workspace.vector_search_indexes
    indexes.create_index(
        name, endpoint, "id", VectorIndexType.DIRECT_ACCESS, direct_access_index_spec=spec
    )
    indexes.upsert_data_vector_index(name, json.dumps(ROWS))
    yield name
    indexes.delete_index(name)


def found(workspace: WorkspaceClient, name: str, **asked: Any) -> list[tuple[str, float]]:
    answer = workspace.vector_search_indexes.query_index(name, ["id"], **asked)
    assert answer.result
    return [(row[0], float(row[1])) for row in answer.result.data_array or []]


def test_words_are_found_without_any_vector(workspace: WorkspaceClient, index: str) -> None:
    hits = found(workspace, index, query_text="spark-12345 memory", query_type="FULL_TEXT")
    assert [name for name, _ in hits] == ["a", "b"]
    assert hits[0][1] > hits[1][1] > 0
    assert found(workspace, index, query_text="apple", query_type="full_text")[0][0] == "b"
    assert found(workspace, index, query_text="the zebra", query_type="FULL_TEXT") == []


def test_words_are_found_in_the_columns_asked_for_and_the_rows_let_through(
    workspace: WorkspaceClient, index: str
) -> None:
    asked = {"query_text": "trains", "query_type": "FULL_TEXT"}
    assert found(workspace, index, **asked, query_columns=["title"])[0][0] == "c"
    assert found(workspace, index, **asked, filters_json='{"id NOT": "c"}') == []
    with pytest.raises(InvalidParameterValue, match="not present in index: nope"):
        found(workspace, index, **asked, query_columns=["nope"])


def test_a_changed_row_is_found_by_its_new_words_only(
    workspace: WorkspaceClient, index: str
) -> None:
    row = {"id": "z", "title": "Zebra", "text": "A striped zebra", "v": [9, 9]}
    indexes = workspace.vector_search_indexes
    indexes.upsert_data_vector_index(index, json.dumps([row]))
    asked = {"query_text": "striped", "query_type": "FULL_TEXT"}
    assert [name for name, _ in found(workspace, index, **asked)] == ["z"]
    indexes.upsert_data_vector_index(index, json.dumps([{**row, "text": "plain"}]))
    assert found(workspace, index, **asked) == []
    indexes.delete_data_vector_index(index, ["z"])
    assert found(workspace, index, query_text="zebra", query_type="FULL_TEXT") == []


def test_a_hybrid_question_puts_first_what_is_near_and_has_the_words(
    workspace: WorkspaceClient, index: str
) -> None:
    near_c = {"query_vector": [2.0, 0.0], "query_type": "HYBRID"}
    hits = found(workspace, index, query_text="train", **near_c)
    assert hits[0] == ("c", 1.0)
    # The farthest row has all the words, the nearest none.
    hits = found(workspace, index, query_text="executor memory", **near_c)
    assert [name for name, _ in hits] == ["a", "b", "c"]
    assert hits[-1][1] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"query_type": "FULL_TEXT"}, "FULL_TEXT query needs query_text"),
        ({"query_type": "HYBRID", "query_vector": [0.0, 0.0]}, "HYBRID query needs query_text"),
        ({"query_type": "HYBRID", "query_text": "x"}, "cannot embed query_text"),
        ({"query_type": "BEST", "query_text": "x"}, "Unknown query_type 'BEST'"),
    ],
)
def test_a_question_without_what_its_type_needs_is_refused(
    workspace: WorkspaceClient, index: str, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidParameterValue, match=said):
        found(workspace, index, **asked)


def test_a_model_embeds_the_text_of_a_hybrid_question(workspace: WorkspaceClient) -> None:
    endpoint = f"endpoint-{uuid.uuid4().hex[:8]}"
    workspace.vector_search_endpoints.create_endpoint(endpoint, EndpointType.STANDARD)
    name = f"main.default.i{uuid.uuid4().hex[:8]}"
    source = EmbeddingSourceColumn(
        name="text", embedding_model_endpoint_name="databricks-gte-large-en"
    )
    spec = DirectAccessVectorIndexSpec(
        schema_json='{"id": "string", "text": "string"}', embedding_source_columns=[source]
    )
    indexes = workspace.vector_search_indexes
    indexes.create_index(
        name, endpoint, "id", VectorIndexType.DIRECT_ACCESS, direct_access_index_spec=spec
    )
    rows = [{"id": row["id"], "text": row["text"]} for row in ROWS]
    indexes.upsert_data_vector_index(name, json.dumps(rows))
    hits = found(workspace, name, query_text="when does the train leave?", query_type="HYBRID")
    assert hits[0] == ("c", 1.0)
    indexes.delete_index(name)


def test_words_that_few_rows_have_weigh_more_and_long_rows_less() -> None:
    words = Words()
    words.put(1, {"text": "common rare"})
    words.put(2, {"text": "common other"})
    words.put(3, {"text": "common " + "filler " * 20})
    assert [key for key, _ in words.search("common rare")] == [1, 2, 3]
    words.drop(1)
    words.drop("unknown")
    assert [key for key, _ in words.search("rare")] == []
    assert words.search("the of") == []


def test_ranks_are_fused_and_the_best_of_all_has_the_score_one() -> None:
    def hits(*names: str) -> list[Hit]:
        return [Hit({"id": name}, [], 0.0) for name in names]

    both = fused([hits("a", "b", "c"), hits("a", "c")], "id")
    assert [hit.row["id"] for hit in both] == ["a", "c", "b"]
    assert [hit.score for hit in both] == pytest.approx([1.0, 61 / 126 + 61 / 124, 61 / 124])
