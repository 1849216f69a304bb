"""Who sends a request, as far as anyone trustworthy says so, and which tasks are theirs."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request

from dara_fp.api.addresses import PREFIX
from dara_fp.api.problems import Rejected
from dara_fp.api.services import services_of
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import TaskSummary

__all__ = ["owner_of", "status_of", "task_of"]

_Found = TypeVar("_Found", TaskSummary, TaskStatus)

_TASK_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)
# The proxy of a Databricks App sets them, and drops what clients send under these names.
_USER_HEADERS = ("x-forwarded-user", "x-forwarded-email")
_LONGEST_OWNER = 200


def owner_of(request: Request) -> str | None:
    """Give the user that the proxy of a Databricks App names; None where there is no such proxy.

    Raises:
        Rejected: 403 in an app whose proxy named nobody, since tasks there belong to users.
    """
    if not services_of(request).settings.in_app:
        return None
    named = (request.headers.get(name, "").strip() for name in _USER_HEADERS)
    owner = next((each for each in named if each), "")
    if not owner or len(owner) > _LONGEST_OWNER:
        detail = (
            "The proxy of the Databricks App did not name a user: open the app at its own "
            "address, signed in"
        )
        raise Rejected(403, "UNKNOWN_USER", detail)
    return owner


async def task_of(request: Request) -> TaskSummary:
    """Give the task that the path of *request* names, without its steps, if its sender may see it.

    Raises:
        Rejected: 404 for a task that is not there, or is another user's.
    """
    return await _visible(request, services_of(request).executor.summary)


async def status_of(request: Request) -> TaskStatus:
    """Give all about the task that the path of *request* names, if its sender may see it.

    Raises:
        Rejected: 404 for a task that is not there, or is another user's.
    """
    return await _visible(request, services_of(request).executor.status)


async def _visible(request: Request, find: Callable[[str], Awaitable[_Found | None]]) -> _Found:
    task_id: str = request.path_params["task_id"]
    owner = owner_of(request)
    found = await find(task_id) if _TASK_ID.fullmatch(task_id) else None
    # What a schedule started belongs to nobody, and so to everybody who is signed in.
    if found is None or (None not in {owner, found.owner} and found.owner != owner):
        detail = (
            f"No task {task_id!r:.220}: it was never accepted here, or its time to be kept "
            f"is over. POST to {PREFIX}/{{workflow}} to start one."
        )
        raise Rejected(404, "UNKNOWN_TASK", detail)
    return found
