"""The laws of a journal that is slow, refuses or is gone, while a saga runs or is cancelled."""

import asyncio
from collections.abc import Sequence

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import Success
from dara_fp.testing import Recorder, StoredJournal
from tests.laws.cancelled import (
    ClosedJournal,
    FencedJournal,
    Moment,
    NarrowJournal,
    SlowJournal,
    end_of,
    moments,
)
from tests.laws.effects import IN_A_ROW, Saga, act, deed, last_of, sagas, standing

kept = st.integers(0, 12)
paces = st.sampled_from((0, 0.5, 1))
prompt = st.builds(FencedJournal, kept, st.just(0), paces, for_ever=st.just(value=True))
fences = st.builds(FencedJournal, kept, paces, paces, for_ever=st.booleans())
early = st.tuples(st.integers(0, 12).map(lambda quarters: quarters / 4), st.integers(0, 3))
simple = sagas(("act", "deed", "all", "for_each"), ("succeed",), st.integers(0, 1))


@given(sagas(IN_A_ROW), fences)
def test_what_a_journal_raises_ends_the_run_at_once(p: Saga, journal: FencedJournal) -> None:
    """In a row, the very exception comes out, and no step, try or undo is run after it."""
    end = end_of(p >> act("fails", 0, "fail"), (), journal)
    assume(journal.refused_at is not None)
    assert end.raised is journal.refusal
    assert [note for note in end.notes if note.at > (journal.refused_at or 0)] == []


@given(st.one_of(sagas(), simple), fences, st.lists(early, max_size=2))
def test_what_a_journal_raises_ends_all_branches(
    p: Saga, journal: FencedJournal, cancels: Sequence[Moment]
) -> None:
    """Anywhere, the very exception comes out, cancelled or not, and leaves no task."""
    end = end_of(p >> act("fails", 0, "fail"), cancels, journal)
    assume(journal.refused_at is not None)
    assert end.raised is journal.refusal
    assert end.tasks == 0


@given(st.one_of(sagas(), simple), prompt, st.lists(early, max_size=2))
@settings(max_examples=200)  # a branch and a cancellation have to meet
def test_once_a_journal_refuses_nothing_is_begun_anywhere(
    p: Saga, journal: FencedJournal, cancels: Sequence[Moment]
) -> None:
    """Where records are refused at once, no branch runs a step after one was, however far out.

    A record that is cut is asked for once more. While that takes time, branches further out go on.
    """
    end = end_of(p >> act("fails", 0, "fail"), cancels, journal)
    assume(journal.refused_at is not None)
    assert end.raised is journal.refusal
    later = {note.name for note in end.notes if note.at > (journal.refused_at or 0)}
    assert later <= {"undo"}  # that another branch was in the middle of


@given(sagas(IN_A_ROW), st.builds(ClosedJournal, kept, paces, paces, for_ever=st.booleans()))
def test_a_journal_that_is_cancelled_itself_undoes_nothing(p: Saga, journal: ClosedJournal) -> None:
    """That a journal gives up is no cancellation of the run, which ends at once."""
    end = end_of(p >> act("fails", 0, "fail"), (), journal)
    assume(journal.refused_at is not None)
    assert end.raised is not None
    assert [note for note in end.notes if note.at > (journal.refused_at or 0)] == []


@given(simple, st.builds(NarrowJournal, paces, paces), early)
def test_a_refused_value_does_not_keep_a_cancelled_run_from_being_undone(
    p: Saga, journal: NarrowJournal, cancel: Moment
) -> None:
    """What cannot be recorded is a defect, also if the run is cancelled meanwhile."""
    end = end_of(deed("do_0") >> p, [cancel], journal)
    said = end.outcome.unwrap().trail if isinstance(end.outcome, Success) else ()
    assert end.is_cancelled == end.was_asked
    assert sorted(standing(end.notes)) == sorted(said)


@given(sagas(endings=("succeed", "flake")), st.builds(SlowJournal, paces, paces), moments, kept)
def test_a_cancelled_run_leaves_nothing_to_guess(
    p: Saga, journal: SlowJournal, cancel: Moment, count: int
) -> None:
    """Killed while it is undone, it has recorded all it did: the next undoes what is left."""
    assert_all_is_recorded(p, journal, cancel, count)


@given(sagas(("repeat", "retry", "named"), ("succeed", "flake")), kept)
def test_going_through_a_journal_takes_no_look_at_the_clock(p: Saga, count: int) -> None:
    """So it is on a machine whose clock is behind: what came after a wait is undone too."""
    assert_all_is_recorded(p, SlowJournal(0, 0), (90, 0), count)


def assert_all_is_recorded(p: Saga, journal: SlowJournal, cancel: Moment, count: int) -> None:
    """Cancel *p*, and let a run whose clock begins at 0 undo what is left after so many entries."""
    whole = deed("do_0", 1) >> p >> act("rest", 100)
    end = end_of(whole, [cancel], journal)
    paths = list(journal.entries)
    assume("run(do_0)" in paths and isinstance(end.raised, asyncio.CancelledError))
    left = paths.index("run(do_0)") + 1 + count % (len(paths) - paths.index("run(do_0)"))
    entries = {path: journal.entries[path] for path in paths[:left]}
    world = Recorder()
    end_of(whole, (), StoredJournal(entries), world)
    undone = [path.replace("undo_", "do_") for path in entries if "undo_" in path]
    undone += [last_of(note) for note in world.notes if note.name != "release"]
    assert sorted(undone) == sorted(last_of(note) for note in end.notes if note.name == "do")
