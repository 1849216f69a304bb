"""Finding a statement whose answer was lost: by the comment that it carries."""

from typing import Any

import attrs

from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.polling import Polling

__all__ = ["Search", "in_doubt", "looked_up", "mark", "searched"]

_HISTORY = "/api/2.0/sql/history/queries"
_PAGE = 100
_PAGES = 100
_SECONDS = 60.0  # for which a statement is looked for: the history lags behind
_SKEW = 300.0  # seconds by which the workspace's clock may be ahead or behind


@attrs.frozen(kw_only=True)
class _Entry:
    query_id: str = ""
    query_text: str = ""


@attrs.frozen(kw_only=True)
class _Page:
    res: tuple[_Entry, ...] = ()
    has_next_page: bool = False
    next_page_token: str = ""


def mark(token: str) -> str:
    """Give the comment by which a statement sent with *token* is found.

    >>> mark("a1b2c3d4")
    '/* dara-fp a1b2c3d4 */'
    """
    return f"/* dara-fp {token} */"


@attrs.frozen(kw_only=True)
class Search:
    """What is looked for.

    Attributes:
        token: What the statement was marked with.
        warehouse_id: Where it was to run.
        since: When it was sent at the earliest, in epoch seconds; 0 for whenever.
    """

    token: str
    warehouse_id: str
    since: float = 0.0

    @property
    def query(self) -> dict[str, Any]:
        """Give the query for the first page."""
        first = max(0, int((self.since - _SKEW) * 1000))
        within = {"start_time_ms": first} if self.since else None
        wanted = {"warehouse_ids": [self.warehouse_id], "query_start_time_range": within or {}}
        return {"filter_by": wanted, "max_results": _PAGE}


async def searched(calls: Calls, search: Search, patience: float, polling: Polling) -> str | None:
    """Give the id of the statement that *search* is for, if the query history comes to have it.

    Args:
        calls: The way to the workspace.
        search: What is looked for.
        patience: Seconds for which to look again.
        polling: How often to look.

    Raises:
        DatabricksError: The workspace refused.
    """
    began = polling.clock()
    while True:
        found = await _look(calls, search)
        waited = polling.clock() - began
        if found is not None or waited >= patience:
            return found
        await polling.sleep(max(1.0, polling.pause(waited)))


async def looked_up(calls: Calls, search: Search, polling: Polling) -> str | None:
    """Look for a minute for what *search* is for; a history that cannot be read finds nothing."""
    try:
        return await searched(calls, search, _SECONDS, polling)
    except DatabricksError:
        return None  # what was lost first says more


async def _look(calls: Calls, search: Search) -> str | None:
    query = search.query
    for _ in range(_PAGES):
        page = (await calls.json("GET", _HISTORY, query=query)).decoded(_Page)
        for entry in page.res:
            if mark(search.token) in entry.query_text:
                return entry.query_id
        if not (page.has_next_page and page.next_page_token):
            return None
        query = {**query, "page_token": page.next_page_token}
    return None


def in_doubt(error: DatabricksError, token: str) -> DatabricksError:
    """Give *error*, which lost the answer to the statement of *token*, as one in doubt."""
    return error.saying(
        "it is in doubt whether the statement was run: the query history does not have it yet,"
        f" look there for {mark(token)!r} before it is sent again"
    ).changed(retryable=False, in_doubt=True)
