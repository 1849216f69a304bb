"""The fifth of the functions that Hamilton reads, asleep: it takes the place of the other one."""

import asyncio

from tests.bench import hamilton_steps
from tests.bench.work import SLEEPERS, Job

__all__ = ["five"]


async def five(four: Job) -> Job:
    await asyncio.sleep(SLEEPERS.one_more())
    return await hamilton_steps.five(four)
