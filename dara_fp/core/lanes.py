"""`&` and `|`: pipelines side by side on one context, all of them or the first that succeeds."""

from collections.abc import Sequence
from typing import Any

import attrs
from returns.result import Failure, Success

from dara_fp.core.context import differ, diverged, evolved, merge_rule
from dara_fp.core.errors import Kind, Outcome, StepError, shown
from dara_fp.core.frame import Frame
from dara_fp.core.run import Element, evaluate
from dara_fp.core.settle import settle, worst
from dara_fp.core.shape import Part, Shape, expression, first_name
from dara_fp.core.step import called
from dara_fp.core.undo import attempt, is_defect

__all__ = ["Both", "Either", "Lane"]

Lane = tuple[Element, ...]


@attrs.frozen
class Both:
    """All *lanes* at the same time, whose changes are merged: what `&` makes."""

    lanes: tuple[Lane, ...]

    def __str__(self) -> str:
        return " & ".join(expression(lane, 3) for lane in self.lanes)

    @property
    def name(self) -> str:
        """The name of the first lane."""
        return first_name(self.lanes[0])

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        return Shape(form="all", parts=tuple(Part(nodes=lane) for lane in self.lanes))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the lanes until all have settled; merge what they changed, or give what failed."""
        outcomes = await settle([(lane, ctx, frame) for lane in self.lanes], len(self.lanes))
        return worst(outcomes) or self._merged(ctx, [each.unwrap() for each in outcomes], frame)

    def _merged(self, base: Any, tips: Sequence[Any], frame: Frame) -> Outcome[Any]:
        path = f"{frame.prefix}all({self.name})"
        different = evaluate(diverged, path, base, tips)
        if isinstance(different, Failure):
            return different
        changed: dict[str, object] = {}
        for field, values in different.unwrap().items():
            agreed = self._agreed(base, field, values, frame)
            if isinstance(agreed, Failure):
                return agreed
            changed[field] = agreed.unwrap()
        return evaluate(evolved, path, base, changed) if changed else Success(base)

    def _agreed(self, base: Any, field: str, values: Sequence[Any], frame: Frame) -> Outcome[Any]:
        """Give the value of *field* that the lanes which changed it agree on."""
        rule = merge_rule(base.__class__, field)
        agreed: Outcome[Any] = Success(values[0])
        for value in values[1:]:
            if isinstance(agreed, Failure):
                break
            before = agreed.unwrap()
            if rule is not None:
                path = frame.prefix + called(rule, f"merge({field})")
                agreed = evaluate(rule, path, getattr(base, field), before, value)
            elif differ(before, value):
                agreed = Failure(self._conflict(base.__class__, field, before, value, frame))
        return agreed

    def _conflict(self, context: Any, field: str, left: Any, right: Any, frame: Frame) -> StepError:
        public = getattr(attrs.fields(context), field).repr
        made = f": one made it {shown(left)}, another {shown(right)}" if public else ""
        message = (
            f"branches of {self} disagree on {field!r}{made}; "
            f"let one of them write it, or declare {field} = made(merge=rule)"
        )
        return StepError(
            kind=Kind.CONFLICT, message=message, step=f"{frame.prefix}all({self.name})"
        )


@attrs.frozen
class Either:
    """The first of *lanes* that succeeds, each on the same context: what `|` makes."""

    lanes: tuple[Lane, ...]

    def __str__(self) -> str:
        return " | ".join(expression(lane, 2) for lane in self.lanes)

    @property
    def name(self) -> str:
        """Named after the first lane."""
        return _verdict(self.lanes[0])

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        parts = tuple(Part(nodes=lane) for lane in self.lanes)
        return Shape(form="any", parts=parts, verdicts=tuple(map(_verdict, self.lanes)))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run one lane after the other until one succeeds; what a failed one did is undone."""
        *others, last = self.lanes
        outcome = None
        for lane in others:
            outcome = await attempt(lane, ctx, frame, _verdict(lane), last=False, known=outcome)
            if isinstance(outcome, Success) or is_defect(outcome):
                return outcome
        return await attempt(last, ctx, frame, _verdict(last), last=True, known=outcome)


def _verdict(lane: Lane) -> str:
    return f"any({first_name(lane)})"
