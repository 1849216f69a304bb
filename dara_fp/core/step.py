"""A step: a function under the name it is recorded by."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import attrs

from dara_fp.core.errors import shown
from dara_fp.core.frame import Frame
from dara_fp.core.shape import Shape
from dara_fp.core.thread import in_thread

__all__ = [
    "PlainStep",
    "Step",
    "as_async_step",
    "as_step",
    "called",
    "count_parameters",
    "refuse_async",
    "refuse_other",
    "summary_of",
]


@attrs.frozen
class Step:
    """One step of a pipeline.

    Attributes:
        name: The function's name, and the last part of the step's path.
        function: The function.
        parameters: How many it takes: 1 (ctx), 2 (ctx, env) or 3 (ctx, env, at).
    """

    name: str
    function: Callable[..., Any] = attrs.field(repr=False)
    parameters: int = attrs.field(repr=False)

    def __str__(self) -> str:
        return self.name

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        return Shape(form="step", label=self.name, summary=summary_of(self.function), recorded=True)

    def call(self, ctx: Any, frame: Frame) -> Any:
        """Call the function with as many arguments as it takes."""
        if self.parameters == 1:
            return self.function(ctx)
        if self.parameters == 2:  # noqa: PLR2004 - (ctx, env)
            return self.function(ctx, frame.env)
        return self.function(ctx, frame.env, frame.position(self.name))


@attrs.frozen
class PlainStep(Step):
    """One step whose function is not async: it runs in a thread."""

    async def call(self, ctx: Any, frame: Frame) -> Any:
        """Call the function in a thread with as many arguments as it takes."""
        at = attrs.evolve(frame.position(self.name), loop=asyncio.get_running_loop())
        arguments = (ctx, frame.env, at)[: self.parameters]
        outcome = await in_thread(self.function, *arguments)
        if inspect.iscoroutine(outcome):
            outcome.close()
            raise TypeError(f"it gave a coroutine: define it with `async def {self.name}(...)`")
        return outcome


_STEP = ("ctx", "env", "at")


def as_step(function: Callable[..., Any]) -> Step:
    """Make the *function* a step, which runs in a thread if it is not async.

    Raises:
        TypeError: It is no function, has no name, or takes other arguments than a step.
    """
    name = _name_of(function)
    if inspect.iscoroutinefunction(function):
        return Step(name, function, count_parameters(function, f"step {name}", _STEP))
    if not _returns(function):
        raise TypeError(
            f"step {name!r} is no function of yours that returns an outcome: "
            f"define it with `async def {name}(...)`, or with `def` to run it in a thread"
        )
    return PlainStep(name, function, count_parameters(function, f"step {name}", _STEP))


def _returns(function: Callable[..., Any]) -> bool:
    """Tell whether *function* is one that was written in Python, and yields nothing."""
    written = inspect.isfunction(function) or inspect.ismethod(function)
    yields = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    return written and not yields


def as_async_step(function: Callable[..., Any], arguments: tuple[str, ...], least: int) -> Step:
    """Make the async *function* of so many of *arguments*, at *least*, a step.

    Raises:
        TypeError: It is not async, has no name, or takes other arguments.
    """
    name = _name_of(function)
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"step {name!r} is not async: define it with `async def {name}(...)`")
    return Step(name, function, count_parameters(function, f"step {name}", arguments, least))


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if not (isinstance(name, str) and name.isidentifier()):
        said = "has no name" if name is None else f"is called {name!r}"
        raise TypeError(
            f"{function!r} {said}, and a step is recorded under its name: "
            "write it as `async def name(ctx)`"
        )
    return name


def count_parameters(
    function: Callable[..., Any], who: str, names: tuple[str, ...], least: int = 1
) -> int:
    """Give how many of the arguments *names* the *function* takes.

    Raises:
        TypeError: It takes fewer than *least*, more, or other than plain ones; *who* is named.
    """
    signature = inspect.signature(function)
    count = len(signature.parameters)
    plain = all(map(_is_plain, signature.parameters.values()))
    if not plain or not least <= count <= len(names):
        forms = [f"({', '.join(names[: end + 1])})" for end in range(least - 1, len(names))]
        listed = ", ".join(forms[:-1]) + f" or {forms[-1]}"
        raise TypeError(
            f"{who}{signature} must take {listed}, without defaults, which would never be used"
        )
    return count


def _is_plain(parameter: inspect.Parameter) -> bool:
    return parameter.kind in _POSITIONAL and parameter.default is inspect.Parameter.empty


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def refuse_async(function: object, who: str) -> None:
    """Refuse an async *function*, whose coroutine would count as true.

    Raises:
        TypeError: It is async; *who* is named.
    """
    if inspect.iscoroutinefunction(function):
        raise TypeError(
            f"{who} takes a plain function of the context, and {called(function, 'this')} is "
            "async: await in a step, and put what it found into the context"
        )


def refuse_other(value: object, kinds: type | tuple[type, ...], said: str) -> None:
    """Refuse a *value* that is of none of *kinds*, as a checker would have.

    Raises:
        TypeError: It is not; *said* tells what to write instead.
    """
    if not isinstance(value, kinds):
        raise TypeError(f"got {shown(value)}: {said}")


def called(function: object, otherwise: str) -> str:
    """Give the name of *function*, or *otherwise* for one without, such as a lambda."""
    name = getattr(function, "__name__", "")
    return name if isinstance(name, str) and name.isidentifier() else otherwise


def summary_of(function: object) -> str:
    """Give the first line of the docstring of *function*, or nothing."""
    lines = (getattr(function, "__doc__", None) or "").strip().splitlines()
    return lines[0] if lines else ""
