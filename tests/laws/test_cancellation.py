"""The laws of cancellation: whenever it comes, all is undone, and then it is raised."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import (
    Failure,
    Kind,
    Outcome,
    StepError,
    Success,
    compensate,
    for_each,
    named,
    recover,
    repeat,
    retry,
    step,
    timeout,
    when,
    zoom,
)
from dara_fp.testing import Recorder, observe, run
from tests.laws.cancelled import (
    Ending,
    Moment,
    SlowJournal,
    copied,
    end_of,
    moments,
)
from tests.laws.effects import (
    IN_A_ROW,
    WAIT,
    Saga,
    World,
    act,
    deed,
    gathered,
    handled,
    held,
    is_again_there,
    last_of,
    quit_task,
    sagas,
    standing,
)

CALM = ("succeed",)
GRAVE = ("succeed", "fail", "break")
paces = st.sampled_from((0, 0, 0.5, 1))
journals = st.one_of(st.none(), st.builds(SlowJournal, paces, paces))


def is_all_undone(end: Ending) -> bool:
    """Tell whether *end* is that of a cancelled run, of which nothing is left."""
    return (
        end.is_cancelled
        and standing(end.notes) == ()
        and held(end.notes) == set()
        and end.noted[-1] == len(end.notes)
        and end.tasks == 0
    )


@given(sagas(), st.lists(moments, min_size=1, max_size=3), journals)
@settings(max_examples=300)  # it is where the bugs are, and quick
def test_a_cancelled_run_is_undone_completely(
    p: Saga, cancels: Sequence[Moment], journal: SlowJournal | None
) -> None:
    """p(x) cancelled at any moment, up to three times, raises and leaves nothing done."""
    end = end_of(p, cancels, journal)
    assume(end.was_asked)
    assert is_all_undone(end)


@given(sagas(IN_A_ROW, CALM, st.integers(0, 1)), st.integers(0, 20), paces, paces)
def test_nothing_is_begun_after_a_cancellation(
    p: Saga, quarters: int, before: float, after: float
) -> None:
    """In a row, what is noted after a cancellation is taken back, and nothing else."""
    end = end_of(p >> act("rest", 5), [(quarters / 4, 0)], SlowJournal(before, after))
    assume(end.was_asked)
    assert {note.name for note in end.notes[end.noted[0] :]} <= {"undo", "release"}


@given(sagas(endings=CALM, times=st.integers(1, 3)), st.lists(moments, min_size=1, max_size=3))
def test_a_cancellation_during_undo_waits_until_all_is_undone(
    p: Saga, cancels: Sequence[Moment]
) -> None:
    """(p >> fail)(x) cancelled while it is undone does the same, and then raises."""
    calm = end_of(p >> act("fails", 1, "fail"))
    assume(isinstance(end_of(p).outcome, Success))
    failed = [note.at for note in calm.notes if note.name != "undo"][-1]
    later = [(failed + seconds + 0.5, rounds) for seconds, rounds in cancels]
    end = end_of(p >> act("fails", 1, "fail"), later)
    assume(end.was_asked)
    assert end.is_cancelled
    assert end.notes == calm.notes


def twice_tried(body: Saga) -> Saga:
    return retry(1, WAIT)(body)


def itself(ctx: World) -> World:
    return ctx


def put(_ctx: World, part: World) -> World:
    return part


def thrice(ctx: World) -> tuple[World, ...]:
    return (ctx, ctx, ctx)


def always(_ctx: World) -> bool:
    return True


EVERY_KIND: Saga = (
    deed("do_1", 1, 1)
    >> named("part", deed("do_2", 0, 1) >> act("look"))
    >> when(always, deed("do_3"))
    >> (deed("do_4", 1, 1) >> act("fails_4", 1, "fail") | deed("do_5", 1))
    >> recover(deed("do_6", 0, 1) >> act("fails_6", 0, "fail"), handled("handle_6"))
    >> twice_tried(deed("do_7", 0, 1) >> act("flakes_7", 1, "flake"))
    >> recover(timeout(2)(deed("do_8", 1, 1) >> act("hangs_8", 10)), handled("handle_8"))
    >> zoom(itself, deed("do_9"), put)
    >> (deed("do_10", 1, 1) & (deed("do_11", 1) >> deed("do_12", 1)))
    >> for_each(thrice, deed("do_13", 1) >> deed("do_14"), gathered, limit=2)
    >> repeat(deed("do_15", 0, 1), until=is_again_there, backoff=WAIT)
    >> act("fails", 0, "fail")
)


@pytest.mark.parametrize("pace", [None, (0, 0.5), (0.5, 0)])
@pytest.mark.parametrize("again", [(), ((0.25, 0), (1, 0))])
def test_no_moment_is_a_bad_one(pace: tuple[float, float] | None, again: Sequence[Moment]) -> None:
    """A saga of every kind of node, cancelled at each of its moments, leaves nothing done."""
    instants = sorted({note.at for note in end_of(EVERY_KIND, (), _journal(pace)).notes})
    for instant, rounds in itertools.product(instants, range(3 if pace else 7)):
        cancels = [(instant, rounds), *((instant + seconds, more) for seconds, more in again)]
        end = end_of(EVERY_KIND, cancels, _journal(pace))
        if end.was_asked:
            assert is_all_undone(end), cancels


def _journal(pace: tuple[float, float] | None) -> SlowJournal | None:
    return SlowJournal(*pace) if pace else None


@pytest.mark.parametrize("pace", [(1, 0), (0, 1), (1, 1)])
def test_a_cancellation_cuts_no_verdict(pace: tuple[float, float]) -> None:
    """Cancelled while a failure is being recorded, what it leaves is undone all the same."""
    caught = recover(deed("do_1") >> act("fails_1", 0, "fail"), handled("handle"))
    p = caught >> deed("do_2") >> act("fails_2", 0, "fail")
    calm = end_of(p, (), SlowJournal(*pace))
    assert isinstance(calm.outcome, Failure)
    ends = [end_of(p, [(quarters / 4, 0)], SlowJournal(*pace)) for quarters in range(80)]
    asked = [end for end in ends if end.was_asked]
    assert len(asked) >= 24
    assert all(is_all_undone(end) for end in asked)


async def quits(ctx: World) -> Outcome[World]:
    await quit_task()
    return Success(ctx)


@given(sagas(), sagas(endings=CALM), journals)
def test_a_cancelled_branch_ends_the_run_once_the_others_have_settled(
    p: Saga, q: Saga, journal: SlowJournal | None
) -> None:
    """(p & (q >> quits))(x) does what p(x) does, and is undone and cancelled."""
    branch, other = named("p", p), named("q", q)
    assume(isinstance(end_of(other, (), copied(journal)).outcome, Success))
    end = end_of(branch & other >> quits, (), journal)
    assert is_all_undone(end)
    alone = end_of(branch, (), copied(journal))
    assert done_in(end, "p/") == done_in(alone, "p/")


def done_in(end: Ending, prefix: str) -> list[str]:
    done = [last_of(note) for note in end.notes if note.name == "do"]
    return [path for path in done if path.startswith(prefix)]


async def strays(ctx: World) -> Outcome[World]:
    """Wait for something that was cancelled, though nobody cancelled the run."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future
    return Success(ctx)


def in_a_branch(body: Saga) -> Saga:
    return body & act("beside", 1)


def in_items(body: Saga) -> Saga:
    return for_each(thrice, body, gathered)


def as_undo(body: Saga) -> Saga:
    return compensate(act("done"), body) >> act("fails", 0, "fail")


def as_handler(body: Saga) -> Saga:
    async def handle(ctx: World, _error: StepError) -> Outcome[World]:
        return await strays(ctx)

    return recover(act("fails_first", 0, "fail"), handle)


Place: TypeAlias = Callable[[Saga], Saga]

places = st.lists(st.sampled_from((in_a_branch, in_items, twice_tried, as_handler)), max_size=3)


@given(sagas(endings=CALM), places, st.sampled_from(((), (as_undo,))))
def test_what_nobody_asked_for_is_no_cancellation(
    p: Saga, around: Sequence[Place], last: Sequence[Place]
) -> None:
    """A step that awaits something cancelled is a defect, wherever it stands."""
    stray: Saga = step(strays)
    for place in (*around, *last):
        stray = place(stray)
    assume(observe(p, World(), Recorder()).error is None)
    end = end_of(p >> stray)
    assert isinstance(end.outcome, Failure)
    assert end.outcome.failure().kind is Kind.DEFECT
    assert "something that was cancelled" in end.outcome.failure().message
    assert standing(end.notes) == ()


async def stays(ctx: World, env: Recorder) -> Outcome[World]:
    """Take one cancellation for nothing."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3)
    await asyncio.sleep(1)
    env.note("look", ctx.trail)
    return Success(ctx)


@given(sagas(), sagas(), sagas(), st.lists(moments, min_size=1, max_size=2), journals)
def test_a_cancellation_that_a_step_takes_for_itself_leaves_nothing_half_done(
    p: Saga, q: Saga, r: Saga, cancels: Sequence[Moment], journal: SlowJournal | None
) -> None:
    """p >> (stays >> q & r), cancelled, is done or undone."""
    whole = named("p", p) >> (step(stays) >> named("q", q) & named("r", r))
    end = end_of(whole, cancels, journal)
    assert isinstance(end.raised, asyncio.CancelledError | None)
    said = end.outcome.unwrap().trail if isinstance(end.outcome, Success) else ()
    assert sorted(standing(end.notes)) == sorted(said)
    assert end.tasks == 0


@given(sagas(), places)
def test_a_task_that_was_cancelled_before_can_run_sagas_to_clean_up(
    p: Saga, around: Sequence[Place]
) -> None:
    """In `except CancelledError`, p(x) is what it is anywhere else."""
    whole: Saga = step(strays)
    for place in around:
        whole = place(whole)
    whole = p >> whole
    later, seen = Recorder(), observe(whole, World(), Recorder())

    async def clean_up() -> Outcome[World]:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            return await whole(World(), later)
        raise AssertionError

    async def cancelled() -> Outcome[World]:
        task = asyncio.ensure_future(clean_up())
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert attrs.evolve(seen, outcome=run(cancelled())) == seen
    assert tuple(later.notes) == seen.effects
