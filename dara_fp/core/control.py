"""Which way a pipeline goes: `when`, `branch`, `ensure`, `tap`, `named`."""

import inspect
import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, overload

import attrs
from returns.result import Failure, Success

from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, shown
from dara_fp.core.frame import Frame
from dara_fp.core.lanes import Lane
from dara_fp.core.pipeline import Pipeline, agreed, lifted
from dara_fp.core.run import asked, evaluate, run_nodes
from dara_fp.core.scope import Position
from dara_fp.core.shape import Part, Shape, expression, first_name
from dara_fp.core.signatures import Plain
from dara_fp.core.step import Step, called, count_parameters, refuse_async, summary_of

__all__ = ["branch", "ensure", "named", "tap", "when"]

C = TypeVar("C")
E = TypeVar("E")
K = TypeVar("K", bound=Hashable)


def when(predicate: Plain[C, bool], body: Pipeline[C, E]) -> Pipeline[C, E]:
    """Run *body* only if *predicate* holds of the context; otherwise leave it as it is.

    Args:
        predicate: A pure function of the context; it is asked again when a task is resumed.
        body: What to run.

    Raises:
        TypeError: *predicate* is async, or *body* is no pipeline.
    """
    refuse_async(predicate, "when")
    inside = lifted(body)
    return attrs.evolve(inside, steps=(When(predicate, inside.steps),))


def branch(on: Plain[C, K], cases: Mapping[K, Pipeline[C, E]]) -> Pipeline[C, E]:
    """Run the one of *cases* that the value of *on* names.

    A value without a case is a failure of kind `rejected` that names it.

    Args:
        on: A pure function of the context; it is asked again when a task is resumed.
        cases: A pipeline for each value.

    Raises:
        TypeError: *on* is async, or a case is no pipeline.
        ValueError: There are no cases.
    """
    refuse_async(on, "branch")
    if not cases:
        raise ValueError("branch has no cases: give a pipeline for each value")
    inside = {value: lifted(case) for value, case in cases.items()}
    lanes = tuple((value, case.steps) for value, case in inside.items())
    return attrs.evolve(agreed(*inside.values()), steps=(Branch(on, lanes),))


def ensure(
    predicate: Plain[C, bool],
    message: str | Plain[C, str],
    *,
    kind: Kind | str = Kind.REJECTED,
) -> Pipeline[C, object]:
    """Fail unless *predicate* holds of the context.

    Args:
        predicate: A pure function of the context; it is asked again when a task is resumed.
        message: What is wrong and what to do next, or a function of the context that says so.
        kind: The kind of the failure; `defect` is reserved for bugs.

    Raises:
        TypeError: *predicate* or *message* is async.
        ValueError: *kind* is no kind, or is `defect`.
    """
    refuse_async(predicate, "ensure")
    refuse_async(message, "ensure")
    known = Kind(kind)
    if known is Kind.DEFECT:
        raise ValueError("kind 'defect' is for bugs: let the predicate raise instead")
    return Pipeline((Ensure(predicate, message, known),))


@overload
def tap(function: Callable[[C], object], /) -> Pipeline[C, object]: ...
@overload
def tap(function: Callable[[C, E], object], /) -> Pipeline[C, E]: ...
@overload
def tap(function: Callable[[C, E, Position], object], /) -> Pipeline[C, E]: ...
def tap(function: Callable[..., object], /) -> Pipeline[Any, Any]:
    """Call *function* for its effect, and go on with the same context.

    It is recorded like a step, so that it is not called again when a task is resumed.

    Args:
        function: Takes (ctx), (ctx, env) or (ctx, env, at), plain or async; a `Failure` that it
            returns counts, anything else is dropped. It is recorded under its name, a lambda under
            `tap`.

    Raises:
        TypeError: *function* takes other arguments.
    """
    name = called(function, "tap")
    count = count_parameters(function, f"tap {name}", ("ctx", "env", "at"))
    return Pipeline((Tap(name, function, count),))


def named(name: str, body: Pipeline[C, E]) -> Pipeline[C, E]:
    """Give *body* a name: its steps are recorded under `name/`, and it is drawn as one.

    So the same steps can occur more than once in a workflow.

    Args:
        name: Letters, digits, `_`, `-`, `.` and spaces.
        body: What to name.

    Raises:
        TypeError: *body* is no pipeline.
        ValueError: *name* has other characters.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"name {name!r} does not fit: use letters, digits, '_', '-', '.' and spaces, "
            "and begin with a letter"
        )
    inside = lifted(body)
    return attrs.evolve(inside, steps=(Named(name, inside.steps),))


_NAME = re.compile(r"[A-Za-z][\w .-]{0,99}")


@attrs.frozen
class When:
    """The *body* if the *predicate* holds."""

    predicate: Callable[[Any], bool]
    body: Lane

    def __str__(self) -> str:
        return f"when({called(self.predicate, '...')}, {expression(self.body)})"

    @property
    def name(self) -> str:
        """The name of what is inside."""
        return first_name(self.body)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        label = called(self.predicate, "condition")
        return Shape(
            form="when",
            label=label,
            summary=summary_of(self.predicate),
            parts=(Part(nodes=self.body),),
        )

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body if the predicate holds."""
        path = frame.prefix + called(self.predicate, "when")
        holds = evaluate(_truth, path, self.predicate, ctx)
        if isinstance(holds, Failure):
            return holds
        return await run_nodes(self.body, ctx, frame) if holds.unwrap() else Success(ctx)


def _truth(predicate: Callable[[Any], bool], ctx: Any) -> bool:
    return bool(asked(predicate, ctx))


@attrs.frozen
class Branch:
    """One of several *cases*, by the value of *on*."""

    on: Callable[[Any], Hashable]
    cases: tuple[tuple[Hashable, Lane], ...]

    def __str__(self) -> str:
        cases = ", ".join(f"{value!r}: {expression(lane)}" for value, lane in self.cases)
        return f"branch({called(self.on, '...')}, {{{cases}}})"

    @property
    def name(self) -> str:
        """The name of the first case."""
        return first_name(self.cases[0][1])

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        parts = tuple(Part(nodes=lane, label=_said(value)) for value, lane in self.cases)
        label = called(self.on, "value")
        return Shape(form="branch", label=label, summary=summary_of(self.on), parts=parts)

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the case that fits."""
        path = frame.prefix + called(self.on, "branch")
        chosen = evaluate(self._choose, path, ctx)
        if isinstance(chosen, Failure):
            return chosen
        return await run_nodes(chosen.unwrap(), ctx, frame)

    def _choose(self, ctx: Any) -> Lane:
        value = asked(self.on, ctx)
        lanes = dict(self.cases)
        if value in lanes:
            return lanes[value]
        known = ", ".join(repr(case) for case in lanes)
        message = f"no case for {shown(value)}; there are {known}"
        raise StepFailed(StepError(kind=Kind.REJECTED, message=message))


def _said(value: object) -> str:
    return value if isinstance(value, str) else shown(value)


@attrs.frozen
class Ensure:
    """A failure unless the *predicate* holds."""

    predicate: Callable[[Any], bool]
    message: str | Callable[[Any], str]
    kind: Kind

    def __str__(self) -> str:
        text = isinstance(self.message, str)
        message = repr(self.message) if text else called(self.message, "...")
        kind = "" if self.kind is Kind.REJECTED else f", kind={self.kind.value!r}"
        return f"ensure({called(self.predicate, '...')}, {message}{kind})"

    @property
    def name(self) -> str:
        """None: it is not recorded, since a pure question may be asked again."""
        return ""

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        summary = self.message if isinstance(self.message, str) else summary_of(self.predicate)
        return Shape(form="ensure", label=called(self.predicate, "condition"), summary=summary)

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Give the context, or the failure."""
        return evaluate(self._ensured, frame.prefix + called(self.predicate, "ensure"), ctx)

    def _ensured(self, ctx: Any) -> Any:
        if asked(self.predicate, ctx):
            return ctx
        message = self.message if isinstance(self.message, str) else asked(self.message, ctx)
        raise StepFailed(StepError(kind=self.kind, message=message))


@attrs.frozen
class Tap(Step):
    """A function that is called for its effect."""

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        return attrs.evolve(super().shape, form="tap")

    def __str__(self) -> str:
        return f"tap({self.name})"

    async def call(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Call the function and give the context."""
        effect = super().call(ctx, frame)
        if inspect.isawaitable(effect):
            effect = await effect
        outcome: Outcome[Any] = effect
        return outcome if type(outcome) is Failure else Success(ctx)


@attrs.frozen
class Named:
    """The *body* under a name."""

    label: str
    body: Lane

    def __str__(self) -> str:
        return f"named({self.label!r}, {expression(self.body)})"

    @property
    def name(self) -> str:
        """The path of what is inside."""
        return f"{self.label}/{first_name(self.body)}"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        part = Part(nodes=self.body, segment=f"{self.label}/")
        return Shape(form="named", label=self.label, parts=(part,))

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body."""
        return await run_nodes(self.body, ctx, frame.below(f"{self.label}/"))
