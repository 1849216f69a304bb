"""Filters as SQL: what they let through, and what is refused."""

import json
import uuid
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.vectorsearch import EndpointType

from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.vectors.filter_strings import parse_filter_string

COLUMNS = frozenset({"year", "tag", "tags", "ok", "day", "text", "none"})
ROW: dict[str, object] = {
    "year": 2024, "tag": "a", "tags": ["x", "y"], "ok": True, "day": "2024-05-01", "text": "one_2"
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("year = 2024", True),
        ("year != 2024", False),
        ("year > 2020 AND (tag = 'b' OR tag = 'a')", True),
        ("tag NOT IN ('a')", False),
        ("`tag` IN ('a', 'b')", True),
        ("text LIKE 'one%'", True),
        ("text LIKE 'one'", False),
        ("text NOT LIKE '%x%'", True),
        ("year BETWEEN 2020 AND 2023", False),
        ("year >= 2023.5 and year > -1", True),
        ("none IS NULL", True),
        ("tag IS NOT NULL", True),
        ("none = 1", False),
        ("NOT none = 1", False),
        ("NOT (none = 1 AND year = 1)", True),
        ("none = 1 OR ok", True),
        ("none NOT IN (1)", False),
        ("array_contains(tags, 'x')", True),
        ("NOT array_contains(tags, 'z')", True),
        ("NOT ok", False),
        ("ok = true", True),
        ("day > DATE '2024-01-01'", True),
        ("day < to_timestamp('2024-06-01')", True),
        ("year = 'x'", False),
    ],
)
def test_a_condition_keeps_what_sql_would_keep(text: str, *, kept: bool) -> None:
    assert parse_filter_string(text, COLUMNS)(ROW) is kept


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nope = 1", "Unknown filter column 'nope'"),
        ("year >", "Invalid filter_string"),
        ("1", "is no condition"),
        ("sleep(3)", "is no condition"),
        ("year + 1 = 3", "is no column and no value"),
        ("tag IS true", "only IS NULL"),
        ("x; drop table y", "Invalid filter_string"),
        ("(" * 300 + "ok" + ")" * 300, "Invalid filter_string"),
        ("ok" + " " * 10_000, "has 10002 characters: 10000 at most"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, said: str) -> None:
    with pytest.raises(ApiError, match=said):
        parse_filter_string(text, COLUMNS)


def test_a_storage_optimized_endpoint_takes_conditions_in_sql_and_a_standard_one_does_not(
    workspace: WorkspaceClient, http: httpx.Client
) -> None:
    search = "/api/2.0/vector-search"
    schema = {"id": "string", "n": "int", "v": "array<float>"}
    column = {"name": "v", "embedding_dimension": 1}
    answers: list[dict[str, Any]] = []
    for kind in (EndpointType.STORAGE_OPTIMIZED, EndpointType.STANDARD):
        endpoint = f"endpoint-{uuid.uuid4().hex[:8]}"
        workspace.vector_search_endpoints.create_endpoint(endpoint, kind)
        index = f"main.default.i{uuid.uuid4().hex[:8]}"
        made = {
            "name": index,
            "primary_key": "id",
            "index_type": "DIRECT_ACCESS",
            "direct_access_index_spec": {
                "schema_json": json.dumps(schema), "embedding_vector_columns": [column]
            },
        }  # fmt: skip
        base = f"{search}/endpoints/{endpoint}/indexes"
        http.post(base, json=made)
        rows = [{"id": str(n), "n": n, "v": [n]} for n in range(5)]
        http.post(f"{base}/{index}/upsert-data", json={"inputs_json": json.dumps(rows)})
        asked = {"columns": ["id"], "query_vector": [0], "filter_string": "n > 1 AND n <> 3"}
        answer = http.request("GET", f"{base}/{index}/query", json=asked)
        answers.append(answer.json())
    assert [row[0] for row in answers[0]["result"]["data_array"]] == ["2", "4"]
    assert "is STANDARD, which takes filters_json" in answers[1]["message"]
