"""Any method of the client as a step, in one line."""

import dis
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar, cast, overload, runtime_checkable

import attrs
import msgspec
from returns.result import Success

from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.context import evolved, fields_of
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed
from dara_fp.core.pipeline import Pipeline, start
from dara_fp.core.scope import Position
from dara_fp.core.shape import Shape
from dara_fp.core.step import Step, called, count_parameters, refuse_other
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.sdk.lazy import Pending
from dara_fp.databricks.sdk.waits import Operation
from dara_fp.databricks.workspace import Workspace

__all__ = ["Answered", "calling"]

C = TypeVar("C")

Answered: TypeAlias = Awaitable[object] | AsyncIterable[object]
"""What a method of the client gives: an answer to await, or the items of a list."""

_MOST = 1_000


@overload
def calling(
    call: Callable[[Workspace, C], Answered],
    /,
    *,
    into: str | None = ...,
    name: str | None = ...,
    context: type[C] | None = ...,
    most: int = ...,
) -> Pipeline[C, HasWorkspace]: ...
@overload
def calling(
    call: Callable[[Workspace, C, Position], Answered],
    /,
    *,
    into: str | None = ...,
    name: str | None = ...,
    context: type[C] | None = ...,
    most: int = ...,
) -> Pipeline[C, HasWorkspace]: ...
def calling(
    call: Callable[..., Answered],
    /,
    *,
    into: str | None = None,
    name: str | None = None,
    context: type[Any] | None = None,
    most: int = _MOST,
) -> Pipeline[Any, Any]:
    """Make a step of one *call* of the client, whose answer goes *into* a field of the context.

    The answer is made to fit the type of the field, which may be a frozen record of those parts of
    the answer that are wanted, a mapping, or a plain value; the items of a list make a tuple. A
    refusal is the step's failure, with status, error code and request id.

    What a call only begins, such as `ws.jobs.run_now`, is not waited for: the field gets its names,
    of an operation, such as `ws.postgres.create_project` begins, its name, metadata and done.
    A step runs at least once: give `at.token` to a call that takes a token and must not be done
    twice.

    Args:
        call: Takes (workspace, ctx) or (workspace, ctx, at), and gives what the client's method
            gives, not awaited.
        into: The field; None drops the answer.
        name: What the step is recorded under; by default the method's own name.
        context: The class of the context. With it the field is checked at once, and type checkers
            know what a lambda is given; in a chain that is anchored, mypy knows it without, too.
        most: How many items of a list are taken; more are a failure of kind `rejected`.

    Raises:
        TypeError: *call* takes other arguments, or has no name to be found; *context* has no such
            field.

    >>> calling(lambda ws, ctx: ws.updates.stop(ctx.pipeline_id))
    stop
    """
    path = _path_of(call)
    known = _name_of(call, path) if name is None else name
    if not known.isidentifier():
        raise TypeError(f"name is {known!r}: give one that could be a function's, such as 'get'")
    count = count_parameters(call, f"calling {known}", ("workspace", "ctx", "at"), least=2)
    refuse_other(most, int, "most takes a whole number of items")
    if context is not None and into is not None:
        _check_field(context, into, known)
    caller = _Caller(call=call, parameters=count, into=into, name=known, most=most)
    step = CallStep(known, caller.run, 3, into or "", _summary(call, path))
    anchor: Pipeline[Any, Any] = Pipeline() if context is None else start(context)
    return attrs.evolve(anchor, steps=(step,))


@attrs.frozen
class CallStep(Step):
    """One call as a step.

    Attributes:
        into: The field its answer goes into, or nothing.
        summary: One sentence about it.
    """

    into: str
    summary: str = attrs.field(repr=False)

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        label, summary = self.name, self.summary
        return Shape(form="step", label=label, summary=summary, recorded=True, into=self.into)


@attrs.frozen(kw_only=True)
class _Caller:
    """Makes the *call* and keeps the answer."""

    call: Callable[..., Answered]
    parameters: int
    into: str | None
    name: str
    most: int

    async def run(self, ctx: Any, env: HasWorkspace, at: Position) -> Outcome[Any]:
        # Before the call: it might have an effect that nobody would hear of.
        if self.into is not None:
            _check_field(ctx.__class__, self.into, self.name)
        arguments = (env.workspace, ctx, at)[: self.parameters]
        try:
            answer = await self._answer(self.call(*arguments))
        except TimeoutError as error:
            said = f"{self.name} took too long: {error}" if str(error) else "took too long"
            raise StepFailed(StepError(kind=Kind.TIMEOUT, message=said, retryable=True)) from error
        return Success(ctx if self.into is None else self._kept(ctx, self.into, answer))

    async def _answer(self, given: object) -> object:
        # Whether a service that is not loaded yet answers or lists, it knows once it is.
        known = await given.begun() if isinstance(given, Pending) else given
        answer = await cast("Awaitable[object]", known) if isinstance(known, Awaitable) else known
        if isinstance(answer, AsyncIterable):
            return await self._items(cast("AsyncIterable[object]", answer))
        if not isinstance(known, Awaitable):
            raise TypeError(
                f"{self.name} gave a {type(given).__name__}, and no answer to await: "
                "give what a method of the workspace gives"
            )
        return answer

    async def _items(self, given: AsyncIterable[object]) -> tuple[object, ...]:
        items: list[object] = []
        async for item in given:
            if len(items) == self.most:
                said = f"{self.name} gave more than {self.most} items: ask for fewer, or give most="
                raise StepFailed(StepError(kind=Kind.REJECTED, message=said))
            items.append(item)
        return tuple(items)

    def _kept(self, ctx: Any, into: str, answer: object) -> Any:
        """Give *ctx* with the *answer*; what does not fit is not shown, for it may be a secret."""
        where = f"{ctx.__class__.__name__}.{into}"
        try:
            written = msgspec.json.encode(_plain(answer))
            return evolved(ctx, {into: codec_of(ctx.__class__).decode_field(into, written)})
        except (InvalidFields, TypeError, ValueError) as error:
            kind = type(answer).__name__
            raise TypeError(
                f"{self.name} gave a {kind}, which does not fit {where}: {error}; "
                "annotate the field with a frozen record of those parts of the answer that you want"
            ) from error


@runtime_checkable
class _Described(Protocol):
    """What the SDK gives can be written as the JSON it was read from."""

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON objects have it."""
        ...


@runtime_checkable
class _Begun(Protocol):
    """What a call gives that begins something: the names of that, and what the call answered."""

    response: object

    def bind(self) -> dict[str, Any]:
        """Give the names."""
        ...


def _plain(answer: object) -> object:
    if isinstance(answer, _Described):
        return answer.as_dict()
    if isinstance(answer, _Begun):
        told = answer.response
        return answer.bind() | (told.as_dict() if isinstance(told, _Described) else {})
    if isinstance(answer, Operation):
        return _plain(vars(answer).get("_operation"))  # as it was answered: `done()` would look
    if isinstance(answer, Mapping):
        known = cast("Mapping[object, object]", answer)
        return {name: _plain(value) for name, value in known.items()}
    if isinstance(answer, tuple | list):
        return [_plain(item) for item in cast("list[object]", answer)]
    return answer


def _check_field(context: type[Any], into: str, name: str) -> None:
    """Refuse a field that is not there, before anything is called."""
    fields = [field.name for field in fields_of(context)]
    if into not in fields:
        raise TypeError(
            f"the answer of {name} goes into {into!r}, and {context.__name__} has no such field; "
            f"it has {', '.join(fields) or 'none'}"
        )


def _name_of(call: object, path: tuple[str, ...]) -> str:
    name = called(call, path[-1] if path else "")
    if not name:
        raise TypeError(
            f"{call!r} does not say which method it calls: give the step a name with name="
        )
    return name


def _summary(call: object, path: tuple[str, ...]) -> str:
    lines = (inspect.getdoc(call) or "").splitlines() if called(call, "") else []
    return lines[0] if lines else f"Call {'.'.join(path)}." if path else ""


def _path_of(call: object) -> tuple[str, ...]:
    """Give the names that lead from the workspace to the method, such as `runs` and `start`.

    They are read from the compiled function: its source may be nowhere, as in a notebook.
    """
    code = getattr(call, "__code__", None)
    if not inspect.iscode(code) or not code.co_varnames:
        return ()
    return next(
        (path for path in _paths(dis.get_instructions(code), code.co_varnames[0]) if path), ()
    )


def _paths(instructions: Iterator[dis.Instruction], workspace: str) -> Iterator[tuple[str, ...]]:
    path: list[str] | None = None
    for instruction in instructions:
        if path is not None and instruction.opname in _GETS:
            path.append(str(instruction.argval))
        elif path is not None:
            yield tuple(path)
            path = None
        if instruction.opname in _LOADS and instruction.argval == workspace:
            path = []


_GETS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_LOADS = frozenset({"LOAD_FAST", "LOAD_FAST_BORROW", "LOAD_DEREF", "LOAD_FAST_CHECK"})
