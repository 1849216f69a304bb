"""The Statement Execution API 2.0: statements, their results in chunks, sessions, and history."""

import asyncio
import re
import time
from datetime import UTC, datetime

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.presigned import STORAGE_PATH, Grant, GrantRefused, Signer, expired
from dara_fp.sandbox.server.auth import base_url
from dara_fp.sandbox.server.errors import ApiError, invalid, missing, not_found
from dara_fp.sandbox.server.wire import Json, empty, json_response, read_body
from dara_fp.sandbox.sql.history import History
from dara_fp.sandbox.sql.sql_statements import ENDED, SqlStatements, State, Statement
from dara_fp.sandbox.sql.sql_statements import Request as Asking
from dara_fp.sandbox.sql.warehouses import Warehouses

__all__ = ["Statements"]

API = "/api/2.0/sql"
RESULTS_PATH = "/sandbox/results"
LINK_LIFE = 900.0
LINKS_AT_ONCE = 16
TEXT_LIMIT = 16 * 2**20
_WAIT = re.compile(r"(\d{1,3})s")
_FORMATS = frozenset({"JSON_ARRAY", "ARROW_STREAM", "CSV"})
_DISPOSITIONS = frozenset({"INLINE", "EXTERNAL_LINKS", "INLINE_OR_EXTERNAL_LINKS"})


class _NewSession(msgspec.Struct):
    warehouse_id: str
    catalog: str = ""
    schema: str = ""


@attrs.frozen(kw_only=True)
class Statements:
    """The routes of `/api/2.0/sql/statements`, of sessions, and of results elsewhere."""

    statements: SqlStatements
    warehouses: Warehouses
    signer: Signer

    def routes(self) -> list[Route]:
        """Give the routes."""
        one = f"{API}/statements/{{statement_id}}"
        return [
            Route(f"{API}/statements", self.execute, methods=["POST"]),
            Route(f"{API}/statements/", self.execute, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.close, methods=["DELETE"]),
            Route(f"{one}/cancel", self.cancel, methods=["POST"]),
            Route(f"{one}/result/chunks/{{index:int}}", self.chunk, methods=["GET"]),
            Route(f"{API}/sessions", self.open_session, methods=["POST"]),
            Route(f"{API}/sessions/{{session_id}}", self.close_session, methods=["DELETE"]),
            Route(RESULTS_PATH, self.content, methods=["GET", "HEAD"]),
            *History(statements=self.statements).routes(),
        ]

    async def execute(self, request: Request) -> Response:
        """Start a statement, and answer when it has ended or the time to wait is over."""
        asked = await read_body(request, Asking)
        seconds = _checked(asked)
        self.warehouses.use(asked.warehouse_id)
        statement = self.statements.start(asked)
        await self.statements.wait(statement, seconds)
        if asked.on_wait_timeout == "CANCEL" and statement.state not in ENDED:
            self.statements.cancel(statement)
            await statement.done.wait()
        return json_response(await asyncio.to_thread(self._answer, request, statement))

    async def get(self, request: Request) -> Response:
        """Answer how far a statement is, with the first chunk of its result."""
        statement = self.statements.get(request.path_params["statement_id"])
        return json_response(await asyncio.to_thread(self._answer, request, statement))

    async def close(self, request: Request) -> Response:
        """Let go of a statement's result."""
        self.statements.close(self.statements.get(request.path_params["statement_id"]))
        return empty()

    async def cancel(self, request: Request) -> Response:
        """Stop a statement; it ends some time later."""
        self.statements.cancel(self.statements.get(request.path_params["statement_id"]))
        return empty()

    async def chunk(self, request: Request) -> Response:
        """Answer one chunk of a result, or the addresses of it and those after it."""
        statement = self.statements.get(request.path_params["statement_id"])
        index = int(request.path_params["index"])
        if statement.state is not State.SUCCEEDED or statement.result is None:
            raise invalid(
                f"The statement {statement.id} is {statement.state}: only a SUCCEEDED one has a"
                " result."
            )
        if index >= len(statement.result.chunks):
            raise invalid(f"The chunk {index} does not exist: see the manifest for those there.")
        return json_response(await asyncio.to_thread(self._data, request, statement, index))

    async def content(self, request: Request) -> Response:
        """Answer the content of a chunk to whoever has its address."""
        query = request.query_params
        try:
            grant = self.signer.check(query.get("grant", ""), query.get("signature", ""), "GET")
        except GrantRefused as refused:
            return expired(refused)
        try:
            statement = self.statements.get(grant.target)
        except ApiError:
            raise not_found("The result is not there any more.") from None
        if statement.result is None:
            raise not_found("The result is not there any more.")
        content = await asyncio.to_thread(statement.result.content, grant.part)
        return Response(content, media_type=_MEDIA[statement.request.format])

    async def open_session(self, request: Request) -> Response:
        """Begin a session."""
        asked = await read_body(request, _NewSession)
        self.warehouses.use(asked.warehouse_id)
        return json_response(
            {"session_id": self.statements.open_session(asked.catalog, asked.schema)}
        )

    async def close_session(self, request: Request) -> Response:
        """End a session."""
        self.statements.close_session(request.path_params["session_id"])
        return empty()

    def _answer(self, request: Request, statement: Statement) -> Json:
        status: Json = {"state": statement.state.value}
        if statement.state is State.FAILED:
            status["error"] = {"error_code": statement.error_code, "message": statement.message}
            if statement.sql_state:
                status["sql_state"] = statement.sql_state
        answer: Json = {"statement_id": statement.id, "status": status}
        if statement.state is State.SUCCEEDED and statement.result is not None:
            answer["manifest"] = statement.result.manifest
            answer["result"] = self._data(request, statement, 0)
        return answer

    def _data(self, request: Request, statement: Statement, index: int) -> Json:
        result = statement.result
        if result is None:
            raise missing(f"The result of the statement {statement.id} was closed.")
        inline = statement.request.inline
        if not result.chunks:
            return {"data_array": []} if inline else {"external_links": []}
        if inline:
            return {**self._place(statement, index), "data_array": result.cells(index)}
        last = min(len(result.chunks), index + LINKS_AT_ONCE)
        links = [self._link(request, statement, place) for place in range(index, last)]
        return {**result.place(index), "external_links": links}

    def _link(self, request: Request, statement: Statement, index: int) -> Json:
        expires = time.time() + LINK_LIFE
        grant = Grant(verb="GET", target=statement.id, part=index, expires=expires)
        address = self.signer.address("", grant).replace(STORAGE_PATH, RESULTS_PATH, 1)
        return {
            **self._place(statement, index),
            "external_link": base_url(request) + address,
            "expiration": datetime.fromtimestamp(expires, UTC).isoformat().replace("+00:00", "Z"),
        }

    def _place(self, statement: Statement, index: int) -> Json:
        assert statement.result is not None  # noqa: S101 - whoever asks has looked
        place = statement.result.place(index)
        if index + 1 < len(statement.result.chunks):
            first, count = statement.result.chunks[index]
            place["next_chunk_index"] = index + 1
            place["next_chunk_internal_link"] = (
                f"{API}/statements/{statement.id}/result/chunks/{index + 1}"
                f"?row_offset={first + count}"
            )
        return place


def _checked(asked: Asking) -> float:
    """Give the seconds to wait.

    Raises:
        ApiError: 400; what is *asked* for does not fit together.
    """
    _check_limits(asked)
    if not asked.statement.strip() or len(asked.statement.encode()) > TEXT_LIMIT:
        raise invalid(f"The statement must have 1 to {TEXT_LIMIT} bytes.")
    if asked.format not in _FORMATS or asked.disposition not in _DISPOSITIONS:
        raise invalid(f"Unknown format {asked.format!r} or disposition {asked.disposition!r}.")
    if asked.inline and asked.format != "JSON_ARRAY":
        raise invalid(
            f"The format {asked.format} is not supported with the INLINE disposition: use"
            " EXTERNAL_LINKS."
        )
    if asked.on_wait_timeout not in {"CONTINUE", "CANCEL"}:
        raise invalid(f"Unknown on_wait_timeout {asked.on_wait_timeout!r}.")
    return _seconds(asked.wait_timeout)


def _check_limits(asked: Asking) -> None:
    for name, most in (("row_limit", asked.row_limit), ("byte_limit", asked.byte_limit)):
        if most is not None and most < 0:
            raise invalid(f"{name} must be 0 or more, but was {most}.")


def _seconds(wait_timeout: str) -> float:
    found = _WAIT.fullmatch(wait_timeout)
    seconds = int(found[1]) if found else -1
    if seconds != 0 and not 5 <= seconds <= 50:  # noqa: PLR2004 - the API's own limits
        raise invalid(
            f"wait_timeout must be 0s, or between 5s and 50s, but was {wait_timeout[:20]!r}."
        )
    return float(seconds)


_MEDIA = {
    "JSON_ARRAY": "application/json",
    "CSV": "text/csv",
    "ARROW_STREAM": "application/vnd.apache.arrow.stream",
}
