"""A client as a real one is: it knows nothing but HTTP, and asks again until it is answered."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import aiohttp
import attrs

from dara_fp.store.records import State
from tests.chaos.plan import Planned

__all__ = ["Client", "Seen"]

BASE = "/api/v1/workflow"
ANSWER_SECONDS = 15.0
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 3.0
LONGEST_LOOK = 4.0
PASSING = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


@attrs.define(kw_only=True)
class Seen:
    """What the client saw of one task.

    Attributes:
        planned: What it asked for.
        task_ids: The ids it was answered; a single one, however often it asked.
        states: The states it saw, each change once.
        final: The status the task ended with.
        complaints: Answers that should not be.
    """

    planned: Planned
    task_ids: set[str] = attrs.field(factory=set[str])
    states: list[State] = attrs.field(factory=list[State])
    final: Mapping[str, Any] | None = None
    complaints: list[str] = attrs.field(factory=list[str])

    @property
    def task_id(self) -> str:
        """Its id; nothing before it was accepted."""
        return min(self.task_ids, default="")


@attrs.frozen(kw_only=True)
class Client:
    """Starts tasks, signals them and looks at them.

    Attributes:
        address: Tells where the server is now.
        http: Sends.
        chance: Draws its pauses.
        retries: How often it had to ask again, by reason.
    """

    address: Callable[[], str]
    http: aiohttp.ClientSession
    chance: random.Random
    retries: Counter[str] = attrs.field(factory=Counter[str])

    async def follow(self, seen: Seen, seconds: float) -> None:
        """Start the task of *seen* at its time of the *seconds*, and look at it until it ends."""
        planned = seen.planned
        await asyncio.sleep(planned.at * seconds)
        await self._start(seen)
        if planned.again:
            await self._start(seen)
        signalled = planned.approval is None
        if planned.early and not signalled:
            signalled = await self._signal(seen)
        if planned.cancel_after is not None:
            await asyncio.sleep(planned.cancel_after)
            await self._ask(seen, "POST", f"{BASE}/tasks/{seen.task_id}/cancel")
        pause = FIRST_PAUSE
        while not await self._look(seen):
            if seen.states[-1] is State.WAITING and not signalled:
                signalled, pause = await self._signal(seen), FIRST_PAUSE
            await asyncio.sleep(pause * (0.5 + self.chance.random()))
            pause = min(LONGEST_LOOK, pause * 1.5)

    async def _start(self, seen: Seen) -> None:
        planned = seen.planned
        headers = {"Idempotency-Key": planned.key}
        found = await self._ask(
            seen, "POST", f"{BASE}/{planned.workflow}", planned.fields, headers=headers
        )
        seen.task_ids.add(found["task_id"])

    async def _signal(self, seen: Seen) -> bool:
        path = f"{BASE}/tasks/{seen.task_id}/signal/approval"
        await self._ask(seen, "POST", path, seen.planned.approval)
        return True

    async def _look(self, seen: Seen) -> bool:
        status = await self._ask(seen, "GET", f"{BASE}/status/{seen.task_id}")
        state = State(status["state"])
        if seen.states[-1:] != [state]:
            seen.states.append(state)
        seen.final = status if state.final else None
        return state.final

    async def _ask(
        self,
        seen: Seen,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask until there is an answer that is no passing trouble."""
        pause = FIRST_PAUSE
        while True:
            try:
                return await self._try(seen, method, path, body, headers)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self.retries[_reason(error)] += 1
                told = _told(error)
            await asyncio.sleep(max(told, pause * (0.5 + self.chance.random())))
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _try(
        self,
        seen: Seen,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        async with (
            asyncio.timeout(ANSWER_SECONDS),
            self.http.request(method, self.address() + path, json=body, headers=headers) as answer,
        ):
            if answer.status >= HTTPStatus.BAD_REQUEST and answer.status not in PASSING:
                # Nothing that is asked here can rightly be refused.
                said = (await answer.text())[:500]
                seen.complaints.append(f"{method} {path}: {answer.status} {said}")
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


def _reason(error: Exception) -> str:
    status = error.status if isinstance(error, aiohttp.ClientResponseError) else None
    return str(status) if status else type(error).__name__


def _told(error: Exception) -> float:
    """Give the seconds that the server asked to wait."""
    if not isinstance(error, aiohttp.ClientResponseError) or error.headers is None:
        return 0.0
    text = error.headers.get("Retry-After", "0")
    return float(text) if text.isdecimal() else 0.0
