"""`mlflow.deployments` finds the sandbox's serving endpoints and asks them."""

from importlib import import_module
from typing import Any

import pytest
from requests import HTTPError

from tests.sandbox.served import Served

EMBEDDER = "databricks-gte-large-en"
CHAT = "databricks-meta-llama-3-3-70b-instruct"
FERRY = "The ferry leaves at noon. The captain likes tea. When does the ferry leave?"


@pytest.fixture
def deployments(exported: Served) -> Any:
    assert exported.url
    # It has no types, and importing it takes 1.6 seconds.
    return import_module("mlflow.deployments").get_deploy_client("databricks")


def test_mlflow_lists_endpoints_and_looks_at_one(deployments: Any) -> None:
    names = [endpoint["name"] for endpoint in deployments.list_endpoints()]
    assert EMBEDDER in names
    assert deployments.get_endpoint(EMBEDDER)["task"] == "llm/v1/embeddings"


def test_mlflow_embeds(deployments: Any) -> None:
    answer = deployments.predict(endpoint=EMBEDDER, inputs={"input": ["a cat", "a dog"]})
    assert [len(found["embedding"]) for found in answer["data"]] == [1024, 1024]
    assert answer["usage"]["total_tokens"] == 4


def test_mlflow_chats_whole_and_as_a_stream(deployments: Any) -> None:
    asked = {"messages": [{"role": "user", "content": FERRY}]}
    whole = deployments.predict(endpoint=CHAT, inputs=asked)
    assert whole["choices"][0]["message"]["content"] == "The ferry leaves at noon."
    chunks = [*deployments.predict_stream(endpoint=CHAT, inputs=asked)]
    words = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
    assert "".join(word or "" for word in words) == "The ferry leaves at noon."
    assert len(chunks) > 1


def test_mlflow_is_told_which_endpoint_is_missing(deployments: Any) -> None:
    with pytest.raises(HTTPError, match="The given endpoint 'none' does not exist"):
        deployments.predict(endpoint="none", inputs={"input": ["a"]})
