"""Embeddings come from a real model, in the shapes that clients read."""

import base64
import math

import httpx
import numpy as np
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound

GTE = "databricks-gte-large-en"


def test_the_sdk_gets_vectors_of_length_one(workspace: WorkspaceClient) -> None:
    texts = ["A dog barks.", "A hound howls.", "Bond yields fell."]
    answer = workspace.serving_endpoints.query(GTE, input=texts)
    vectors = [row.embedding or [] for row in answer.data or []]
    assert [len(vector) for vector in vectors] == [1024] * 3
    assert [math.dist(vector, [0.0] * 1024) for vector in vectors] == pytest.approx([1.0] * 3)
    assert answer.served_model_name == GTE
    assert answer.usage
    assert answer.usage.total_tokens == answer.usage.prompt_tokens == 12
    assert math.dist(vectors[0], vectors[1]) < math.dist(vectors[0], vectors[2])


def test_the_openai_client_asks_by_model_and_for_base64(http: httpx.Client) -> None:
    asked = {"model": "databricks-bge-large-en", "input": "hello", "encoding_format": "base64"}
    body = http.post("/serving-endpoints/embeddings", json=asked).json()
    assert (body["object"], body["model"]) == ("list", "databricks-bge-large-en")
    row = body["data"][0]
    assert (row["object"], row["index"]) == ("embedding", 0)
    packed = np.frombuffer(base64.b64decode(row["embedding"]), dtype="<f4")
    plain = http.post(f"/serving-endpoints/{GTE}/invocations", json={"input": "hello"}).json()
    assert packed.tolist() == pytest.approx(plain["data"][0]["embedding"])


def test_many_texts_keep_their_order(http: httpx.Client) -> None:
    texts = [f"number {place}" for place in range(40)]
    url = f"/serving-endpoints/{GTE}/invocations"
    together = http.post(url, json={"input": texts}).json()["data"]
    assert [row["index"] for row in together] == list(range(40))
    alone = http.post(url, json={"input": texts[35]}).json()["data"][0]["embedding"]
    assert together[35]["embedding"] == pytest.approx(alone, abs=1e-5)


def test_too_many_texts_are_refused(workspace: WorkspaceClient) -> None:
    with pytest.raises(BadRequest, match=f"exceeding 150 limit for {GTE}: got 151"):
        workspace.serving_endpoints.query(GTE, input=["x"] * 151)


@pytest.mark.parametrize("given", [[], [1], None, {"a": 1}, ["x" * 100_001]])
def test_what_is_no_text_is_refused(http: httpx.Client, given: object) -> None:
    answer = http.post(f"/serving-endpoints/{GTE}/invocations", json={"input": given})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_the_endpoints_are_ready_and_others_are_not_there(workspace: WorkspaceClient) -> None:
    names = [endpoint.name for endpoint in workspace.serving_endpoints.list()]
    assert names[:2] == [GTE, "databricks-bge-large-en"]
    known = workspace.serving_endpoints.get(GTE)
    assert known.state
    assert known.state.ready
    assert known.state.ready.value == "READY"
    assert known.task == "llm/v1/embeddings"
    with pytest.raises(NotFound, match="Endpoint with name 'none' does not exist"):
        workspace.serving_endpoints.get("none")
    with pytest.raises(NotFound, match="The given endpoint 'none' does not exist"):
        workspace.serving_endpoints.query("none", input="x")
