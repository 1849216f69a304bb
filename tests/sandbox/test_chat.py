"""A chat quotes what it was told, whole and as a stream, and invents nothing."""

import json
from typing import Any

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.service.serving import ChatMessage, ChatMessageRole

from dara_fp.sandbox.serving.chat import NOTHING, Turn, answer_to

LLAMA = "databricks-meta-llama-3-3-70b-instruct"
URL = f"/serving-endpoints/{LLAMA}/invocations"
TOLD = (
    "Use only the context.\nContext: The Ada ferry leaves Hamburg at noon. It carries 300 cars."
    " The captain likes tea.\nQuestion: When does the ferry leave Hamburg?\nAnswer:"
)


def user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ([("user", TOLD)], "Context: The Ada ferry leaves Hamburg at noon."),
        (
            [("system", "Paris is large. Rome is old."), ("user", "Which city is old?")],
            "Rome is old.",
        ),
        (
            [("user", "My cat is grey. My dog is black."), ("user", "Tell me about my dog.")],
            "My dog is black.",
        ),
        (
            [("user", "Cats eat fish. Cats sleep. Dogs eat meat."), ("user", "What do cats do?")],
            "Cats eat fish. Cats sleep.",
        ),
        # What nobody told is not answered, nor is what only the assistant said.
        ([("user", "What is the capital of France?")], NOTHING),
        ([("assistant", "Bern is nice."), ("user", "Is Bern nice?")], NOTHING),
        ([("user", "Is the moon made of cheese?"), ("user", "What is the moon made of?")], NOTHING),
        ([("system", "You are helpful."), ("user", "?")], NOTHING),
    ],
)
def test_the_answer_is_made_of_sentences_that_were_told(
    said: list[tuple[Any, str]], answer: str
) -> None:
    assert answer_to([Turn(role=role, content=text) for role, text in said]) == answer


def test_the_sdk_gets_an_answer(workspace: WorkspaceClient) -> None:
    asked = [
        ChatMessage(role=ChatMessageRole.SYSTEM, content="The train leaves at noon."),
        ChatMessage(role=ChatMessageRole.USER, content="When does the train leave?"),
    ]
    answer = workspace.serving_endpoints.query(LLAMA, messages=asked)
    [choice] = answer.choices or []
    assert choice.message
    assert choice.message.content == "The train leaves at noon."
    assert answer.usage
    assert answer.usage.completion_tokens == 6
    assert answer.served_model_name == LLAMA


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    *chunks, last, rest = answer.text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    return [json.loads(chunk.removeprefix("data: ")) for chunk in chunks]


@pytest.mark.parametrize("path", [URL, "/serving-endpoints/chat/completions"])
def test_a_stream_brings_the_same_answer_word_by_word(http: httpx.Client, path: str) -> None:
    asked = {"messages": [user(TOLD)], "model": LLAMA, "stream_options": {"include_usage": True}}
    whole = http.post(path, json=asked).json()
    answer = http.post(path, json={**asked, "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    chunks = events(answer)
    deltas = [chunk["choices"][0] for chunk in chunks[:-1]]
    pieces = [choice["delta"].get("content", "") for choice in deltas]
    message = whole["choices"][0]["message"]
    assert (message["role"], "".join(pieces)) == ("assistant", message["content"])
    assert len(pieces) > 5
    ends = [choice["finish_reason"] for choice in deltas]
    assert ends == [*[None] * (len(deltas) - 1), "stop"]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], whole["usage"])


@pytest.mark.parametrize(
    ("more", "text", "end"),
    [
        ({"max_tokens": 3}, "Rome is old", "length"),
        ({"max_completion_tokens": 1}, "Rome", "length"),
        ({"max_tokens": 4}, "Rome is old.", "stop"),
        ({"stop": " old"}, "Rome is", "stop"),
        ({"stop": ["x", "is"]}, "Rome ", "stop"),
    ],
)
def test_an_answer_ends_where_it_is_told(
    http: httpx.Client, more: dict[str, object], text: str, end: str
) -> None:
    said = [user("Rome is old. Is Rome old?")]
    [choice] = http.post(URL, json={"messages": said, **more}).json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (text, end)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"messages": []},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        {"messages": [user("x")], "max_tokens": 0},
        {"messages": [user("x")], "n": 2},
        {"input": "x"},
    ],
)
def test_what_is_no_chat_is_refused(http: httpx.Client, asked: dict[str, object]) -> None:
    assert http.post(URL, json=asked).status_code == 400


def test_a_chat_with_what_is_no_chat_model_is_refused(
    workspace: WorkspaceClient, http: httpx.Client
) -> None:
    said = [ChatMessage(role=ChatMessageRole.USER, content="x")]
    with pytest.raises(BadRequest, match="input"):
        workspace.serving_endpoints.query("databricks-gte-large-en", messages=said)
    with pytest.raises(NotFound, match="'none' does not exist"):
        workspace.serving_endpoints.query("none", messages=said)
    asked = {"model": "databricks-gte-large-en", "messages": [user("x")]}
    assert http.post("/serving-endpoints/chat/completions", json=asked).status_code == 404
    assert workspace.serving_endpoints.get(LLAMA).task == "llm/v1/chat"
