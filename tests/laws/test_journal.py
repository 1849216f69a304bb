"""The laws of the journal: it changes nothing, and whatever is killed goes on as if nothing was."""

import asyncio
import re

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import Entry, MemoryJournal, Outcome, Pipeline, StepContext, Success, fail, step
from dara_fp.core.scope import Path
from dara_fp.core.shape import Form, entries, first_name
from dara_fp.testing import (
    Drawn,
    Observation,
    Recorder,
    StoredJournal,
    contexts,
    crash,
    observe,
    pipelines,
    run,
)
from dara_fp.testing.strategies import FORMS
from tests.laws.cancelled import Moment, SlowJournal, end_of, moments
from tests.laws.effects import ANYWHERE, Saga, World, act, deed, last_of, sagas, standing

Drawing = Pipeline[Drawn, Recorder]

SEQUENTIAL: list[Form] = [form for form in FORMS if form not in {"all", "for_each"}]
UNLIMITED = [form for form in ANYWHERE if form != "timeout"]
worlds = contexts(Drawn)
certain = pipelines(forms=set(FORMS) - {"for_each"}) | pipelines(forms=set(FORMS) - {"on_cancel"})
"""Pipelines without an item of which a journal cannot tell whether it had begun when it was cut."""
counts = st.integers(1, 30)


def recorded(p: Drawing, x: Drawn, journal: MemoryJournal | None = None) -> Observation[Drawn]:
    return observe(p, x, Recorder(), journal=journal or StoredJournal())


def point(count: int, journal: MemoryJournal) -> int:
    """Give the number of an entry of *journal*, from 1, that *count* leads to."""
    assume(journal.entries)
    return count % len(journal.entries) + 1


@given(certain, worlds)
def test_writing_a_journal_changes_nothing(p: Drawing, x: Drawn) -> None:
    """p(x, journal) == p(x)."""
    assert recorded(p, x) == observe(p, x, Recorder())


@given(pipelines(), worlds)
def test_a_task_of_its_own_changes_nothing(p: Drawing, x: Drawn) -> None:
    """p(x) == p(x, scope): the run that records nothing takes another way through the engine."""
    world = Recorder()
    seen = observe(p, x, Recorder())
    outcome = run(p(x, world))
    assert attrs.evolve(seen, outcome=outcome, effects=tuple(world.notes)) == seen


@given(certain, worlds, st.sampled_from((0, 0.25)), st.sampled_from((0, 0.25)))
def test_a_journal_that_takes_its_time_changes_only_when(
    p: Drawing, x: Drawn, before: float, after: float
) -> None:
    """p(x, slow journal) == p(x), but for the times of the effects."""
    seen = observe(p, x, Recorder())
    slow = recorded(p, x, SlowJournal(before, after))
    assert slow.result == seen.result
    assert untimed(slow) == untimed(seen)


def untimed(seen: Observation[Drawn]) -> list[str]:
    return sorted(f"{note.name}: {note.what}" for note in seen.effects)


@given(pipelines(), worlds, counts)
def test_a_crash_after_any_entry_changes_no_outcome(p: Drawing, x: Drawn, count: int) -> None:
    """p(x), killed after any entry and resumed, == p(x)."""
    whole = recorded(p, x)
    left = crash(p, x, Recorder(), after=point(count, whole.journal))
    assert left.resume().result == whole.result


@given(pipelines(), worlds, counts)
def test_nothing_that_was_recorded_runs_again(p: Drawing, x: Drawn, count: int) -> None:
    """What a resumed run does, the journal it was given did not hold."""
    left = crash(p, x, Recorder(), after=point(count, recorded(p, x).journal))
    assert not {note.name for note in left.resume().effects} & left.journal.entries.keys()


@given(pipelines(), worlds, st.lists(counts, min_size=2, max_size=4))
def test_one_crash_after_another_changes_no_outcome(
    p: Drawing, x: Drawn, points: list[int]
) -> None:
    """p(x), killed and resumed and killed again == p(x)."""
    whole = recorded(p, x)
    journal, at = MemoryJournal(), 0.0
    for number in points:
        try:
            left = crash(p, x, Recorder(), after=number, journal=journal, start=at)
        except ValueError:  # not so many entries are left
            continue
        assert left.journal.entries.items() >= journal.entries.items()
        journal, at = left.journal, left.at
    again = observe(p, x, Recorder(), journal=MemoryJournal(journal.entries), start=at)
    assert again.result == whole.result
    assert not {note.name for note in again.effects} & journal.entries.keys()


class OnceJournal(StoredJournal):
    """A journal that takes one entry for each path."""

    async def record(self, path: Path, entry: Entry) -> None:
        if path in self.entries:
            raise KeyError(path)
        await super().record(path, entry)


@given(pipelines(), worlds, counts)
def test_a_path_is_recorded_once(p: Drawing, x: Drawn, count: int) -> None:
    """No two entries of a task have one path, and each is one that the structure foretells."""
    whole = recorded(p, x, OnceJournal())
    left = crash(p, x, Recorder(), after=point(count, whole.journal))
    again = observe(p, x, Recorder(), journal=OnceJournal(left.journal.entries), start=left.at)
    foretold = {*entries(p.steps), f"run({first_name(p.steps)})"}
    assert {on_first_try(path) for path in again.journal.entries} <= foretold


def on_first_try(path: Path) -> Path:
    """Give *path* without the numbers of tries and the keys of items."""
    return re.sub(r"\[[^]]*\]/", "[]/", re.sub(r"(?:^|(?<=/))[\d.]+/", "", path))


@given(pipelines(endings=("succeed", "fail", "flake", "break")), worlds)
def test_a_full_journal_replays_without_running_or_waiting(p: Drawing, x: Drawn) -> None:
    """p(x, journal of p(x)) == p(x), in no time and without an effect."""
    whole = recorded(p, x)
    again = observe(p, x, Recorder(), journal=whole.journal, start=whole.seconds)
    assert again.result == whole.result
    assert (again.effects, again.waits) == ((), ())


@given(pipelines(forms=SEQUENTIAL), worlds, counts)
def test_a_crash_that_costs_no_time_is_not_seen(p: Drawing, x: Drawn, count: int) -> None:
    """In a row, p(x) killed after an entry and resumed at once does the same at the same times."""
    whole = recorded(p, x)
    left = crash(p, x, Recorder(), after=point(count, whole.journal))
    assert left.effects + left.resume().effects == whole.effects


@given(sagas(), counts)
def test_what_was_done_before_a_crash_is_undone_after_it(p: Saga, count: int) -> None:
    """A saga that was killed and resumed ends with the world that its outcome says."""
    world = Recorder()
    whole = observe(p, World(), Recorder(), journal=StoredJournal())
    seen = crash(p, World(), world, after=point(count, whole.journal)).resume()
    said = () if seen.error else seen.context.trail
    assert sorted(standing(world.notes)) == sorted(said)


@given(sagas(forms=UNLIMITED, endings=("succeed",)), counts)
def test_undo_is_the_reverse_of_what_was_done_before_a_crash_too(p: Saga, count: int) -> None:
    """(p >> fail)(x), killed and resumed, takes nothing back after what was done before it."""
    world, whole = Recorder(), p >> act("fails", 0, "fail")
    calm = observe(whole, World(), Recorder(), journal=StoredJournal())
    crash(whole, World(), world, after=point(count, calm.journal)).resume()
    done = {last_of(note): note.at for note in world.notes if note.name == "do"}
    last = max(at for at, note in enumerate(world.notes) if note.name != "undo")
    times = [done[last_of(note)] for note in world.notes[last + 1 :]]
    assert times == sorted(times, reverse=True)


def cancelled(at: Moment) -> Saga:
    """Make a step that has its run cancelled later, by someone who dies with its process."""

    async def begin(ctx: World) -> Outcome[World]:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(at[0], _cancel, task, at[1])
        return Success(ctx)

    return step(begin)


def _cancel(task: "asyncio.Task[object]", rounds: int) -> None:
    if rounds:
        asyncio.get_running_loop().call_soon(_cancel, task, rounds - 1)
    else:
        task.cancel()


@given(sagas(endings=("succeed", "flake")), moments, counts)
def test_a_cancelled_run_that_dies_while_it_is_undone_is_undone_by_the_next(
    p: Saga, at: Moment, count: int
) -> None:
    """Killed after any entry of its undo, a cancelled run is undone by the next, and cancelled."""
    whole = deed("do_0") >> cancelled(at) >> p >> act("rest", 30)
    journal, world = StoredJournal(), Recorder()
    assume(end_of(whole, (), journal).is_cancelled)
    assume("cancelled" in str(journal.entries["run(do_0)"].error))
    verdict = list(journal.entries).index("run(do_0)")
    number = verdict + 1 + count % (len(journal.entries) - verdict)
    left = crash(whole, World(), world, after=number)
    with pytest.raises(asyncio.CancelledError):
        left.resume()
    assert standing(world.notes) == ()


@given(sagas(), counts, st.lists(moments, min_size=1, max_size=2))
def test_a_resumed_run_that_is_cancelled_undoes_what_it_had_done_before(
    p: Saga, count: int, cancels: list[Moment]
) -> None:
    """Killed after any entry, resumed and cancelled at any moment, p(x) leaves nothing done."""
    world = Recorder()
    whole = observe(p, World(), Recorder(), journal=StoredJournal())
    left = crash(p, World(), world, after=point(count, whole.journal))
    end = end_of(p, cancels, StoredJournal(left.journal.entries), world)
    assume(end.was_asked)
    assert end.is_cancelled
    assert standing(world.notes) == ()


@given(pipelines(endings=("succeed", "flake")), worlds)
def test_what_failed_is_tried_again_and_nothing_else(p: Drawing, x: Drawn) -> None:
    """((refused | p) >> last)(x) that failed in last, and undid nothing, goes on with last.

    What was caught stays caught, also in p, be it undone or not.
    """
    world, whole = Recorder(), (refused | p) >> failing_once
    first = observe(whole, x, world, journal=StoredJournal())
    assume(first.error is not None and first.error.step == "failing_once")
    journal = first.journal.resumed()
    assume(not any(path.startswith("run(") for path in first.journal.entries))
    again = observe(whole, x, world, journal=journal, start=first.seconds)
    assert [note.name for note in again.effects] == ["last"]
    assert again.result == observe(p, x, Recorder()).result


@step
async def refused(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
    del ctx
    env.note("refused")
    return fail("never")


@step
async def failing_once(ctx: StepContext, env: Recorder) -> Outcome[StepContext]:
    env.note("last")
    return fail("not yet") if env.count("last") == 1 else Success(ctx)


@given(sagas())
def test_what_was_undone_is_started_anew(p: Saga) -> None:
    """A journal of a run that was undone forgets all: its next run is like the first."""
    whole = deed("do_0") >> p >> act("fails", 0, "fail")
    first = observe(whole, World(), Recorder(), journal=StoredJournal())
    assert first.journal.resumed().entries == {}


@given(sagas(), moments)
def test_what_was_cancelled_is_started_anew(p: Saga, at: Moment) -> None:
    """A journal of a run that was cancelled, and had done something, forgets all."""
    journal = StoredJournal()
    end = end_of(deed("do_0") >> p, [at], journal)
    assume(end.is_cancelled and standing(end.notes[: end.noted[0]]))
    assert journal.resumed().entries == {}
