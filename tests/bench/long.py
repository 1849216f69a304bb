"""How long a pipeline of very many steps takes."""

import asyncio
import gc
import time
from collections.abc import Iterable

from dara_fp import Outcome, Pipeline, Success, start, step, unwrap
from tests.bench.speed import Timing
from tests.bench.work import START, Job, WrongResult

__all__ = ["measure_long"]


def measure_long(steps: int, repeats: Iterable[object]) -> Timing:
    """Run one pipeline of *steps* steps in each of *repeats*; a turn is the whole pipeline.

    Raises:
        WrongResult: Not every step was run.
    """
    pipeline = start(Job) >> _chained(_count_one, steps)
    return asyncio.run(_timed(pipeline, steps, repeats))


async def _timed(pipeline: Pipeline[Job, object], steps: int, repeats: Iterable[object]) -> Timing:
    turns: list[float] = []
    for _ in repeats:
        gc.collect()
        gc.disable()
        started = time.perf_counter()
        outcome = await pipeline(START)
        turns.append(time.perf_counter() - started)
        gc.enable()
        if (counted := unwrap(outcome).count) != steps:
            raise WrongResult(f"{counted} of {steps} steps were run")
    return Timing(turns=tuple(turns))


def _chained(piece: Pipeline[Job, object], count: int) -> Pipeline[Job, object]:
    """Compose *count* times *piece*, by halves: `>>` is associative, and copies its operands."""
    if count == 1:
        return piece
    half = _chained(piece, count // 2)
    return half >> half >> piece if count % 2 else half >> half


@step
async def _count_one(job: Job) -> Outcome[Job]:
    return Success(job.evolve(count=job.count + 1))
