"""Answers questions by the SQL that a space has for them, and by nothing else."""

import asyncio
import logging
from collections.abc import Sequence

import attrs

from dara_fp.sandbox.genie.genie_records import (
    Attachment,
    Conversation,
    Example,
    Message,
    Space,
    Status,
    new_id,
    now,
)
from dara_fp.sandbox.genie.genie_store import GenieStore
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.sql_statements import Request, SqlStatements, State, Statement
from dara_fp.sandbox.sql.warehouses import Warehouses

__all__ = ["Answering", "with_rows"]

logger = logging.getLogger("dara_fp.sandbox")

ROWS = 5_000
"""Rows of a query's result at most, as Genie gives them."""

BYTES = 25 * 2**20
"""Bytes of it at most, as any result that comes with its answer."""

FAULT = "The sandbox failed on this question: its log has the reason."


@attrs.frozen(kw_only=True)
class Answering:
    """The questions under way in the spaces of *store*."""

    store: GenieStore
    statements: SqlStatements
    warehouses: Warehouses
    _tasks: dict[str, "asyncio.Task[None]"] = attrs.field(
        init=False, factory=dict[str, "asyncio.Task[None]"]
    )

    def ask(self, space: Space, conversation: Conversation, content: str) -> Message:
        """Begin to answer *content*, in a *conversation* that is kept with it."""
        asked_at = now()
        message = Message(message_id=new_id(), content=content, created=asked_at, updated=asked_at)
        self.store.keep(conversation.asked(message))
        task = asyncio.create_task(self._drive(space, conversation.conversation_id, message))
        self._tasks[message.message_id] = task
        task.add_done_callback(lambda _task: self._tasks.pop(message.message_id, None))
        return message

    async def run(self, space: Space, query: str, seconds: float = 0) -> Statement:
        """Begin to run *query* for *space*, and wait so many *seconds* for its end.

        Raises:
            ApiError: 404; the space's warehouse is not there.
        """
        self.warehouses.use(space.warehouse_id)
        asked = Request(
            statement=query, warehouse_id=space.warehouse_id, row_limit=ROWS, byte_limit=BYTES
        )
        statement = self.statements.start(asked)
        if seconds:
            await self.statements.wait(statement, seconds)
        return statement

    def found(self, statement_id: str) -> Statement | None:
        """Give the statement *statement_id*, or None where its result is gone."""
        try:
            statement = self.statements.get(statement_id)
        except ApiError:
            return None
        return None if statement.state is State.CLOSED else statement

    def forget(self, messages: Sequence[Message]) -> None:
        """Stop the work on *messages*, which are deleted."""
        for message in messages:
            if (task := self._tasks.get(message.message_id)) is not None:
                task.cancel()

    async def close(self) -> None:
        """Stop all work; the questions have failed when the sandbox is back."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drive(self, space: Space, conversation_id: str, message: Message) -> None:
        try:
            await self._answer(space, conversation_id, message)
        except Exception:
            # A fault of ours ends this question alone, and its client is told.
            logger.exception("question %s: a fault of the sandbox", message.message_id)
            fault = _failed(message, FAULT, "UNEXPECTED_REPLY_PROCESS_EXCEPTION")
            self.store.keep_message(conversation_id, fault)

    async def _answer(self, space: Space, conversation_id: str, message: Message) -> None:
        example = space.example(message.content)
        if example is None:
            said = Attachment(attachment_id=new_id(), text=_unknown(space.examples))
            self._keep(conversation_id, message, status=Status.COMPLETED, attachments=(said,))
            return
        try:
            statement = await self.run(space, example.sql)
        except ApiError as error:
            failed = _failed(message, error.message, "WAREHOUSE_NOT_FOUND_EXCEPTION")
            self.store.keep_message(conversation_id, failed)
            return
        query = Attachment(
            attachment_id=new_id(),
            query=example.sql,
            question=example.question,
            statement_id=statement.id,
        )
        running = self._keep(
            conversation_id, message, status=Status.EXECUTING_QUERY, attachments=(query,)
        )
        try:
            await statement.done.wait()
        except asyncio.CancelledError:
            self.statements.cancel(statement)
            raise
        self.store.keep_message(conversation_id, _answered(running, query, statement))

    def _keep(
        self,
        conversation_id: str,
        message: Message,
        *,
        status: Status,
        attachments: tuple[Attachment, ...],
    ) -> Message:
        changed = attrs.evolve(message, status=status, attachments=attachments, updated=now())
        self.store.keep_message(conversation_id, changed)
        return changed


def with_rows(query: Attachment, statement: Statement) -> Attachment:
    """Give *query* with how many rows its *statement* has given, if it has."""
    if (result := statement.result) is None:
        return query
    rows = int(result.rows.num_rows)
    return attrs.evolve(query, row_count=rows, truncated=result.truncated)


def _answered(message: Message, query: Attachment, statement: Statement) -> Message:
    """Give *message* as it is at the end of the *statement* of its *query*."""
    if statement.state is State.FAILED:
        return _failed(message, statement.message, "SQL_EXECUTION_EXCEPTION")
    if statement.state is State.CANCELED:
        return attrs.evolve(message, status=Status.CANCELLED, updated=now())
    found = with_rows(query, statement)
    text = Attachment(attachment_id=new_id(), text=_told(found))
    return attrs.evolve(message, status=Status.COMPLETED, attachments=(found, text), updated=now())


def _failed(message: Message, said: str, code: str) -> Message:
    return attrs.evolve(message, status=Status.FAILED, error=said, error_type=code, updated=now())


def _told(found: Attachment) -> str:
    rows = "1 row" if found.row_count == 1 else f"{found.row_count} rows"
    more = ", and there are more" if found.truncated else ""
    return f"The SQL that this space has for {found.question!r} gave {rows}{more}."


def _unknown(known: Sequence[Example]) -> str:
    if not known:
        return (
            "This local Genie answers only questions that the space has SQL for, and it has none:"
            " put some into instructions.example_question_sqls of its serialized_space."
        )
    listed = "\n".join(f"- {example.question}" for example in known)
    return f"This local Genie answers only questions that the space has SQL for:\n{listed}"
