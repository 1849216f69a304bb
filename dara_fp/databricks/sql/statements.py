"""SQL statements on a warehouse: run once, waited for, their rows given one after the other."""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any
from urllib.parse import quote

import attrs

from dara_fp.core.shield import finished
from dara_fp.databricks.changes import Changes
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.doubt import may_have_been_done
from dara_fp.databricks.http.encoding import given
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.sql.answers import statement_of
from dara_fp.databricks.sql.lookup import Search, in_doubt, looked_up, mark, searched
from dara_fp.databricks.sql.records import Statement, succeeded
from dara_fp.databricks.sql.rows import Rows, arrow_table
from dara_fp.databricks.sql.values import parameter_list

__all__ = ["Query", "Sql"]

_API = "/api/2.0/sql/statements"
_WAREHOUSE = "DATABRICKS_WAREHOUSE_ID"
_TOKEN = re.compile(r"[0-9A-Za-z_-]{8,64}")
_LEAST, _MOST = 5, 50
_POLLING = Polling(least=0.1, most=5.0)
_STOPPING = 10.0  # seconds for which a query that is cut holds up whoever cuts it


def _statement_alone(body: Mapping[str, Any]) -> str:
    """Show the statement of *body* alone: its parameters may hold what others must not see."""
    return repr(body["statement"])


@attrs.define(kw_only=True, eq=False)
class Query:
    """A statement that is sent when it is awaited: `rows = await query`.

    Cutting it cancels the statement, for 10 seconds at most; then a note on the cancellation tells
    what goes on. Awaited again, it is sent again, unless it was given a token,
    which is for one statement.
    """

    _sql: "Sql" = attrs.field(alias="sql", repr=False)
    _body: Mapping[str, Any] = attrs.field(alias="body", repr=_statement_alone)
    _token: str | None = attrs.field(alias="token")
    _inline: bool = attrs.field(alias="inline")
    _polling: Polling = attrs.field(alias="polling", repr=False)
    _is_spent: bool = attrs.field(default=False, init=False, repr=False)

    @property
    def warehouse_id(self) -> str:
        """Tell where it runs."""
        return str(self._body["warehouse_id"])

    def __await__(self) -> Generator[Any, None, Rows]:
        """Run the statement, and give its rows."""
        return self.rows().__await__()

    async def rows(self) -> Rows:
        """Run the statement, and give its rows.

        Raises:
            StatementFailed: It failed, or was cancelled.
            DatabricksError: The workspace refused, no answer came, or it is in doubt whether the
                statement was run.
            RuntimeError: It was sent before with the token that it was given.
        """
        where = "INLINE" if self._inline else "EXTERNAL_LINKS"
        return Rows.of(self._sql.calls, await self._ended(where, "JSON_ARRAY"))

    async def arrow(self) -> Any:
        """Run the statement, and give its result as a `pyarrow.Table`; needs the extra `arrow`.

        Raises:
            ArrowNotInstalled: pyarrow is missing; the statement may have been run.
            StatementFailed: It failed, or was cancelled.
            DatabricksError: As for `rows`.
            RuntimeError: As for `rows`.
        """
        statement = await self._ended("EXTERNAL_LINKS", "ARROW_STREAM")
        return await arrow_table(self._sql.calls, statement)

    async def _ended(self, disposition: str, form: str) -> Statement:
        token = self._fresh_token()
        body = {**self._body, "disposition": disposition, "format": form}
        sending = asyncio.ensure_future(self._sql.sent(body, token, self._polling))
        try:
            statement = await asyncio.shield(sending)
            if not statement.has_ended:
                statement = await self._sql.wait(statement.statement_id, polling=self._polling)
        except asyncio.CancelledError as interrupted:
            await self._stop(sending, token, interrupted)
            raise
        return succeeded(statement)

    def _fresh_token(self) -> str:
        """Give a token that no statement was sent with."""
        if self._token is None:
            return secrets.token_hex(16)
        if self._is_spent:
            raise RuntimeError(
                f"this query was sent already, with the token {self._token!r}, by which one"
                " statement is found: read its rows again, or make another query"
            )
        self._is_spent = True
        return self._token

    async def _stop(
        self,
        sending: "asyncio.Future[Statement]",
        token: str,
        interrupted: asyncio.CancelledError,
    ) -> None:
        """Have the statement of *sending* cancelled; *interrupted* says where that fails."""
        stopping = asyncio.ensure_future(self._stopped(sending))
        limit = asyncio.get_running_loop().call_later(_STOPPING, stopping.cancel)
        await finished(stopping)
        limit.cancel()
        if left := _left(sending, stopping, token):
            interrupted.add_note(left)

    async def _stopped(self, sending: "asyncio.Future[Statement]") -> None:
        await self._sql.cancel((await sending).statement_id)


class Sql:
    """SQL statements, by the Statement Execution API 2.0."""

    def __init__(self, calls: Calls, environ: Mapping[str, str] | None = None) -> None:
        """Use *calls*; *environ* may name a warehouse, None for the variables of the process."""
        self.calls = calls
        self._environ = environ

    def execute(  # noqa: PLR0913 - keywords, each a setting of its own
        self,
        statement: str,
        *,
        warehouse_id: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        catalog: str | None = None,
        schema: str | None = None,
        row_limit: int | None = None,
        inline: bool = False,
        wait_seconds: int = 0,
        token: str | None = None,
        polling: Polling | None = None,
    ) -> Query:
        """Give a query that runs *statement* when it is awaited.

        The statement is sent once. The API has no idempotency token, so it carries a comment of its
        own; where its answer is lost, that is looked for in the query history.

        Args:
            statement: At most 16 MiB; values belong into *parameters*, as `:name`.
            warehouse_id: Where it runs; else `DATABRICKS_WAREHOUSE_ID`.
            parameters: Values by name, each typed as it is in Python; see `Parameter` for others.
            catalog: What unqualified names mean.
            schema: The same.
            row_limit: Rows of the result at most.
            inline: Whether rows come with the answer, at most 25 MiB, instead of from the store
                of the workspace.
            wait_seconds: How long the workspace may hold its first answer back: 0, or 5 to 50. With
                0 the statement's id is known at once, so that it can be cancelled.
            token: What the statement is looked for by; 8 to 64 letters and digits, used once.
            polling: How often to look.

        Raises:
            ValueError: No warehouse is named, or an argument does not fit.

        >>> from dara_fp import Workspace
        >>> workspace = Workspace("adb-1.azuredatabricks.net", token="not-shown")
        >>> query = workspace.sql.execute("select :n", parameters={"n": 1}, warehouse_id="w")
        """
        body = {
            "statement": statement,
            "warehouse_id": self.warehouse(warehouse_id),
            "parameters": parameter_list(parameters),
            "catalog": catalog,
            "schema": schema,
            "row_limit": row_limit,
            "wait_timeout": f"{_checked(wait_seconds)}s",
            "on_wait_timeout": "CONTINUE",
        }
        return Query(
            sql=self,
            body=given(body),
            token=token if token is None else _token(token),
            inline=inline,
            polling=polling or _POLLING,
        )

    async def submit(
        self,
        statement: str,
        *,
        warehouse_id: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        catalog: str | None = None,
        schema: str | None = None,
        token: str | None = None,
        polling: Polling | None = None,
    ) -> str:
        """Start *statement*, and give its id without waiting for it; see `execute`.

        Raises:
            ValueError: No warehouse is named, or an argument does not fit.
            DatabricksError: The workspace refused, no answer came, or it is in doubt whether the
                statement was started.
        """
        body = {
            "statement": statement,
            "warehouse_id": self.warehouse(warehouse_id),
            "parameters": parameter_list(parameters),
            "catalog": catalog,
            "schema": schema,
            "wait_timeout": "0s",
            "disposition": "EXTERNAL_LINKS",
            "format": "JSON_ARRAY",
        }
        return (await self.sent(given(body), _token(token), polling or _POLLING)).statement_id

    async def get(self, statement_id: str) -> Statement:
        """Look at the statement *statement_id*.

        Raises:
            DatabricksError: There is no such statement, or the workspace refused otherwise.
        """
        answer = await self.calls.json("GET", f"{_API}/{quote(statement_id, safe='')}")
        return statement_of(answer)

    async def wait(
        self,
        statement_id: str,
        *,
        on_state: Callable[[Statement], Awaitable[None]] | None = None,
        polling: Polling | None = None,
    ) -> Statement:
        """Wait for the statement *statement_id* to end, well or not, and give it as it ended.

        Cutting this leaves the statement as it is.

        Args:
            statement_id: The statement.
            on_state: Awaited with the statement when it is seen first and when its state has
                changed.
            polling: How often to look.

        Raises:
            DatabricksError: There is no such statement, or the workspace refused for good.
        """
        return await looked_until(
            lambda statement: statement.has_ended,
            lambda: self.get(statement_id),
            polling=polling or _POLLING,
            on_look=Changes(_state, on_state),
        )

    async def rows(self, statement_id: str) -> Rows:
        """Give the rows of the statement *statement_id*, once it has ended; they last an hour.

        Raises:
            StatementFailed: It failed, or was cancelled.
            DatabricksError: There is no such statement, or the workspace refused otherwise.
        """
        return Rows.of(self.calls, succeeded(await self.wait(statement_id)))

    async def cancel(self, statement_id: str) -> None:
        """Ask for the statement *statement_id* to be stopped; one that has ended stays as it is.

        Raises:
            DatabricksError: There is no such statement, or the workspace refused otherwise.
        """
        path = f"{_API}/{quote(statement_id, safe='')}/cancel"
        await self.calls.json("POST", path, body={}, idempotent=True)

    async def find(
        self,
        token: str,
        *,
        warehouse_id: str | None = None,
        since: float = 0.0,
        patience: float = 0.0,
        polling: Polling | None = None,
    ) -> str | None:
        """Give the id of the statement that was sent with *token*, if the query history has it.

        Args:
            token: As it was given to `execute` or `submit`.
            warehouse_id: Where it was to run; else `DATABRICKS_WAREHOUSE_ID`.
            since: When it was sent at the earliest, in epoch seconds.
            patience: Seconds for which to look again: the history lags behind.
            polling: How often to look.

        Raises:
            ValueError: No warehouse is named.
            DatabricksError: The workspace refused.
        """
        search = Search(token=_token(token), warehouse_id=self.warehouse(warehouse_id), since=since)
        return await searched(self.calls, search, patience, polling or _POLLING)

    async def sent(self, body: Mapping[str, Any], token: str, polling: Polling) -> Statement:
        """Send *body* once, marked with *token*; a lost answer is looked up.

        Raises:
            DatabricksError: The workspace refused, or it is in doubt whether the statement runs.
        """
        began = time.time()
        marked = {**body, "statement": f"{mark(token)} {body['statement']}"}
        try:
            return statement_of(await self.calls.json("POST", f"{_API}/", body=marked))
        except DatabricksError as error:
            if not may_have_been_done(error):
                raise
            search = Search(token=token, warehouse_id=body["warehouse_id"], since=began)
            found = await looked_up(self.calls, search, polling)
            if found is None:
                raise in_doubt(error, token) from None
        return Statement(statement_id=found)

    def warehouse(self, given: str | None = None) -> str:
        """Name the warehouse: *given*, else `DATABRICKS_WAREHOUSE_ID`.

        Raises:
            ValueError: Neither is set.
        """
        environ = os.environ if self._environ is None else self._environ
        found = given or environ.get(_WAREHOUSE, "")
        if not found:
            raise ValueError(f"no SQL warehouse is named: give a warehouse_id, or set {_WAREHOUSE}")
        return found


def _state(statement: Statement) -> str:
    return statement.state


def _left(
    sending: "asyncio.Future[Statement]", stopping: "asyncio.Future[None]", token: str
) -> str:
    """Tell what is left of a statement that was cut, if it may go on."""
    if sending.cancelled():
        return (
            "it is in doubt whether the statement runs: look in the query history for"
            f" {mark(token)!r}"
        )
    if (lost := sending.exception()) is not None:
        return str(lost) if isinstance(lost, DatabricksError) and lost.in_doubt else ""
    late = f"it was not cancelled within {_STOPPING:g} s"
    trouble = late if stopping.cancelled() else stopping.exception()
    return f"statement {sending.result().statement_id} goes on: {trouble}" if trouble else ""


def _checked(wait_seconds: int) -> int:
    if wait_seconds != 0 and not _LEAST <= wait_seconds <= _MOST:
        raise ValueError(f"wait_seconds is {wait_seconds}: give 0, or {_LEAST} to {_MOST}")
    return wait_seconds


def _token(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(16)
    if not _TOKEN.fullmatch(given):
        raise ValueError(f"token is {given[:80]!r}: give 8 to 64 letters, digits, '-' or '_'")
    return given
