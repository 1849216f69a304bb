"""The laws of waiting: a task that is parked and delivered again does what one process does."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import (
    Kind,
    MemoryJournal,
    Outcome,
    Pipeline,
    Success,
    compensate,
    pause,
    recover,
    retry,
    start,
    step,
    timeout,
    wait_for,
)
from dara_fp.core.check import signals as signals_of
from dara_fp.core.shape import Form
from dara_fp.testing import (
    Drawn,
    Observation,
    Recorder,
    Signal,
    StoredJournal,
    contexts,
    observe,
    observe_parked,
    pipelines,
)
from dara_fp.testing.leaves import Ending
from dara_fp.testing.strategies import FORMS

Drawing = Pipeline[Drawn, Recorder]

ANYWHERE: list[Form] = [*FORMS, *["wait"] * 8]
SEQUENTIAL = [form for form in ANYWHERE if form not in {"all", "for_each"}]
# What hangs is cut by a limit, which comes later for whoever is parked beside it.
ENDING: tuple[Ending, ...] = ("succeed", "fail", "flake", "break")
FOR_EVER = dict.fromkeys(("go", "stop", "more"))
FOR_A_WHILE = {"go": None, "stop": 3.0, "more": 20.0}
worlds = contexts(Drawn)


def at_any_time(names: Sequence[str]) -> st.SearchStrategy[tuple[Signal, ...]]:
    """Draw when each signal comes: never when a step ends, or when another signal comes."""
    return st.tuples(
        *(
            st.builds(Signal, st.just(name), st.integers(0, 9), st.integers(0, 40).map(after))
            for name, after in zip(names, (_HALVES, _QUARTERS, _EIGHTHS), strict=True)
        )
    )


def _HALVES(seconds: int) -> float:
    return seconds + 1 / 2


def _QUARTERS(seconds: int) -> float:
    return seconds + 1 / 4


def _EIGHTHS(seconds: int) -> float:
    return seconds + 1 / 8


said = at_any_time(tuple(FOR_EVER))


def in_one_go(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> Observation[Drawn]:
    return observe(p, x, Recorder(), journal=StoredJournal(), signals=signals)


def parked(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> Observation[Drawn]:
    return observe_parked(p, x, Recorder(), signals=signals)


def untimed(seen: Observation[Drawn]) -> list[str]:
    return sorted(f"{note.name}: {note.what}" for note in seen.effects)


@given(pipelines(forms=ANYWHERE, endings=ENDING, signals=FOR_EVER), worlds, said)
def test_parking_changes_only_when(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> None:
    """p(x), parked and delivered again at each wait, == p(x), but for the times of the effects."""
    whole, again = in_one_go(p, x, signals), parked(p, x, signals)
    assert again.result == whole.result
    assert untimed(again) == untimed(whole)


@given(pipelines(forms=SEQUENTIAL, signals=FOR_A_WHILE), worlds, said)
def test_parking_in_a_row_is_not_seen(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> None:
    """In a row, p(x), parked and delivered again at each wait, == p(x)."""
    assert parked(p, x, signals) == in_one_go(p, x, signals)
