"""The laws of `named`: it moves paths, and changes nothing else."""

from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from dara_fp import StepError, named
from dara_fp.testing import Drawn, Note, Recorder, StoredJournal, observe
from tests.laws.operands import Whole, drawn_contexts, ended, leaf, operands, seen

some = settings(max_examples=40)  # each draws a pipeline and runs it several times


@given(ended("a"), drawn_contexts)
@some
def test_named_is_its_body_but_for_the_paths(a: Whole, x: Drawn) -> None:
    """named(n, a)(x) == a(x), with n/ before each path."""
    body, whole = seen(a, x), seen(named("zone", a), x)
    assert all(note.name.startswith("zone/") for note in whole.effects)
    assert whole.error is None or whole.error.step.startswith("zone/")
    assert (unzoned(whole.result), whole.seconds) == (unzoned(body.result), body.seconds)
    assert [*map(unzoned, whole.effects)] == [*map(unzoned, body.effects)]


@given(operands("a"), drawn_contexts)
@some
def test_named_moves_what_is_recorded(a: Whole, x: Drawn) -> None:
    """paths(named(n, a)(x, journal)) == paths(a(x, journal)), with n/ before each."""
    bodies, wholes = (
        # What became of the whole run is recorded outside of any name.
        [path for path in recorded if not path.startswith("run(")]
        for recorded in (
            observe(each, x, Recorder(), journal=StoredJournal()).journal.entries
            for each in (a, named("zone", a))
        )
    )
    assert wholes == [f"zone/{path}" for path in bodies]


@given(operands("a"), drawn_contexts)
@some
def test_names_make_repeats_possible(a: Whole, x: Drawn) -> None:
    """(named(n, a) >> named(m, a))(x, journal) == (a >> a)(x), which no journal takes."""
    body = leaf("again") >> a
    with pytest.raises(ValueError, match="'again'"):
        observe(body >> body, x, Recorder(), journal=StoredJournal())
    whole = named("zone", named("zone", body)) >> named("zone", body)
    observed = observe(whole, x, Recorder(), journal=StoredJournal())
    plain = seen(body >> body, x)
    assert (unzoned(observed.result), observed.seconds) == (unzoned(plain.result), plain.seconds)
    assert [*map(unzoned, observed.effects)] == [*map(unzoned, plain.effects)]


def unzoned(value: Any) -> Any:
    """Give *value*, which was seen, without `zone/` in its paths."""
    match value:
        case StepError():
            step, message = (text.replace("zone/", "") for text in (value.step, value.message))
            return attrs.evolve(value, step=step, message=message, traceback=None)
        case Note():
            return Note(value.name.replace("zone/", ""), unzoned(value.what), value.at)
        case _:
            return value
