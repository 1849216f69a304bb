"""The laws of `|`: by structure first, then by what an observer sees on virtual time."""

from typing import Any

import attrs
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import Kind, MemoryJournal, Pipeline, compensate, when
from dara_fp.testing import Drawn, Observation, Recorder, observe
from dara_fp.testing.leaves import Ending
from tests.laws.operands import (
    Whole,
    always,
    anything,
    drawn_contexts,
    ended,
    endings,
    known,
    later,
    leaf,
    operands,
    seconds,
    seen,
    writing,
)

a_lanes, b_lanes, c_lanes = (ended(name) for name in "abc")
kinds = st.sampled_from([kind for kind in Kind if kind is not Kind.DEFECT])
few = settings(max_examples=30)  # each draws three pipelines and runs them several times
some = settings(max_examples=40)  # each draws two pipelines and runs them several times


def fails_as_expected(observed: Observation[Any]) -> bool:
    return observed.error is not None and observed.error.kind is not Kind.DEFECT


def after_another(first: Observation[Drawn], then: Observation[Drawn]) -> Observation[Drawn]:
    """Give what is seen of *first* with *then*, which begins when it ends, and is the outcome."""
    return attrs.evolve(
        then,
        seconds=first.seconds + then.seconds,
        effects=first.effects + later(then.effects, first.seconds),
    )


def alternatives(lanes: list[tuple[Ending, int]]) -> Whole:
    """Give steps that end so after so many seconds, each the alternative of those before it."""
    whole, *others = (
        leaf(f"step_{n}", ending=ending, seconds=after) for n, (ending, after) in enumerate(lanes)
    )
    for other in others:
        whole = whole | other
    return whole


@given(anything("a"), anything("b"), anything("c"))
@few
def test_either_is_associative(a: Whole, b: Whole, c: Whole) -> None:
    """(a | b) | c == a | (b | c)."""
    assert (a | b) | c == a | (b | c)


@given(a_lanes, b_lanes, c_lanes, drawn_contexts)
@few
def test_either_is_associative_where_nothing_is_flattened(
    a: Whole, b: Whole, c: Whole, x: Drawn
) -> None:
    """(only(a | b) | c)(x) == (a | b | c)(x) == (a | only(b | c))(x)."""
    flat = seen(a | b | c, x)
    assert seen(when(always, a | b) | c, x) == flat == seen(a | when(always, b | c), x)


@given(operands("a"), b_lanes, drawn_contexts)
@some
def test_success_is_a_left_zero_of_either(a: Whole, b: Whole, x: Drawn) -> None:
    """(a | b)(x) == a(x) if that succeeds."""
    alone = seen(a, x)
    assume(alone.error is None)
    assert seen(a | b, x) == alone


@given(kinds, operands("a"), drawn_contexts)
@settings(max_examples=30)  # each draws a pipeline and runs it twice
def test_failure_is_a_left_identity_of_either(kind: Kind, a: Whole, x: Drawn) -> None:
    """(fail | a)(x) == a(x), but for the effects of fail."""
    both, alone = seen(leaf("fail", ending="fail", kind=kind) | a, x), seen(a, x)
    assert (both.result, both.seconds) == (alone.result, alone.seconds)
    assert [note.name for note in both.effects] == ["fail", *(note.name for note in alone.effects)]


@given(operands("a"), b_lanes, drawn_contexts)
@some
def test_a_defect_is_a_left_zero_of_either(a: Whole, b: Whole, x: Drawn) -> None:
    """(a >> bug | b)(x) == (a >> bug)(x), unless a fails as expected."""
    buggy = a >> leaf("bug", ending="break")
    alone = seen(buggy, x)
    assume(not fails_as_expected(alone))
    assert seen(buggy | b, x) == alone


@given(a_lanes, b_lanes, drawn_contexts)
@some
def test_an_alternative_is_as_if_it_had_been_the_only_one(a: Whole, b: Whole, x: Drawn) -> None:
    """(a | b)(x) == b(x) once a(x) has failed and is undone: on x, whatever a did to it."""
    undoable = compensate(writing("do", "text", "done", after=1), leaf("take_back", seconds=2)) >> a
    alone = seen(undoable, x)
    assume(fails_as_expected(alone))
    assert seen(undoable | b, x) == after_another(alone, seen(b, x))


@given(st.lists(st.tuples(endings, seconds), min_size=1, max_size=5))
def test_the_first_that_does_not_fail_decides_and_nothing_after_it_runs(
    lanes: list[tuple[Ending, int]],
) -> None:
    """(fail1 | ... | failn | a | b)(x) runs up to a, one after the other, if a does not fail."""
    decided = next((n for n, (ending, _) in enumerate(lanes) if ending != "fail"), len(lanes) - 1)
    observed = seen(alternatives(lanes), Drawn())
    ran = [note.name for note in observed.effects]
    assert ran == [f"step_{n}" for n in range(decided + 1)]
    assert observed.seconds == sum(after for _, after in lanes[: decided + 1])
    assert (observed.error is None) == (lanes[decided][0] == "succeed")


@given(st.lists(st.tuples(st.text(), kinds), min_size=1, max_size=5), drawn_contexts)
def test_the_last_failure_is_reported(tried: list[tuple[str, Kind]], x: Drawn) -> None:
    """(a1 | ... | an)(x) == an(x) if all fail."""
    whole: Pipeline[Drawn, Recorder] | None = None
    last = ""
    for number, (text, kind) in enumerate(tried):
        last = f"fail_{number}"
        lane = writing(f"write_{number}", "text", text) >> leaf(last, ending="fail", kind=kind)
        whole = lane if whole is None else whole | lane
    assert whole is not None
    error = known(seen(whole, x).error)
    assert (error.step, error.kind) == (last, tried[-1][1])


@given(operands("a"), operands("b"), drawn_contexts)
@some
def test_what_is_caught_is_in_the_journal_before_the_alternative(
    a: Whole, b: Whole, x: Drawn
) -> None:
    """(fails | b)(x, journal) has the verdict "caught" on fails before any entry of b."""
    fails = leaf("first") >> a >> leaf("bad", ending="fail")
    assume(fails_as_expected(seen(fails, x)))
    whole = fails | (leaf("then") >> b)
    entries = observe(whole, x, Recorder(), journal=MemoryJournal()).journal.entries
    paths = list(entries)
    assert entries["any(first)"].verdict == "caught"
    assert paths.index("first") < paths.index("any(first)") < paths.index("then")
