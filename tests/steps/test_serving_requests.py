"""What `chat` sends, keeps and tells, with a model whose answer comes token by token."""

import asyncio
import json
from collections.abc import AsyncIterator

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.steps import serving
from dara_fp.steps.serving import ChatMessage, ChatReply, chat
from tests.client import stage
from tests.steps.mocked import asked, body_of, check_refused, crashed, refused, said

PATH = "/serving-endpoints/my%20llama/invocations"
NAMED = "/serving-endpoints/my llama/invocations"
STREAM = {"content-type": "text/event-stream", "x-request-id": "req-9"}


@attrs.frozen(kw_only=True)
class Chatting(StepContext):
    """The least that `chat` takes."""

    chat_model: str = "my llama"
    messages: tuple[ChatMessage, ...] = (
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="Größe?"),
    )
    max_tokens: int = 10
    reply: ChatReply | None = made()


@pytest.fixture
def post(wire: respx.MockRouter) -> respx.Route:
    return wire.post(NAMED).respond(content=piece("Big."), headers=STREAM)


def piece(text: str, end: str | None = "stop", **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": end}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


async def test_a_chat_is_asked_for_as_a_stream_and_its_answer_kept(
    wire: respx.MockRouter, post: respx.Route, reached: DatabricksEnv
) -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    parts = [piece("Rather ", None, model="llama-3"), piece("big.", usage=usage)]
    post.respond(content=b"".join(parts) + b"data: [DONE]\n\n", headers=STREAM)
    ended = unwrap(await chat(Chatting(), reached))
    assert ended.reply == ChatReply(
        text="Rather big.",
        model="llama-3",
        finish_reason="stop",
        prompt_tokens=9,
        completion_tokens=2,
    )
    assert asked(wire) == [f"POST {PATH}"]
    assert body_of(post) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Größe?"},
        ],
        "max_tokens": 10,
        "stream": True,
    }
    assert stage.last(post).headers["accept"].startswith("text/event-stream")


async def test_how_far_it_is_is_told_at_once_and_then_twice_a_second(
    post: respx.Route, reached: DatabricksEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = asyncio.get_running_loop().time
    ahead = 0.0
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "time", lambda: clock() + ahead)

    async def speaking() -> AsyncIterator[bytes]:
        nonlocal ahead
        for _ in range(10):
            yield piece("12345", None)
            ahead += 0.26
        yield piece("")

    post.mock(return_value=httpx.Response(200, headers=STREAM, content=speaking()))
    journal = MemoryJournal()
    unwrap(await chat(Chatting(), reached, scope=Scope(journal=journal)))
    told = [f"{length} characters" for length in (5, 15, 25, 35, 45)]
    assert said(journal, "chat") == [(message, None) for message in told]


async def test_a_refusal_is_the_failure_of_the_step(
    post: respx.Route, reached: DatabricksEnv
) -> None:
    post.mock(return_value=refused())
    check_refused((await chat(Chatting(), reached)).failure(), "chat", f"POST {NAMED}")
    assert post.call_count == 1


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (piece("", "content_filter"), Kind.FAILED, "the model my llama answered nothing"),
        (piece("begun", None), Kind.FAILED, "the stream of tokens ended before the answer did"),
        (
            b'data: {"error": {"code": 400, "message": "no"}}\n\n',
            Kind.REJECTED,
            "in the middle: no",
        ),
    ],
)
async def test_an_answer_that_is_none_fails_in_words(
    post: respx.Route, reached: DatabricksEnv, content: bytes, kind: Kind, message: str
) -> None:
    post.respond(content=content, headers=STREAM)
    error = (await chat(Chatting(), reached)).failure()
    assert (error.kind, error.step) == (kind, "chat")
    assert message in error.message
    assert post.call_count == 1


async def test_an_answer_that_was_lost_leaves_no_doubt_since_it_may_be_asked_for_again(
    post: respx.Route, reached: DatabricksEnv
) -> None:
    post.mock(side_effect=httpx.ReadError("cut"))
    error = (await chat(Chatting(), reached)).failure()
    assert (error.step, error.status, error.retryable) == ("chat", None, True)
    assert not error.in_doubt
    assert post.call_count == 1  # a model costs: whether to ask again is for `retry` to say


async def test_an_answer_without_end_is_refused_with_the_remedy(
    post: respx.Route, reached: DatabricksEnv, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_LONGEST", 3)
    error = (await chat(Chatting(), reached)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message == "the answer has more than 3 characters: set max_tokens lower"


async def test_a_chat_that_is_cut_closes_the_connection(
    post: respx.Route, reached: DatabricksEnv
) -> None:
    begun, closed = asyncio.Event(), asyncio.Event()

    async def speaking() -> AsyncIterator[bytes]:
        try:
            yield piece("on and on", None)
            begun.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    post.mock(return_value=httpx.Response(200, headers=STREAM, content=speaking()))
    running = asyncio.ensure_future(chat(Chatting(), reached))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert closed.is_set()


async def test_a_delivery_after_a_crash_asks_again(
    post: respx.Route, reached: DatabricksEnv
) -> None:
    for scope in (Scope(task_id="t"), crashed("chat")):
        assert unwrap(await chat(Chatting(), reached, scope=scope)).reply is not None
    assert body_of(post, 0) == body_of(post, 1)


async def test_without_messages_nothing_is_asked(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    error = (await chat(Chatting(messages=()), reached)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message == "there are no messages: give the question at least"
    assert not asked(wire)
