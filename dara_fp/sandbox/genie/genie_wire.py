"""How spaces, conversations, messages and results look to a client."""

from datetime import UTC, datetime

from dara_fp.sandbox.genie.genie_records import Attachment, Conversation, Message, Space, Status
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.sql.sql_statements import State, Statement

__all__ = ["conversation_json", "message_json", "space_json", "statement_json", "summary_json"]

USER_ID = 1
_CHUNKS = "/api/2.0/sql/statements/{}/result/chunks/{}"


def space_json(space: Space, *, serialized: bool = False) -> Json:
    """Give *space*, with all that is in it where it is to be *serialized*."""
    body: Json = {
        "space_id": space.space_id,
        "title": space.title,
        "description": space.description,
        "warehouse_id": space.warehouse_id,
        "parent_path": space.parent_path,
        "etag": space.etag,
        "create_time": _moment(space.created),
        "update_time": _moment(space.updated),
    }
    return {**body, "serialized_space": space.serialized_space} if serialized else body


def conversation_json(conversation: Conversation) -> Json:
    """Give *conversation*."""
    times = [conversation.created, *(message.updated for message in conversation.messages)]
    return {
        "id": conversation.conversation_id,
        **summary_json(conversation),
        "space_id": conversation.space_id,
        "user_id": USER_ID,
        "last_updated_timestamp": max(times),
    }


def summary_json(conversation: Conversation) -> Json:
    """Give *conversation* as lists have it."""
    return {
        "conversation_id": conversation.conversation_id,
        "title": conversation.title,
        "created_timestamp": conversation.created,
    }


def message_json(conversation: Conversation, message: Message, *, expired: bool) -> Json:
    """Give *message* of *conversation*; *expired* tells that the result of its query is gone."""
    status = Status.QUERY_RESULT_EXPIRED if expired else message.status
    body: Json = {
        "id": message.message_id,
        "message_id": message.message_id,
        "conversation_id": conversation.conversation_id,
        "space_id": conversation.space_id,
        "user_id": USER_ID,
        "content": message.content,
        "status": status.value,
        "created_timestamp": message.created,
        "last_updated_timestamp": message.updated,
    }
    if message.attachments:
        body["attachments"] = [_attachment(known, message) for known in message.attachments]
    if message.error:
        body["error"] = {"error": message.error, "type": message.error_type}
    return body


def statement_json(statement: Statement) -> Json:
    """Give *statement* with the first chunk of its result; the API of statements has the others."""
    status: Json = {"state": statement.state.value}
    if statement.state is State.FAILED:
        status["error"] = {"error_code": statement.error_code, "message": statement.message}
    body: Json = {"statement_id": statement.id, "status": status}
    result = statement.result
    if statement.state is State.SUCCEEDED and result is not None:
        body["manifest"] = result.manifest
        body["result"] = {"data_array": []}
        if result.chunks:
            body["result"] = rows = {**result.place(0), "data_array": result.cells(0)}
            if len(result.chunks) > 1:
                rows["next_chunk_index"] = 1
                rows["next_chunk_internal_link"] = _CHUNKS.format(statement.id, 1)
    return {"statement_response": body}


def _attachment(known: Attachment, message: Message) -> Json:
    if not known.query:
        text = {"id": known.attachment_id, "content": known.text}
        return {"attachment_id": known.attachment_id, "text": text}
    query: Json = {
        "id": known.attachment_id,
        "title": known.question,
        "query": known.query,
        "statement_id": known.statement_id,
        "last_updated_timestamp": message.updated,
    }
    if message.status is Status.COMPLETED:
        query["query_result_metadata"] = {
            "row_count": known.row_count,
            "is_truncated": known.truncated,
        }
    return {"attachment_id": known.attachment_id, "query": query}


def _moment(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
