"""A wait ends at its limit, whatever the workspace does; here time passes as it does."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx
from databricks.sdk.common.lro import (  # pyright: ignore[reportMissingTypeStubs] - no __init__
    LroOptions,
)

from dara_fp.databricks.sdk.failures import WaitTimedOut
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN

LIMIT = 0.2
RUNNING = {"run_id": 7, "state": {"life_cycle_state": "RUNNING", "state_message": "as said"}}
GOING = {"name": "operations/1", "done": False}


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with Workspace(HOST, token=TOKEN) as made:  # its pauses take time
        yield made


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    # A call that is never answered does not count as one.
    with respx.mock(base_url=HOST, using="httpx", assert_all_called=False) as router:
        yield router


async def silent(_request: httpx.Request) -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody ends this")


async def away(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, json={"error_code": "TEMPORARILY_UNAVAILABLE", "message": "away"})


async def begun(workspace: Workspace, wire: respx.MockRouter) -> tuple[Any, respx.Route]:
    """Begin run 7, and give what waits for it, and the route that tells of it."""
    wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": 7})
    return await workspace.jobs.run_now(1), wire.get("/api/2.2/jobs/runs/get")


async def operating(workspace: Workspace, wire: respx.MockRouter) -> tuple[Any, respx.Route]:
    """Begin an operation, and give it, and the route that tells of it."""
    wire.post("/api/2.0/postgres/branches/main/undelete").respond(json=GOING)
    operation = await workspace.postgres.undelete_branch("branches/main")
    return operation, wire.get("/api/2.0/postgres/operations/1")


async def given_up(waiting: Awaitable[Any]) -> str:
    """Wait until *waiting* is given up, in time, and give the message."""
    began = time.monotonic()
    with pytest.raises(WaitTimedOut) as caught:
        await waiting
    assert LIMIT <= time.monotonic() - began < LIMIT + 0.6
    return caught.value.message


@pytest.mark.parametrize("answer", [silent, away])
@pytest.mark.parametrize("begin", [begun, operating])
async def test_a_look_that_is_not_answered_ends_with_the_wait(
    workspace: Workspace,
    wire: respx.MockRouter,
    begin: Callable[[Workspace, respx.MockRouter], Awaitable[tuple[Any, respx.Route]]],
    answer: Any,
) -> None:
    waiting, look = await begin(workspace, wire)
    look.mock(side_effect=answer)
    said = await given_up(waiting.result(timeout=LIMIT))
    assert said.endswith("0:00:00.200000: the workspace did not answer the last look in time")


async def test_a_pause_is_no_longer_than_the_wait(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wait, look = await begun(workspace, wire)
    look.respond(json=RUNNING)
    said = await given_up(wait.result(timeout=LIMIT))
    assert said == "timed out after 0:00:00.200000: as said"
    operation, look = await operating(workspace, wire)
    look.respond(json=GOING)
    limit = timedelta(seconds=LIMIT)
    assert await given_up(operation.wait(LroOptions(timeout=limit))) == f"Timed out after {limit}"


async def test_an_error_of_the_callers_own_stays_what_it_is(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    def complain(_run: Any) -> None:
        raise TimeoutError("of the caller's own")

    wait, look = await begun(workspace, wire)
    look.respond(json=RUNNING)
    with pytest.raises(TimeoutError, match="of the caller's own") as caught:
        await wait.result(timeout=LIMIT, callback=complain)
    assert not isinstance(caught.value, WaitTimedOut)
