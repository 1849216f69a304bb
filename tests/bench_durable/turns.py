"""What a durable step costs: turns of contenders in processes of their own, in a drawn order."""

import math
import random
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from tests.bench.contenders import Contender
from tests.bench.speed import Timing
from tests.bench.work import NAMES
from tests.bench_durable.contenders import Place
from tests.bench_durable.lines import Child
from tests.bench_durable.server import Server
from tests.bench_durable.steps import Cost, Turn

__all__ = ["Spent", "Steps", "contending", "measure_steps"]

_FIRST = 50
"""So many runs tell how long one takes; more would cost the slow ones minutes."""


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


@asynccontextmanager
async def contending(
    place: Place, contenders: Sequence[Contender]
) -> AsyncGenerator[Mapping[Contender, Child]]:
    """Start a process for each of *contenders*, which keep what is durable at *place*."""
    async with AsyncExitStack() as stack:
        found: dict[Contender, Child] = {}
        for each in contenders:
            child = Child.started("steps", each.key, place.url, str(place.folder))
            found[each] = await stack.enter_async_context(child)
        yield found


async def measure_steps(
    children: Mapping[Contender, Child],
    server: Server,
    concurrent: int,
    *,
    seconds: float,
    rounds: Iterable[object],
) -> Steps:
    """Let all take a turn in each of *rounds*, in a drawn order, *concurrent* tasks at a time.

    Args:
        children: Who takes part, each in a process of its own.
        server: The server that some of them use, whose data are removed before each turn.
        concurrent: Tasks at a time.
        seconds: How long a turn should take; it has a task for each of *concurrent* at least.
        rounds: One item for each turn of everybody.
    """
    turns = {
        each: await _turn_that_fills(seconds, child, concurrent) for each, child in children.items()
    }
    costs: dict[Contender, list[Cost]] = {each: [] for each in children}
    order, dice = list(children), random.Random(0)  # noqa: S311 - the order of turns is no secret
    for _ in rounds:
        dice.shuffle(order)
        for each in order:
            server.forget()
            costs[each].append(await children[each].ask(turns[each], Cost))
    return Steps(
        concurrent=concurrent, spent={each: _spent(found) for each, found in costs.items()}
    )


async def _turn_that_fills(seconds: float, child: Child, concurrent: int) -> Turn:
    """Warm *child* up, and give the turn that takes it about so many *seconds*."""
    first = await child.ask(Turn(concurrent=concurrent, runs=min(concurrent, _FIRST)), Cost)
    runs = math.ceil(seconds / (first.wall * len(NAMES)))
    return Turn(concurrent=concurrent, runs=max(concurrent, runs))


def _spent(costs: Sequence[Cost]) -> Spent:
    return Spent(
        wall=Timing(turns=tuple(cost.wall for cost in costs)),
        cpu=Timing(turns=tuple(cost.cpu for cost in costs)),
        server=Timing(turns=tuple(cost.server for cost in costs)),
    )
