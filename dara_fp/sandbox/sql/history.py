"""The query history: which statements ran, the newest first."""

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json, cursor, json_response, page_offset
from dara_fp.sandbox.sql.sql_statements import ENDED, SqlStatements, State, Statement

__all__ = ["History"]

PAGE = 100
PAGE_LIMIT = 1_000
_STATUS = {
    State.PENDING: "QUEUED",
    State.RUNNING: "RUNNING",
    State.SUCCEEDED: "FINISHED",
    State.CLOSED: "FINISHED",
    State.FAILED: "FAILED",
    State.CANCELED: "CANCELED",
}


class _Filter(msgspec.Struct, frozen=True):
    statement_ids: frozenset[str]
    warehouse_ids: frozenset[str]
    statuses: frozenset[str]
    after: float
    before: float

    def takes(self, statement: Statement) -> bool:
        """Tell whether *statement* is wanted."""
        wanted = (
            (self.statement_ids, statement.id),
            (self.warehouse_ids, statement.request.warehouse_id),
            (self.statuses, _STATUS[statement.state]),
        )
        in_time = self.after <= statement.started * 1000 <= self.before
        return in_time and all(not names or name in names for names, name in wanted)


@attrs.frozen(kw_only=True)
class History:
    """The route of the history of *statements*."""

    statements: SqlStatements

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/api/2.0/sql/history/queries", self.list, methods=["GET"])]

    async def list(self, request: Request) -> Response:
        """Answer a page of the statements that the filter takes."""
        query = request.query_params
        size = _number(query.get("max_results", ""), PAGE)
        if not 0 < size < PAGE_LIMIT:
            raise invalid(f"max_results must be from 1 to {PAGE_LIMIT - 1}, got {size}.")
        begin = page_offset(query.get("page_token", ""), 0)
        wanted = _filter(request)
        found = [known for known in self.statements.all() if wanted.takes(known)]
        more = len(found) > begin + size
        body: Json = {
            "res": [_entry(known) for known in found[begin : begin + size]],
            "has_next_page": more,
        }
        if more:
            body["next_page_token"] = cursor(str(begin + size))
        return json_response(body)


def _filter(request: Request) -> _Filter:
    query = request.query_params
    between = "filter_by.query_start_time_range"
    return _Filter(
        statement_ids=frozenset(query.getlist("filter_by.statement_ids")),
        warehouse_ids=frozenset(query.getlist("filter_by.warehouse_ids")),
        statuses=frozenset(query.getlist("filter_by.statuses")),
        after=_number(query.get(f"{between}.start_time_ms", ""), 0),
        before=_number(query.get(f"{between}.end_time_ms", ""), 2**62),
    )


def _number(text: str, otherwise: int) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()):
        raise invalid(f"Expected a whole number, got {text[:40]!r}.")
    return int(text)


def _entry(statement: Statement) -> Json:
    ended, request = statement.state in ENDED, statement.request
    entry: Json = {
        "query_id": statement.id,
        "status": _STATUS[statement.state],
        "query_text": request.statement,
        "query_start_time_ms": int(statement.started * 1000),
        "warehouse_id": request.warehouse_id,
        "endpoint_id": request.warehouse_id,
        "statement_type": _kind(request.statement),
        "user_name": USER,
        "executed_as_user_name": USER,
        "is_final": ended,
        "query_tags": list(request.query_tags),
    }
    if ended:
        entry["query_end_time_ms"] = int(statement.ended * 1000)
        entry["duration"] = int((statement.ended - statement.started) * 1000)
    if statement.state is State.FAILED:
        entry["error_message"] = statement.message
    if statement.result is not None:
        entry["rows_produced"] = int(statement.result.rows.num_rows)
    return entry


def _kind(text: str) -> str:
    words = text.rpartition("*/")[2].split(maxsplit=1)
    word = words[0].upper() if words else ""
    return {"WITH": "SELECT", "VALUES": "SELECT"}.get(word, word or "OTHER")
