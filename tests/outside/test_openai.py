"""The OpenAI client talks to the sandbox's serving endpoints."""

from collections.abc import Iterator

import pytest
from openai import NotFoundError, OpenAI, RateLimitError

from tests.sandbox.served import Served

EMBEDDER = "databricks-gte-large-en"
CHAT = "databricks-meta-llama-3-3-70b-instruct"
FERRY = "The ferry leaves at noon. The captain likes tea. When does the ferry leave?"


@pytest.fixture
def openai(exported: Served) -> Iterator[OpenAI]:
    assert exported.url
    with OpenAI(max_retries=0) as client:
        yield client


def test_openai_embeds_in_both_encodings(openai: OpenAI) -> None:
    packed = openai.embeddings.create(model=EMBEDDER, input=["a cat", "a dog"])
    plain = openai.embeddings.create(
        model=EMBEDDER, input=["a cat", "a dog"], encoding_format="float"
    )
    assert [found.embedding for found in packed.data] == [found.embedding for found in plain.data]
    assert len(plain.data[0].embedding) == 1024
    assert plain.usage.total_tokens == 4


def test_openai_chats(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(
        model=CHAT, messages=[{"role": "user", "content": FERRY}]
    )
    assert answer.choices[0].message.content == "The ferry leaves at noon."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert answer.usage.total_tokens > answer.usage.completion_tokens > 0


def test_openai_hears_a_chat_token_by_token(openai: OpenAI) -> None:
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


def test_openai_is_told_which_endpoint_is_missing(openai: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="The given endpoint 'none' does not exist"):
        openai.embeddings.create(model="none", input="a")


def test_openai_meets_the_limits_of_a_workspace(openai: OpenAI, sandbox: Served) -> None:
    pattern = "POST /serving-endpoints/embeddings"
    fault = {"pattern": pattern, "status": 429, "retry_after": 0, "times": 2}
    with sandbox.http() as http:
        assert http.post("/_sandbox/faults", json=fault).status_code == 200
        with pytest.raises(RateLimitError):
            openai.embeddings.create(model=EMBEDDER, input="a")
        patient = openai.with_options(max_retries=2)
        assert patient.embeddings.create(model=EMBEDDER, input="a").data
        assert http.delete("/_sandbox/faults").status_code == 200
