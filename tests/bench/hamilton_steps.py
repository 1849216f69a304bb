"""Ten functions as Hamilton reads them: a parameter names the function that gives it."""

import attrs

from tests.bench.work import Job

__all__ = ["eight", "five", "four", "nine", "one", "seven", "six", "ten", "three", "two"]


async def one(job: Job) -> Job:
    return attrs.evolve(job, count=job.count + 1, total=job.total + job.limit)


async def two(one: Job) -> Job:
    return attrs.evolve(one, count=one.count + 1, total=one.total + one.limit)


async def three(two: Job) -> Job:
    return attrs.evolve(two, count=two.count + 1, total=two.total + two.limit)


async def four(three: Job) -> Job:
    return attrs.evolve(three, count=three.count + 1, total=three.total + three.limit)


async def five(four: Job) -> Job:
    return attrs.evolve(four, count=four.count + 1, total=four.total + four.limit)


async def six(five: Job) -> Job:
    return attrs.evolve(five, count=five.count + 1, total=five.total + five.limit)


async def seven(six: Job) -> Job:
    return attrs.evolve(six, count=six.count + 1, total=six.total + six.limit)


async def eight(seven: Job) -> Job:
    return attrs.evolve(seven, count=seven.count + 1, total=seven.total + seven.limit)


async def nine(eight: Job) -> Job:
    return attrs.evolve(eight, count=eight.count + 1, total=eight.total + eight.limit)


async def ten(nine: Job) -> Job:
    return attrs.evolve(nine, count=nine.count + 1, total=nine.total + nine.limit)
