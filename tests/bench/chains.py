"""The contenders that chain plain async functions: by hand, dara_fp, returns, Expression."""

import asyncio
import functools
import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, cast

import attrs
from returns.future import FutureResult, future_safe
from returns.io import IOResult
from returns.unsafe import unsafe_perform_io

from dara_fp import MemoryJournal, Outcome, Pipeline, Scope, Success, start, unwrap
from tests.bench.contenders import Built
from tests.bench.work import SLEEPERS, START, Job, fields_of_job, ten

__all__ = ["dara", "expression", "floor", "generated", "journal", "returns"]


def floor(*, sleeping: bool) -> Built:
    """Await ten functions one after the other, as one would write it."""
    return _by_hand(ten(_work, _rest, sleeping=sleeping))


def generated(*, sleeping: bool) -> Built:
    """Await the same with dara_fp's `evolve`: what dara_fp adds to this is the price of `>>`."""
    return _by_hand(ten(_generated_work, _generated_rest, sleeping=sleeping))


def dara(*, sleeping: bool) -> Built:
    """Compose ten steps with `>>`."""
    pipeline = _pipeline(sleeping=sleeping)
    return Built(prepare=lambda: functools.partial(pipeline, START), fields=_of_outcome)


def journal(*, sleeping: bool) -> Built:
    """Run the same pipeline with a journal for each run."""
    pipeline = _pipeline(sleeping=sleeping)

    def run() -> Awaitable[Outcome[Job]]:
        return pipeline(START, scope=Scope(journal=MemoryJournal()))

    return Built(prepare=lambda: run, fields=_of_outcome)


def returns(*, sleeping: bool) -> Built:
    """Bind ten functions that `future_safe` decorates."""
    one, two, three, four, five, six, seven, eight, nine, last = map(
        future_safe, ten(_work, _rest, sleeping=sleeping)
    )

    def run() -> Awaitable[IOResult[Job, Exception]]:
        given: Any = FutureResult.from_value(START)  # returns' own plugin knows what bind gives
        half = given.bind(one).bind(two).bind(three).bind(four).bind(five)
        whole = half.bind(six).bind(seven).bind(eight).bind(nine).bind(last)
        return cast("Awaitable[IOResult[Job, Exception]]", whole.awaitable())

    def fields(result: IOResult[Job, Exception]) -> Mapping[str, object]:
        return fields_of_job(unsafe_perform_io(result.unwrap()))

    return Built(prepare=lambda: run, fields=fields)


def expression(*, sleeping: bool) -> Built:
    """Yield from ten functions that give a `Result` in an `async_result` computation."""
    library: Any = importlib.import_module("expression")
    succeed: Callable[[Job], Awaitable[Job]] = library.Ok

    async def work(job: Job) -> Awaitable[Job]:
        return succeed(attrs.evolve(job, count=job.count + 1, total=job.total + job.limit))

    async def rest(job: Job) -> Awaitable[Job]:
        await asyncio.sleep(SLEEPERS.one_more())
        return await work(job)

    steps = ten(work, rest, sleeping=sleeping)

    async def chain(job: Job) -> AsyncGenerator[Job, Job]:
        for step in steps:
            job = yield await (await step(job))
        yield job

    computation: Any = library.effect.async_result()(chain)
    return Built(
        prepare=lambda: functools.partial(computation, START),
        fields=lambda result: fields_of_job(result.ok),
    )


def _by_hand(steps: tuple[Callable[[Job], Awaitable[Job]], ...]) -> Built:
    one, two, three, four, five, six, seven, eight, nine, last = steps

    async def chain(job: Job) -> Job:
        job = await one(job)
        job = await two(job)
        job = await three(job)
        job = await four(job)
        job = await five(job)
        job = await six(job)
        job = await seven(job)
        job = await eight(job)
        job = await nine(job)
        return await last(job)

    return Built(prepare=lambda: functools.partial(chain, START), fields=fields_of_job)


def _pipeline(*, sleeping: bool) -> Pipeline[Job, object]:
    pipeline = start(Job)
    for function in ten(_succeed, _rest_and_succeed, sleeping=sleeping):
        pipeline = pipeline >> function
    return pipeline


def _of_outcome(outcome: Outcome[Job]) -> Mapping[str, object]:
    return fields_of_job(unwrap(outcome))


async def _work(job: Job) -> Job:
    return attrs.evolve(job, count=job.count + 1, total=job.total + job.limit)


async def _rest(job: Job) -> Job:
    await asyncio.sleep(SLEEPERS.one_more())
    return await _work(job)


async def _generated_work(job: Job) -> Job:
    return job.evolve(count=job.count + 1, total=job.total + job.limit)


async def _generated_rest(job: Job) -> Job:
    await asyncio.sleep(SLEEPERS.one_more())
    return await _generated_work(job)


async def _succeed(job: Job) -> Outcome[Job]:
    return Success(job.evolve(count=job.count + 1, total=job.total + job.limit))


async def _rest_and_succeed(job: Job) -> Outcome[Job]:
    await asyncio.sleep(SLEEPERS.one_more())
    return await _succeed(job)
