"""The whole benchmark: how quick a step is, what a sleeping run takes, how long a long run is."""

import attrs
from rich.progress import Progress

from tests.bench.contenders import CONTENDERS, Contender, Family
from tests.bench.found import Found, Sleeping, this_machine
from tests.bench.long import measure_long
from tests.bench.sleeping import measure_sleeping
from tests.bench.speed import measure_speed

__all__ = ["FULL", "Plan", "compare"]


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: Turns of each contender.
        sleepers: Runs that sleep at once.
        slow_sleepers: The same of the workflow libraries, which are slow to fall asleep.
        steps: Steps of the long pipeline.
        repeats: How often it is run.
    """

    rounds: int
    sleepers: int
    slow_sleepers: int
    steps: int
    repeats: int

    def sleepers_of(self, contender: Contender) -> int:
        """Give how many runs of *contender* sleep."""
        return self.slow_sleepers if contender.family is Family.WORKFLOW else self.sleepers


FULL = Plan(rounds=400, sleepers=10_000, slow_sleepers=2_000, steps=100_000, repeats=15)


def compare(plan: Plan, progress: Progress) -> Found:
    """Measure all that *plan* asks for of the contenders that are installed.

    Args:
        plan: How much is measured.
        progress: Shows how far it is; it should not refresh by itself, which would take time
            from the contenders.

    Raises:
        WrongResult: A contender did other work than the rest.
    """
    present = [contender for contender in CONTENDERS if contender.installed]
    rounds = progress.track(range(plan.rounds), description="Speed of a step")
    timings = measure_speed(present, rounds)
    asleep = progress.track(present, description="Memory of sleeping runs")
    sleeping = {contender: _slept(contender, plan.sleepers_of(contender)) for contender in asleep}
    repeats = progress.track(range(plan.repeats), description=f"{plan.steps:,} steps")
    return Found(
        timings=timings,
        sleeping=sleeping,
        long=measure_long(plan.steps, repeats),
        steps=plan.steps,
        machine=this_machine(),
        absent=[contender for contender in CONTENDERS if not contender.installed],
    )


def _slept(contender: Contender, runs: int) -> Sleeping:
    return Sleeping(kib=measure_sleeping(contender, runs) / 1024, runs=runs)
