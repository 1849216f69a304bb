"""Who takes part, by which package, and how each is opened."""

import importlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias, cast

from tests.bench.contenders import Contender, Family

__all__ = [
    "CONNECTIONS",
    "CONTENDERS",
    "DARA",
    "MOST",
    "PLAIN",
    "SDK",
    "Calling",
    "of_key",
    "opened",
]

CONNECTIONS = 1_000
"""How many connections each pool may open that can be told."""

Calling: TypeAlias = Callable[[int], Awaitable[int | None]]
"""Asks for the run of a number, and gives the number in the answer."""

DARA = Contender(
    key="dara",
    label="dara_fp, jobs.get_run",
    family=Family.DARA,
    package="dara-fp",
    source="callers:dara",
    imports="dara_fp",
)
PLAIN = Contender(
    key="httpx-aiohttp",
    label="httpx-aiohttp, plain",
    family=Family.HAND,
    package="httpx-aiohttp",
    source="callers:httpx_aiohttp",
    imports="httpx_aiohttp",
)
SDK = Contender(
    key="sdk",
    label="the SDK, asyncio.to_thread",
    family=Family.HAND,
    package="databricks-sdk",
    source="sdk_callers:sdk",
    imports="databricks.sdk",
)
CONTENDERS = (
    DARA,
    Contender(
        key="runs",
        label="dara_fp, runs.get",
        family=Family.DARA,
        package="dara-fp",
        source="callers:runs",
        imports="dara_fp",
    ),
    Contender(
        key="aiohttp",
        label="aiohttp, plain",
        family=Family.HAND,
        package="aiohttp",
        source="callers:aiohttp_plain",
        imports="aiohttp",
    ),
    PLAIN,
    Contender(
        key="httpx",
        label="httpx, its own pool",
        family=Family.HAND,
        package="httpx",
        source="callers:httpx_plain",
        imports="httpx",
    ),
    SDK,
    Contender(
        key="sdk-100",
        label="the SDK, 100 threads",
        family=Family.HAND,
        package="databricks-sdk",
        source="sdk_callers:sdk_crowd",
        imports="databricks.sdk",
    ),
)


MOST = {"httpx": 1_000, "sdk-100": 1_000}
"""The most callers at a time that some are asked with: with more, next to nothing is answered."""


def of_key(key: str) -> Contender:
    """Find the contender called *key*."""
    return next(contender for contender in CONTENDERS if contender.key == key)


def opened(contender: Contender, url: str) -> AbstractAsyncContextManager[Calling]:
    """Open *contender* for the server at *url*."""
    module, function = contender.source.split(":")
    opener = getattr(importlib.import_module(f"tests.bench_client.{module}"), function)
    return cast("AbstractAsyncContextManager[Calling]", opener(url))
