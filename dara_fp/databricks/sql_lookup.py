"""Finding a statement whose answer was lost: by the comment that it carries."""

from typing import Any

import attrs

from dara_fp.databricks.calls import Calls
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.polling import Polling

__all__ = ["found_in_history", "in_doubt", "looked_up", "mark"]

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


async def found_in_history(calls: Calls, token: str, warehouse_id: str, since: float) -> str | None:
    """Give the id of the statement with the comment of *token* on *warehouse_id*, if it is known.

    Args:
        calls: The way to the workspace.
        token: What the statement was marked with.
        warehouse_id: Where it was to run.
        since: When it was sent at the earliest, in epoch seconds.

    Raises:
        DatabricksError: The workspace refused.
    """
    first = max(0, int((since - _SKEW) * 1000))
    query: dict[str, Any] = {
        "filter_by": {
            "warehouse_ids": [warehouse_id],
            "query_start_time_range": {"start_time_ms": first} if since else None,
        },
        "max_results": _PAGE,
    }
    page_token = None
    for _ in range(_PAGES):
        asked = {**query, "page_token": page_token}
        page = (await calls.json("GET", _HISTORY, query=asked)).decoded(_Page)
        for entry in page.res:
            if mark(token) in entry.query_text:
                return entry.query_id
        if not (page.has_next_page and page.next_page_token):
            return None
        page_token = page.next_page_token
    return None


async def looked_up(
    calls: Calls, token: str, warehouse_id: str, since: float, polling: Polling
) -> str | None:
    """Look for the statement of *token* for a minute; give its id, or None where it is not found.

    A history that cannot be read finds nothing.
    """
    began = polling.clock()
    while True:
        try:
            found = await found_in_history(calls, token, warehouse_id, since)
        except DatabricksError:
            return None  # what was lost first says more
        waited = polling.clock() - began
        if found is not None or waited >= _SECONDS:
            return found
        await polling.sleep(max(1.0, polling.pause(waited)))


def in_doubt(error: DatabricksError, token: str) -> DatabricksError:
    """Give *error*, which lost the answer to the statement of *token*, as one in doubt."""
    told = error.saying(
        "it is in doubt whether the statement was run: the query history does not have it yet,"
        f" look there for {mark(token)!r} before it is sent again"
    ).changed(retryable=False)
    told.in_doubt = True
    return told
