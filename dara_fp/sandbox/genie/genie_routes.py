"""The Genie API: spaces, conversations in them, and the rows behind the answers."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, TypeVar

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.genie.answering import Answering, with_rows
from dara_fp.sandbox.genie.genie_records import (
    Attachment,
    Conversation,
    Message,
    Space,
    Status,
    examples_of,
    new_id,
    now,
)
from dara_fp.sandbox.genie.genie_store import GenieStore
from dara_fp.sandbox.genie.genie_wire import (
    conversation_json,
    message_json,
    space_json,
    statement_json,
    summary_json,
)
from dara_fp.sandbox.server.errors import ApiError, invalid, missing
from dara_fp.sandbox.server.wire import (
    Json,
    cursor,
    empty,
    json_response,
    page_offset,
    read_body,
    read_query,
)

__all__ = ["GenieRoutes"]

API = "/api/2.0/genie/spaces"
TITLE_LIMIT = 100
RUN_SECONDS = 50.0
T = TypeVar("T")


class _NewSpace(msgspec.Struct):
    warehouse_id: str
    serialized_space: str
    title: str = "Untitled"
    description: str = ""
    parent_path: str = ""


class _OtherSpace(msgspec.Struct):
    warehouse_id: str | None = None
    serialized_space: str | None = None
    title: str | None = None
    description: str | None = None
    parent_path: str | None = None
    etag: str | None = None


class _GetSpace(msgspec.Struct):
    include_serialized_space: bool = False


class _Question(msgspec.Struct):
    content: str


class _Listing(msgspec.Struct):
    page_size: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0
    page_token: str = ""


@attrs.frozen(kw_only=True)
class GenieRoutes:
    """The routes of `/api/2.0/genie/spaces`."""

    answering: Answering

    @property
    def store(self) -> GenieStore:
        """What is kept."""
        return self.answering.store

    def routes(self) -> list[Route]:
        """Give the routes."""
        space = f"{API}/{{space_id}}"
        conversation = f"{space}/conversations/{{conversation_id}}"
        message = f"{conversation}/messages/{{message_id}}"
        attachment = f"{message}/attachments/{{attachment_id}}"
        return [
            Route(API, self.create_space, methods=["POST"]),
            Route(API, self.list_spaces, methods=["GET"]),
            Route(space, self.get_space, methods=["GET"]),
            Route(space, self.update_space, methods=["PATCH"]),
            Route(space, self.trash_space, methods=["DELETE"]),
            Route(f"{space}/start-conversation", self.start, methods=["POST"]),
            Route(f"{space}/conversations", self.list_conversations, methods=["GET"]),
            Route(conversation, self.delete_conversation, methods=["DELETE"]),
            Route(f"{conversation}/messages", self.ask, methods=["POST"]),
            Route(f"{conversation}/messages", self.list_messages, methods=["GET"]),
            Route(message, self.get_message, methods=["GET"]),
            Route(message, self.delete_message, methods=["DELETE"]),
            Route(f"{attachment}/query-result", self.query_result, methods=["GET"]),
            Route(f"{attachment}/execute-query", self.execute_query, methods=["POST"]),
        ]

    async def create_space(self, request: Request) -> Response:
        """Keep a new space."""
        asked = await read_body(request, _NewSpace)
        examples_of(asked.serialized_space)  # refused where it cannot be read
        fields = msgspec.structs.asdict(asked)
        made_at = now()
        space = Space(**fields, space_id=new_id(), created=made_at, updated=made_at, etag=new_id())
        return json_response(space_json(self.store.keep_space(space), serialized=True))

    async def list_spaces(self, request: Request) -> Response:
        """Answer the spaces, the oldest first."""
        page, more = _page(self.store.spaces(), request)
        return json_response({"spaces": [space_json(known) for known in page], **more})

    async def get_space(self, request: Request) -> Response:
        """Answer one space."""
        whole = read_query(request, _GetSpace).include_serialized_space
        return json_response(space_json(self._space(request), serialized=whole))

    async def update_space(self, request: Request) -> Response:
        """Change a space."""
        asked = await read_body(request, _OtherSpace)
        space = self._space(request)
        if asked.etag and asked.etag != space.etag:
            said = f"The space {space.space_id} was changed since: get it again for its etag."
            raise ApiError(status=409, error_code="RESOURCE_CONFLICT", message=said)
        given = {
            name: value
            for name, value in msgspec.structs.asdict(asked).items()
            if value is not None
        }
        changed = attrs.evolve(space, **{**given, "etag": new_id(), "updated": now()})
        examples_of(changed.serialized_space)
        return json_response(space_json(self.store.keep_space(changed), serialized=True))

    async def trash_space(self, request: Request) -> Response:
        """Forget a space and its conversations."""
        space = self._space(request)
        for conversation in self.store.conversations(space.space_id):
            self._forget(conversation)
        self.store.forget_space(space.space_id)
        return empty()

    async def start(self, request: Request) -> Response:
        """Begin a conversation with its first question."""
        content = await _question(request)
        space = self._space(request)
        begun = Conversation(
            conversation_id=new_id(),
            space_id=space.space_id,
            title=content[:TITLE_LIMIT],
            created=now(),
        )
        message = self.answering.ask(space, begun, content)
        return json_response(
            {
                "conversation_id": begun.conversation_id,
                "conversation": conversation_json(begun),
                "message_id": message.message_id,
                "message": message_json(begun, message, expired=False),
            }
        )

    async def ask(self, request: Request) -> Response:
        """Take one question more; what was asked before changes nothing."""
        content = await _question(request)
        conversation = self._conversation(request)
        message = self.answering.ask(self._space(request), conversation, content)
        return json_response(message_json(conversation, message, expired=False))

    async def list_conversations(self, request: Request) -> Response:
        """Answer the conversations in a space, the newest first."""
        page, more = _page(self.store.conversations(self._space(request).space_id), request)
        found = [summary_json(known) for known in page]
        return json_response({"conversations": found, **more})

    async def delete_conversation(self, request: Request) -> Response:
        """Forget a conversation, and stop the work on its questions."""
        self._forget(self._conversation(request))
        return empty()

    async def list_messages(self, request: Request) -> Response:
        """Answer the messages of a conversation, the oldest first."""
        conversation = self._conversation(request)
        page, more = _page(conversation.messages, request)
        found = [self._shown(conversation, known) for known in page]
        return json_response({"messages": found, **more})

    async def get_message(self, request: Request) -> Response:
        """Answer one message."""
        conversation, message = self._message(request)
        return json_response(self._shown(conversation, message))

    async def delete_message(self, request: Request) -> Response:
        """Forget a message, and stop the work on it."""
        conversation, message = self._message(request)
        self.answering.forget([message])
        self.store.keep(conversation.without(message.message_id))
        return empty()

    async def query_result(self, request: Request) -> Response:
        """Answer the rows of a query."""
        query = self._query(request)
        statement = self.answering.found(query.statement_id)
        if statement is None:
            raise missing(
                f"The result of the query {query.attachment_id} has expired: execute it again."
            )
        return json_response(await asyncio.to_thread(statement_json, statement))

    async def execute_query(self, request: Request) -> Response:
        """Run a query once more, and answer its rows."""
        query = self._query(request)
        statement = await self.answering.run(self._space(request), query.query, RUN_SECONDS)
        conversation, message = self._message(request)
        again = with_rows(attrs.evolve(query, statement_id=statement.id), statement)
        attachments = tuple(again if known == query else known for known in message.attachments)
        changed = attrs.evolve(message, attachments=attachments, updated=now())
        self.store.keep_message(conversation.conversation_id, changed)
        return json_response(await asyncio.to_thread(statement_json, statement))

    def _shown(self, conversation: Conversation, message: Message) -> Json:
        query = message.query if message.status is Status.COMPLETED else None
        expired = query is not None and self.answering.found(query.statement_id) is None
        return message_json(conversation, message, expired=expired)

    def _forget(self, conversation: Conversation) -> None:
        self.answering.forget(conversation.messages)
        self.store.forget(conversation.conversation_id)

    def _space(self, request: Request) -> Space:
        return self.store.space(str(request.path_params["space_id"]))

    def _conversation(self, request: Request) -> Conversation:
        path: dict[str, str] = request.path_params
        return self.store.conversation(path["space_id"], path["conversation_id"])

    def _message(self, request: Request) -> tuple[Conversation, Message]:
        conversation = self._conversation(request)
        return conversation, conversation.message(str(request.path_params["message_id"]))

    def _query(self, request: Request) -> Attachment:
        _conversation, message = self._message(request)
        attachment_id = str(request.path_params["attachment_id"])
        for known in message.attachments:
            if known.attachment_id == attachment_id and known.query:
                return known
        raise missing(f"The message has no query {attachment_id[:100]}.")


async def _question(request: Request) -> str:
    content = (await read_body(request, _Question)).content
    if not content.strip():
        raise invalid("content is empty: ask a question.")
    return content


def _page(found: Sequence[T], request: Request) -> tuple[Sequence[T], Json]:
    """Give the page of those *found* that is asked for, and how the next one is had."""
    asked = read_query(request, _Listing)
    start = page_offset(asked.page_token, 0)
    end = start + (asked.page_size or 20)
    more: Json = {"next_page_token": cursor(str(end))} if end < len(found) else {}
    return found[start:end], more
