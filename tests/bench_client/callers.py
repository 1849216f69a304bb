"""The asynchronous contenders: each asks for a run and reads the JSON of the answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from dara_fp.databricks.workspace import Workspace
from tests.bench_client.contenders import CONNECTIONS, Calling

__all__ = ["aiohttp_plain", "dara", "httpx_aiohttp", "httpx_plain", "runs"]

_PATH = "/api/2.2/jobs/runs/get"
_TOKEN = "bench"
_SIGNED = {"Authorization": f"Bearer {_TOKEN}", "Accept": "application/json"}
_LIMITS = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)


@asynccontextmanager
async def dara(url: str) -> AsyncGenerator[Calling]:
    """The SDK's own service, made asynchronous by dara_fp."""
    async with _workspace(url) as workspace:

        async def call(run_id: int) -> int | None:
            return (await workspace.jobs.get_run(run_id)).run_id

        await call(1)  # the SDK is imported by that, which no turn should have to pay
        yield call


@asynccontextmanager
async def runs(url: str) -> AsyncGenerator[Calling]:
    """What dara_fp has by hand for runs."""
    async with _workspace(url) as workspace:

        async def call(run_id: int) -> int | None:
            return (await workspace.runs.get(run_id)).run_id

        yield call


@asynccontextmanager
async def aiohttp_plain(url: str) -> AsyncGenerator[Calling]:
    """Plain aiohttp, as its documentation shows it."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(url, headers=_SIGNED, connector=connector) as session:

        async def call(run_id: int) -> int | None:
            async with session.get(_PATH, params={"run_id": run_id}) as response:
                response.raise_for_status()
                return _run_id(await response.json())

        yield call


@asynccontextmanager
async def httpx_aiohttp(url: str) -> AsyncGenerator[Calling]:
    """Plain httpx over aiohttp's pool."""
    async with _httpx(url, transport=AiohttpTransport(limits=_LIMITS)) as call:
        yield call


@asynccontextmanager
async def httpx_plain(url: str) -> AsyncGenerator[Calling]:
    """Plain httpx over its own pool."""
    async with _httpx(url, limits=_LIMITS) as call:
        yield call


def _workspace(url: str) -> Workspace:
    # No rates: the documented 100 looks at a run in a second are not the client's own speed.
    return Workspace(url, token=_TOKEN, max_connections=CONNECTIONS, rates=())


@asynccontextmanager
async def _httpx(url: str, **pool: Any) -> AsyncGenerator[Calling]:
    timeout = httpx.Timeout(60, pool=None)
    async with httpx.AsyncClient(base_url=url, headers=_SIGNED, timeout=timeout, **pool) as client:

        async def call(run_id: int) -> int | None:
            response = await client.get(_PATH, params={"run_id": run_id})
            return _run_id(response.raise_for_status().json())

        yield call


def _run_id(run: Any) -> int:
    return int(run["run_id"])
