"""Statements under way and ended: who runs them, how far they are, and when they are forgotten."""

import asyncio
import logging
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs
import msgspec

from dara_fp.sandbox.server.errors import missing
from dara_fp.sandbox.sql.lake import Lake
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Parameter, Session

if TYPE_CHECKING:
    from dara_fp.sandbox.sql.results import Result

__all__ = ["ENDED", "Request", "SqlStatements", "State", "Statement"]

logger = logging.getLogger("dara_fp.sandbox")

AT_ONCE = 4
KEPT = 1_000
SESSIONS_KEPT = 1_000
SESSION_IDLE = 24 * 3600.0
RESULT_LIFE = 3600.0
STATEMENT_SECONDS = 600.0
LOOK_SECONDS = 0.25
RESULT_BYTES = 512 * 2**20
"""Bytes of all results together that are kept; the oldest are closed first."""


class State(StrEnum):
    """How far a statement is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    CLOSED = "CLOSED"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELED, State.CLOSED})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; the names are those of the API."""

    statement: str
    warehouse_id: str
    catalog: str = ""
    schema: str = ""
    parameters: tuple[Parameter, ...] = ()
    disposition: str = "INLINE"
    format: str = "JSON_ARRAY"
    wait_timeout: str = "10s"
    on_wait_timeout: str = "CONTINUE"
    row_limit: int | None = None
    byte_limit: int | None = None
    session_id: str = ""
    query_tags: tuple[dict[str, str | None], ...] = ()

    @property
    def inline(self) -> bool:
        """Whether rows come with the answer."""
        return self.disposition == "INLINE"

    @property
    def asked(self) -> Asked:
        """Give it as the engine takes it."""
        return Asked(
            text=self.statement,
            parameters=self.parameters,
            row_limit=self.row_limit,
            byte_limit=self.byte_limit,
            format=self.format,
            inline=self.inline,
        )


@attrs.define(kw_only=True, eq=False)
class Statement:
    """One statement and what became of it."""

    request: Request
    session: Session
    id: str = attrs.field(factory=lambda: str(uuid.uuid4()))
    state: State = State.PENDING
    result: "Result | None" = None
    error_code: str = ""
    message: str = ""
    sql_state: str | None = None
    started: float = attrs.field(factory=time.time)
    ended: float = 0.0
    running: Running = attrs.field(factory=Running)
    timed_out: bool = False
    done: asyncio.Event = attrs.field(factory=asyncio.Event)

    def fail(self, message: str, code: str, sql_state: str | None = None) -> None:
        """Note that it failed."""
        stopped = self.running.stopped and not self.timed_out
        self.state = State.CANCELED if stopped else State.FAILED
        if self.timed_out:
            message = f"The statement took longer than {STATEMENT_SECONDS:.0f} s."
            code = "DEADLINE_EXCEEDED"
        self.message, self.error_code, self.sql_state = message, code, sql_state


class SqlStatements:
    """The statements of one workspace; the newest are kept, for an hour after their end."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sql")
        self._statements: dict[str, Statement] = {}
        self._sessions: dict[str, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, request: Request) -> Statement:
        """Begin with what was *request*ed.

        Raises:
            ApiError: 404; there is no such session.
        """
        self._forget()
        if request.session_id and request.session_id not in self._sessions:
            raise missing(f"Session {request.session_id} does not exist.")
        if (known := self._sessions.pop(request.session_id, None)) is not None:
            known.used = time.time()
            self._sessions[known.id] = known  # the last to go
        session = known or _session(request.catalog, request.schema)
        statement = Statement(request=request, session=session)
        self._statements[statement.id] = statement
        task = asyncio.create_task(self._drive(statement))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return statement

    async def wait(self, statement: Statement, seconds: float) -> None:
        """Wait for *statement* to end, at most so many *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                await statement.done.wait()
        except TimeoutError:
            pass

    def get(self, statement_id: str) -> Statement:
        """Give the statement *statement_id*.

        Raises:
            ApiError: 404; there is none, or its time is over.
        """
        self._forget()
        if statement_id not in self._statements:
            raise missing(f"The statement {statement_id[:100]} was not found.")
        return self._statements[statement_id]

    def all(self) -> list[Statement]:
        """Give all statements that are kept, the newest first."""
        return list(reversed(self._statements.values()))

    def cancel(self, statement: Statement) -> None:
        """Stop *statement*; nothing happens when it has ended."""
        if statement.state in ENDED:
            return
        statement.running.stop()

    def close(self, statement: Statement) -> None:
        """Let go of the result of *statement*; one that runs is stopped."""
        self.cancel(statement)
        statement.result = None
        if statement.state in ENDED:
            statement.state = State.CLOSED

    def open_session(self, catalog: str, schema: str) -> str:
        """Begin a session, and give its id."""
        session = _session(catalog, schema)
        self._sessions[session.id] = session
        self._forget()
        return session.id

    def close_session(self, session_id: str) -> None:
        """End the session *session_id*.

        Raises:
            ApiError: 404; there is none.
        """
        if self._sessions.pop(session_id, None) is None:
            raise missing(f"Session {session_id[:100]} does not exist.")

    async def shut(self) -> None:
        """Stop all statements."""
        for statement in self._statements.values():
            self.cancel(statement)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=False)

    async def _drive(self, statement: Statement) -> None:
        run = asyncio.get_running_loop().run_in_executor(self._pool, self._run, statement)
        while not run.done():
            await asyncio.wait([run], timeout=LOOK_SECONDS)
            if time.time() - statement.started > STATEMENT_SECONDS:
                statement.timed_out = True
            if statement.timed_out or statement.running.stopped:
                # Once more, since the engine forgets what came just before it began.
                statement.running.stop()
        if (error := run.exception()) is not None:
            logger.error("statement %s: a fault of the sandbox", statement.id, exc_info=error)
            said = "The sandbox failed on this statement: its log has the reason."
            statement.fail(said, "INTERNAL_ERROR")
        statement.ended = time.time()
        statement.done.set()

    def _run(self, statement: Statement) -> None:
        statement.state = State.RUNNING
        asked, session = statement.request.asked, statement.session
        try:
            result = self._lake.engine.result(asked, session, statement.running)
        except SqlError as error:
            statement.fail(error.message, error.error_code, error.sql_state)
            return
        statement.result, statement.state = result, State.SUCCEEDED

    def _forget(self) -> None:
        now, over = time.time(), len(self._statements) - KEPT
        for known in list(self._statements.values()):
            old = known.state in ENDED and known.ended and now - known.ended > RESULT_LIFE
            if old or (over > 0 and known.state in ENDED):
                del self._statements[known.id]
                over -= 1
        self._forget_sessions(now)
        self._make_room()

    def _forget_sessions(self, now: float) -> None:
        """Drop those that are idle for too long, and of too many the ones idle for the longest."""
        for place, session in enumerate(reversed(list(self._sessions.values()))):
            if place >= SESSIONS_KEPT or now - session.used > SESSION_IDLE:
                del self._sessions[session.id]

    def _make_room(self) -> None:
        """Close the oldest results where all are too large together; the newest one stays."""
        sizes = [
            (known, int(known.result.rows.nbytes))
            for known in self.all()
            if known.result is not None
        ]
        left = RESULT_BYTES - sum(size for _, size in sizes[:1])
        for known, size in sizes[1:]:
            left -= size
            if left < 0:
                self.close(known)


def _session(catalog: str, schema: str) -> Session:
    return Session(catalog=catalog or "main", schema=schema or "default")
