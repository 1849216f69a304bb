"""Waiting for what comes from outside: `wait_for` a signal, and `pause` for some time."""

import asyncio
import re
from typing import Any

import attrs
from returns.result import Failure, Success

from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.context import evolved
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed
from dara_fp.core.frame import Frame
from dara_fp.core.pipeline import Pipeline
from dara_fp.core.run import checked, due, evaluate, lost, record, replayed
from dara_fp.core.scope import Entry, Waiting
from dara_fp.core.shape import Shape
from dara_fp.core.step import refuse_other

__all__ = ["pause", "wait_for"]

_LONGEST = 10 * 365 * 86_400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")


def wait_for(name: str, into: str, timeout: float | None = None) -> Pipeline[object, object]:
    """Wait until somebody gives the signal *name*, and put what it says *into* a field.

    A task is parked meanwhile: no process holds it, for days if need be. A signal counts once in a
    workflow, and may come before anybody waits for it.

    Args:
        name: Letters, digits, `_` and `-`; it occurs once in a workflow.
        into: The field of the context that gets the body of the signal, as its type says.
        timeout: After so many seconds it fails with kind `timeout`; None waits for ever.

    Raises:
        TypeError: An argument is of another type.
        ValueError: *name* has other characters, *into* cannot name a field, or *timeout* is not
            above 0.

    >>> wait_for("approval", into="approved", timeout=86400)
    wait_for('approval', into='approved', timeout=86400)
    """
    refuse_other(name, str, "wait_for takes the name of a signal, such as 'approval'")
    refuse_other(into, str, "wait_for takes the name of a field after the signal's")
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"signal name {name!r} does not fit: use letters, digits, '_' and '-', "
            "63 characters at most, such as 'approval'"
        )
    if not into.isidentifier():
        raise ValueError(f"into is {into!r}: give the name of a field of the context")
    if timeout is not None:
        _check_seconds(timeout, "timeout")
    return Pipeline((WaitFor(name, into, timeout),))


def pause(seconds: float) -> Pipeline[object, object]:
    """Wait for *seconds*, and leave the context as it is.

    A task is parked meanwhile: no process holds it. A run that is resumed waits for what is left.

    Args:
        seconds: How long, above 0.

    Raises:
        TypeError: *seconds* is no number.
        ValueError: *seconds* is not above 0, or not finite.
    """
    _check_seconds(seconds, "seconds")
    return Pipeline((Pause(seconds),))


def _check_seconds(seconds: float, name: str) -> None:
    refuse_other(seconds, (int, float), f"{name} takes a number of seconds")
    if not 0 < seconds <= _LONGEST:
        raise ValueError(
            f"{name} is {seconds}: give a finite number of seconds above 0, ten years at most"
        )


@attrs.frozen
class WaitFor:
    """Waiting for a signal.

    Attributes:
        signal: Its name.
        into: The field that gets its body.
        timeout: How long, in seconds, or None for ever.
    """

    signal: str
    into: str
    timeout: float | None

    def __str__(self) -> str:
        limit = "" if self.timeout is None else f", timeout={self.timeout:.15g}"
        return f"wait_for({self.signal!r}, into={self.into!r}{limit})"

    @property
    def name(self) -> str:
        """Named after the signal; no step can be called so."""
        return f"wait({self.signal})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        limit = "" if self.timeout is None else f", at most {self.timeout:.15g} s"
        return Shape(
            form="wait",
            label=f"{self.signal}{limit}",
            summary=f"Wait for the signal {self.signal!r}, and put its body into {self.into!r}.",
            recorded=True,
            signal=self.signal,
            into=self.into,
        )

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Wait for the signal, and put it into the context."""
        path = frame.prefix + self.name
        entry = frame.find(self.name, ctx.__class__)
        if entry is not None:
            return replayed(entry, path, ctx, frame)
        waiting = await _begun(frame, self.name, self.signal, self.timeout)
        if frame.journal is None:
            return Failure(attrs.evolve(self._nobody(), step=path))
        body = await _waited(waiting, frame)
        outcome = checked(evaluate(self._taken, path, ctx, body), path, ctx)
        return await record(frame, self.name, ctx, outcome, waiting.since)

    def _nobody(self) -> StepError:
        message = (
            f"nobody can give the signal {self.signal!r} to a run without a journal: start it as "
            "a task, or run it with Scope(journal=MemoryJournal()) and signal that"
        )
        return StepError(kind=Kind.REJECTED, message=message)

    def _taken(self, ctx: Any, body: bytes | None) -> Any:
        """Give *ctx* with what *body* says.

        Raises:
            StepFailed: The time was over, or *body* does not fit.
            TypeError: There is no such field.
        """
        if body is None:
            message = f"no signal {self.signal!r} came within {self.timeout:.15g} s"
            raise StepFailed(StepError(kind=Kind.TIMEOUT, message=message, retryable=True))
        codec = codec_of(ctx.__class__)
        if self.into not in codec.decoders:
            there = ", ".join(codec.decoders) or "none"
            raise TypeError(f"{ctx.__class__.__name__} has no field {self.into!r}; it has {there}")
        try:
            return evolved(ctx, {self.into: codec.decode_field(self.into, body)})
        except (InvalidFields, TypeError, ValueError) as error:
            message = (
                f"the body of the signal {self.signal!r} does not fit the field {self.into!r}: "
                f"{error}; give a value of the field's type"
            )
            raise StepFailed(StepError(kind=Kind.REJECTED, message=message)) from error


@attrs.frozen
class Pause:
    """Waiting for some *seconds*."""

    seconds: float

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Named after how long; no step can be called so."""
        return f"pause({self.seconds:.15g})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        seconds = f"{self.seconds:.15g} s"
        return Shape(form="wait", label=seconds, summary=f"Wait for {seconds}.", recorded=True)

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Wait, and give the context."""
        entry = frame.find(self.name, ctx.__class__)
        if entry is not None:
            return replayed(entry, frame.prefix + self.name, ctx, frame)
        waiting = await _begun(frame, self.name, None, self.seconds)
        if frame.journal is None:
            await asyncio.sleep(self.seconds)
        else:
            await _waited(waiting, frame)
        return await record(frame, self.name, ctx, Success(ctx), waiting.since)


async def _begun(frame: Frame, name: str, signal: str | None, seconds: float | None) -> Waiting:
    """Give the wait that begins now at *frame*, or was begun before the run was parked."""
    path = frame.prefix + name
    earlier = frame.journal.waiting(path) if frame.journal is not None else None
    if earlier is not None:
        frame.saw(Entry(started_at=earlier.since, finished_at=earlier.since))
    await due(frame)
    frame.begin()
    since = frame.scope.clock() if earlier is None else earlier.since
    return Waiting(path, signal, since, None if seconds is None else since + seconds)


async def _waited(waiting: Waiting, frame: Frame) -> bytes | None:
    """Give what the journal gives for *waiting*; a cancellation of its own is none of the run.

    Raises:
        Parked: Not now.
        RuntimeError: The journal was cancelled, though nobody asked the run to end.
    """
    journal: Any = frame.journal
    body: bytes | None
    try:
        body = await journal.wait(waiting)
    except asyncio.CancelledError as error:
        if frame.is_cancelled():
            raise
        raise lost(waiting.path) from error
    return body
