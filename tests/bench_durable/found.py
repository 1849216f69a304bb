"""What a benchmark of durable steps found, and whether that reaches the targets."""

from collections.abc import Iterator, Mapping, Sequence

import attrs

from tests.bench.contenders import Contender, Family
from tests.bench.found import Machine, Target
from tests.bench_durable.contenders import ACCEPTING, DARA, FLOOR
from tests.bench_durable.fleet import Fleet
from tests.bench_durable.memory import Held
from tests.bench_durable.turns import Spent, Steps

__all__ = ["AT", "Found", "targets", "times"]

AT = 50
"""The targets of a step are for so many tasks at a time."""

_MOST_MILLIS = 0.1
_MOST_TIMES_FLOOR = 0.35
_LEAST_TIMES_PEER = 25.0
_LEAST_WORKFLOWS = 1_000
_MOST_BYTES = 0


@attrs.frozen(kw_only=True)
class Found:
    """All figures of one benchmark.

    Attributes:
        steps: What steps took, by how many tasks there were at a time.
        fleets: What workflows took, by how many workers there were.
        tasks: How many tasks a fleet ran at once.
        pause: Seconds between two looks at a run.
        parked: What parked tasks hold.
        polling: What tasks hold that poll a run.
        machine: What was measured on.
        load: How many processes ran there before, on the average of a minute.
        absent: The contenders whose packages are not installed.
    """

    steps: Sequence[Steps]
    fleets: Sequence[Fleet]
    tasks: int
    pause: float
    parked: Held
    polling: Held
    machine: Machine
    load: float
    absent: Sequence[Contender] = ()


def times(spent: Mapping[Contender, Spent], one: Contender, other: Contender) -> float:
    """Give how many times as long as *other* a step of *one* took, the median over the rounds."""
    return spent[one].wall.times(spent[other].wall)


def targets(found: Found) -> tuple[Target, ...]:
    """Compare the figures of *found*, as they are printed, with the targets."""
    return tuple(_targets(found))


def _targets(found: Found) -> Iterator[Target]:
    spent = next(steps.spent for steps in found.steps if steps.concurrent == AT)
    yield from _of_a_step(spent)
    yield from _of_peers(spent)
    for fleet in found.fleets:
        yield _of_fleet(fleet)
    yield _of_parked(found.parked)


def _of_a_step(spent: Mapping[Contender, Spent]) -> Iterator[Target]:
    millis = round(spent[DARA].wall.median * 1e3, 3)
    yield Target(
        label=f"a step, {AT} tasks at a time",
        figure=f"{millis:.3f} ms",
        wanted=f"at most {_MOST_MILLIS}",
        reached=millis <= _MOST_MILLIS,
    )
    ratio = round(times(spent, DARA, FLOOR), 2)
    yield Target(
        label="the same beside the floor",
        figure=f"{ratio:.2f} times floor",
        wanted=f"at most {_MOST_TIMES_FLOOR}",
        reached=ratio <= _MOST_TIMES_FLOOR,
    )


def _of_peers(spent: Mapping[Contender, Spent]) -> Iterator[Target]:
    """Judge by the fastest peer, if there is one, and by all that is written for a task."""
    peers = [each for each in spent if each.family is Family.WORKFLOW]
    if peers:
        fastest = min(peers, key=lambda each: spent[each].wall.median)
        ratio = round(times(spent, fastest, ACCEPTING), 1)
        yield Target(
            label=f"the fastest peer, {fastest.label}",
            figure=f"{ratio:.1f} times dara_fp",
            wanted=f"at least {_LEAST_TIMES_PEER:.0f}",
            reached=ratio >= _LEAST_TIMES_PEER,
        )


def _of_fleet(fleet: Fleet) -> Target:
    each = round(1 / fleet.ready.median / fleet.workers)
    workers = "1 worker" if fleet.workers == 1 else f"each of {fleet.workers} workers"
    return Target(
        label=f"workflows of ten steps, {workers}",
        figure=f"{each:,} a second",
        wanted=f"at least {_LEAST_WORKFLOWS:,}",
        reached=each >= _LEAST_WORKFLOWS,
    )


def _of_parked(held: Held) -> Target:
    size = round(held.process)
    return Target(
        label=f"process memory, {held.tasks:,} parked tasks",
        figure=f"{size:,} bytes each",
        wanted=str(_MOST_BYTES),
        reached=size <= _MOST_BYTES,
    )
