"""The official SDK, which blocks, in threads."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager

from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from tests.bench_client.contenders import Calling

__all__ = ["sdk", "sdk_crowd"]

_CROWD = 100


@asynccontextmanager
async def sdk(url: str) -> AsyncGenerator[Calling]:
    """As one would call it: with `asyncio.to_thread`, whose threads are few."""
    async with _called(url, None, connections=20) as call:
        yield call


@asynccontextmanager
async def sdk_crowd(url: str) -> AsyncGenerator[Calling]:
    """With a hundred threads of its own, and a connection for each."""
    with ThreadPoolExecutor(_CROWD) as threads:
        async with _called(url, threads, connections=_CROWD) as call:
            yield call


@asynccontextmanager
async def _called(
    url: str, threads: Executor | None, *, connections: int
) -> AsyncGenerator[Calling]:
    config = Config(host=url, token="bench", max_connections_per_pool=connections)
    client = await asyncio.to_thread(WorkspaceClient, config=config)
    loop = asyncio.get_running_loop()

    async def call(run_id: int) -> int | None:
        return (await loop.run_in_executor(threads, client.jobs.get_run, run_id)).run_id

    yield call
