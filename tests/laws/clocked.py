"""Steps that say when they run, and what is compared of runs, for the laws of time and fan-out."""

import asyncio
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs
import pytest
from hypothesis import strategies as st

from dara_fp import Backoff, Kind, Outcome, Pipeline, StepError, Success, fail, start, step
from dara_fp.core.shape import Form
from dara_fp.testing import Drawn, Note, Observation, Recorder, contexts, pipelines
from dara_fp.testing.leaves import titled
from dara_fp.testing.strategies import FORMS

ALWAYS = math.inf
SMALLEST = math.ulp(0.0)  # seconds
AT_ONCE = Backoff(initial=0, jitter=0)
TASK = "observed"

Whole = Pipeline[Drawn, Recorder]

SEQUENTIAL: tuple[Form, ...] = tuple(each for each in FORMS if each not in {"all", "for_each"})
"""The kinds of nodes in which one thing happens after the other."""

starts = contexts(Drawn)
bodies = pipelines(size=8)
"""Whatever can be composed; a step may flake, which depends on its path."""
alike = pipelines(size=8, endings=("succeed", "fail", "break"))
"""Pipelines that do the same at every path, and take whole seconds."""
brief = pipelines(
    size=8,
    forms=set(FORMS) - {"compensate", "on_cancel"},
    endings=("succeed", "fail", "flake", "break"),
)
"""Pipelines that end by themselves, with nothing to undo afterwards."""
faultless = pipelines(size=6, endings=("succeed", "fail"))
"""Pipelines without a bug, which do the same at every path."""

backoffs = st.builds(
    Backoff,
    initial=st.floats(0, 100),
    factor=st.floats(1, 10),
    longest=st.floats(0, 1000),
    jitter=st.floats(0, 1),
)


def work(
    name: str = "work", seconds: float = 0, *, fails: float = 0, kind: Kind = Kind.FAILED
) -> Whole:
    """Make a step that notes on what it begins, and fails the first *fails* times.

    It takes so many *seconds*, and counts its successes in the number of the context.
    """

    async def act(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
        env.note(name, ctx)
        runs = env.count(name)
        if seconds:
            await asyncio.sleep(seconds)
        if runs <= fails:
            return fail(f"run {runs} of {name} does not do it", kind=kind)
        return Success(ctx.evolve(number=ctx.number + 1))

    return step(titled(act, name))


def idle(name: str = "idle", seconds: float = 0) -> Whole:
    """Make a step that notes on what it begins, takes so many *seconds* and changes nothing."""

    async def act(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
        env.note(name, ctx)
        if seconds:
            await asyncio.sleep(seconds)
        return Success(ctx)

    return step(titled(act, name))


def chain(steps: Sequence[int], prefix: str = "step_") -> Whole:
    """Make steps that take so many seconds each and change nothing."""
    whole = start(Drawn, Recorder)
    for number, d in enumerate(steps):
        whole = whole >> idle(f"{prefix}{number}", d)
    return whole


def bug(name: str = "bug") -> Whole:
    """Make a step that raises."""

    async def act(ctx: Drawn) -> Outcome[Drawn]:
        raise LookupError(f"{name} is broken")

    return step(titled(act, name))


def never(_ctx: object) -> bool:
    return False


def reaches(number: int) -> Callable[[Drawn], bool]:
    """Give the predicate of a context that has counted to *number*."""

    def is_reached(ctx: Drawn) -> bool:
        return ctx.number >= number

    return is_reached


def begins(now: float, seconds: float, pauses: Sequence[float]) -> list[float]:
    """Give when tries begin that take so many *seconds* each, with *pauses* in between."""
    steps = (seconds + pause for pause in pauses)
    return list(itertools.accumulate(steps, initial=now))


def near(expected: object) -> object:
    """Compare times, which are rounded to a nanosecond each."""
    return pytest.approx(expected, rel=1e-9, abs=1e-6)


def places(seen: Observation[Any]) -> list[str]:
    """Name what was recorded, in order."""
    return list(seen.journal.entries)


def assert_is_late(seen: Observation[Drawn], at: float) -> None:
    assert seen.error is not None
    assert seen.seconds == near(at)
    if "is broken" in seen.error.message:  # a branch came to a bug before, which is not hidden
        assert seen.error.kind is Kind.DEFECT
        return
    assert (seen.error.kind, seen.error.retryable) == (Kind.TIMEOUT, True)
    assert "took longer than" in seen.error.message
    assert "timeout(" in seen.error.step


def assert_is_defect(seen: Observation[Any], step: str, message: str) -> None:
    assert seen.error is not None
    assert (seen.error.kind, seen.error.step.split("/")[-1]) == (Kind.DEFECT, step)
    assert message in seen.error.message


def recorded(seen: Observation[Any]) -> object:
    """Give what was recorded where, but for the order and the times."""
    return {
        path: (
            entry.changes,
            entry.error and attrs.evolve(entry.error, traceback=None),
            entry.context,
            entry.verdict,
        )
        for path, entry in seen.journal.entries.items()
    }


def times(effects: Iterable[Note]) -> list[float]:
    """Give when *effects* were noted."""
    return [note.at for note in effects]


def deeds(effects: Iterable[Note]) -> list[object]:
    """Give what was done, wherever and whenever."""
    return [
        attrs.evolve(what, step="") if isinstance(what, StepError) else what
        for what in (note.what for note in effects)
    ]


def unplaced(seen: Observation[Any]) -> object:
    """Give what was seen of a run but for the paths, which tell of the form it was written in."""
    said: object = seen.outcome.unwrap() if seen.error is None else seen.error.kind
    if seen.error is not None and seen.error.kind not in {Kind.DEFECT, Kind.TIMEOUT, Kind.CONFLICT}:
        said = seen.error.message
    return said, seen.seconds, deeds(seen.effects), times(seen.effects)
