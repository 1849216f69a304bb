"""The whole benchmark: calls at a time, tasks that wait, and what a program waits for once."""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack

import attrs
import msgspec
from rich.progress import Progress, TaskID

from tests.bench.contenders import Contender
from tests.bench.found import this_machine
from tests.bench_client.caller import Cost, Turn
from tests.bench_client.children import Child, started
from tests.bench_client.contenders import MOST
from tests.bench_client.found import Found, Level, Waited
from tests.bench_client.seats import Seat
from tests.bench_client.server import Ending, Seen
from tests.bench_client.starts import Start
from tests.bench_client.waiters import Memory, Waiting

__all__ = ["FULL", "QUICK", "Plan", "compare"]

_LOOK_SECONDS = 0.2
_LOOKED_SECONDS = 90.0


@attrs.frozen(kw_only=True)
class Plan:
    """How much is measured.

    Attributes:
        turns: One for each number of callers at a time: a thousand take a second to begin and
            one to end, which should not be all of it, and five thousand as many times that.
        rounds: Turns of each contender, with each of these numbers.
        tasks: Tasks that poll a run.
        pause: Seconds between two looks of each.
        starts: Fresh processes.
    """

    turns: Sequence[Turn]
    rounds: int
    tasks: int
    pause: float
    starts: int


FULL = Plan(
    turns=(
        Turn(concurrent=1, seconds=1.0),
        Turn(concurrent=100, seconds=1.0),
        Turn(concurrent=1_000, seconds=3.0),
        Turn(concurrent=5_000, seconds=3.0, over=9.0),
    ),
    rounds=3,
    tasks=5_000,
    pause=5.0,
    starts=3,
)
QUICK = Plan(
    turns=(Turn(concurrent=1, seconds=0.3), Turn(concurrent=100, seconds=0.3)),
    rounds=2,
    tasks=100,
    pause=0.5,
    starts=1,
)


async def compare(plan: Plan, contenders: Sequence[Contender], progress: Progress) -> Found:
    """Measure all that *plan* asks for.

    Args:
        plan: How much is measured.
        contenders: Who takes part.
        progress: Shows how far it is; it should not refresh by itself, which would take time
            from the contenders.
    """
    load = os.getloadavg()[0]
    async with started("server") as server:
        url = f"http://127.0.0.1:{(await server.ask(Ending(end=False), Seen)).port}"
        task = progress.add_task("Fresh processes", total=1)
        starts = [await _start(url) for _ in range(plan.starts)]
        _advance(progress, task)
        async with AsyncExitStack() as stack:
            seats = [await stack.enter_async_context(Seat(each, url)) for each in contenders]
            levels = [await _level(seats, turn, plan.rounds, progress) for turn in plan.turns]
        task = progress.add_task("Tasks that poll a run", total=1)
        waited = await _waited(server, url, plan)
        _advance(progress, task)
    return Found(levels=levels, waited=waited, starts=starts, machine=this_machine(), load=load)


async def _level(seats: Sequence[Seat], turn: Turn, rounds: int, progress: Progress) -> Level:
    """Let all who can take *turn* in each round, in a drawn order."""
    many = turn.concurrent
    seats = [seat for seat in seats if many <= MOST.get(seat.contender.key, many)]
    task = progress.add_task(f"{many:,} at a time", total=len(seats) * rounds)
    costs: dict[Contender, list[Cost]] = {seat.contender: [] for seat in seats}
    order, dice = list(seats), random.Random(0)  # noqa: S311 - the order of turns is no secret
    for _ in range(rounds):
        dice.shuffle(order)
        for seat in order:
            costs[seat.contender].append(await seat.turn(turn))
            _advance(progress, task)
    return Level(turn=turn, costs=costs)


async def _waited(server: Child, url: str, plan: Plan) -> Waited:
    """Have tasks wait, each for a run of its own, until each has looked twice; end them."""
    async with started("waiters", url) as waiters:
        idle = await waiters.ask(Waiting(), Memory)
        begun = (await server.ask(Ending(end=False), Seen)).requests
        await waiters.ask(Waiting(tasks=plan.tasks, pause=plan.pause), Memory)
        async with asyncio.timeout(_LOOKED_SECONDS):
            while (await server.ask(Ending(end=False), Seen)).requests < begun + 2 * plan.tasks:  # noqa: ASYNC110 - in another process
                await asyncio.sleep(_LOOK_SECONDS)
        held = await waiters.ask(Waiting(), Memory)
        await server.ask(Ending(end=True), Seen)
        ended = (await waiters.ask(Waiting(through=True), Memory)).ended
        assert ended == plan.tasks, f"{ended} of {plan.tasks} tasks saw their run succeed"
    return Waited(tasks=plan.tasks, pause=plan.pause, idle=idle.resident, held=held.resident)


async def _start(url: str) -> Start:
    """Measure what a fresh process takes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench_client.starts", url),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return msgspec.json.decode(said, type=Start)


def _advance(progress: Progress, task: TaskID) -> None:
    progress.advance(task)
    progress.refresh()
    done = next(each for each in progress.tasks if each.id == task)
    if done.finished and not progress.console.is_terminal:
        progress.console.print(f"{done.description}: {done.elapsed or 0:.0f} s")
