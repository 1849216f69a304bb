"""Pipelines: async steps composed with `>>`, `&` and `|` into one callable that is also data."""

from collections.abc import Coroutine
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, overload

import attrs

from dara_fp.core.draw import mermaid, outline
from dara_fp.core.errors import Outcome
from dara_fp.core.frame import NO_UNDOS, Frame
from dara_fp.core.lanes import Both, Either, Lane
from dara_fp.core.picture import html, svg
from dara_fp.core.run import run_nodes
from dara_fp.core.scope import Scope, repeated
from dara_fp.core.shape import entries, expression, has_undo
from dara_fp.core.signatures import Function, Function1, Function2, Function3
from dara_fp.core.step import Step, as_step
from dara_fp.core.storable import check_context
from dara_fp.core.undo import run_root

__all__ = ["Modifier", "Pipeline", "agreed", "lifted", "start", "step"]

C = TypeVar("C")
E = TypeVar("E")
C_contra = TypeVar("C_contra", contravariant=True)
E_contra = TypeVar("E_contra", contravariant=True)


@attrs.frozen(repr=False)
class Pipeline(Generic[C_contra, E_contra]):
    """Steps in order: data that can be printed, compared and drawn, and one async callable.

    Contravariant in what its steps need of the context (C) and of the environment (E): a pipeline
    that needs less fits wherever more is given.

    Attributes:
        steps: Its nodes; `>>` flattens, so only other operators nest.
        context: The context class the pipeline was anchored to by `start`, or None.
        env: The environment class it was anchored to, or None.
    """

    steps: Lane = ()
    context: type | None = None
    env: type | None = None

    def __repr__(self) -> str:
        """Give the composition as one would write it."""
        if self.context is None:
            return expression(self.steps)
        env = f", {self.env.__name__}" if self.env else ""
        anchor = f"start({self.context.__name__}{env})"
        return f"{anchor} >> {expression(self.steps, 3)}" if self.steps else anchor

    def __rshift__(
        self, other: "Pipeline[C_contra, E_contra] | Function[C_contra, E_contra]"
    ) -> "Pipeline[C_contra, E_contra]":
        """Give the pipeline that runs this one, then *other*: a pipeline or an async function.

        Raises:
            TypeError: *other* is no step, or is anchored to another context.
        """
        return _sequence(self, lifted(other))

    def __rrshift__(self, other: Function[C_contra, E_contra]) -> "Pipeline[C_contra, E_contra]":
        """Give the pipeline that runs the async function *other*, then this one."""
        return _sequence(lifted(other), self)

    @overload
    def __and__(
        self, other: "Pipeline[C_contra, E_contra] | Function[C_contra, E_contra]"
    ) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __and__(
        self: "Pipeline[C, object]", other: "Pipeline[C, E] | Function2[C, E] | Function3[C, E]"
    ) -> "Pipeline[C, E]": ...
    def __and__(self, other: Any) -> "Pipeline[Any, Any]":
        """Give the pipeline that runs this one and *other* at the same time, on the same context.

        All branches settle before the outcome is decided. What they changed is merged: a field
        that one of them changed is taken, one that several changed alike too; otherwise the merge
        rule of the field decides (`made(merge=...)`), or it is a failure of kind `conflict`. If
        branches fail, the first defect counts, or else the first failure, by their order here and
        not by time.

        Raises:
            TypeError: *other* is no step, or is anchored to another context.
        """
        return _both(self, lifted(other))

    def __rand__(self, other: Function[C_contra, E_contra]) -> "Pipeline[C_contra, E_contra]":
        """Give the pipeline that runs the async function *other* and this one."""
        return _both(lifted(other), self)

    @overload
    def __or__(
        self, other: "Pipeline[C_contra, E_contra] | Function[C_contra, E_contra]"
    ) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __or__(
        self: "Pipeline[C, object]", other: "Pipeline[C, E] | Function2[C, E] | Function3[C, E]"
    ) -> "Pipeline[C, E]": ...
    def __or__(self, other: Any) -> "Pipeline[Any, Any]":
        """Give the pipeline that runs *other* on the same context if this one fails.

        What this one did is undone first. A defect is a bug, and goes on.

        Raises:
            TypeError: *other* is no step, or is anchored to another context.
        """
        return _either(self, lifted(other))

    def __ror__(self, other: Function[C_contra, E_contra]) -> "Pipeline[C_contra, E_contra]":
        """Give the pipeline that runs this one if the async function *other* fails."""
        return _either(lifted(other), self)

    @overload
    def __call__(
        self: "Pipeline[C, object]", ctx: C, /, *, scope: Scope | None = ...
    ) -> Coroutine[Any, Any, Outcome[C]]: ...
    @overload
    def __call__(
        self: "Pipeline[C, Any]", ctx: C, env: E_contra, /, *, scope: Scope | None = ...
    ) -> Coroutine[Any, Any, Outcome[C]]: ...
    def __call__(
        self, ctx: Any, env: Any = None, /, *, scope: Scope | None = None
    ) -> Coroutine[Any, Any, Outcome[Any]]:
        """Run the steps on *ctx*, one after the other, until one fails.

        Args:
            ctx: The context to start from; it is never changed.
            env: What the steps need beside the context: clients, settings, secrets.
            scope: The task to run in; by default a new one that records nothing.

        Returns:
            A coroutine of `Success` of the last step's context, or the first `Failure`. Expected
            failures and bugs alike are values; only cancellation is raised, after what was done
            is undone. A pipeline that a step awaits is a task of its own, with tokens of its own:
            compose what is to be recorded.

        Raises:
            TypeError: *ctx* is not of the class the pipeline was anchored to, or *env* is missing.
            ValueError: The scope has a journal, and two steps share a name.
        """
        if self.context is not None and not isinstance(ctx, self.context):
            raise TypeError(f"{self!r} takes a {self.context.__name__}, got {type(ctx).__name__}")
        if self.env is not None and env is None:
            raise TypeError(
                f"{self!r} needs an environment: await pipeline(ctx, {self.env.__name__}(...))"
            )
        if scope is not None and scope.journal is not None and self.ambiguous:
            raise ValueError(f"a journal cannot tell steps of one name apart: {self.ambiguous}")
        if scope is None and not self.undoable:
            return run_nodes(self.steps, ctx, Frame(env, None, NO_UNDOS))
        return run_root(self.steps, ctx, env, scope)

    @cached_property
    def undoable(self) -> bool:
        """Whether a step of it has an undo, so that a failure or cancellation has work to do."""
        return has_undo(node for node in self.steps if type(node) is not Step)

    def outline(self) -> str:
        """Write the pipeline as a tree of text, each step with the first line of its docstring."""
        return outline(self.steps, self._head)

    def mermaid(self) -> str:
        """Write the pipeline as a mermaid flowchart, which GitHub and many notebooks draw."""
        return mermaid(self.steps, self._head)

    def svg(self) -> str:
        """Draw the pipeline as one SVG element that needs nothing beside it, light and dark."""
        return svg(self.steps, self._head)

    def html(self) -> str:
        """Draw the pipeline as a piece of HTML, as a notebook shows it."""
        return html(self.steps, self._head)

    @property
    def _head(self) -> str:
        return self.context.__name__ if self.context else "any context"

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        """Show the pipeline in a notebook as a picture, and as text where pictures are not."""
        return {"text/html": self.html(), "text/plain": repr(self)}

    @cached_property
    def ambiguous(self) -> str:
        """The paths that more than one step would be recorded under, or an empty text."""
        names = repeated(entries(self.steps))
        return names and (
            f"{names} occurs more than once: give each step, and each lambda, a name of its own "
            "with def, or use named(...)"
        )


@attrs.frozen
class Modifier:
    """What makes a pipeline of another one: `retry(3)(load)`, or `@retry(3)` above a step.

    Attributes:
        template: The node it puts around what it is given.
    """

    template: "Template"

    def __repr__(self) -> str:
        """Give it as one would write it."""
        return self.template.modifier

    @overload
    def __call__(self, body: Pipeline[C, E], /) -> Pipeline[C, E]: ...
    @overload
    def __call__(self, body: Function1[C], /) -> Pipeline[C, object]: ...
    @overload
    def __call__(self, body: Function2[C, E], /) -> Pipeline[C, E]: ...
    @overload
    def __call__(self, body: Function3[C, E], /) -> Pipeline[C, E]: ...
    def __call__(self, body: Any, /) -> Pipeline[Any, Any]:
        """Give the modified *body*: a pipeline or an async function.

        Raises:
            TypeError: *body* is neither.
        """
        inside = lifted(body)
        return attrs.evolve(inside, steps=self.template.around(inside.steps))


class Template(Protocol):
    """A node without a body yet."""

    @property
    def modifier(self) -> str:
        """How it is written without its body."""
        ...

    def around(self, body: Lane) -> Lane:
        """Give the nodes that do the same to *body*."""
        ...


@overload
def step(function: Function1[C], /) -> Pipeline[C, object]: ...
@overload
def step(function: Function2[C, E], /) -> Pipeline[C, E]: ...
@overload
def step(function: Function3[C, E], /) -> Pipeline[C, E]: ...
@overload
def step(function: Pipeline[C, E], /) -> Pipeline[C, E]: ...
def step(function: Any, /) -> Pipeline[Any, Any]:
    """Make the async *function* a pipeline of one step.

    Args:
        function: Takes (ctx), (ctx, env) or (ctx, env, at: Position) and returns an `Outcome` of
            the same context class. A pipeline is given back as it is, so that `@step` may stand
            above a modifier as well as below.

    Raises:
        TypeError: *function* is not async, or takes another number of arguments.

    >>> from dara_fp import Outcome, StepContext, Success
    >>> @step
    ... async def nothing(ctx: StepContext) -> Outcome[StepContext]:
    ...     return Success(ctx)
    >>> nothing >> nothing
    nothing >> nothing
    """
    return lifted(function)


@overload
def start(context: type[C]) -> Pipeline[C, object]: ...
@overload
def start(context: type[C], env: type[E]) -> Pipeline[C, E]: ...
def start(context: type[Any], env: type[Any] | None = None) -> Pipeline[Any, Any]:
    """Anchor a chain to its *context* class and, if its steps need one, its *env* class.

    It is the identity of `>>` and of `&` on that context.

    Args:
        context: A frozen attrs class, usually a `StepContext`, whose fields are all serialisable.
        env: The class that holds the clients and settings of the steps.

    Raises:
        TypeError: *context* is not frozen attrs or has a field that cannot be stored, or *env* is
            a protocol, which nobody could make an instance of.
    """
    check_context(context)
    if getattr(env, "_is_protocol", False):
        name = getattr(env, "__name__", env)
        raise TypeError(f"{name} is a protocol: anchor to a class that has what it asks for")
    return Pipeline((), context, env)


def lifted(operand: object) -> Pipeline[Any, Any]:
    """Give *operand* as a pipeline: it is one, or is an async function.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(operand, Pipeline):
        return operand  # pyright: ignore[reportUnknownVariableType] # its parameters are erased here
    if callable(operand):
        return Pipeline((as_step(operand),))
    raise TypeError(f"cannot compose with {operand!r}: give a pipeline or an `async def` function")


def agreed(*pipelines: Pipeline[Any, Any]) -> Pipeline[Any, Any]:
    """Give the empty pipeline that is anchored to what all of *pipelines* are anchored to.

    Raises:
        TypeError: They are anchored to different contexts or environments.
    """
    context: type | None = None
    env: type | None = None
    for each in pipelines:
        context = _narrowest("context", context, each.context)
        env = _narrowest("environment", env, each.env)
    return Pipeline((), context, env)


def _sequence(left: Pipeline[Any, Any], right: Pipeline[Any, Any]) -> Pipeline[Any, Any]:
    return attrs.evolve(agreed(left, right), steps=left.steps + right.steps)


def _both(left: Pipeline[Any, Any], right: Pipeline[Any, Any]) -> Pipeline[Any, Any]:
    lanes = [lane for side in (left, right) for lane in _lanes(side, Both) if lane]
    steps: Lane = (Both(tuple(lanes)),) if len(lanes) > 1 else tuple(*lanes)
    return attrs.evolve(agreed(left, right), steps=steps)


def _either(left: Pipeline[Any, Any], right: Pipeline[Any, Any]) -> Pipeline[Any, Any]:
    lanes = (*_lanes(left, Either), *_lanes(right, Either))
    return attrs.evolve(agreed(left, right), steps=(Either(lanes),))


def _lanes(side: Pipeline[Any, Any], kind: type[Both | Either]) -> tuple[Lane, ...]:
    """Give the lanes of *side* if it is of that *kind* itself: `(a & b) & c` has three."""
    match side.steps:
        case (Both() | Either() as node,) if type(node) is kind:
            return node.lanes
        case lane:
            return (lane,)


def _narrowest(what: str, left: type | None, right: type | None) -> type | None:
    """Give the class both sides are anchored to; a subclass gives all that its parent does."""
    if left is None or right is None or left is right:
        return left or right
    if issubclass(left, right):
        return left
    if issubclass(right, left):
        return right
    raise TypeError(
        f"cannot compose pipelines of the {what}s {left.__name__} and {right.__name__}: "
        "start both from the same class"
    )
