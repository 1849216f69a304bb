"""What a benchmark of the client found, and whether that reaches the targets."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

import attrs

from tests.bench.contenders import Contender
from tests.bench.found import Machine, Target
from tests.bench_client.caller import Cost, Turn
from tests.bench_client.contenders import DARA, PLAIN, SDK
from tests.bench_client.starts import Start

__all__ = ["AT", "Found", "Level", "Waited", "targets"]

AT = 1_000
"""The targets beside the SDK, and of the slowest calls, are for so many callers at a time."""

_LEAST_TIMES_PLAIN = 0.85
_LEAST_TIMES_SDK = 8.0
_MOST_SECONDS = 1.5
_MOST_MIB = 400
_MOST_FIRST = 0.1
_ALL = 0.99
_MOST_IMPORT = 0.35


@attrs.frozen(kw_only=True)
class Level:
    """Turns with so many callers at a time, round by round.

    Attributes:
        turn: How many there were, and for how long.
        costs: What the turns of each contender came to.
    """

    turn: Turn
    costs: Mapping[Contender, Sequence[Cost]]

    @property
    def concurrent(self) -> int:
        """Tell how many callers there were at a time."""
        return self.turn.concurrent

    def rate(self, contender: Contender) -> float:
        """Give the calls a second of *contender*, the median over the rounds."""
        return statistics.median(_rates(self.costs[contender]))

    def times(self, one: Contender, other: Contender) -> float:
        """Give how many times the calls of *other* those of *one* were: the median over rounds.

        What a busy machine does to a round, it does to both.
        """
        rounds = zip(_rates(self.costs[one]), _rates(self.costs[other]), strict=True)
        return statistics.median(mine / theirs if theirs else 0.0 for mine, theirs in rounds)

    def p99(self, contender: Contender) -> float:
        """Give the seconds that 99 of 100 calls of *contender* took at most: the median."""
        return statistics.median(cost.p99 for cost in self.costs[contender])


@attrs.frozen(kw_only=True)
class Waited:
    """Tasks that each polled a run.

    Attributes:
        tasks: How many.
        pause: Seconds between two looks.
        idle: Bytes of resident memory before them, of the whole process.
        held: Bytes with all of them, who had looked twice by then.
    """

    tasks: int
    pause: float
    idle: int
    held: int


@attrs.frozen(kw_only=True)
class Found:
    """All figures of one benchmark.

    Attributes:
        levels: What turns came to, by how many callers there were.
        waited: What tasks hold that poll a run.
        starts: What fresh processes took.
        machine: What was measured on.
        load: How many processes ran there before, on the average of a minute.
    """

    levels: Sequence[Level]
    waited: Waited
    starts: Sequence[Start]
    machine: Machine
    load: float

    @property
    def at(self) -> Level | None:
        """The level that targets are for, if it was measured."""
        return next((level for level in self.levels if level.concurrent == AT), None)

    def start(self, name: str) -> float:
        """Give the median of *name* over the fresh processes, in seconds."""
        return statistics.median(float(getattr(start, name)) for start in self.starts)


def targets(found: Found) -> tuple[Target, ...]:
    """Compare the figures of *found*, as they are printed, with the targets."""
    return tuple(_targets(found))


def _targets(found: Found) -> Iterator[Target]:
    for level in found.levels:
        yield _of_plain(level)
    if found.at is not None:
        yield from _at(found.at)
    yield _of_threads(found)
    yield _of_waited(found.waited)
    yield _seconds("first use of a service", found.start("first"), _MOST_FIRST)
    yield _seconds("the client imported", found.start("imported"), _MOST_IMPORT)
    without = all(start.sdk_free for start in found.starts)
    yield Target(
        label="the SDK with it", figure="no" if without else "yes", wanted="no", reached=without
    )


def _of_plain(level: Level) -> Target:
    times = round(level.times(DARA, PLAIN), 2)
    return Target(
        label=f"beside plain httpx-aiohttp, {level.concurrent:,} at a time",
        figure=f"{times:.2f} times its calls",
        wanted=f"at least {_LEAST_TIMES_PLAIN}",
        reached=times >= _LEAST_TIMES_PLAIN,
    )


def _at(level: Level) -> Iterator[Target]:
    times = round(level.times(DARA, SDK), 1)
    yield Target(
        label=f"beside the SDK in threads, {AT:,} at a time",
        figure=f"{times:.1f} times its calls",
        wanted=f"at least {_LEAST_TIMES_SDK:.0f}",
        reached=times >= _LEAST_TIMES_SDK,
    )
    yield _seconds(f"99 of 100 calls, {AT:,} at a time", level.p99(DARA), _MOST_SECONDS)


def _of_threads(found: Found) -> Target:
    costs = [cost for level in found.levels for cost in level.costs[DARA]]
    share = round(sum(cost.loop for cost in costs) / sum(cost.cpu for cost in costs), 3)
    return Target(
        label="processor time that is the event loop's",
        figure=f"{share:.1%}",
        wanted="all, one thread",
        reached=share >= _ALL,
    )


def _of_waited(waited: Waited) -> Target:
    mib = round(waited.held / 2**20)
    return Target(
        label=f"{waited.tasks:,} tasks that each poll a run",
        figure=f"{mib:,} MiB in all",
        wanted=f"under {_MOST_MIB}",
        reached=mib < _MOST_MIB,
    )


def _seconds(label: str, seconds: float, most: float) -> Target:
    return Target(
        label=label,
        figure=f"{seconds:.3f} s",
        wanted=f"under {most} s",
        reached=round(seconds, 3) < most,
    )


def _rates(costs: Sequence[Cost]) -> list[float]:
    return [cost.calls / cost.wall for cost in costs]
