"""Genie: questions in plain words to a space, and the queries it answers with."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import attrs
import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.models.messages import (
    Attachment,
    Message,
    MessageError,
    MessageFailed,
    QueryRows,
)

__all__ = ["Conversations", "Message", "MessageFailed", "OnMessage", "QueryRows"]

_API = "/api/2.0/genie/spaces"
_SAID = 2_000
_KINDS: Mapping[str, Kind] = MappingProxyType({"CANCELLED": Kind.CANCELLED})


OnMessage = Callable[[Message], Awaitable[None]]


class Conversations:
    """Conversations with Genie spaces."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def start(self, space_id: str, question: str) -> Message:
        """Ask *question* in a new conversation; the answer comes some time later.

        Sent once: a question whose answer is lost would be asked twice.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
        """
        path = f"{_space(space_id)}/start-conversation"
        answer = await self._calls.json("POST", path, body={"content": question})
        started = answer.decoded(_Started)
        message = started.message or _Message()
        ids = (started.conversation_id, started.message_id)
        return _message(answer, message, space_id, ids)

    async def ask(self, space_id: str, conversation_id: str, question: str) -> Message:
        """Ask *question* in a conversation there is, which Genie remembers.

        Raises:
            DatabricksError: There is no such conversation, or the workspace refused otherwise.
        """
        path = f"{_conversation(space_id, conversation_id)}/messages"
        answer = await self._calls.json("POST", path, body={"content": question})
        return _message(answer, answer.decoded(_Message), space_id, (conversation_id, ""))

    async def get(self, message: Message) -> Message:
        """Look at *message* again.

        Raises:
            DatabricksError: There is no such message any more, or the workspace refused otherwise.
        """
        return _seen(await self._calls.json("GET", _path(message)), message)

    async def wait(
        self,
        message: Message,
        *,
        on_look: OnMessage | None = None,
        polling: Polling | None = None,
    ) -> Message:
        """Wait for the answer to *message*.

        Every status that Genie leaves no more ends it: also `CANCELLED` and
        `QUERY_RESULT_EXPIRED`, at which the official SDK polls on. There is no limit of time: put
        `asyncio.timeout` around it where one is wanted.

        Args:
            message: As `start` or `ask` gave it.
            on_look: Awaited with the message each time it was looked at.
            polling: How often to look.

        Raises:
            MessageFailed: There is no answer; the error has Genie's own words.
            DatabricksError: There is no such message, or the workspace refused for good.
        """
        answers: deque[Answer] = deque(maxlen=1)

        async def look() -> Message:
            answers.append(await self._calls.json("GET", _path(message)))
            return _seen(answers[-1], message)

        ended = await looked_until(_has_ended, look, polling=polling, on_look=on_look)
        if ended.status != "COMPLETED":
            raise _failed(ended, answers[-1])
        return ended

    async def rows(self, message: Message, attachment_id: str) -> QueryRows:
        """Give what the query *attachment_id* of the answer gave, the first 5,000 rows at most.

        Raises:
            MessageFailed: The result is gone, or the query failed.
            DatabricksError: There is no such query, or the workspace refused otherwise.
        """
        path = f"{_path(message)}/attachments/{quote(attachment_id, safe='')}/query-result"
        return await self._rows("GET", path)

    async def run_again(self, message: Message, attachment_id: str) -> QueryRows:
        """Run the query *attachment_id* of the answer again, as one whose result has expired.

        Raises:
            MessageFailed: The query failed.
            DatabricksError: The workspace refused, or no answer came.
        """
        path = f"{_path(message)}/attachments/{quote(attachment_id, safe='')}/execute-query"
        return await self._rows("POST", path)

    async def forget(self, message: Message) -> None:
        """Delete *message*, which also stops the work on it.

        Raises:
            DatabricksError: There is no such message, or the workspace refused otherwise.
        """
        await self._calls.json("DELETE", _path(message))

    async def forget_all(self, space_id: str, conversation_id: str) -> None:
        """Delete a conversation with all its messages, which also stops the work on them.

        Raises:
            DatabricksError: There is no such conversation, or the workspace refused otherwise.
        """
        await self._calls.json("DELETE", _conversation(space_id, conversation_id))

    async def _rows(self, method: str, path: str) -> QueryRows:
        answer = await self._calls.json(method, path, reads=True)  # Genie writes no other queries
        response = answer.decoded(_Result).statement_response
        if response.status.state not in {"SUCCEEDED", "CLOSED"}:
            raise _no_rows(answer, response)
        return QueryRows(
            columns=tuple(column.name for column in response.manifest.schema.columns),
            rows=response.result.data_array or (),
            row_count=response.manifest.total_row_count,
            is_truncated=response.manifest.truncated,
        )


class _Message(msgspec.Struct):
    id: str = ""
    message_id: str = ""
    conversation_id: str = ""
    content: str = ""
    status: str = "UNKNOWN"
    attachments: tuple[Attachment, ...] | None = ()
    error: MessageError | None = None


class _Started(msgspec.Struct):
    conversation_id: str = ""
    message_id: str = ""
    message: _Message | None = None


class _Column(msgspec.Struct, frozen=True):
    name: str = ""


class _Schema(msgspec.Struct, frozen=True):
    columns: tuple[_Column, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    schema: _Schema = _Schema()
    total_row_count: int | None = None
    truncated: bool = False


class _Rows(msgspec.Struct, frozen=True):
    data_array: tuple[tuple[Any, ...], ...] | None = ()


class _StatementError(msgspec.Struct, frozen=True):
    message: str = ""
    error_code: str | None = None


class _Status(msgspec.Struct, frozen=True):
    state: str = "UNKNOWN"
    error: _StatementError = _StatementError()


class _Response(msgspec.Struct, frozen=True):
    status: _Status
    manifest: _Manifest = _Manifest()
    result: _Rows = _Rows()


class _Result(msgspec.Struct, frozen=True):
    statement_response: _Response


def _space(space_id: str) -> str:
    return f"{_API}/{quote(space_id, safe='')}"


def _conversation(space_id: str, conversation_id: str) -> str:
    return f"{_space(space_id)}/conversations/{quote(conversation_id, safe='')}"


def _path(message: Message) -> str:
    conversation = _conversation(message.space_id, message.conversation_id)
    return f"{conversation}/messages/{quote(message.message_id, safe='')}"


def _has_ended(message: Message) -> bool:
    return message.has_ended


def _message(answer: Answer, raw: _Message, space_id: str, ids: tuple[str, str]) -> Message:
    """Give *raw* as a message of the space; where it has no *ids* of its own, those are its."""
    conversation_id = raw.conversation_id or ids[0]
    message_id = raw.message_id or raw.id or ids[1]
    if not (conversation_id and message_id):
        raise answer.unexpected("no ids of a message in it: check that the host is a workspace")
    return Message(
        space_id=space_id,
        conversation_id=conversation_id,
        message_id=message_id,
        content=raw.content,
        status=raw.status,
        attachments=raw.attachments or (),
        error=raw.error,
    )


def _seen(answer: Answer, message: Message) -> Message:
    """Give *message* as *answer* has it now."""
    ids = (message.conversation_id, message.message_id)
    seen = _message(answer, answer.decoded(_Message), message.space_id, ids)
    return attrs.evolve(seen, content=seen.content or message.content)


def _failed(message: Message, answer: Answer) -> MessageFailed:
    error = message.error or MessageError()
    told = f": {excerpt(error.error, _SAID)}" if error.error else ""
    what = f"the question {excerpt(message.content, 100)!r} to the Genie space {message.space_id}"
    return MessageFailed(
        StepError(
            kind=_KINDS.get(message.status, Kind.FAILED),
            message=f"{what} ended {message.status}{told}",
            status=answer.status,
            error_code=error.type or message.status,
            request_id=answer.request_id,
        ),
    )


def _no_rows(answer: Answer, response: _Response) -> MessageFailed:
    status = response.status
    told = f": {excerpt(status.error.message, _SAID)}" if status.error.message else ""
    said = f"{answer.call}: the query's result is {status.state}{told}: run the query again"
    return MessageFailed(
        StepError(
            message=said,
            status=answer.status,
            error_code=status.error.error_code or status.state,
            request_id=answer.request_id,
        ),
    )
