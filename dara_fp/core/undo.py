"""Undo scopes: whoever catches a failure, and the root, first takes back what was done."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import attrs
from returns.result import Failure, Success

from dara_fp.core.errors import Kind, Outcome, StepError
from dara_fp.core.frame import Frame, Unrecorded
from dara_fp.core.run import Element, is_cancelled, run_nodes
from dara_fp.core.scope import Entry, Scope, Verdict
from dara_fp.core.shape import first_name

__all__ = ["attempt", "is_defect", "run_root", "shielded"]

T = TypeVar("T")

_CANCELLED = StepError(kind=Kind.CANCELLED, message="the run was cancelled")


async def run_root(
    nodes: Sequence[Element], ctx: Any, env: Any, scope: Scope | None
) -> Outcome[Any]:
    """Run all *nodes* of a pipeline on *ctx*, and undo what was done if that fails.

    Raises:
        CancelledError: The run was cancelled; what was done is undone.
    """
    whole = _Attempt(Frame(env, scope), ctx, f"run({first_name(nodes)})")
    try:
        outcome = await whole.run(nodes, ctx)
        if is_cancelled():
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        await whole.undo(Failure(_CANCELLED))
        raise
    if type(outcome) is Success:
        return outcome
    if whole.known == _CANCELLED:
        await whole.undo(outcome)
        raise asyncio.CancelledError
    return await whole.undo(outcome)


async def attempt(
    nodes: Sequence[Element], ctx: Any, frame: Frame, name: str, *, last: bool
) -> Outcome[Any]:
    """Run *nodes* in an undo scope of their own.

    Args:
        nodes: What to run.
        ctx: What to run it on.
        frame: Where; it gets what is to be undone if *nodes* succeed.
        name: What a failure is recorded under before it is dealt with.
        last: Whether nothing else is tried after a failure.
    """
    inner = _Attempt(frame.opened(), ctx, name)
    try:
        outcome = await inner.run(nodes, ctx)
    except BaseException:
        frame.undos.extend(inner.frame.undos)
        raise
    if type(outcome) is Success:
        frame.undos.extend(inner.frame.undos)
        return outcome
    return await inner.undo(outcome, caught=not last and not is_defect(outcome))


def is_defect(outcome: Outcome[Any]) -> bool:
    """Tell whether *outcome* is a bug, which nothing may catch."""
    return isinstance(outcome, Failure) and outcome.failure().kind is Kind.DEFECT


class _Attempt:
    """One run of some nodes that is undone if it fails.

    How it failed is recorded before anything is undone or tried instead: after a crash it is only
    gone through again, to know what is left to undo, and nothing new is done.
    """

    __slots__ = ("_began", "frame", "known", "name")

    def __init__(self, frame: Frame, ctx: Any, name: str) -> None:
        self.frame = frame
        self.name = name
        self._began = frame.scope.clock() if frame.journal else 0.0
        entry = frame.find(name, ctx.__class__)
        self.known = entry.error if entry is not None else None
        if entry is not None:
            frame.saw(entry)
            frame.closed = True

    def run(self, nodes: Sequence[Element], ctx: Any) -> Coroutine[Any, Any, Outcome[Any]]:
        if self.known is None:
            return run_nodes(nodes, ctx, self.frame)
        return self._go_through(nodes, ctx, self.known)

    async def _go_through(
        self, nodes: Sequence[Element], ctx: Any, known: StepError
    ) -> Outcome[Any]:
        with suppress(Unrecorded):
            await run_nodes(nodes, ctx, self.frame)
        return Failure(known)

    async def undo(self, outcome: Outcome[Any], *, caught: bool = False) -> Outcome[Any]:
        if self.frame.undos:
            return await shielded(self._undo(outcome.failure(), caught=caught))
        if caught:
            await self._record(outcome.failure(), caught=True)
        return outcome

    async def _undo(self, error: StepError, *, caught: bool) -> Outcome[Any]:
        await self._record(error, caught=caught)
        failed: list[StepError] = []
        while self.frame.undos:
            undone = await self.frame.undos.pop()()
            if isinstance(undone, Failure):
                failed.append(undone.failure())
        return Failure(_not_undone(error, failed) if failed else error)

    async def _record(self, error: StepError, *, caught: bool) -> None:
        journal = self.frame.journal
        if journal is None or self.known is not None:
            return
        now = self.frame.scope.clock()
        verdict: Verdict = "caught" if caught else "undone"
        entry = Entry(error=error, started_at=self._began, finished_at=now, verdict=verdict)
        await journal.record(self.frame.prefix + self.name, entry)


def _not_undone(error: StepError, failed: Sequence[StepError]) -> StepError:
    """Say what could not be undone after *error*: a defect, since nobody may go on from there."""
    said = "; ".join(f"{each.step}: {each.message}" for each in failed)
    message = f"could not undo what was done before the failure {str(error)!r}: {said}"
    return attrs.evolve(failed[0], kind=Kind.DEFECT, message=message, retryable=False)


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Finish *work* whatever happens meanwhile; a cancellation goes on afterwards."""
    task = asyncio.ensure_future(work)
    interrupted: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            interrupted = error
    result = task.result()
    if interrupted is not None:
        raise interrupted
    return result
