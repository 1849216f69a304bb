"""Steps that ask Genie."""

from contextlib import suppress
from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Outcome, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.errors import NotFound
from dara_fp.databricks.models.conversations import Message, QueryRows
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.beginning import begun

__all__ = [
    "AsksGenie",
    "GenieAnswer",
    "ask_genie",
    "ask_question",
    "await_answer",
    "forget_question",
]

_LONGEST_QUESTION = 10_000
_MOST_ROWS = 100
_LONGEST_CELL = 1_000


@attrs.frozen(kw_only=True)
class GenieAnswer:
    """A question to Genie, and its answer once it has ended.

    Attributes:
        conversation_id: Names the conversation.
        message_id: Names the question in it.
        status: `COMPLETED` where there is an answer; None before.
        text: The answer in words; empty where there is only a query.
        query: The SQL that answers; empty where there is none.
        columns: Columns of what it gave.
        rows: The first 100 of its rows, values as text.
        row_count: How many rows there are in all, where Genie tells.
    """

    conversation_id: str
    message_id: str
    status: str | None = None
    text: str = ""
    query: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    row_count: int | None = None


class AsksGenie(Evolves, Protocol):
    """What the steps of this file need of a context."""

    @property
    def space(self) -> str:
        """Id of the Genie space."""
        ...

    @property
    def question(self) -> str:
        """What to ask, in plain words."""
        ...

    @property
    def answer(self) -> GenieAnswer | None:
        """What these steps make."""
        ...


@step
async def ask_question(ctx: AsksGenie, env: HasWorkspace, at: Position) -> Outcome[AsksGenie]:
    """Ask in a new conversation (`POST genie/spaces/{space}/start-conversation`).

    A step that is cut while the request is under way waits for its answer and deletes the
    conversation. Genie knows no idempotency token: a worker that dies in that moment leaves a
    conversation nobody reads.
    """
    if not ctx.question.strip() or len(ctx.question) > _LONGEST_QUESTION:
        said = f"the question has {len(ctx.question)} characters: ask in 1 to {_LONGEST_QUESTION}"
        return fail(said, kind="rejected")
    conversations = env.workspace.conversations

    async def forget(message: Message) -> None:
        await conversations.forget_all(message.space_id, message.conversation_id)

    asked = await begun(
        conversations.start(ctx.space, ctx.question),
        at,
        stop=forget,
        named=lambda message: f"the conversation {message.conversation_id}",
    )
    answer = GenieAnswer(conversation_id=asked.conversation_id, message_id=asked.message_id)
    return Success(ctx.evolve(answer=answer))


@step
async def await_answer(ctx: AsksGenie, env: HasWorkspace, at: Position) -> Outcome[AsksGenie]:
    """Wait for the answer (`GET genie/.../messages/{message}`), reporting how far Genie is.

    The rows of its first query are read, too (`GET genie/.../attachments/{query}/query-result`).
    """
    if ctx.answer is None:
        return fail("there is no question to wait for: put ask_question before await_answer")
    told = ""

    async def report(message: Message) -> None:
        nonlocal told
        if message.status != told:
            told = message.status
            await at.report(f"Genie is {told}")

    asked = _message(ctx, ctx.answer)
    ended = await env.workspace.conversations.wait(asked, on_look=report)
    answer = attrs.evolve(ctx.answer, status=ended.status, text=ended.text)
    return Success(ctx.evolve(answer=await _with_rows(answer, ended, env.workspace)))


@step
async def forget_question(ctx: AsksGenie, env: HasWorkspace) -> Outcome[AsksGenie]:
    """Delete the conversation, if there is one (`DELETE genie/.../conversations/{id}`)."""
    if ctx.answer is not None:
        with suppress(NotFound):  # somebody else has deleted it
            await env.workspace.conversations.forget_all(ctx.space, ctx.answer.conversation_id)
    return Success(ctx)


ask_genie = on_cancel(ask_question >> await_answer, forget_question)
"""Ask Genie and wait for the answer; what is cut leaves no conversation."""


def _message(ctx: AsksGenie, answer: GenieAnswer) -> Message:
    return Message(
        space_id=ctx.space,
        conversation_id=answer.conversation_id,
        message_id=answer.message_id,
        content=ctx.question,
    )


async def _with_rows(answer: GenieAnswer, message: Message, workspace: Workspace) -> GenieAnswer:
    """Give *answer* with the first query of *message* and its rows, where there is one."""
    first = next(iter(message.queries), None)
    if first is None or first.query is None:
        return answer
    answer = attrs.evolve(answer, query=first.query.query)
    if first.attachment_id is None:
        return answer
    found = await workspace.conversations.rows(message, first.attachment_id)
    return attrs.evolve(
        answer, columns=found.columns, rows=_cells(found), row_count=found.row_count
    )


def _cells(found: QueryRows) -> tuple[tuple[str | None, ...], ...]:
    return tuple(
        tuple(None if cell is None else str(cell)[:_LONGEST_CELL] for cell in row)
        for row in found.rows[:_MOST_ROWS]
    )
