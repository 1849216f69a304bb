"""A step that chats: against the sandbox's model, and against one that stumbles."""

import asyncio
import json

import attrs
import pytest

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, Workspace, made, unwrap
from dara_fp.steps.serving import ChatMessage, ChatReply, chat
from tests.client.stage import Heard, served

LLAMA = "databricks-meta-llama-3-3-70b-instruct"


@attrs.frozen(kw_only=True)
class Chatting(StepContext):
    """The least that `chat` takes; its messages are made of its question."""

    question: str
    chat_model: str = LLAMA
    max_tokens: int = 100
    reply: ChatReply | None = made()

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        told = ChatMessage(role="system", content="The Ada ferry leaves at noon. It is blue.")
        asked = ChatMessage(role="user", content=self.question)
        return (told, asked) if self.question else ()


async def test_a_question_is_answered_from_what_was_told(env: DatabricksEnv) -> None:
    reply = unwrap(await chat(Chatting(question="When does the ferry leave?"), env)).reply
    assert reply is not None
    assert (reply.text, reply.finish_reason) == ("The Ada ferry leaves at noon.", "stop")
    assert reply.model == LLAMA
    short = Chatting(question="When does the ferry leave?", max_tokens=3)
    assert unwrap(await chat(short, env)).reply == attrs.evolve(
        reply, text="The Ada ferry", finish_reason="length"
    )


async def test_a_chat_that_cannot_be_is_rejected(env: DatabricksEnv) -> None:
    error = (await chat(Chatting(question=""), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "chat")
    error = (await chat(Chatting(question="x?", chat_model="none"), env)).failure()
    assert (error.kind, error.error_code) == (Kind.REJECTED, "ENDPOINT_NOT_FOUND")


def piece(text: str, end: str | None = None) -> bytes:
    choice = {"delta": {"content": text}, "finish_reason": end}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


class Counting(MemoryJournal):
    """Says when something was reported twice."""

    def __init__(self) -> None:
        super().__init__()
        self.twice = asyncio.Event()

    async def report(self, path: str, message: str, fraction: float | None) -> None:
        await super().report(path, message, fraction)
        if len(self.reports) == 2:
            self.twice.set()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


async def test_how_far_it_is_is_told_while_tokens_come_and_a_cut_stops_the_model() -> None:
    stopped = asyncio.Event()

    async def speaking(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        try:
            while True:
                writer.write(piece("on and on "))
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            stopped.set()

    journal = Counting()
    async with (
        served(speaking) as server,
        Workspace(server.host, token="dapi-of-a-model") as workspace,
    ):
        env, scope = DatabricksEnv(workspace=workspace), Scope(journal=journal)
        running = asyncio.ensure_future(chat(Chatting(question="Why?"), env, scope=scope))
        async with asyncio.timeout(10):
            await journal.twice.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        async with asyncio.timeout(5):
            await stopped.wait()
    first, second = (int(message.split()[0]) for _, message, _ in journal.reports[:2])
    assert first < second


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (piece("x" * 200_001), Kind.REJECTED, "more than 200,000 characters"),
        (piece("", "content_filter"), Kind.FAILED, "answered nothing (content_filter)"),
        (piece("begun"), Kind.FAILED, "ended before the answer did"),
        (b'data: {"error": {"code": 400, "message": "unsafe"}}\n\n', Kind.REJECTED, "unsafe"),
    ],
)
async def test_an_answer_that_is_none_fails_in_words(answer: bytes, kind: Kind, said: str) -> None:
    async def speaking(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + answer)
        await writer.drain()
        writer.close()

    async with (
        served(speaking) as server,
        Workspace(server.host, token="dapi-of-a-model", retry_seconds=1) as workspace,
    ):
        env = DatabricksEnv(workspace=workspace)
        error = (await chat(Chatting(question="Why?"), env)).failure()
    assert (error.kind, error.step) == (kind, "chat")
    assert said in error.message
    assert len(server.heard) == 1
