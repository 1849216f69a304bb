"""How often: `retry` after a failure, and `repeat` until something holds."""

import asyncio
import hashlib
import math
from collections.abc import Callable
from typing import Any, TypeVar

import attrs
from returns.result import Failure, Success

from dara_fp.core.errors import Outcome
from dara_fp.core.frame import Frame, Unrecorded, Watch
from dara_fp.core.lanes import Lane
from dara_fp.core.pipeline import Modifier, Pipeline, lifted
from dara_fp.core.run import asked, evaluate, run_nodes
from dara_fp.core.shape import Part, Shape, expression, first_name
from dara_fp.core.signatures import Plain
from dara_fp.core.step import called, refuse_async, refuse_other, summary_of
from dara_fp.core.undo import attempt, is_defect

__all__ = ["Backoff", "repeat", "retry"]

C = TypeVar("C")
E = TypeVar("E")


def _at_least(least: float) -> Callable[[Any, Any, float], None]:
    """Give the validator of a number that is *least* or more, and finite."""

    def check(_: object, field: "attrs.Attribute[Any]", value: float) -> None:
        if not least <= value < math.inf:
            raise ValueError(f"{field.name} is {value}: give a number of at least {least}")

    return check


@attrs.frozen(kw_only=True, repr=False)
class Backoff:
    """How long to wait before the next try: longer each time, and never all at once.

    The same task waits the same time at the same place, so that a replay does what the run did.

    Attributes:
        initial: Seconds before the second try.
        factor: By how much each wait is longer than the one before.
        longest: No wait is longer than so many seconds.
        jitter: The share of a wait, from 0 to 1, that chance may take off it.

    >>> [Backoff(jitter=0).delay(n) for n in (1, 2, 3, 10)]
    [1.0, 2.0, 4.0, 60.0]
    """

    initial: float = attrs.field(default=1.0, validator=_at_least(0))
    factor: float = attrs.field(default=2.0, validator=_at_least(1))
    longest: float = attrs.field(default=60.0, validator=_at_least(0))
    jitter: float = attrs.field(default=0.5, validator=[_at_least(0), attrs.validators.le(1)])

    def __repr__(self) -> str:
        """Give it as one would write it."""
        fields = attrs.fields(Backoff)
        own = [(field.name, getattr(self, field.name)) for field in fields]
        given = [f"{name}={value:.15g}" for name, value in own if value != _DEFAULTS[name]]
        return f"Backoff({', '.join(given)})"

    def delay(self, tries: int, seed: str = "") -> float:
        """Give the seconds to wait after so many *tries*, the same for the same *seed*."""
        try:
            full = min(self.longest, self.initial * float(self.factor) ** (tries - 1))
        except OverflowError:
            full = self.longest if self.initial else 0.0
        digest = hashlib.sha256(f"{seed}\n{tries}".encode()).digest()
        chance = int.from_bytes(digest[:7]) / 2**56
        return full * (1 - self.jitter * chance)


_DEFAULTS = {field.name: field.default for field in attrs.fields(Backoff)}
_BACKOFF = Backoff()


def retry(times: int, backoff: Backoff = _BACKOFF) -> Modifier:
    """Try a pipeline or step again after an expected failure.

    Every expected failure is tried again, whatever its kind and `retryable` say, but one that is
    in doubt: what may have been done is not done twice. Only a success ends a doubt: a failure
    beside it, of an alternative or handler after it, or by a time limit is in doubt, too. A defect
    is a bug, and is not tried again either. What the failed try did is undone first. Each try
    after the first is recorded under its number (`2/load`), and so has tokens of its own.

    Args:
        times: How many more times than once, at most; 0 changes nothing.
        backoff: How long to wait in between.

    Returns:
        A modifier: `retry(3)(load)`, or `@retry(3)` above a step.

    Raises:
        TypeError: *times* is no whole number, or *backoff* no `Backoff`.
        ValueError: *times* is negative.
    """
    refuse_other(times, int, "retry takes how many more times to try, such as retry(3)(step)")
    refuse_other(backoff, Backoff, "retry takes a Backoff after the number: retry(3)(step)")
    if times < 0:
        raise ValueError(f"times is {times}: give how many more times to try, 0 or more")
    return Modifier(Retry(times, backoff))


def repeat(
    body: Pipeline[C, E], until: Plain[C, bool], backoff: Backoff = _BACKOFF
) -> Pipeline[C, E]:
    """Run *body* again and again until *until* holds of the context, as polling does.

    Each run goes on with the context of the one before and is recorded under its number. Nothing
    limits how often: put a `timeout` around it.

    Args:
        body: What to run.
        until: A pure function of the context; it is asked again when a task is resumed.
        backoff: How long to wait in between.

    Raises:
        TypeError: *until* is async, or *body* is no pipeline.
    """
    refuse_async(until, "repeat")
    inside = lifted(body)
    return attrs.evolve(inside, steps=(Repeat(inside.steps, until, backoff),))


@attrs.frozen
class Retry:
    """The *body*, tried again after a failure."""

    times: int
    backoff: Backoff
    body: Lane = ()

    def __str__(self) -> str:
        return f"{self.modifier}({expression(self.body)})"

    @property
    def modifier(self) -> str:
        """How it is written without its body."""
        backoff = "" if self.backoff == _BACKOFF else f", {self.backoff}"
        return f"retry({self.times}{backoff})"

    def around(self, body: Lane) -> Lane:
        """Give the nodes that retry *body*."""
        return (attrs.evolve(self, body=body),) if self.times and body else body

    @property
    def name(self) -> str:
        """Named after what is inside."""
        return f"retry({first_name(self.body)})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        times = "once more" if self.times == 1 else f"{self.times} more times"
        parts = (Part(nodes=self.body),)
        return Shape(form="retry", label=times, parts=parts, verdicts=(self.name,))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Try the body until it succeeds, is found to have a bug, or was tried often enough."""
        watch = Watch()
        for tries in range(1, self.times + 1):
            inner = frame.counted(tries).watched(watch)
            outcome = await attempt(self.body, ctx, inner, self.name, last=False, repeats=True)
            if isinstance(outcome, Success) or is_defect(outcome) or outcome.failure().in_doubt:
                return outcome
            await _pause(self.backoff.delay(tries, _seed(frame, self.name)), watch, frame)
        last = frame.counted(self.times + 1)
        return await attempt(self.body, ctx, last, self.name, last=True)


@attrs.frozen
class Repeat:
    """The *body* again and again, *until* something holds."""

    body: Lane
    until: Callable[[Any], bool]
    backoff: Backoff

    def __str__(self) -> str:
        backoff = "" if self.backoff == _BACKOFF else f", {self.backoff}"
        return f"repeat({expression(self.body)}, {called(self.until, '...')}{backoff})"

    @property
    def name(self) -> str:
        """The name of what is inside."""
        return first_name(self.body)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        label = called(self.until, "condition")
        parts = (Part(nodes=self.body),)
        return Shape(form="repeat", label=label, summary=summary_of(self.until), parts=parts)

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body until the condition holds."""
        watch = Watch()
        runs = 0
        while True:
            runs += 1
            outcome = await run_nodes(self.body, ctx, frame.counted(runs).watched(watch))
            if isinstance(outcome, Failure):
                return outcome
            ctx = outcome.unwrap()
            ends = evaluate(self._ends, frame.prefix + called(self.until, "repeat"), ctx)
            if isinstance(ends, Failure):
                return ends
            if ends.unwrap():
                return outcome
            await _pause(self.backoff.delay(runs, _seed(frame, self.name)), watch, frame)

    def _ends(self, ctx: Any) -> bool:
        return bool(asked(self.until, ctx))


def _seed(frame: Frame, name: str) -> str:
    return f"{frame.scope.task_id}\n{frame.prefix}{name}"


async def _pause(seconds: float, watch: Watch, frame: Frame) -> None:
    """Wait for *seconds*, or for what is left of them since what *watch* saw in the journal.

    A closed run does not look at the clock: what comes next is in the journal or is not.

    Raises:
        Unrecorded: The run is closed, and found nothing since the last wait.
    """
    if frame.level.closed:
        if not watch.seen:
            raise Unrecorded
        watch.seen = 0
        return
    if watch.began is not None and not watch.live:
        seconds = min(seconds, watch.ended + seconds - frame.scope.clock())
        if seconds <= 0:
            return
    frame.begin()
    watch.start()
    await asyncio.sleep(seconds)
