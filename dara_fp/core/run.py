"""Running the nodes of a pipeline, with the guard that turns bugs into defects."""

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import attrs
from returns.result import Failure, Success

from dara_fp.core.context import comparer, evolved
from dara_fp.core.errors import (
    NotSerialisable,
    Outcome,
    StepError,
    StepFailed,
    defect,
)
from dara_fp.core.frame import Frame
from dara_fp.core.scope import Entry, Path
from dara_fp.core.shape import Node
from dara_fp.core.shield import finished
from dara_fp.core.step import Step

__all__ = [
    "Element",
    "Runnable",
    "asked",
    "checked",
    "due",
    "evaluate",
    "keep",
    "lost",
    "record",
    "replayed",
    "run_nodes",
]


class Runnable(Node, Protocol):
    """A node that holds others."""

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run it on *ctx*, at *frame*."""
        ...


Element: TypeAlias = Step | Runnable


_NONE_YET: Any = None


async def run_nodes(  # noqa: C901 - the same loop as below, without a journal
    nodes: Sequence[Element], ctx: Any, frame: Frame
) -> Outcome[Any]:
    """Run *nodes* on *ctx* in one loop, until one fails; whatever a step does is an outcome.

    A step is awaited right here: a coroutine of its own for each would be felt, in its time and in
    the memory of a sleeping run.
    """
    if begins := frame.cancels is None:
        frame.cancels = asyncio.current_task().cancelling()  # type: ignore[union-attr] # in a task
    if frame.journal is not None:
        return await _run_recorded(nodes, ctx, frame, may_be_cancelled=not begins)
    outcome: Outcome[Any] = _NONE_YET
    for node in nodes:
        outcome = _NONE_YET  # while it waits, a run holds its context only once
        if not isinstance(node, Step):
            outcome = await node.run(ctx, frame)
        else:
            if frame.level.watches:
                frame.begin()
            try:
                outcome = await node.call(ctx, frame)
            except BaseException as error:  # noqa: BLE001 - `_caught` raises what is no bug
                outcome = _caught(error, frame.prefix + node.name, frame)
            if type(outcome) is not Success or type(outcome.unwrap()) is not type(ctx):
                outcome = checked(outcome, frame.prefix + node.name, ctx)
        if type(outcome) is Failure:
            break
        ctx = outcome.unwrap()
    return Success(ctx) if outcome is _NONE_YET else outcome


async def _run_recorded(  # noqa: C901 - one loop without calls between is what makes it quick
    nodes: Sequence[Element], ctx: Any, frame: Frame, *, may_be_cancelled: bool
) -> Outcome[Any]:
    """Run *nodes* like `run_nodes`, but skip what the journal holds, and record what it does not.

    Raises:
        Unrecorded: The run is closed, and the journal does not hold a step.
    """
    journal: Any = frame.journal
    cls, level, prefix = ctx.__class__, frame.level, frame.level.prefix
    compare, clock = comparer(cls), frame.scope.clock
    is_watched, inside = level.closed or level.watches, level.inside
    outcome: Outcome[Any] = Success(ctx)
    for node in nodes:
        if may_be_cancelled and frame.is_cancelled():
            await asyncio.sleep(0)
        path = prefix + node.name
        if may_be_cancelled := not isinstance(node, Step):
            outcome = await node.run(ctx, frame)
        elif (entry := journal.find(path, cls)) is not None:
            outcome = replayed(entry, path, ctx, frame)
        else:
            if is_watched:
                frame.begin()
            started_at = clock()
            try:
                outcome = await node.call(ctx, frame)
            except BaseException as error:  # noqa: BLE001 - `_caught` raises what is no bug
                outcome = _caught(error, path, frame)
            try:
                if type(outcome) is Success and type(after := outcome.unwrap()) is cls:
                    changed = compare(ctx, after)
                    # By position: names would double what an entry costs.
                    entry = Entry(changed, None, started_at, clock(), cls, inside)
                    await journal.record(path, entry)
                    ctx = after
                    continue
                outcome = checked(outcome, path, ctx)
                await journal.record(path, _failed(outcome, started_at, clock()))
            except (NotSerialisable, asyncio.CancelledError) as error:
                outcome = await _recorded_otherwise(error, frame, path, ctx, outcome, started_at)
                may_be_cancelled = True
        if type(outcome) is Failure:
            return outcome
        ctx = outcome.unwrap()
    return outcome


def replayed(entry: Entry, path: Path, ctx: Any, frame: Frame) -> Outcome[Any]:
    """Give the outcome that *entry* holds of what was given *ctx*, and tell who watches."""
    frame.saw(entry)
    if entry.error is not None:
        return Failure(entry.error)
    return evaluate(evolved, path, ctx, entry.changes) if entry.changes else Success(ctx)


def evaluate(function: Callable[..., Any], path: Path, *arguments: Any) -> Outcome[Any]:
    """Call the plain *function*, so that a bug in it is a defect at *path*."""
    try:
        return Success(asked(function, *arguments))
    except BaseException as error:  # noqa: BLE001 - `_caught` raises what is no bug
        return checked(_caught(error, path, None), path, None)


def asked(function: Callable[..., Any], *arguments: Any) -> Any:
    """Give what the plain *function* gives.

    Raises:
        TypeError: It is async in disguise: its coroutine would count as true.
    """
    value = function(*arguments)
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError("it gave a coroutine: write a plain function, and await in a step")
    return value


def _caught(error: BaseException, path: Path, frame: Frame | None) -> Failure[StepError]:
    """Turn what a user's function raised at *path* into a value: the one place that does.

    What is no bug goes on: a cancellation that somebody asked for, Ctrl-C, a closed run.
    """
    if isinstance(error, StepFailed):
        return Failure(error.error)
    if isinstance(error, asyncio.CancelledError) and not (frame and frame.is_cancelled()):
        bug = RuntimeError("the step awaited something that was cancelled")
        bug.__cause__ = error
        return defect(bug, path)
    if isinstance(error, Exception | SystemExit):
        return defect(error, path)
    raise error


def checked(outcome: Any, path: Path, ctx: Any) -> Outcome[Any]:
    """Give *outcome* if it is one, of the class of *ctx*; anything else is a defect at *path*."""
    result: Outcome[Any] = outcome
    if type(result) is Success and type(result.unwrap()) is type(ctx):
        return result
    if type(result) is Failure and isinstance(outcome.failure(), StepError):
        return Failure(attrs.evolve(outcome.failure(), step=path))
    wanted = f"Success({type(ctx).__name__}) or Failure(StepError)"
    return defect(TypeError(f"expected {wanted}, got {_described(outcome)}"), path)


def _described(outcome: Any) -> str:
    """Give what kind of value *outcome* is; its contents may be for nobody's eyes."""
    if isinstance(outcome, Success):
        return f"Success({_described(outcome.unwrap())})"
    if isinstance(outcome, Failure):
        return f"Failure({_described(outcome.failure())})"
    return "None" if outcome is None else type(outcome).__name__


async def record(
    frame: Frame, name: str, before: Any, outcome: Outcome[Any], since: float | None = None
) -> Outcome[Any]:
    """Record the *outcome* that the node *name*, at work *since* then, gave, and give it."""
    if frame.journal is None:
        return outcome
    path, now = frame.prefix + name, frame.scope.clock()
    began = now if since is None else since
    try:
        await frame.journal.record(path, _entry(frame, before, outcome, began, now))
    except (NotSerialisable, asyncio.CancelledError) as error:
        return await _recorded_otherwise(error, frame, path, before, outcome, began)
    return outcome


async def _recorded_otherwise(
    error: BaseException,
    frame: Frame,
    path: Path,
    before: Any,
    outcome: Outcome[Any],
    started_at: float,
) -> Outcome[Any]:
    """Record the *outcome* after all, and deal with the *error* that the journal raised.

    What cannot be recorded is a defect of the step that made it. A cancellation that comes while
    an outcome is recorded is due when that is done: whoever undoes the step has to know of it.
    """
    if isinstance(error, asyncio.CancelledError) and not frame.is_cancelled():
        raise lost(path) from error
    task = asyncio.ensure_future(_record_again(error, frame, path, before, outcome, started_at))
    interrupted = await finished(task)
    if interrupted is not None or isinstance(error, asyncio.CancelledError):
        _cancel_again()
    return task.result()


async def _record_again(
    error: BaseException,
    frame: Frame,
    path: Path,
    before: Any,
    outcome: Outcome[Any],
    started_at: float,
) -> Outcome[Any]:
    now = frame.scope.clock()
    if not isinstance(error, NotSerialisable):
        entry = _entry(frame, before, outcome, started_at, now)
        try:
            await keep(frame, path, entry)
        except NotSerialisable as refused:
            error = refused
        else:
            return outcome
    failed = defect(error, path)
    await keep(frame, path, _failed(failed, started_at, now))
    return failed


async def keep(frame: Frame, path: Path, entry: Entry) -> None:
    """Record *entry* at *path*; a journal that is cancelled itself is lost, and no cancellation.

    Raises:
        RuntimeError: The journal was cancelled, though nobody asked the run to end.
    """
    journal: Any = frame.journal
    try:
        await journal.record(path, entry)
    except asyncio.CancelledError as error:
        if frame.is_cancelled():
            raise
        raise lost(path) from error


def lost(path: Path) -> RuntimeError:
    """Give what is raised where the journal was cancelled at *path*, and not the run."""
    return RuntimeError(f"the journal was cancelled while it recorded {path!r}")


def _cancel_again() -> None:
    task: Any = asyncio.current_task()
    task.cancel()
    task.uncancel()  # it was counted already


async def due(frame: Frame) -> None:
    """Raise a cancellation that is due, before anything else is done."""
    if frame.is_cancelled():
        await asyncio.sleep(0)


def _entry(
    frame: Frame, before: Any, outcome: Outcome[Any], started_at: float, now: float
) -> Entry:
    if type(outcome) is Failure:
        return _failed(outcome, started_at, now)
    after = outcome.unwrap()
    changed = comparer(after.__class__)(before, after)
    return Entry(changed, None, started_at, now, after.__class__, frame.level.inside)


def _failed(outcome: Outcome[Any], started_at: float, now: float) -> Entry:
    return Entry(error=outcome.failure(), started_at=started_at, finished_at=now)
