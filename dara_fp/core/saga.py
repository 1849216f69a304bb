"""What a failure or a cut leads to: `recover`, `compensate`, `on_cancel`."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

import attrs
from returns.result import Failure, Success

from dara_fp.core.errors import Kind, Outcome, StepError
from dara_fp.core.frame import Frame, Watch
from dara_fp.core.lanes import Lane
from dara_fp.core.pipeline import Pipeline, agreed, lifted
from dara_fp.core.run import run_nodes
from dara_fp.core.scope import Position
from dara_fp.core.shape import Part, Shape, entries, expression, first_name, on_first_try
from dara_fp.core.signatures import Returned
from dara_fp.core.step import Step, as_async_step
from dara_fp.core.undo import after, attempt, is_defect

__all__ = ["compensate", "on_cancel", "recover"]

C = TypeVar("C")
E = TypeVar("E")


@overload
def recover(
    body: Pipeline[C, E], handler: Callable[[C, StepError], Returned[C]]
) -> Pipeline[C, E]: ...
@overload
def recover(
    body: Pipeline[C, E], handler: Callable[[C, StepError, E], Returned[C]]
) -> Pipeline[C, E]: ...
@overload
def recover(
    body: Pipeline[C, E], handler: Callable[[C, StepError, E, Position], Returned[C]]
) -> Pipeline[C, E]: ...
def recover(body: Pipeline[Any, Any], handler: Callable[..., Any]) -> Pipeline[Any, Any]:
    """Run *body*, and the *handler* if that fails as expected; a defect is a bug, and goes on.

    What *body* did is undone before the handler is called.

    Args:
        body: What to run.
        handler: An async function of (ctx, error), (ctx, error, env) or (ctx, error, env, at),
            where ctx is the context that *body* was given. It is a step: it is recorded under its
            name, and its outcome is the outcome.

    Raises:
        TypeError: *handler* is not async, or takes other arguments; or *body* is no pipeline.
    """
    inside = lifted(body)
    step = as_async_step(handler, ("ctx", "error", "env", "at"), least=2)
    node = Recover(inside.steps, Handler(step.name, step.function, step.parameters))
    return attrs.evolve(inside, steps=(node,))


def compensate(body: Pipeline[C, E], undo: Pipeline[C, E]) -> Pipeline[C, E]:
    """Run *body*, and take it back with *undo* if what comes after it fails or is cancelled.

    Undos run last effect first, whatever happens meanwhile, before a failure leaves the `|`,
    `recover`, `retry` or whole pipeline it happened in. A *body* that fails itself has nothing to
    undo. An *undo* that fails makes the outcome a defect, since nobody may go on from there: put
    a `retry` around it.

    Args:
        body: What to run.
        undo: A pipeline that takes it back; it gets the context as *body* left it, and what it
            makes of that is dropped.

    Raises:
        TypeError: One of them is no pipeline, or they are anchored to different classes.
    """
    inside, back = lifted(body), lifted(undo)
    return attrs.evolve(agreed(inside, back), steps=(Compensate(inside.steps, back.steps),))


def on_cancel(body: Pipeline[C, E], cleanup: Pipeline[C, E]) -> Pipeline[C, E]:
    """Run *body*, and *cleanup* if it is cut before it has ended: cancelled, or over a time limit.

    The limit may be around *body* or be one inside of it. A *body* that ends by itself, well or
    not, leaves nothing to clean up, and one that is only handed over to another worker goes on
    there. It is cleaned up before anything that was done earlier is undone.

    Args:
        body: What to run.
        cleanup: A pipeline that ends what *body* has begun; it gets the context as the last node of
            *body* that ended left it, and what it makes of that is dropped. As an undo, it must
            not fail, and it must do with a *body* that has only just begun; for an item of
            `for_each` also with one that has not, since a journal does not tell what has begun.

    Raises:
        TypeError: One of them is no pipeline, or they are anchored to different classes.
    """
    inside, after = lifted(body), lifted(cleanup)
    return attrs.evolve(agreed(inside, after), steps=(OnCancel(inside.steps, after.steps),))


@attrs.frozen
class Handler(Step):
    """What is called with the *error* of what failed before it."""

    error: StepError | None = None

    def call(self, ctx: Any, frame: Frame) -> Any:
        """Call the function with the error behind the context."""
        arguments = (ctx, self.error, frame.env, frame.position(self.name))
        return self.function(*arguments[: self.parameters])


@attrs.frozen
class Recover:
    """The *body*, or the *handler* if that fails."""

    body: Lane
    handler: Handler

    def __str__(self) -> str:
        return f"recover({expression(self.body)}, {self.handler})"

    @property
    def name(self) -> str:
        """Named after what is inside."""
        return f"recover({first_name(self.body)})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        handler = Part(nodes=(self.handler,), role="handler")
        parts = (Part(nodes=self.body), handler)
        return Shape(form="recover", parts=parts, verdicts=(self.name,))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body, and the handler if that fails."""
        outcome = await attempt(self.body, ctx, frame, self.name, last=False)
        if isinstance(outcome, Success) or is_defect(outcome):
            return outcome
        handler = attrs.evolve(self.handler, error=outcome.failure())
        return await after(outcome, run_nodes((handler,), ctx, frame), frame)


@attrs.frozen
class Compensate:
    """The *body*, which *undo* takes back."""

    body: Lane
    undo: Lane

    def __str__(self) -> str:
        return f"compensate({expression(self.body)}, {expression(self.undo)})"

    @property
    def name(self) -> str:
        """The name of what is inside."""
        return first_name(self.body)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        parts = (Part(nodes=self.body), Part(nodes=self.undo, role="undo"))
        return Shape(form="compensate", parts=parts)

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body, and leave word how to undo it."""
        watch = Watch()
        outcome = await run_nodes(self.body, ctx, frame.watched(watch))
        if isinstance(outcome, Success):
            left = outcome.unwrap()
            undo = partial(self._take_back, left, frame)
            frame.can_undo(frame.prefix + first_name(self.undo), id(self), watch, undo)
        return outcome

    async def _take_back(self, left: Any, frame: Frame) -> Outcome[Any]:
        return await run_nodes(self.undo, left, frame.undoing())


@attrs.frozen
class OnCancel:
    """The *body*, after which *cleanup* cleans up if it is cut."""

    body: Lane
    cleanup: Lane

    def __str__(self) -> str:
        return f"on_cancel({expression(self.body)}, {expression(self.cleanup)})"

    @property
    def name(self) -> str:
        """The name of what is inside."""
        return first_name(self.body)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        cleanup = Part(nodes=self.cleanup, label="if cut", role="undo")
        return Shape(form="on_cancel", parts=(Part(nodes=self.body), cleanup))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body node by node, and leave word how to clean up after it if it is cut."""
        outcome: Outcome[Any] = Success(ctx)
        for node in self.body:
            try:
                outcome = await run_nodes((node,), ctx, frame)
            except BaseException:
                # A run with a journal goes through all that was recorded once more, closed, before
                # anything is undone: only that knows for sure how far it has come.
                if frame.journal is None or (frame.level.closed and not self._failed(frame)):
                    self._leave_word(ctx, frame)
                raise
            if isinstance(outcome, Failure):
                if _is_limit(outcome.failure()):
                    self._leave_word(ctx, frame)
                return outcome
            ctx = outcome.unwrap()
        return outcome

    def _failed(self, frame: Frame) -> bool:
        """Tell whether it was a step of the body that failed, and its entry is gone by now."""
        known = frame.level.known
        if known is None or not known.step.startswith(frame.prefix):
            return False
        return on_first_try(known.step.removeprefix(frame.prefix)) in set(entries(self.body))

    def _leave_word(self, ctx: Any, frame: Frame) -> None:
        clean_up = partial(self._clean_up, ctx, frame)
        frame.can_undo(frame.prefix + first_name(self.cleanup), id(self), Watch(), clean_up)

    async def _clean_up(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        return await run_nodes(self.cleanup, ctx, frame.undoing())


def _is_limit(error: StepError) -> bool:
    """Tell whether *error* says that a `timeout` cut something: no step can be called so."""
    return error.kind is Kind.TIMEOUT and error.step.rpartition("/")[2].startswith("timeout(")
