"""Undo scopes: whoever catches a failure, and the root, first takes back what was done."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

import attrs
from returns.result import Failure, Success

from dara_fp.core.errors import Kind, Outcome, StepError
from dara_fp.core.frame import Frame, Undo, Unrecorded
from dara_fp.core.run import Element, due, keep, run_nodes
from dara_fp.core.scope import Entry, Parked, Scope, Verdict
from dara_fp.core.shape import first_name
from dara_fp.core.shield import finished, shielded

__all__ = ["CANCELLED", "after", "attempt", "is_defect", "recollect", "run_root"]

CANCELLED = StepError(kind=Kind.CANCELLED, message="the run was cancelled")
"""The verdict of a run that was cancelled, before it is undone."""


async def run_root(
    nodes: Sequence[Element], ctx: Any, env: Any, scope: Scope | None
) -> Outcome[Any]:
    """Run all *nodes* of a pipeline on *ctx*, and undo what was done if that fails.

    Raises:
        CancelledError: The run was cancelled; what was done is undone, or the error has a
            `StepError` that says what could not be.
        Parked: The run waits, and goes on elsewhere.
    """
    whole = _Attempt(Frame(env, scope, []), ctx, f"run({first_name(nodes)})")
    try:
        outcome = await _unless_cancelled(whole, nodes, ctx)
    except asyncio.CancelledError as error:
        undone = await shielded(whole.cancel(nodes, ctx))
        if undone != CANCELLED:
            error.args = (undone,)
            error.add_note(str(undone))
        raise
    if type(outcome) is Success:
        return outcome
    outcome = await whole.undo(outcome)
    if whole.known == CANCELLED:
        undone = outcome.failure()
        raise asyncio.CancelledError(*([] if undone == CANCELLED else [undone]))
    return outcome


async def _unless_cancelled(whole: "_Attempt", nodes: Sequence[Element], ctx: Any) -> Outcome[Any]:
    """Run *whole*, and raise a cancellation that came at its last moment."""
    try:
        outcome = await whole.run(nodes, ctx)
    except Parked:
        await due(whole.frame)
        raise
    await due(whole.frame)
    return outcome


async def attempt(
    nodes: Sequence[Element],
    ctx: Any,
    frame: Frame,
    name: str,
    *,
    last: bool,
    repeats: bool = False,
    known: Outcome[Any] | None = None,
) -> Outcome[Any]:
    """Run *nodes* in an undo scope of their own.

    Args:
        nodes: What to run.
        ctx: What to run it on.
        frame: Where; it gets what is to be undone if *nodes* succeed.
        name: What a failure is recorded under before it is dealt with.
        last: Whether nothing else is tried after a failure.
        repeats: Whether the same is tried, which nobody does after a failure in doubt.
        known: How what was tried before has failed, or None.
    """
    opened = frame.opened(catches=not last, settles=not (last or repeats))
    inner = _Attempt(opened, ctx, name, catches=not last)
    try:
        outcome = await after(known, inner.run(nodes, ctx), frame)
    except BaseException:
        frame.undos += inner.frame.undos
        raise
    if type(outcome) is Success:
        frame.undos += inner.frame.undos
        return outcome
    return await after(outcome, inner.undo(outcome), frame)


async def after(
    known: Outcome[Any] | None, work: Coroutine[Any, Any, Outcome[Any]], frame: Frame
) -> Outcome[Any]:
    """Do the *work* that follows the failure *known*: only its success ends a doubt about that.

    If it is cut, that may hide neither a doubt nor a bug.
    """
    if known is None:
        return await work
    try:
        outcome = await work
    except BaseException:
        frame.tell(known)
        raise
    if isinstance(outcome, Failure) and known.failure().in_doubt:
        return Failure(attrs.evolve(outcome.failure(), in_doubt=True))
    return outcome


async def recollect(nodes: Sequence[Element], ctx: Any, frame: Frame) -> None:
    """Note what was done of *nodes* that a run which was cut while it resumed had not come to."""
    if frame.journal is None:
        return
    again = frame.undoing().closed()
    with suppress(Unrecorded):
        await run_nodes(nodes, ctx, again)
    known = {undo.effect for undo in frame.undos}
    frame.undos += [undo for undo in again.undos if undo.effect not in known]


def is_defect(outcome: Outcome[Any]) -> bool:
    """Tell whether *outcome* is a bug, which nothing may catch."""
    return isinstance(outcome, Failure) and outcome.failure().kind is Kind.DEFECT


class _Attempt:
    """One run of some nodes that is undone if it fails.

    How it failed is recorded before anything is undone or tried instead: after a crash it is only
    gone through again, to know what is left to undo, and nothing new is done.
    """

    __slots__ = ("_began", "_catches", "frame", "known", "name")

    def __init__(self, frame: Frame, ctx: Any, name: str, *, catches: bool = False) -> None:
        self.frame = frame
        self.name = name
        self._catches = catches
        self._began = frame.scope.clock() if frame.journal else 0.0
        entry = frame.find(name, ctx.__class__)
        self.known = entry.error if entry is not None else None
        if entry is not None:
            frame.saw(entry)
            self.frame = frame.closed(entry.error)

    def run(self, nodes: Sequence[Element], ctx: Any) -> Coroutine[Any, Any, Outcome[Any]]:
        if self.known is None:
            return run_nodes(nodes, ctx, self.frame)
        return shielded(self._go_through(nodes, ctx, self.known))

    async def _go_through(
        self, nodes: Sequence[Element], ctx: Any, known: StepError
    ) -> Outcome[Any]:
        self.frame.cancels = None
        with suppress(Unrecorded):
            await run_nodes(nodes, ctx, self.frame)
        return Failure(known)

    async def undo(self, outcome: Outcome[Any]) -> Outcome[Any]:
        """Take back what was done, last effect first, and give how the failure reads now."""
        error = outcome.failure()
        if self.frame.undos:
            return await self._undone_whatever(error)
        if self._catches and self._is_caught(error):
            await self._record(error)
        return outcome

    async def _undone_whatever(self, error: StepError) -> Outcome[Any]:
        """Take back what was done; a cancellation waits, and says what could not be taken back."""
        task = asyncio.ensure_future(self._undo(error))
        interrupted = await finished(task)
        outcome = task.result()
        if interrupted is None:
            return outcome
        self.frame.tell(outcome)
        if outcome.failure() != error:
            interrupted.args = (outcome.failure(),)
        raise interrupted

    async def cancel(self, nodes: Sequence[Element], ctx: Any) -> StepError:
        """Take back what was done, also where the run had not come to after a crash."""
        await recollect(nodes, ctx, self.frame)
        if not self.frame.undos:
            return CANCELLED
        undone = await self._undo(CANCELLED)
        return undone.failure()

    async def _undo(self, error: StepError) -> Outcome[Any]:
        await self._record(error)
        failed: list[StepError] = []
        interrupted: asyncio.CancelledError | None = None
        for undo in sorted(self.frame.undos, key=attrgetter("order"), reverse=True):
            task = asyncio.ensure_future(undo.run())
            interrupted = await finished(task) or interrupted
            undone = _undone(task, undo)
            if isinstance(undone, Failure):
                failed.append(undone.failure())
        self.frame.undos.clear()
        if interrupted is not None:
            raise interrupted
        return Failure(_not_undone(error, failed) if failed else error)

    async def _record(self, error: StepError) -> None:
        if self.frame.journal is None or self.known is not None:
            return
        verdict: Verdict = "caught" if self._is_caught(error) else "undone"
        now = self.frame.scope.clock()
        entry = Entry(error=error, started_at=self._began, finished_at=now, verdict=verdict)
        await keep(self.frame, self.frame.prefix + self.name, entry)

    def _is_caught(self, error: StepError) -> bool:
        level = self.frame.level
        caught = level.settled if error.in_doubt else level.caught
        return caught and error.kind is not Kind.DEFECT


def _undone(task: "asyncio.Future[Outcome[Any]]", undo: Undo) -> Outcome[Any]:
    if not task.cancelled():
        return task.result()
    message = "it was cancelled itself, so nobody knows how far it came"
    return Failure(StepError(kind=Kind.CANCELLED, message=message, step=undo.path))


def _not_undone(error: StepError, failed: Sequence[StepError]) -> StepError:
    """Say what could not be undone after *error*: a defect, since nobody may go on from there."""
    said = "; ".join(f"{each.step}: {each.message}" for each in failed)
    message = f"could not undo what was done before the failure {str(error)!r}: {said}"
    return attrs.evolve(failed[0], kind=Kind.DEFECT, message=message, retryable=False)
