"""How long: `timeout`."""

import asyncio
import math
from typing import Any

import attrs
from returns.result import Failure

from dara_fp.core.errors import Kind, Outcome, StepError
from dara_fp.core.frame import Frame, Watch
from dara_fp.core.lanes import Lane
from dara_fp.core.pipeline import Modifier
from dara_fp.core.run import due, run_nodes
from dara_fp.core.scope import Entry, Parked, Path, Waiting
from dara_fp.core.shape import Part, Shape, expression, first_name
from dara_fp.core.shield import shielded
from dara_fp.core.step import refuse_other
from dara_fp.core.undo import is_defect, recollect

__all__ = ["timeout"]


def timeout(seconds: float) -> Modifier:
    """Give a pipeline or step a time limit; over it, it fails with kind `timeout`.

    The body is cancelled at the limit; a body that ends exactly then has made it. A run that is
    resumed has only what is left of the limit, counted from the start of the first step in it that
    was recorded; a step that was not has the whole limit again.

    Args:
        seconds: The limit, above 0; `math.inf` changes nothing.

    Returns:
        A modifier: `timeout(60)(load)`, or `@timeout(60)` above a step.

    Raises:
        TypeError: *seconds* is no number.
        ValueError: *seconds* is not above 0.
    """
    refuse_other(seconds, (int, float), "timeout takes seconds, such as timeout(60)(step)")
    if not seconds > 0:
        raise ValueError(f"seconds is {seconds}: give a limit above 0")
    return Modifier(Timeout(seconds))


@attrs.frozen
class Timeout:
    """The *body* with a time limit."""

    seconds: float
    body: Lane = ()

    def __str__(self) -> str:
        return f"{self.modifier}({expression(self.body)})"

    @property
    def modifier(self) -> str:
        """How it is written without its body."""
        return f"timeout({self.seconds:.15g})"

    def around(self, body: Lane) -> Lane:
        """Give the nodes that limit *body*."""
        return (attrs.evolve(self, body=body),) if self.seconds < math.inf and body else body

    @property
    def name(self) -> str:
        """The name of what is inside."""
        return first_name(self.body)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        return Shape(form="timeout", label=f"{self.seconds:.15g} s", parts=(Part(nodes=self.body),))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body, and cancel it at the limit."""
        limit = asyncio.timeout(None)
        alarm = _Alarm(limit, self.seconds, frame)
        try:
            async with limit:
                if frame.journal is None:
                    alarm.start()
                outcome = await run_nodes(self.body, ctx, frame.watched(alarm))
                alarm.hear(outcome)
                await due(frame)
        except Parked as parked:
            # Of limits that are over at once the outermost counts, as it does without a park.
            if not alarm.is_over() or any(watch.is_over() for watch in frame.level.watches):
                raise Parked((*parked.waits, alarm.waiting(self._path(frame)))) from None
            return await self._late(ctx, frame, alarm)
        except (TimeoutError, asyncio.CancelledError, _TooLate) as error:
            if not alarm.rang(error, frame):
                raise  # the journal's, or that of a timeout around this one
            return await self._late(ctx, frame, alarm)
        return await self._late(ctx, frame, alarm) if limit.expired() else outcome

    def _path(self, frame: Frame) -> Path:
        return f"{frame.prefix}timeout({self.name})"

    async def _late(self, ctx: Any, frame: Frame, alarm: Watch) -> Outcome[Any]:
        await shielded(recollect(self.body, ctx, frame))
        grave = alarm.grave
        for watch in frame.level.watches:
            watch.forget(grave)  # from now on the outcome tells it
        if grave is not None and is_defect(grave):
            return grave
        message = f"{expression(self.body)} took longer than {self.seconds:.15g} s"
        late = StepError(kind=Kind.TIMEOUT, message=message, step=self._path(frame), retryable=True)
        return Failure(late if grave is None else _in_doubt(late, grave.failure()))


def _in_doubt(late: StepError, before: StepError) -> StepError:
    message = f"{late.message}; before that, {before}"
    return attrs.evolve(late, message=message, retryable=False, in_doubt=True)


class _TooLate(BaseException):
    """The limit of *alarm* was over before something new could be done; no step may catch it."""

    def __init__(self, alarm: "_Alarm") -> None:
        super().__init__()
        self.alarm = alarm


class _Alarm(Watch):
    """Sets the limit once something runs that is not only gone through again."""

    hears_undo = False  # what was done is undone, however long that takes

    def __init__(self, limit: asyncio.Timeout, seconds: float, frame: Frame) -> None:
        super().__init__()
        self._limit = limit
        self._seconds = seconds
        self._clock = frame.scope.clock
        self._started = math.inf

    def rang(self, error: BaseException, frame: Frame) -> bool:
        """Tell whether *error*, which ended the run at *frame*, came from this alarm."""
        if isinstance(error, asyncio.CancelledError) and frame.is_cancelled():
            return False
        return self._limit.expired() or (isinstance(error, _TooLate) and error.alarm is self)

    def is_over(self) -> bool:
        """Tell whether nothing that waits now can still make it."""
        return self._limit.expired() or self._clock() >= self._since() + self._seconds

    def waiting(self, path: Path) -> Waiting:
        """Give the wait for the limit."""
        since = self._since()
        return Waiting(path, None, since, since + self._seconds)

    def _since(self) -> float:
        return self._started if self.began is None else min(self.began, self._started)

    def replay(self, entry: Entry) -> None:
        super().replay(entry)
        if self.live:
            self._set()  # another lane had been started earlier

    def start(self) -> None:
        if not self.live:
            super().start()
            self._started = self._clock()
            self._set()
        if self._limit.expired() or self._left() < 0:
            raise _TooLate(self)

    def _left(self) -> float:
        """Give the seconds that are left of the limit, as far as a crash took some of it."""
        if self.began is None:
            return self._seconds
        return min(self._seconds, self.began + self._seconds - self._clock())

    def _set(self) -> None:
        # One step of the clock later: what ends exactly at the limit has made it.
        limit = asyncio.get_running_loop().time() + max(0.0, self._left())
        self._limit.reschedule(math.nextafter(limit, math.inf))
