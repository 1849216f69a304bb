"""Genie answers what its spaces have SQL for, by that SQL, and says so where they have none."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceConflict
from databricks.sdk.service.dashboards import (
    GenieAttachment,
    GenieMessage,
    MessageErrorType,
    MessageStatus,
)
from databricks.sdk.service.sql import StatementResponse, StatementState

from dara_fp.sandbox.genie.genie_records import Conversation, Message, Status
from dara_fp.sandbox.genie.genie_store import GenieStore
from dara_fp.sandbox.sql.warehouses import FIRST
from tests.sandbox.served import wait_until

SQL = ["SELECT n, n > 1 AS large\n", "FROM (SELECT explode(array(1, 2)) AS n)\n", "ORDER BY n"]
ENDLESS = "SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b"
QUESTIONS = {
    "How many are there?": SQL,
    "Which are missing?": ["SELECT * FROM main.default.nowhere"],
    "How long does it take?": [ENDLESS],
    "Who are all of them?": ["SELECT id FROM range(6000)"],
}


def serialized(questions: dict[str, list[str]]) -> str:
    examples = [
        {"id": uuid.uuid4().hex, "question": [question], "sql": sql}
        for question, sql in questions.items()
    ]
    return json.dumps({"version": 2, "instructions": {"example_question_sqls": examples}})


def made(workspace: WorkspaceClient, **settings: Any) -> str:
    asked: dict[str, Any] = {
        "warehouse_id": FIRST, "serialized_space": serialized(QUESTIONS)
    } | settings  # fmt: skip
    return workspace.genie.create_space(**asked).space_id


@pytest.fixture(scope="module")
def space(workspace: WorkspaceClient) -> str:
    return made(workspace, title="Numbers")


def parts(message: GenieMessage) -> tuple[GenieAttachment, str]:
    """Give the query of an answer, and its words."""
    assert message.attachments
    (query,) = [known for known in message.attachments if known.query]
    return query, words(message)


def words(message: GenieMessage) -> str:
    (text,) = [known.text for known in message.attachments or () if known.text]
    return str(text.content)


def begun(workspace: WorkspaceClient, space: str, question: str) -> tuple[str, str]:
    """Give the ids of a conversation and of its message, once the SQL of *question* runs."""
    response = vars(workspace.genie.start_conversation(space, question))["response"]
    ids = (response.conversation_id, response.message_id)
    wait_until(lambda: status(workspace, space, *ids) is not MessageStatus.SUBMITTED)
    return ids


def status(
    workspace: WorkspaceClient, space: str, conversation_id: str, message_id: str
) -> MessageStatus | None:
    return workspace.genie.get_message(space, conversation_id, message_id).status


def rows(response: StatementResponse | None) -> list[list[str]]:
    assert response
    assert response.result
    return response.result.data_array or []


def test_a_question_that_the_space_has_sql_for_is_answered_by_it(
    workspace: WorkspaceClient, space: str
) -> None:
    genie = workspace.genie
    answer = genie.start_conversation_and_wait(space, "how many  are there")
    assert (answer.status, answer.content) == (MessageStatus.COMPLETED, "how many  are there")
    query, said = parts(answer)
    assert said == "The SQL that this space has for 'How many are there?' gave 2 rows."
    assert query.query
    assert query.attachment_id
    assert query.query.query == "".join(SQL)
    assert query.query.query_result_metadata
    assert query.query.query_result_metadata.row_count == 2
    ids = (space, answer.conversation_id, answer.message_id, query.attachment_id)
    found = genie.get_message_attachment_query_result(*ids).statement_response
    assert rows(found) == [["1", "false"], ["2", "true"]]
    assert found
    assert found.manifest
    assert found.manifest.schema
    assert [column.name for column in found.manifest.schema.columns or ()] == ["n", "large"]


def test_any_other_question_is_told_which_ones_are_known(
    workspace: WorkspaceClient, space: str
) -> None:
    first = workspace.genie.start_conversation_and_wait(space, "How many are there?")
    answer = workspace.genie.create_message_and_wait(space, first.conversation_id, "And now?")
    assert answer.status is MessageStatus.COMPLETED
    assert all(f"- {question}" in words(answer) for question in QUESTIONS)
    assert answer.attachments
    assert len(answer.attachments) == 1
    for known in ("{}", serialized({"?": SQL, "How many are there?": []})):
        bare = made(workspace, serialized_space=known)
        for question in ("How many are there?", "???"):
            answer = workspace.genie.start_conversation_and_wait(bare, question)
            assert "example_question_sqls" in words(answer)


def test_sql_that_fails_is_told_as_the_error_of_the_message(
    workspace: WorkspaceClient, space: str
) -> None:
    ids = begun(workspace, space, "Which are missing?")
    wait_until(lambda: status(workspace, space, *ids) is MessageStatus.FAILED)
    answer = workspace.genie.get_message(space, *ids)
    assert answer.error
    assert answer.error.type is MessageErrorType.SQL_EXECUTION_EXCEPTION
    assert "TABLE_OR_VIEW_NOT_FOUND" in str(answer.error.error)
    ids = begun(workspace, astray := made(workspace, warehouse_id="gone"), "How many are there?")
    error = workspace.genie.get_message(astray, *ids).error
    assert error
    assert error.type is MessageErrorType.WAREHOUSE_NOT_FOUND_EXCEPTION


def test_a_question_under_way_ends_with_its_statement_or_its_conversation(
    workspace: WorkspaceClient, space: str
) -> None:
    genie = workspace.genie
    ids = begun(workspace, space, "How long does it take?")
    asked = genie.get_message(space, *ids)
    assert asked.status is MessageStatus.EXECUTING_QUERY
    assert asked.attachments
    assert asked.attachments[0].query
    statement_id = str(asked.attachments[0].query.statement_id)
    workspace.statement_execution.cancel_execution(statement_id)
    wait_until(lambda: status(workspace, space, *ids) is MessageStatus.CANCELLED)
    genie.delete_conversation_message(space, *ids)
    assert genie.list_conversation_messages(space, ids[0]).messages == []

    ids = begun(workspace, space, "How long does it take?")
    query = (genie.get_message(space, *ids).attachments or [])[0].query
    assert query
    genie.delete_conversation(space, ids[0])
    with pytest.raises(NotFound, match=f"Conversation {ids[0]} does not exist"):
        genie.get_message(space, *ids)

    def is_stopped() -> bool:
        found = workspace.statement_execution.get_statement(str(query.statement_id)).status
        return found is not None and found.state is StatementState.CANCELED

    wait_until(is_stopped)


def test_a_result_that_is_gone_has_expired_until_it_is_made_again(
    workspace: WorkspaceClient, space: str, http: Any
) -> None:
    genie = workspace.genie
    answer = genie.start_conversation_and_wait(space, "Who are all of them?")
    query, said = parts(answer)
    assert said.endswith("gave 5000 rows, and there are more.")
    assert query.query
    http.delete(f"/api/2.0/sql/statements/{query.query.statement_id}")
    ids = (space, answer.conversation_id, answer.message_id)
    assert genie.get_message(*ids).status is MessageStatus.QUERY_RESULT_EXPIRED
    with pytest.raises(NotFound, match="execute it again"):
        genie.get_message_attachment_query_result(*ids, str(query.attachment_id))
    again = genie.execute_message_attachment_query(*ids, str(query.attachment_id))
    assert len(rows(again.statement_response)) == 5_000
    assert genie.get_message(*ids).status is MessageStatus.COMPLETED


def test_spaces_and_conversations_are_listed_changed_and_forgotten(
    workspace: WorkspaceClient,
) -> None:
    genie = workspace.genie
    space = made(workspace, title="One", description="of two", parent_path="/Shared")
    known = genie.get_space(space, include_serialized_space=True)
    assert (known.title, known.description, known.warehouse_id) == ("One", "of two", FIRST)
    assert known.serialized_space == serialized_again(known.serialized_space)
    assert genie.get_space(space).serialized_space is None
    changed = genie.update_space(space, title="Two", etag=known.etag)
    assert (changed.title, changed.description) == ("Two", "of two")
    with pytest.raises(ResourceConflict, match="etag"):
        genie.update_space(space, title="Three", etag=known.etag)
    for wrong in ("[]", '{"instructions": {"example_question_sqls": 1}}'):
        with pytest.raises(InvalidParameterValue, match="serialized_space"):
            genie.update_space(space, serialized_space=wrong)
    with pytest.raises(InvalidParameterValue, match="ask a question"):
        genie.start_conversation(space, " ")
    ids = [begun(workspace, space, f"Question {number}")[0] for number in range(2)]
    page = genie.list_conversations(space, page_size=1)
    rest = genie.list_conversations(space, page_token=page.next_page_token)
    listed = [*(page.conversations or ()), *(rest.conversations or ())]
    assert {known.conversation_id for known in listed} == set(ids)
    spaces = genie.list_spaces(page_size=1000).spaces or []
    assert [found.title for found in spaces if found.space_id == space] == ["Two"]
    genie.trash_space(space)
    with pytest.raises(NotFound, match=f"Genie space {space} does not exist"):
        genie.list_conversations(space)


def serialized_again(text: str | None) -> str:
    read: dict[str, Any] = json.loads(text or "")
    examples = read["instructions"]["example_question_sqls"]
    assert [known["question"] for known in examples] == [[question] for question in QUESTIONS]
    return json.dumps(read)


def test_after_a_restart_answers_are_there_and_what_was_asked_has_failed(tmp_path: Path) -> None:
    store = GenieStore(tmp_path)
    conversation = Conversation(conversation_id="c", space_id="s", title="", created=1)
    for status in (Status.COMPLETED, Status.EXECUTING_QUERY, Status.SUBMITTED):
        message = Message(message_id=status, content="?", created=1, updated=1, status=status)
        conversation = store.keep(conversation.asked(message))
    (again,) = GenieStore(tmp_path).conversations("s")
    told, *lost = again.messages
    assert told == conversation.messages[0]
    assert [message.status for message in lost] == [Status.FAILED, Status.FAILED]
    assert all("sandbox was stopped" in message.error for message in lost)
