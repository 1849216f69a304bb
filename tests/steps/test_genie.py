"""Steps that ask Genie, against a Genie that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, Workspace, made, unwrap
from dara_fp.steps.genie import GenieAnswer, ask_genie, await_answer, forget_question

HOST = "https://genie.databricks.test"
SPACE = "/api/2.0/genie/spaces/s"
CONVERSATION = f"{SPACE}/conversations/c"
MESSAGE = f"{CONVERSATION}/messages/m"


@attrs.frozen(kw_only=True)
class Wondering(StepContext):
    """The least that the steps of Genie take."""

    space: str = "s"
    question: str = "how many?"
    answer: GenieAnswer | None = made()


@pytest.fixture
async def genie() -> AsyncIterator[DatabricksEnv]:
    env = DatabricksEnv(workspace=Workspace(HOST, token="dapi-for-genie", retry_seconds=5))
    yield env
    await env.aclose()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=HOST, using="httpx", assert_all_called=False) as router:
        router.post(f"{SPACE}/start-conversation").respond(
            json={"conversation_id": "c", "message_id": "m"}
        )
        yield router


def seen(status: str, **more: Any) -> httpx.Response:
    body = {"message_id": "m", "conversation_id": "c", "status": status, **more}
    return httpx.Response(200, json=body)


def answered(*rows: list[str | None]) -> dict[str, Any]:
    manifest = {"schema": {"columns": [{"name": "n"}]}, "total_row_count": 5000}
    found = {"data_array": rows}
    return {
        "statement_response": {
            "status": {"state": "SUCCEEDED"}, "manifest": manifest, "result": found
        }
    }  # fmt: skip


async def test_a_question_is_answered_in_words_and_rows(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    query = {"query": "select n from t", "statement_id": "st"}
    parts = [{"text": {"content": "Many."}}, {"attachment_id": "a", "query": query}]
    looks = [seen("ASKING_AI"), seen("ASKING_AI"), seen("COMPLETED", attachments=parts)]
    wire.get(MESSAGE).mock(side_effect=looks)
    ones: list[list[str | None]] = [["1"]] * 200
    rows: list[list[str | None]] = [["x" * 2000], [None], *ones]
    wire.get(f"{MESSAGE}/attachments/a/query-result").respond(json=answered(*rows))
    journal = MemoryJournal()
    ended = unwrap(await ask_genie(Wondering(), genie, scope=Scope(journal=journal)))
    answer = ended.answer
    assert answer is not None
    assert (answer.status, answer.text, answer.query) == ("COMPLETED", "Many.", "select n from t")
    assert (answer.columns, answer.row_count, len(answer.rows)) == (("n",), 5000, 100)
    assert answer.rows[:3] == (("x" * 1000,), (None,), ("1",))
    said = [message for _, message, _ in journal.reports]
    assert said == ["Genie is ASKING_AI", "Genie is COMPLETED"]


async def test_an_answer_without_a_query_has_no_rows(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    parts = [{"text": {"content": "I do not know."}}]
    wire.get(MESSAGE).mock(return_value=seen("COMPLETED", attachments=parts))
    answer = unwrap(await ask_genie(Wondering(), genie)).answer
    assert answer == GenieAnswer(
        conversation_id="c", message_id="m", status="COMPLETED", text="I do not know."
    )


async def test_a_question_without_an_answer_fails_in_the_words_of_genie(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    forget = wire.delete(CONVERSATION).respond(json={})
    wire.get(MESSAGE).mock(return_value=seen("CANCELLED"))
    error = (await ask_genie(Wondering(), genie)).failure()
    assert (error.kind, error.step) == (Kind.CANCELLED, "await_answer")
    assert "'how many?'" in error.message
    assert not forget.called


async def test_a_question_that_is_cut_while_genie_thinks_leaves_no_conversation(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    thinking = asyncio.Event()

    def think(_request: httpx.Request) -> httpx.Response:
        thinking.set()
        return seen("ASKING_AI")

    wire.get(MESSAGE).mock(side_effect=think)
    forget = wire.delete(CONVERSATION).respond(json={})
    running = asyncio.ensure_future(ask_genie(Wondering(), genie))
    await thinking.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert forget.call_count == 1


async def test_a_question_that_is_cut_before_it_has_an_id_leaves_no_conversation(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    asked = asyncio.Event()

    async def slowly(_request: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.sleep(0.05)
        return httpx.Response(200, json={"conversation_id": "c", "message_id": "m"})

    wire.post(f"{SPACE}/start-conversation").mock(side_effect=slowly)
    forget = wire.delete(CONVERSATION).respond(json={})
    running = asyncio.ensure_future(ask_genie(Wondering(), genie))
    await asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert forget.call_count == 1


async def test_a_conversation_that_is_gone_is_forgotten_already(
    wire: respx.MockRouter, genie: DatabricksEnv
) -> None:
    gone = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no c"}
    forget = wire.delete(CONVERSATION).respond(404, json=gone)
    asked = Wondering(answer=GenieAnswer(conversation_id="c", message_id="m"))
    assert unwrap(await forget_question(asked, genie)) == asked
    assert unwrap(await forget_question(Wondering(), genie)) == Wondering()
    assert forget.call_count == 1


@pytest.mark.parametrize("question", ["", " \n", "x" * 10_001])
async def test_a_question_that_cannot_be_asked_is_not_sent(
    wire: respx.MockRouter, genie: DatabricksEnv, question: str
) -> None:
    error = (await ask_genie(Wondering(question=question), genie)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "ask_question")
    assert not wire.calls
    error = (await await_answer(Wondering(), genie)).failure()
    assert "put ask_question before await_answer" in error.message
