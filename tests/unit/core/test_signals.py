"""`wait_for` and `pause`: what they take and say, and a journal in this process."""

import asyncio
import math
from typing import Any

import attrs
import pytest

from dara_fp import (
    Kind,
    MemoryJournal,
    Outcome,
    Scope,
    StepContext,
    Success,
    Waiting,
    ensure,
    for_each,
    made,
    named,
    pause,
    start,
    step,
    tap,
    wait_for,
    workflow,
    zoom,
)
from dara_fp.core.check import InvalidPipeline, check, signals, structure
from dara_fp.core.shape import is_verdict
from dara_fp.testing import Deadlock, Recorder, Signal, StoredJournal, observe, observe_parked


def is_even(_vote: object, _field: object, number: int) -> None:
    if number % 2:
        raise ValueError(f"{number} is odd")


@attrs.frozen(kw_only=True)
class Release(StepContext):
    approved: bool | None = made()
    votes: int = attrs.field(default=0, validator=is_even)


APPROVAL = start(Release) >> wait_for("approval", into="approved")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ((7, "approved"), TypeError, "got 7: wait_for takes the name of a signal"),
        (("approval", None), TypeError, "got None: wait_for takes the name of a field"),
        (("", "approved"), ValueError, "signal name '' does not fit"),
        (("-x", "approved"), ValueError, "signal name '-x' does not fit"),
        (("a/b", "approved"), ValueError, "signal name 'a/b' does not fit"),
        (("ü", "approved"), ValueError, "signal name 'ü' does not fit"),
        (("a" * 64, "approved"), ValueError, "63 characters at most"),
        (("approval", "not a field"), ValueError, "into is 'not a field'"),
        (("approval", "approved", "60"), TypeError, "got '60': timeout takes"),
        (("approval", "approved", 0), ValueError, "timeout is 0: give a finite number"),
    ],
)
def test_a_wait_that_cannot_be_is_refused_at_once(
    arguments: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        wait_for(*arguments)


@pytest.mark.parametrize("seconds", [0, -1, math.inf, math.nan])
def test_a_pause_takes_a_finite_time(seconds: float) -> None:
    with pytest.raises(ValueError, match=f"seconds is {seconds}: give a finite number"):
        pause(seconds)


def test_waits_are_recorded_under_names_that_no_step_can_have() -> None:
    whole = APPROVAL >> pause(0.5) >> named("later", pause(0.5))
    assert structure(whole) == ("wait(approval)", "pause(0.5)", "later/pause(0.5)")
    assert not any(map(is_verdict, structure(whole)))
    assert str(whole) == (
        "start(Release) >> wait_for('approval', into='approved') >> pause(0.5)"
        " >> named('later', pause(0.5))"
    )
    assert "wait for approval, at most 60 s" in wait_for("approval", "approved", 60).outline()


def test_two_pauses_of_one_length_need_names() -> None:
    with pytest.raises(InvalidPipeline, match=r"'pause\(60\)' occurs more than once.*named"):
        check(APPROVAL >> pause(60) >> pause(60))


def test_a_signal_for_a_field_that_is_not_there_is_refused() -> None:
    said = "'approval' goes into 'aproved', and Release has no such field; it has approved, votes"
    with pytest.raises(InvalidPipeline, match=said):
        check(start(Release) >> wait_for("approval", into="aproved"))


def test_a_signal_that_is_awaited_at_two_places_is_refused() -> None:
    twice = APPROVAL >> named("again", wait_for("approval", into="approved"))
    with pytest.raises(InvalidPipeline, match="'approval' is awaited at more than one place"):
        check(twice)


def itself(ctx: Release) -> Release:
    return ctx


def one(ctx: Release) -> tuple[Release, ...]:
    return (ctx,)


def put(_ctx: Release, part: Release) -> Release:
    return part


def first(_ctx: Release, parts: tuple[Release, ...]) -> Release:
    return parts[0]


def test_the_signals_of_a_pipeline_have_the_fields_of_its_own_class() -> None:
    part = start(Release) >> wait_for("in_part", into="votes")
    item = start(Release) >> wait_for("in_item", into="elsewhere")
    whole = APPROVAL >> zoom(itself, part, put) >> named("more", for_each(one, item, first))
    check(whole)
    assert signals(whole) == {"approval": "approved", "in_part": "", "in_item": ""}
    assert signals(start(Release) >> pause(1)) == {}


def test_a_path_that_no_journal_takes_is_refused() -> None:
    deep = start(Release) >> pause(60)
    for number in range(11):
        deep = named(f"{'x' * 90}{number:02}", deep)
    with pytest.raises(InvalidPipeline, match=r"'x{80}\.\.\.' has 1032 characters"):
        check(deep)


@step
async def publish(ctx: Release, env: Recorder) -> Outcome[Release]:
    env.note("published", ctx.approved)
    return Success(ctx)


def test_a_signal_may_come_before_anybody_waits_for_it() -> None:
    journal = MemoryJournal()
    assert journal.signal("approval", body=True)
    seen = observe(APPROVAL, Release(), journal=journal)
    assert (seen.context.approved, seen.seconds) == (True, 0)
    assert journal.entries["wait(approval)"].changes == {"approved": True}


def test_a_signal_wakes_whoever_waits_for_it() -> None:
    said = [Signal("other", 1, at=1), Signal("approval", body=False, at=90)]
    seen = observe(
        start(Release, Recorder) >> APPROVAL >> publish, Release(), Recorder(), signals=said
    )
    assert (seen.context.approved, seen.seconds) == (False, 90)
    entry = seen.journal.entries["wait(approval)"]
    assert (entry.started_at, entry.finished_at) == (0, 90)


def test_a_signal_counts_once() -> None:
    journal = MemoryJournal()
    assert journal.signal("approval", body=True)
    assert not journal.signal("approval", body=True)
    with pytest.raises(ValueError, match="given already, as true: it counts once"):
        journal.signal("approval", body=False)


@pytest.mark.parametrize(
    ("field", "body", "said"),
    [
        ("approved", "yes", "signal 'approval' does not fit the field 'approved': approved: Exp"),
        ("votes", 3, "signal 'approval' does not fit the field 'votes': 3 is odd"),
    ],
)
def test_a_body_that_does_not_fit_is_rejected(field: str, body: object, said: str) -> None:
    waits = start(Release) >> wait_for("approval", into=field)
    error = observe(waits, Release(), signals=[Signal("approval", body)]).error
    assert error is not None
    assert (error.kind, error.step) == (Kind.REJECTED, "wait(approval)")
    assert said in error.message


def test_a_field_that_is_not_there_is_a_bug() -> None:
    waits = start(Release) >> wait_for("approval", into="aproved")
    error = observe(waits, Release(), signals=[Signal("approval")]).error
    assert error is not None
    assert error.kind is Kind.DEFECT
    assert "Release has no field 'aproved'; it has approved, votes" in error.message


def test_without_a_journal_a_signal_cannot_come_and_a_pause_is_slept() -> None:
    error = observe_plainly(APPROVAL).failure()
    assert error.kind is Kind.REJECTED
    assert "Scope(journal=MemoryJournal())" in error.message
    assert observe(start(Release) >> pause(60), Release()).seconds == 60


def observe_plainly(pipeline: Any) -> Any:
    return asyncio.run(pipeline(Release()))


def test_a_wait_that_is_over_says_which_signal_did_not_come() -> None:
    waits = start(Release) >> wait_for("approval", into="approved", timeout=60)
    for seen in (
        observe(waits, Release(), journal=StoredJournal()),
        observe_parked(waits, Release()),
    ):
        assert seen.error is not None
        assert (seen.error.kind, seen.error.step) == (Kind.TIMEOUT, "wait(approval)")
        assert seen.error.message == "no signal 'approval' came within 60 s"
        assert seen.seconds == 60


def test_a_parked_task_that_nobody_will_wake_is_a_deadlock() -> None:
    with pytest.raises(Deadlock, match=r"nobody will say: wait\(approval\)"):
        observe_parked(APPROVAL, Release())


def test_a_resumed_wait_goes_on_from_when_it_began() -> None:
    journal = StoredJournal(waits={"pause(60)": Waiting("pause(60)", None, 0, 60)})
    assert observe(start(Release) >> pause(60), Release(), journal=journal, start=45).seconds == 15


def test_resuming_keeps_waits_and_signals_but_not_those_that_failed() -> None:
    whole = APPROVAL >> wait_for("votes", into="votes") >> ensure(is_approved, "no") >> pause(9)
    journal = MemoryJournal(waits={"pause(9)": Waiting("pause(9)", None, 5, 14)})
    journal.signal("votes", 3)
    journal.signal("approval", body=True)
    assert observe(whole, Release(), journal=journal).error is not None
    again = journal.resumed()
    assert again.entries.keys() == {"wait(approval)"}
    assert again.waits.keys() == {"pause(9)"}
    assert again.signals == {"approval": b"true"}


def is_approved(ctx: Release) -> bool:
    return bool(ctx.approved)


class CancelledJournal(MemoryJournal):
    """A journal that is cancelled while it is asked to wait."""

    async def wait(self, waiting: Waiting) -> bytes | None:
        raise asyncio.CancelledError


def test_a_journal_that_is_cancelled_while_it_waits_is_no_cancellation() -> None:
    with pytest.raises(RuntimeError, match=r"the journal was cancelled .* 'pause\(1\)'"):
        observe(start(Release) >> pause(1), Release(), journal=CancelledJournal())


async def test_a_wait_that_is_cancelled_leaves_nobody_listening() -> None:
    journal = MemoryJournal()
    running = asyncio.ensure_future(APPROVAL(Release(), scope=Scope(journal=journal)))
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert journal.signal("approval", body=True)
    assert journal.entries == {}


def log(ctx: Release, env: Recorder) -> None:
    env.note("looked", ctx.votes)


def test_a_workflow_may_wait_between_its_steps() -> None:
    whole = start(Release, Recorder) >> tap(log) >> wait_for("approval", "approved") >> publish
    seen = observe(
        workflow("release", whole),
        Release(),
        Recorder(),
        signals=[Signal("approval", body=True, at=7)],
    )
    assert [(note.name, note.at) for note in seen.effects] == [("looked", 0), ("published", 7)]
