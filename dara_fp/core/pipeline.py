"""Pipelines: async steps composed with `>>` into one callable that is also data."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeAlias, TypeVar, overload

import attrs
from returns.result import Failure, Result, Success

from dara_fp.core.errors import Outcome, StepError
from dara_fp.core.run import run_steps
from dara_fp.core.scope import Position, Scope
from dara_fp.core.storable import check_context

__all__ = ["Pipeline", "Step", "start", "step"]

C = TypeVar("C")
E = TypeVar("E")
C_contra = TypeVar("C_contra", contravariant=True)
E_contra = TypeVar("E_contra", contravariant=True)

# The union comes first: of a Failure alone, Result[C, StepError] would infer that C is Any.
Returned: TypeAlias = Awaitable[Success[C] | Failure[StepError] | Result[C, StepError]]


class _Named(Protocol):
    """Functions have a name and pipelines have none, which keeps their overloads apart."""

    @property
    def __name__(self) -> str: ...


class Function1(_Named, Protocol[C]):
    """A step that needs the context."""

    def __call__(self, ctx: C, /) -> Returned[C]: ...


class Function2(_Named, Protocol[C, E_contra]):
    """A step that needs the context and the environment."""

    def __call__(self, ctx: C, env: E_contra, /) -> Returned[C]: ...


class Function3(_Named, Protocol[C, E_contra]):
    """A step that also wants to know where it stands."""

    def __call__(self, ctx: C, env: E_contra, at: Position, /) -> Returned[C]: ...


_MOST_PARAMETERS = 3


@attrs.frozen
class Step:
    """One step of a pipeline.

    Attributes:
        name: The function's name, and the last part of the step's path.
        function: The async function.
        parameters: How many it takes: 1 (ctx), 2 (ctx, env) or 3 (ctx, env, at).
    """

    name: str
    function: Callable[..., Awaitable[Any]] = attrs.field(repr=False)
    parameters: int = attrs.field(repr=False)


@attrs.frozen(repr=False)
class Pipeline(Generic[C_contra, E_contra]):
    """Steps in order: data that can be printed, compared and drawn, and one async callable.

    Contravariant in what its steps need of the context (C) and of the environment (E): a pipeline
    that needs less fits wherever more is given.

    Attributes:
        steps: The steps; composing flattens, so there is no nesting.
        context: The context class the pipeline was anchored to by `start`, or None.
        env: The environment class it was anchored to, or None.
    """

    steps: tuple[Step, ...] = ()
    context: type | None = None
    env: type | None = None

    def __repr__(self) -> str:
        """Give the composition as one would write it."""
        anchor = [f"start({self.context.__name__})"] if self.context else []
        return " >> ".join([*anchor, *(item.name for item in self.steps)]) or "Pipeline()"

    @overload
    def __rshift__(
        self, other: "Pipeline[C_contra, E_contra]"
    ) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __rshift__(self, other: Function1[C_contra]) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __rshift__(
        self, other: Function2[C_contra, E_contra]
    ) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __rshift__(
        self, other: Function3[C_contra, E_contra]
    ) -> "Pipeline[C_contra, E_contra]": ...
    def __rshift__(self, other: object) -> "Pipeline[Any, Any]":
        """Give the pipeline that runs this one, then *other*: a pipeline or an async function.

        Raises:
            TypeError: *other* is no step, or is anchored to another context.
        """
        return _join(self, _lift(other))

    @overload
    def __rrshift__(self, other: Function1[C_contra]) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __rrshift__(
        self, other: Function2[C_contra, E_contra]
    ) -> "Pipeline[C_contra, E_contra]": ...
    @overload
    def __rrshift__(
        self, other: Function3[C_contra, E_contra]
    ) -> "Pipeline[C_contra, E_contra]": ...
    def __rrshift__(self, other: object) -> "Pipeline[Any, Any]":
        """Give the pipeline that runs the async function *other*, then this one."""
        return _join(_lift(other), self)

    @overload
    async def __call__(
        self: "Pipeline[C, object]", ctx: C, /, *, scope: Scope = ...
    ) -> Outcome[C]: ...
    @overload
    async def __call__(
        self: "Pipeline[C, Any]", ctx: C, env: E_contra, /, *, scope: Scope = ...
    ) -> Outcome[C]: ...
    async def __call__(
        self, ctx: Any, env: Any = None, /, *, scope: Scope | None = None
    ) -> Outcome[Any]:
        """Run the steps on *ctx*, one after the other, until one fails.

        Args:
            ctx: The context to start from; it is never changed.
            env: What the steps need beside the context: clients, settings, secrets.
            scope: The task to run in; by default a new one that records nothing.

        Returns:
            `Success` of the last step's context, or the first `Failure`. Expected failures and
            bugs alike are values; only cancellation is raised. A pipeline that a step awaits is a
            task of its own, with tokens of its own: compose with `>>` what is to be recorded.

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
        return await run_steps(self.steps, ctx, env, scope or Scope())


@overload
def step(function: Function1[C], /) -> Pipeline[C, object]: ...
@overload
def step(function: Function2[C, E], /) -> Pipeline[C, E]: ...
@overload
def step(function: Function3[C, E], /) -> Pipeline[C, E]: ...
def step(function: Callable[..., Awaitable[Any]], /) -> Pipeline[Any, Any]:
    """Make the async *function* a pipeline of one step.

    Args:
        function: Takes (ctx), (ctx, env) or (ctx, env, at: Position) and returns an `Outcome` of
            the same context class.

    Raises:
        TypeError: *function* is not async, or takes another number of arguments.

    >>> from dara_fp import Outcome, StepContext, Success
    >>> @step
    ... async def nothing(ctx: StepContext) -> Outcome[StepContext]:
    ...     return Success(ctx)
    >>> nothing >> nothing
    nothing >> nothing
    """
    return Pipeline((_as_step(function),))


@overload
def start(context: type[C]) -> Pipeline[C, object]: ...
@overload
def start(context: type[C], env: type[E]) -> Pipeline[C, E]: ...
def start(context: type[Any], env: type[Any] | None = None) -> Pipeline[Any, Any]:
    """Anchor a chain to its *context* class and, if its steps need one, its *env* class.

    It is the identity of `>>` on that context.

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


def _lift(operand: object) -> Pipeline[Any, Any]:
    if isinstance(operand, Pipeline):
        return operand  # pyright: ignore[reportUnknownVariableType] # its parameters are erased here
    if callable(operand):
        return Pipeline((_as_step(operand),))
    raise TypeError(
        f"cannot compose with {operand!r}: `>>` takes a pipeline or an `async def` function"
    )


def _as_step(function: Callable[..., Any]) -> Step:
    name = getattr(function, "__name__", None)
    if not (isinstance(name, str) and name.isidentifier()):
        said = "has no name" if name is None else f"is called {name!r}"
        raise TypeError(
            f"{function!r} {said}, and a step is recorded under its name: "
            "write it as `async def name(ctx)`"
        )
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"step {name!r} is not async: define it with `async def {name}(...)`")
    signature = inspect.signature(function)
    count = len(signature.parameters)
    plain = all(map(_is_plain, signature.parameters.values()))
    if not plain or not 1 <= count <= _MOST_PARAMETERS:
        raise TypeError(
            f"step {name}{signature} must take (ctx), (ctx, env) or (ctx, env, at), without "
            "defaults, which would never be used"
        )
    return Step(name, function, count)


def _is_plain(parameter: inspect.Parameter) -> bool:
    return parameter.kind in _POSITIONAL and parameter.default is inspect.Parameter.empty


def _join(left: Pipeline[Any, Any], right: Pipeline[Any, Any]) -> Pipeline[Any, Any]:
    context = _agree("context", left.context, right.context)
    env = _agree("environment", left.env, right.env)
    return Pipeline(left.steps + right.steps, context, env)


def _agree(what: str, left: type | None, right: type | None) -> type | None:
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


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
