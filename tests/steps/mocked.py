"""What the tests of requests share: what a workspace was asked, and a refusal as it says one."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest
import respx

from dara_fp import Kind, MemoryJournal, Position, Scope, StepError

__all__ = ["Held", "asked", "body_of", "check_refused", "crashed", "refused", "said", "token_of"]

SAID = "you lack EXECUTE on what you named: ask its owner"


class Held:
    """Answers with *answer* once it is let go, so that a step can be cut in the meantime."""

    def __init__(self, answer: httpx.Response) -> None:
        self.reached = asyncio.Event()
        self.free = asyncio.Event()
        self._answer = answer

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.reached.set()
        await self.free.wait()
        return self._answer

    async def cut(self, running: Awaitable[Any]) -> list[str]:
        """Cancel *running* while the answer is awaited, then let it go; give what is noted."""
        task = asyncio.ensure_future(running)
        await self.reached.wait()
        task.cancel()
        await asyncio.sleep(0)
        self.free.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return list(getattr(caught.value, "__notes__", ()))


def asked(wire: respx.MockRouter) -> list[str]:
    """Give verb, path and query of each request, in order."""
    calls: Any = wire.calls
    return [f"{call.request.method} {call.request.url.raw_path.decode()}" for call in calls]


def body_of(route: respx.Route, place: int = -1) -> Any:
    """Give the JSON of the request at *place* of those that *route* got."""
    calls: Any = route.calls
    return json.loads(calls[place].request.content)


def said(journal: MemoryJournal, path: str) -> list[tuple[str, float | None]]:
    """Give what the step at *path* reported."""
    return [(message, share) for step, message, share in journal.reports if step == path]


def token_of(path: str, scope: Scope) -> str:
    """Give the token of the step at *path* in the task of *scope*."""
    return Position(path=path, scope=scope).token


def crashed(path: str, task_id: str = "t") -> Scope:
    """Give the task in which a worker died while the step at *path* ran."""
    return Scope(task_id=task_id, journal=MemoryJournal(heard=[path]))


def refused() -> httpx.Response:
    """Give a refusal as a workspace says it."""
    return httpx.Response(
        403,
        json={"error_code": "PERMISSION_DENIED", "message": SAID},
        headers={"x-request-id": "req-7"},
    )


def check_refused(error: StepError, step: str, call: str) -> None:
    """Check that *error* tells all of the refusal that *step* got for *call*."""
    assert (error.kind, error.step) == (Kind.REJECTED, step)
    facts = (error.status, error.error_code, error.request_id)
    assert facts == (403, "PERMISSION_DENIED", "req-7")
    remedy = "grant the caller what is missing, or call as someone who has it"
    assert error.message == f"{call}: {SAID} ({remedy})"
    assert (error.retryable, error.in_doubt) == (False, False)
