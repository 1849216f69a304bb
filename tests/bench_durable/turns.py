"""What a durable step costs: turns of contenders in processes of their own, in a drawn order."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack

import attrs

from tests.bench.contenders import Contender
from tests.bench.speed import Timing
from tests.bench.work import NAMES
from tests.bench_durable.contenders import Place
from tests.bench_durable.lines import Child
from tests.bench_durable.server import Server
from tests.bench_durable.steps import Cost, Turn

__all__ = ["Spent", "Steps", "measure_steps"]


@attrs.frozen(kw_only=True)
class Spent:
    """What a step took, round by round.

    Attributes:
        wall: Seconds by the clock on the wall.
        cpu: Seconds of the process's processor.
        server: Seconds of the Valkey server's processor.
    """

    wall: Timing
    cpu: Timing
    server: Timing


@attrs.frozen(kw_only=True)
class Steps:
    """What steps took with so many tasks at a time.

    Attributes:
        concurrent: How many tasks there were at any time.
        spent: Of each contender.
    """

    concurrent: int
    spent: Mapping[Contender, Spent]


async def measure_steps(
    place: Place,
    contenders: Sequence[Contender],
    concurrent: int,
    *,
    seconds: float,
    rounds: Iterable[object],
) -> Steps:
    """Let each of *contenders* take a turn in each of *rounds*, *concurrent* tasks at a time.

    Args:
        place: Where they keep what is durable.
        contenders: Who takes part.
        concurrent: Tasks at a time.
        seconds: How long a turn should take; it has a task for each of *concurrent* at least.
        rounds: One item for each turn of everybody.
    """
    async with AsyncExitStack() as stack:
        children = {
            each: await stack.enter_async_context(
                Child.started("steps", each.key, place.url, str(place.folder))
            )
            for each in contenders
        }
        server = Server(place.url)
        turns = {
            each: await _turn_that_fills(seconds, child, concurrent)
            for each, child in children.items()
        }
        costs: dict[Contender, list[Cost]] = {each: [] for each in contenders}
        order, dice = list(contenders), random.Random(0)  # noqa: S311 - the order of turns is no secret
        for _ in rounds:
            dice.shuffle(order)
            for each in order:
                server.forget()
                costs[each].append(await children[each].ask(turns[each], Cost))
    return Steps(concurrent=concurrent, spent={each: _spent(found) for each, found in costs.items()})


async def _turn_that_fills(seconds: float, child: Child, concurrent: int) -> Turn:
    """Warm *child* up, and give the turn that takes it about so many *seconds*."""
    await child.ask(Turn(concurrent=1, runs=1), Cost)
    first = await child.ask(Turn(concurrent=concurrent, runs=concurrent), Cost)
    runs = math.ceil(seconds / (first.wall * len(NAMES)))
    return Turn(concurrent=concurrent, runs=max(concurrent, runs))


def _spent(costs: Sequence[Cost]) -> Spent:
    return Spent(
        wall=Timing(turns=tuple(cost.wall for cost in costs)),
        cpu=Timing(turns=tuple(cost.cpu for cost in costs)),
        server=Timing(turns=tuple(cost.server for cost in costs)),
    )
