"""What a benchmark found, and whether that reaches the targets."""

import datetime as dt
import os
import platform
from collections.abc import Iterator, Mapping, Sequence

import attrs

from tests.bench.contenders import DARA, FLOOR, JOURNAL, Contender, Family
from tests.bench.speed import Timing

__all__ = ["Found", "Machine", "Sleeping", "Target", "targets", "this_machine"]

_MOST_TIMES_FLOOR = {DARA: 1.0, JOURNAL: 1.5}
_LEAST_TIMES_DARA = 15.0
_MOST_KIB = 2.0
_MOST_SECONDS = 0.25


@attrs.frozen(kw_only=True)
class Machine:
    """What was measured on, in general words.

    Attributes:
        day: When.
        python: Implementation and version.
        system: The operating system's name.
        cores: How many processors there are.
    """

    day: dt.date
    python: str
    system: str
    cores: int

    def __str__(self) -> str:
        return f"{self.python}, {self.system}, {self.cores} cores"


@attrs.frozen(kw_only=True)
class Sleeping:
    """What sleeping runs take.

    Attributes:
        kib: Kibibytes of resident memory for each.
        runs: How many slept at once.
    """

    kib: float
    runs: int


@attrs.frozen(kw_only=True)
class Found:
    """All figures of one benchmark.

    Attributes:
        timings: Seconds a step, of each contender that took part, in the order of the table.
        sleeping: The memory of its sleeping runs.
        long: Seconds for one whole pipeline of `steps` steps.
        steps: How many steps that has.
        machine: What was measured on.
        absent: The contenders whose packages are not installed.
    """

    timings: Mapping[Contender, Timing]
    sleeping: Mapping[Contender, Sleeping]
    long: Timing
    steps: int
    machine: Machine
    absent: Sequence[Contender] = ()

    def times_floor(self, contender: Contender) -> float:
        """Give how many times slower than the floor *contender* was, to two decimals."""
        return round(self.timings[contender].times(self.timings[FLOOR]), 2)

    def times_dara(self, contender: Contender) -> float:
        """Give how many times slower than dara_fp without a journal, to one decimal."""
        return round(self.timings[contender].times(self.timings[DARA]), 1)


@attrs.frozen(kw_only=True)
class Target:
    """A figure beside what it is to be.

    Attributes:
        label: Whose figure it is.
        figure: What was found.
        wanted: What is wanted.
        reached: Whether that is the case.
    """

    label: str
    figure: str
    wanted: str
    reached: bool

    @property
    def verdict(self) -> str:
        """One word for it."""
        return "reached" if self.reached else "missed"


def targets(found: Found) -> tuple[Target, ...]:
    """Compare the figures of *found*, as they are printed, with the targets."""
    return tuple(_targets(found))


def this_machine() -> Machine:
    """Describe this machine without naming it."""
    return Machine(
        day=dt.datetime.now(dt.UTC).date(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=platform.system(),
        cores=os.cpu_count() or 1,
    )


def _targets(found: Found) -> Iterator[Target]:
    for contender, most in _MOST_TIMES_FLOOR.items():
        times = found.times_floor(contender)
        yield Target(
            label=contender.label,
            figure=f"{times:.2f} times floor",
            wanted=f"at most {most}",
            reached=times <= most,
        )
    yield _of_sleeping(found.sleeping[DARA])
    yield Target(
        label=f"dara_fp, {found.steps:,} steps",
        figure=f"{found.long.median:.3f} s (best {found.long.best:.3f})",
        wanted=f"under {_MOST_SECONDS} s",
        reached=found.long.median < _MOST_SECONDS,
    )
    for contender in found.timings:
        if contender.family is Family.WORKFLOW:
            yield _of_peer(contender, found.times_dara(contender))


def _of_sleeping(sleeping: Sleeping) -> Target:
    kib = round(sleeping.kib, 2)
    return Target(
        label=DARA.label,
        figure=f"{kib:.2f} KiB asleep",
        wanted=f"at most {_MOST_KIB}",
        reached=kib <= _MOST_KIB,
    )


def _of_peer(contender: Contender, times: float) -> Target:
    return Target(
        label=contender.label,
        figure=f"{times:.1f} times dara_fp",
        wanted=f"at least {_LEAST_TIMES_DARA:.0f}",
        reached=times >= _LEAST_TIMES_DARA,
    )
