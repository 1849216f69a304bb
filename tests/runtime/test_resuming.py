"""What a resumed task forgets, proven on drawn pipelines: it ends as if its step had not failed."""

from collections.abc import Sequence

import attrs
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import (
    Outcome,
    Pipeline,
    Position,
    StepFailed,
    Success,
    compensate,
    for_each,
    start,
    step,
)
from dara_fp.core.errors import StepError
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.shape import is_verdict
from dara_fp.runtime.resuming import forgotten
from dara_fp.store.records import History, State, StepRecord, TaskRecord
from dara_fp.testing import Drawn, Observation, Recorder, StoredJournal, observe, pipelines
from dara_fp.testing.leaves import Piece, titled
from dara_fp.testing.strategies import FORMS

BROKEN = StepFailed(StepError(message="it broke"))
# Steps end by themselves here, so that whatever fails in the end is the step that was broken.
WHOLE = pipelines(endings=["succeed"])
MIXED = pipelines()
NEVER_UNDONE = pipelines(
    forms=[form for form in FORMS if form not in {"compensate", "on_cancel"}], endings=["succeed"]
)


def history_of(journal: MemoryJournal) -> History:
    """Give what a store would have kept of a task with that *journal*."""
    task = TaskRecord(
        task_id="observed",
        workflow="drawn",
        state=State.FAILED,
        attempt=1,
        epoch=1,
        deliveries=0,
        context=b"{}",
        structure=(),
        owner=None,
        created_at=0.0,
        started_at=0.0,
        finished_at=0.0,
        error=None,
    )
    steps = [
        StepRecord(
            path=path,
            number=number,
            changes=b"{}",
            error=entry.error,
            started_at=entry.started_at,
            finished_at=entry.finished_at,
        )
        for number, (path, entry) in enumerate(journal.entries.items())
    ]
    return History(
        task=task, steps=tuple(steps), reports=(), waits=tuple(journal.waits.values()), signals={}
    )


@attrs.frozen
class Resumed:
    """A run that failed, and the one that went on from it.

    Attributes:
        failed: How it failed.
        seen: How it went on.
        kept: The paths it kept.
    """

    failed: Observation[Drawn]
    seen: Observation[Drawn]
    kept: frozenset[str]


def resumed(
    pipeline: Pipeline[Drawn, Recorder], broken: str, begin: str | None = None
) -> Resumed | None:
    """Run *pipeline* with the step *broken* once, and resume it; None if it does not fail so."""
    env = Recorder(faults={broken: {1: BROKEN}})
    failed = observe(pipeline, Drawn(), env, journal=StoredJournal())
    if failed.error is None or failed.error.step != broken:
        return None
    journal = failed.journal
    gone = forgotten(history_of(journal), pipeline.steps, begin)
    kept = {path: entry for path, entry in journal.entries.items() if f"s:{path}" not in gone}
    waits = {path: wait for path, wait in journal.waits.items() if f"w:{path}" not in gone}
    # The limits of an attempt do not count the time of the one before, as in the store's journal.
    dated = {
        path: msgspec.structs.replace(entry, started_at=max(entry.started_at, failed.seconds))
        for path, entry in kept.items()
    }
    again = StoredJournal(dated, waits=waits)
    seen = observe(pipeline, Drawn(), env, journal=again, attempt=2, start=failed.seconds)
    return Resumed(failed, seen, frozenset(kept))


def effects(seen: Observation[Drawn]) -> list[str]:
    # A handler that is called again is told again, which is no effect of its own.
    return [note.name for note in seen.effects if not note.name.endswith(" was told")]


def broken_in(data: st.DataObject, steps: Sequence[str]) -> str:
    assume(steps)
    return data.draw(st.sampled_from(sorted(set(steps))))


@given(WHOLE, st.data())
def test_a_resumed_run_ends_as_if_its_step_had_not_failed(
    pipeline: Pipeline[Drawn, Recorder], data: st.DataObject
) -> None:
    whole = observe(pipeline, Drawn(), Recorder())
    case = resumed(pipeline, broken_in(data, effects(whole)))
    assume(case is not None)
    assert case is not None
    assert case.seen.result == whole.result


@given(MIXED, st.data())
def test_a_resumed_run_ends_as_it_would_have_whatever_else_fails_in_it(
    pipeline: Pipeline[Drawn, Recorder], data: st.DataObject
) -> None:
    whole = observe(pipeline, Drawn(), Recorder())
    case = resumed(pipeline, broken_in(data, effects(whole)))
    assume(case is not None)
    assert case is not None
    assert case.seen.result == whole.result


@given(WHOLE, st.data())
def test_what_a_resumed_run_keeps_it_does_not_do_again(
    pipeline: Pipeline[Drawn, Recorder], data: st.DataObject
) -> None:
    case = resumed(pipeline, broken_in(data, effects(observe(pipeline, Drawn(), Recorder()))))
    assume(case is not None)
    assert case is not None
    assert not case.kept & set(effects(case.seen))


@given(NEVER_UNDONE, st.data())
def test_without_undo_every_step_but_the_one_that_failed_runs_once(
    pipeline: Pipeline[Drawn, Recorder], data: st.DataObject
) -> None:
    whole = effects(observe(pipeline, Drawn(), Recorder()))
    broken = broken_in(data, whole)
    case = resumed(pipeline, broken)
    assume(case is not None)
    assert case is not None
    both = effects(case.failed) + effects(case.seen)
    assert sorted(both) == sorted([*whole, broken])


@given(WHOLE, st.data())
def test_a_run_that_is_resumed_from_an_earlier_step_ends_the_same(
    pipeline: Pipeline[Drawn, Recorder], data: st.DataObject
) -> None:
    whole = observe(pipeline, Drawn(), Recorder())
    broken = broken_in(data, effects(whole))
    first = resumed(pipeline, broken)
    assume(first is not None)
    assert first is not None
    earlier = [path for path in first.failed.journal.entries if not is_verdict(path)]
    case = resumed(pipeline, broken, data.draw(st.sampled_from(earlier)))
    assert case is not None
    assert case.seen.result == whole.result


def test_a_start_that_was_not_recorded_is_refused_with_those_that_were() -> None:
    journal = MemoryJournal()
    with pytest.raises(ValueError, match="has not recorded 'pack': give one of none"):
        forgotten(history_of(journal), (), "pack")


def whole_of(ctx: Drawn, done: tuple[Piece, ...]) -> Drawn:
    return ctx.evolve(pieces=done)


def odd_key(piece: Piece) -> str:
    return f"a]{piece.number}"


def noted(name: str) -> Pipeline[Piece, Recorder]:
    async def act(ctx: Piece, env: Recorder, at: Position) -> Outcome[Piece]:
        env.note(at.path)
        return Success(ctx)

    return step(titled(act, name))


def test_an_item_that_was_undone_is_done_again_whatever_its_key() -> None:
    def items(ctx: Drawn) -> tuple[Piece, ...]:
        return (Piece(number=7),)

    body = compensate(noted("reserve"), noted("release")) >> noted("pack")
    each = start(Drawn, Recorder) >> for_each(items, body, whole_of, key=odd_key)
    case = resumed(each, "[a]7]/pack")
    assert case is not None
    assert effects(case.seen) == ["[a]7]/reserve", "[a]7]/pack"]
