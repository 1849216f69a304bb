"""Workflows drawn by chance, of every kind of node."""

from collections.abc import Callable
from functools import reduce
from typing import Final, TypeAlias

from dara_fp import (
    Backoff,
    for_each,
    pause,
    repeat,
    retry,
    start,
    timeout,
    wait_for,
    when,
    workflow,
    zoom,
)
from tests.simulation.chance import Chance
from tests.simulation.errands import Desk, Errand, Leaf, booking, failing, job, marking, rescued

__all__ = ["SIGNAL", "Drawing", "Place"]

SIGNAL: Final = "answer"

Place: TypeAlias = tuple[tuple[str, int], ...]
"""The way to a leaf from the root: at each node its form, and which of its parts."""

_QUICK = Backoff(initial=0.5, longest=3)


class Drawing:
    """A workflow, drawn.

    Attributes:
        workflow: What was drawn.
        places: Where the bookings stand, by name.
        waits: Whether it waits for the signal.
        timed: Whether its outcome depends on how long things take.
    """

    def __init__(self, chance: Chance, name: str) -> None:
        """Draw the workflow called *name*."""
        self._chance = chance
        self._count = 0
        self.places: dict[str, Place] = {}
        self.waits = False
        self.timed = False
        pipeline = start(Errand, Desk) >> self._lane(2, ())
        most = chance.one((None, None, 1, 2))
        self.workflow = workflow(name, pipeline, concurrency=most)

    def _lane(self, depth: int, place: Place) -> Leaf:
        """Draw one node after the other."""
        number = self._chance.number(1, 3)
        nodes = [self._node(depth, (*place, ("then", i))) for i in range(number)]
        return reduce(lambda left, right: left >> right, nodes)

    def _node(self, depth: int, place: Place) -> Leaf:
        if depth and self._chance.happens(0.6):
            return self._chance.one(self._forms())(depth - 1, place)
        return self._leaf(place)

    def _leaf(self, place: Place) -> Leaf:
        number = self._next()
        kind = self._chance.number(1, 12)
        if kind <= 4:
            self.places[f"book_{number}"] = place
            return booking(number)
        if kind <= 7:
            return job(number)
        if kind <= 9:
            return failing(f"falter_{number}")
        if kind <= 11:
            return self._waiting(number)
        return marking(f"mark_{number}")

    def _waiting(self, number: int) -> Leaf:
        """Draw a pause, or the one wait for the signal; lengths differ, since names have to."""
        here = marking(f"mark_{number}")
        if self.waits or self._chance.happens(0.4):
            return here >> pause(number + self._chance.number(1, 9) / 10)
        self.waits = True
        limit = self._chance.one((None, 20.0 + number))
        self.timed = self.timed or limit is not None
        return here >> wait_for(SIGNAL, into="answer", timeout=limit)

    def _forms(self) -> tuple[Callable[[int, Place], Leaf], ...]:
        return (
            *(self._both, self._either, self._either, self._retried, self._retried),
            *(self._limited, self._each, self._repeated, self._rescued, self._chosen),
        )

    def _both(self, depth: int, place: Place) -> Leaf:
        left, right = ((*place, ("both", side)) for side in (0, 1))
        return self._lane(depth, left) & self._lane(depth, right)

    def _either(self, depth: int, place: Place) -> Leaf:
        left, right = ((*place, ("either", side)) for side in (0, 1))
        first = self._lane(depth, left) >> failing(f"falter_{self._next()}")
        return first | self._lane(depth, right)

    def _retried(self, depth: int, place: Place) -> Leaf:
        body = self._lane(depth, place) >> failing(f"falter_{self._next()}")
        return retry(self._chance.number(1, 2), _QUICK)(body)

    def _limited(self, depth: int, place: Place) -> Leaf:
        self.timed = True
        return timeout(self._chance.number(2, 12))(self._lane(depth, place))

    def _each(self, depth: int, place: Place) -> Leaf:
        if self.waits:
            return self._retried(depth, place)
        self.waits = True  # a signal can be waited for at one place only
        body = self._lane(depth, (*place, ("both", 0)))
        self.waits = False
        return for_each(_split, body, _join)

    def _repeated(self, depth: int, place: Place) -> Leaf:
        name = f"mark_{self._next()}"

        def twice(ctx: Errand) -> bool:
            return sum(mark.endswith(name) for mark in ctx.marks) > 1

        self.waits, before = True, self.waits
        body = self._lane(depth, (*place, ("then", 0))) >> marking(name)
        self.waits = before
        return repeat(body, twice, _QUICK)

    def _rescued(self, depth: int, place: Place) -> Leaf:
        body = self._lane(depth, place) >> failing(f"falter_{self._next()}")
        return rescued(body, f"rescue_{self._next()}")

    def _chosen(self, depth: int, place: Place) -> Leaf:
        return zoom(_same, when(_has_seed, self._lane(depth, place)), _put)

    def _next(self) -> int:
        self._count += 1
        return self._count


def _same(ctx: Errand) -> Errand:
    return ctx


def _put(_ctx: Errand, part: Errand) -> Errand:
    return part


def _has_seed(ctx: Errand) -> bool:
    return ctx.seed >= 0


def _split(ctx: Errand) -> list[Errand]:
    return [ctx.evolve(item=1), ctx.evolve(item=2)]


def _join(ctx: Errand, items: tuple[Errand, ...]) -> Errand:
    marks = {mark for item in items for mark in item.marks}
    things = {thing for item in items for thing in item.things}
    return ctx.evolve(marks=tuple(sorted(marks)), things=tuple(sorted(things)))
