"""Steps that ask Genie, against a Genie that answers what its space has SQL for."""

import asyncio
import json

import attrs
import pytest

from dara_fp import DatabricksEnv, Kind, StepContext, made, unwrap
from dara_fp.sandbox.sql.warehouses import FIRST
from dara_fp.steps.genie import GenieAnswer, ask_genie

SQL = {
    "How many are there?": "SELECT n, n > 1 AS large FROM (SELECT explode(array(1, 2)) AS n)",
    "Which are missing?": "SELECT * FROM main.default.nowhere",
    "How long?": "SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b",
}


@attrs.frozen(kw_only=True)
class Wondering(StepContext):
    """The least that the steps of Genie take."""

    space: str
    question: str
    answer: GenieAnswer | None = made()


async def wondering(env: DatabricksEnv, question: str) -> Wondering:
    examples = [{"question": [known], "sql": [sql]} for known, sql in SQL.items()]
    space = await env.workspace.genie.create_space(
        FIRST, json.dumps({"version": 2, "instructions": {"example_question_sqls": examples}})
    )
    return Wondering(space=space.space_id, question=question)


async def test_a_known_question_is_answered_with_rows(env: DatabricksEnv) -> None:
    answer = unwrap(await ask_genie(await wondering(env, "how many are there"), env)).answer
    assert answer is not None
    assert (answer.status, answer.query) == ("COMPLETED", SQL["How many are there?"])
    assert (answer.columns, answer.row_count) == (("n", "large"), 2)
    assert answer.rows == (("1", "false"), ("2", "true"))
    assert answer.text.endswith("gave 2 rows.")


async def test_an_unknown_question_is_answered_in_words_alone(env: DatabricksEnv) -> None:
    answer = unwrap(await ask_genie(await wondering(env, "Why?"), env)).answer
    assert answer is not None
    assert (answer.status, answer.query, answer.rows) == ("COMPLETED", "", ())
    assert "- How many are there?" in answer.text


async def test_sql_that_fails_is_the_failure_of_the_step(env: DatabricksEnv) -> None:
    error = (await ask_genie(await wondering(env, "Which are missing?"), env)).failure()
    assert (error.kind, error.error_code) == (Kind.FAILED, "SQL_EXECUTION_EXCEPTION")
    assert "TABLE_OR_VIEW_NOT_FOUND" in error.message


async def test_a_question_that_is_cut_leaves_no_conversation(env: DatabricksEnv) -> None:
    asked = await wondering(env, "How long?")
    running = asyncio.ensure_future(ask_genie(asked, env))

    async def there() -> int:
        found = await env.workspace.genie.list_conversations(asked.space)
        return len(found.conversations or ())

    async with asyncio.timeout(15):
        while not await there():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.02)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert await there() == 0
