"""Genie: asked once, waited for until whatever end, and its rows."""

import asyncio
import json
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import ConnectionFailed, UnexpectedAnswer
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.models.conversations import Message, MessageFailed, QueryRows
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

SPACE = "/api/2.0/genie/spaces/s"
PATH = f"{SPACE}/conversations/c/messages/m"
ASKED = Message(space_id="s", conversation_id="c", message_id="m", content="how many?")
QUERY = {"title": "Count", "query": "select 1", "description": "counts", "statement_id": "st"}
PARTS = [
    {"attachment_id": "a1", "query": QUERY},
    {"attachment_id": "a2", "text": {"content": "There are 3."}},
    {"suggested_questions": {"questions": ["why?"]}},
]


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep)


def seen(status: str, **more: Any) -> httpx.Response:
    return httpx.Response(
        200,
        json={"id": "m", "conversation_id": "c", "content": "how many?", "status": status, **more},
    )


async def test_a_question_is_asked_once_and_its_answer_waited_for(
    wire: respx.MockRouter, workspace: Workspace, polling: Polling
) -> None:
    message = {"message_id": "m", "conversation_id": "c", "content": "how many?"}
    started = {"conversation_id": "c", "message_id": "m", "message": message}
    start = wire.post(f"{SPACE}/start-conversation").respond(json=started)
    look = wire.get(PATH)
    statuses = ["SUBMITTED", "ASKING_AI", "SOMETHING_NEW", "EXECUTING_QUERY"]
    answers = [seen(status) for status in statuses]
    look.mock(side_effect=[*answers, httpx.Response(503), seen("COMPLETED", attachments=PARTS)])
    asked = await workspace.conversations.start("s", "how many?")
    states: list[str] = []

    async def note(message: Message) -> None:
        states.append(message.status)

    ended = await workspace.conversations.wait(asked, on_look=note, polling=polling)
    assert states == [*statuses, "COMPLETED"]
    assert ended.text == "There are 3."
    [part] = ended.queries
    assert part.query
    assert (part.attachment_id, part.query.query) == ("a1", "select 1")
    assert json.loads(stage.last(start).content) == {"content": "how many?"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("FAILED", Kind.FAILED),
        ("CANCELLED", Kind.CANCELLED),
        ("QUERY_RESULT_EXPIRED", Kind.FAILED),
    ],
)
async def test_every_other_end_is_an_error_with_the_words_of_genie(
    wire: respx.MockRouter, workspace: Workspace, polling: Polling, status: str, kind: Kind
) -> None:
    error = {"error": "no such table", "type": "TABLES_MISSING_EXCEPTION"}
    look = wire.get(PATH)
    last = seen(status, error=error)
    last.headers["x-request-id"] = "r-2"
    look.mock(side_effect=[seen("ASKING_AI"), last])
    with pytest.raises(MessageFailed, match=f"'how many.'.* ended {status}: no such") as failure:
        await workspace.conversations.wait(ASKED, polling=polling)
    assert (failure.value.error.kind, look.call_count) == (kind, 2)
    assert failure.value.error_code == "TABLES_MISSING_EXCEPTION"
    assert (failure.value.status, failure.value.request_id) == (200, "r-2")
    look.mock(side_effect=[seen(status)])
    with pytest.raises(MessageFailed) as failure:
        await workspace.conversations.wait(ASKED, polling=polling)
    assert failure.value.error_code == status


async def test_a_question_whose_answer_is_lost_is_not_asked_again(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    start = wire.post(f"{SPACE}/start-conversation").mock(side_effect=httpx.ReadError("reset"))
    with pytest.raises(ConnectionFailed):
        await workspace.conversations.start("s", "how many?")
    follow = wire.post(f"{SPACE}/conversations/c/messages").mock(
        side_effect=httpx.ReadError("reset")
    )
    with pytest.raises(ConnectionFailed):
        await workspace.conversations.ask("s", "c", "how many?")
    assert (start.call_count, follow.call_count) == (1, 1)


async def test_a_further_question_stays_in_its_conversation(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(f"{SPACE}/conversations/c/messages").mock(return_value=seen("SUBMITTED"))
    asked = await workspace.conversations.ask("s", "c", "how many?")
    assert (asked.conversation_id, asked.message_id, asked.status) == ("c", "m", "SUBMITTED")
    wire.post(f"{SPACE}/start-conversation").respond(json={})
    with pytest.raises(UnexpectedAnswer, match="no ids of a message"):
        await workspace.conversations.start("s", "how many?")


def result(state: str, **more: Any) -> dict[str, Any]:
    columns = [{"name": "n", "type_text": "BIGINT"}]
    manifest = {"schema": {"columns": columns}, "total_row_count": 2, "truncated": True}
    return {"statement_response": {"status": {"state": state}, "manifest": manifest, **more}}


async def test_the_rows_of_a_query_are_given_and_run_again(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    part = f"{PATH}/attachments/a1"
    rows = {"data_array": [["3"], [None]]}
    wire.get(f"{part}/query-result").respond(json=result("SUCCEEDED", result=rows))
    found = await workspace.conversations.rows(ASKED, "a1")
    assert found == QueryRows(
        columns=("n",), rows=(("3",), (None,)), row_count=2, is_truncated=True
    )
    assert found.records == ({"n": "3"}, {"n": None})
    wire.post(f"{part}/execute-query").respond(json=result("SUCCEEDED", result=rows))
    assert await workspace.conversations.run_again(ASKED, "a1") == found
    failed = result("FAILED")
    failed["statement_response"]["status"]["error"] = {"message": "gone", "error_code": "GONE"}
    wire.get(f"{part}/query-result").respond(json=failed)
    with pytest.raises(MessageFailed, match="FAILED: gone: run the query again") as failure:
        await workspace.conversations.rows(ASKED, "a1")
    assert failure.value.error_code == "GONE"


async def test_questions_are_forgotten(wire: respx.MockRouter, workspace: Workspace) -> None:
    one = wire.delete(PATH).respond(json={})
    everything = wire.delete(f"{SPACE}/conversations/c").respond(json={})
    await workspace.conversations.forget(ASKED)
    await workspace.conversations.forget_all("s", "c")
    assert (one.call_count, everything.call_count) == (1, 1)


async def test_a_waiter_can_be_cut(wire: respx.MockRouter, workspace: Workspace) -> None:
    wire.get(PATH).mock(return_value=seen("ASKING_AI"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await workspace.conversations.wait(ASKED)
