"""The whole benchmark: what a step costs, what a fleet manages, what waiting tasks hold."""

import os
from collections.abc import Mapping, Sequence

import attrs
from rich.progress import Progress

from tests.bench.contenders import Contender
from tests.bench.found import this_machine
from tests.bench_durable.contenders import CONTENDERS, Place
from tests.bench_durable.fleet import Fleet, measure_fleet
from tests.bench_durable.found import Found
from tests.bench_durable.lines import Child
from tests.bench_durable.memory import measure_parked, measure_polling
from tests.bench_durable.server import Server, started
from tests.bench_durable.turns import Steps, contending, measure_steps

__all__ = ["FULL", "QUICK", "Plan", "compare"]


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        concurrent: Numbers of tasks at a time.
        rounds: Turns of each contender, with each of these numbers.
        seconds: How long a turn should take.
        workers: Numbers of workers of a fleet.
        tasks: Tasks that a fleet runs at once.
        fleet_rounds: How often it does, with each number of workers.
        parked: Tasks that are parked.
        polling: Tasks that poll a run.
        pause: Seconds between two looks at a run.
    """

    concurrent: Sequence[int]
    rounds: int
    seconds: float
    workers: Sequence[int]
    tasks: int
    fleet_rounds: int
    parked: int
    polling: int
    pause: float


FULL = Plan(
    concurrent=(1, 50, 500),
    rounds=3,
    seconds=1.0,
    workers=(1, 2),
    tasks=4_000,
    fleet_rounds=3,
    parked=10_000,
    polling=5_000,
    pause=5,
)
QUICK = Plan(
    concurrent=(1, 50),
    rounds=2,
    seconds=0.1,
    workers=(1, 2),
    tasks=100,
    fleet_rounds=1,
    parked=100,
    polling=50,
    pause=0.5,
)


async def compare(plan: Plan, contenders: Sequence[Contender], progress: Progress) -> Found:
    """Measure all that *plan* asks for, of those *contenders* that are installed.

    Args:
        plan: How much is measured.
        contenders: Who takes part in the steps.
        progress: Shows how far it is; it should not refresh by itself, which would take time
            from the contenders.

    Raises:
        WrongResult: A contender did other work than the rest.
    """
    load = os.getloadavg()[0]
    present = [contender for contender in contenders if contender.installed]
    async with started() as place:
        async with contending(place, present) as children:
            server = Server(place.url)
            steps = [await _steps(children, server, plan, n, progress) for n in plan.concurrent]
        fleets = [await _fleet(place, plan, workers, progress) for workers in plan.workers]
        waits = progress.add_task("Memory of waiting tasks", total=2)
        parked = await measure_parked(place, plan.parked)
        progress.advance(waits)
        progress.refresh()
        polling = await measure_polling(place, plan.polling, seconds=plan.pause)
        progress.advance(waits)
    return Found(
        steps=steps,
        fleets=fleets,
        tasks=plan.tasks,
        pause=plan.pause,
        parked=parked,
        polling=polling,
        machine=this_machine(),
        load=load,
        absent=[contender for contender in CONTENDERS if not contender.installed],
    )


async def _steps(
    children: Mapping[Contender, Child],
    server: Server,
    plan: Plan,
    concurrent: int,
    progress: Progress,
) -> Steps:
    rounds = progress.track(range(plan.rounds), description=f"Steps, {concurrent} at a time")
    return await measure_steps(children, server, concurrent, seconds=plan.seconds, rounds=rounds)


async def _fleet(place: Place, plan: Plan, workers: int, progress: Progress) -> Fleet:
    rounds = progress.track(range(plan.fleet_rounds), description=f"Workflows, {workers} workers")
    return await measure_fleet(place, workers=workers, tasks=plan.tasks, rounds=rounds)
