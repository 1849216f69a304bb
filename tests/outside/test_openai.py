"""The OpenAI client talks to the sandbox's serving endpoints."""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.sandbox.served import Served

if TYPE_CHECKING:  # importing it takes a second
    from openai import OpenAI

LIMITS = "/_sandbox/limits"
EMBEDDER = "databricks-gte-large-en"
CHAT = "databricks-meta-llama-3-3-70b-instruct"
FERRY = "The ferry leaves at noon. The captain likes tea. When does the ferry leave?"


@pytest.fixture
def openai(exported: Served) -> Iterator["OpenAI"]:
    assert exported.url
    with import_module("openai").OpenAI(max_retries=0) as client:
        yield client


def test_openai_embeds_in_both_encodings(openai: "OpenAI") -> None:
    packed = openai.embeddings.create(model=EMBEDDER, input=["a cat", "a dog"])
    plain = openai.embeddings.create(
        model=EMBEDDER, input=["a cat", "a dog"], encoding_format="float"
    )
    assert [found.embedding for found in packed.data] == [found.embedding for found in plain.data]
    assert len(plain.data[0].embedding) == 1024
    assert plain.usage.total_tokens == 4


def test_openai_chats(openai: "OpenAI") -> None:
    answer = openai.chat.completions.create(
        model=CHAT, messages=[{"role": "user", "content": FERRY}]
    )
    assert answer.choices[0].message.content == "The ferry leaves at noon."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens > answer.usage.completion_tokens > 0


def test_openai_hears_a_chat_token_by_token(openai: "OpenAI") -> None:
    stream = openai.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": FERRY}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [*stream]
    words = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(words) == "The ferry leaves at noon."
    assert len([word for word in words if word]) > 1
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens > 0


def test_openai_is_told_which_endpoint_is_missing(openai: "OpenAI") -> None:
    with pytest.raises(
        import_module("openai").NotFoundError, match="The given endpoint 'none' does not exist"
    ):
        openai.embeddings.create(model="none", input="a")


@pytest.fixture
def limited(sandbox: Served) -> Iterator[httpx.Client]:
    """Let one embedding through, and the next one minutes later."""
    pattern = "POST /serving-endpoints/embeddings"
    limit = {"pattern": pattern, "per_second": 0.001, "retry_after": False}
    with sandbox.http() as http:
        known = http.get(LIMITS).json()["limits"]
        assert http.put(LIMITS, json={"limits": [limit]}).status_code == 200
        yield http
        before = [{key: each[key] for key in each if key != "refused"} for each in known]
        assert http.put(LIMITS, json={"limits": before}).status_code == 200


def test_openai_meets_the_limits_of_a_workspace(openai: "OpenAI", limited: httpx.Client) -> None:
    refused = import_module("openai").RateLimitError

    def embed(client: "OpenAI") -> int:
        return len(client.embeddings.create(model=EMBEDDER, input="a").data)

    assert embed(openai) == 1
    with pytest.raises(refused, match=r"exceeds the rate limit of 0\.001 a second"):
        embed(openai)
    # A client that may come again does, and is counted each time.
    with pytest.raises(refused):
        embed(openai.with_options(max_retries=1))
    assert [limit["refused"] for limit in limited.get(LIMITS).json()["limits"]] == [3]
