"""Running the steps of a pipeline, with the guard that turns bugs into defects."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Protocol

import attrs
from returns.result import Failure, Success

from dara_fp.core.context import changes, evolved
from dara_fp.core.errors import Outcome, StepError, StepFailed, defect, shown
from dara_fp.core.scope import Entry, Journal, Path, Position, Scope, repeated
from dara_fp.core.storable import NotSerialisable

__all__ = ["run_steps"]


class Runnable(Protocol):
    """What the engine needs to know of a step."""

    @property
    def name(self) -> str:
        """Last part of the step's path."""
        ...

    @property
    def function(self) -> Any:
        """The async function."""
        ...

    @property
    def parameters(self) -> int:
        """How many arguments the function takes, 1 to 3."""
        ...


async def run_steps(steps: Sequence[Runnable], ctx: Any, env: Any, scope: Scope) -> Outcome[Any]:
    """Run *steps* on *ctx* in one loop, until one fails.

    Raises:
        ValueError: The journal of *scope* could not tell two of *steps* apart.
    """
    journal = scope.journal
    if journal is not None and (names := repeated(step.name for step in steps)):
        raise ValueError(f"a journal cannot tell steps of one name apart: rename {names}")
    outcome: Outcome[Any] = Success(ctx)
    for step in steps:
        entry = None if journal is None else journal.find(step.name)
        if entry is not None:
            outcome = _replay(entry, ctx)
        elif journal is None:
            outcome = await _guarded(step, step.name, ctx, env, scope)
        else:
            outcome = await _recorded(journal, step, ctx, env, scope)
        if type(outcome) is Failure:
            return outcome
        ctx = outcome.unwrap()
    return outcome


def _replay(entry: Entry, ctx: Any) -> Outcome[Any]:
    if entry.error is not None:
        return Failure(entry.error)
    return Success(evolved(ctx, entry.changes)) if entry.changes else Success(ctx)


async def _recorded(
    journal: Journal, step: Runnable, ctx: Any, env: Any, scope: Scope
) -> Outcome[Any]:
    path = step.name
    started_at = time.time()
    outcome = await _guarded(step, path, ctx, env, scope)
    try:
        await journal.record(path, _entry(ctx, outcome, started_at))
    except NotSerialisable as error:
        outcome = defect(error, path)
        await journal.record(path, _entry(ctx, outcome, started_at))
    return outcome


def _entry(before: Any, outcome: Outcome[Any], started_at: float) -> Entry:
    if isinstance(outcome, Failure):
        return Entry(error=outcome.failure(), started_at=started_at)
    return Entry(changes=changes(before, outcome.unwrap()), started_at=started_at)


async def _guarded(step: Runnable, path: Path, ctx: Any, env: Any, scope: Scope) -> Outcome[Any]:
    """Run one step so that whatever it does becomes an outcome; only cancellation is raised."""
    try:
        outcome = await _call(step, path, ctx, env, scope)
    except StepFailed as failed:
        outcome = Failure(failed.error)
    except asyncio.CancelledError as error:
        if _is_cancelled():
            raise
        bug = RuntimeError("the step awaited something that was cancelled")
        bug.__cause__ = error
        return defect(bug, path)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the place where a bug becomes a value
        return defect(error, path)
    return _checked(outcome, path, ctx)


def _is_cancelled() -> bool:
    """Tell whether someone wants this task to end, not only something it waited for."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def _call(step: Runnable, path: Path, ctx: Any, env: Any, scope: Scope) -> Any:
    if step.parameters == 1:
        return await step.function(ctx)
    if step.parameters == 2:  # noqa: PLR2004 - (ctx, env)
        return await step.function(ctx, env)
    return await step.function(ctx, env, Position(path=path, scope=scope))


def _checked(outcome: Any, path: Path, ctx: Any) -> Outcome[Any]:
    result: Outcome[Any] = outcome
    if type(result) is Success and type(result.unwrap()) is type(ctx):
        return result
    if type(result) is Failure and isinstance(outcome.failure(), StepError):
        return Failure(attrs.evolve(outcome.failure(), step=path))
    wanted = f"Success({type(ctx).__name__}) or Failure(StepError)"
    return defect(TypeError(f"expected {wanted}, got {shown(outcome)}"), path)
