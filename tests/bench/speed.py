"""How long a step takes: many short turns of each contender, interleaved in one process."""

import asyncio
import gc
import random
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence

import attrs

from tests.bench.contenders import Built, Contender, Run, build
from tests.bench.work import NAMES, check

__all__ = ["Timing", "measure_speed"]

TURN = 0.005
"""How long a turn should take, in seconds."""


@attrs.frozen(kw_only=True)
class Timing:
    """Seconds a step, turn by turn.

    Attributes:
        turns: One figure for each round, in the order of the rounds.
    """

    turns: tuple[float, ...]

    @property
    def median(self) -> float:
        """The turn in the middle."""
        return statistics.median(self.turns)

    @property
    def best(self) -> float:
        """The quickest turn."""
        return min(self.turns)

    def times(self, other: "Timing") -> float:
        """Give how many times slower than *other* this was: the median over the rounds.

        What a busy machine does to a round, it does to both.
        """
        rounds = zip(self.turns, other.turns, strict=True)
        return statistics.median(mine / theirs for mine, theirs in rounds)


def measure_speed(
    contenders: Iterable[Contender], rounds: Iterable[object]
) -> Mapping[Contender, Timing]:
    """Time a turn of each of *contenders* in each of *rounds*.

    Raises:
        WrongResult: A contender did other work than the rest.
    """
    built = {contender: build(contender) for contender in contenders}
    return asyncio.run(_interleaved(built, rounds))


async def _interleaved(
    built: Mapping[Contender, Built], rounds: Iterable[object]
) -> Mapping[Contender, Timing]:
    for contender, ready in built.items():
        check(contender.label, ready.fields(await ready.prepare()()))
    gc.collect()
    gc.freeze()  # what was imported and built is not looked at again before every turn
    runs = {contender: await _runs_of_a_turn(ready) for contender, ready in built.items()}
    turns: dict[Contender, list[float]] = {contender: [] for contender in built}
    order, dice = list(built), random.Random(0)  # noqa: S311 - the order of turns is no secret
    for _ in rounds:
        dice.shuffle(order)
        for contender in order:
            turns[contender].append(await _turn(built[contender], runs[contender]))
    gc.unfreeze()
    return {contender: Timing(turns=tuple(found)) for contender, found in turns.items()}


async def _runs_of_a_turn(ready: Built) -> int:
    """Give how many runs of *ready* fill a turn."""
    quickest = min([await _turn(ready, 10) for _ in range(5)])
    return max(1, round(TURN / (quickest * len(NAMES))))


async def _turn(ready: Built, count: int) -> float:
    """Give the seconds a step of *count* runs, without garbage collection, and one to warm up."""
    runs = [ready.prepare() for _ in range(count)]
    await ready.prepare()()
    gc.collect()
    gc.disable()
    try:
        return await _seconds(runs) / (count * len(NAMES))
    finally:
        gc.enable()


async def _seconds(runs: Sequence[Run]) -> float:
    started = time.perf_counter()
    for run in runs:
        await run()
    return time.perf_counter() - started
