"""Served models: queries, embeddings of texts, and chats, whole or as they are made."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Answer, Calls, Request
from dara_fp.databricks.http.encoding import json_body
from dara_fp.databricks.models.chats import Chat, ChatStream, Usage, chat_of

__all__ = ["Chat", "ChatStream", "Messages", "Models", "Usage"]

T = TypeVar("T")

Messages = str | Sequence[Mapping[str, Any]]
"""What to say to a chat model: one message of the user, or all with `role` and `content`."""

_STREAM = {"Accept": "text/event-stream, application/json", "Content-Type": "application/json"}


class Models:
    """Models behind serving endpoints."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def query(self, name: str, *, reads: bool = True, **body: Any) -> dict[str, Any]:
        """Ask the endpoint *name*, with `input=`, `messages=` or what else its model takes.

        Sent once, since asking a model may cost.

        Args:
            name: The endpoint.
            reads: Whether asking changes nothing, so that one whose answer was lost may be asked
                anew; false where the model does things, as an agent with tools may.
            **body: What to send.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        answer = await self._ask(name, body, reads=reads, idempotent=False)
        return answer.decoded(dict[str, Any])

    async def chat(self, name: str, messages: Messages, *, reads: bool = True, **more: Any) -> Chat:
        """Give the whole answer of the chat model at the endpoint *name*.

        Sent once, as `query`. A long answer is better read as a stream: it shows at once, and no
        silence ends it.

        Args:
            name: An endpoint of a chat model, such as `databricks-claude-sonnet-4`.
            messages: What to say.
            reads: As for `query`.
            **more: `max_tokens`, `temperature`, `stop` and what else the model takes.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        body = _chat_body(messages, more)
        return chat_of(await self._ask(name, body, reads=reads, idempotent=False))

    @asynccontextmanager
    async def stream(
        self, name: str, messages: Messages, *, reads: bool = True, **more: Any
    ) -> AsyncGenerator[ChatStream]:
        """Open the answer of the chat model at the endpoint *name* for reading as it is made.

        Leaving it, also by a cancellation, closes the connection, which tells the model to stop.

        Args:
            name: An endpoint of a chat model.
            messages: What to say.
            reads: As for `query`.
            **more: `max_tokens`, `temperature`, `stop` and what else the model takes.

        Raises:
            DatabricksError: The workspace refused, no answer came, or it was cut short.
        """
        path = _invocations(name)
        request = Request(
            method="POST",
            path=path,
            headers=_STREAM,
            body=Body(json_body({**_chat_body(messages, more), "stream": True})),
            reads=reads,
            idempotent=False,
        )
        stream = ChatStream(await self._calls.open(request), f"POST {path}", reads=reads)
        try:
            yield stream
        finally:
            await stream.aclose()

    async def embed(
        self, name: str, texts: Sequence[str], *, batch: int = 100, at_once: int = 4
    ) -> list[list[float]]:
        """Give the embedding of each of *texts* from the endpoint *name*, in their order.

        Args:
            name: An endpoint of an embedding model, such as `databricks-gte-large-en`.
            texts: What to embed; none need no call.
            batch: Texts in one call; Databricks' own models take 150.
            at_once: Calls under way at a time.

        Returns:
            One vector a text.

        Raises:
            UnexpectedAnswer: There is not one vector a text.
            DatabricksError: The workspace refused, or no answer came; the other calls are cut.
            ValueError: *batch* or *at_once* is below 1.
        """
        if min(batch, at_once) < 1:
            raise ValueError(f"batch is {batch} and at_once {at_once}: give 1 or more")
        free = asyncio.Semaphore(at_once)

        async def embedded(start: int) -> list[list[float]]:
            async with free:
                return await self._embed(name, texts[start : start + batch])

        starts = range(0, len(texts), batch)
        found = await _together([embedded(start) for start in starts])
        return [vector for part in found for vector in part]

    async def _embed(self, name: str, texts: Sequence[str]) -> list[list[float]]:
        answer = await self._ask(name, {"input": list(texts)}, reads=True)
        found = sorted(answer.decoded(_Embeddings).data, key=lambda embedding: embedding.index)
        if [embedding.index for embedding in found] != [*range(len(texts))]:
            raise answer.unexpected(
                f"{len(found)} embeddings for {len(texts)} texts: check that the endpoint serves"
                " an embedding model"
            )
        return [embedding.embedding for embedding in found]

    async def _ask(
        self, name: str, body: dict[str, Any], *, reads: bool, idempotent: bool | None = None
    ) -> Answer:
        return await self._calls.json(
            "POST", _invocations(name), body=body, reads=reads, idempotent=idempotent
        )


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]


def _invocations(name: str) -> str:
    return f"/serving-endpoints/{quote(name, safe='')}/invocations"


def _chat_body(messages: Messages, more: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    return {"messages": [dict(message) for message in messages], **more}


async def _together(works: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Await *works* at once; where one fails, the others are cut and its error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
