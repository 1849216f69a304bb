"""The laws of `timeout`."""

import asyncio
import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import (
    Kind,
    MemoryJournal,
    Outcome,
    Success,
    compensate,
    for_each,
    recover,
    retry,
    start,
    step,
    timeout,
)
from dara_fp.testing import (
    Drawn,
    Recorder,
    StoredJournal,
    observe,
    pipelines,
    run,
)
from dara_fp.testing.leaves import HANGS
from tests.laws.clocked import (
    ALWAYS,
    AT_ONCE,
    SMALLEST,
    Whole,
    alike,
    assert_is_late,
    bodies,
    brief,
    chain,
    starts,
    times,
    unplaced,
    work,
)


def unrecorded() -> None:
    return None


Recorded: TypeAlias = Callable[[], MemoryJournal | None]
journals: st.SearchStrategy[Recorded] = st.sampled_from([MemoryJournal, StoredJournal, unrecorded])
seconds = st.integers(1, 9)
chains = st.lists(seconds, min_size=1, max_size=5)


@given(bodies)
def test_no_limit_is_the_identity(a: Whole) -> None:
    """timeout(inf)(a) == a."""
    assert timeout(math.inf)(a) == a


@given(pipelines(size=8, endings=("succeed", "fail", "flake", "break")), starts, st.data())
def test_a_limit_at_or_over_the_duration_changes_nothing(
    a: Whole, ctx: Drawn, data: st.DataObject
) -> None:
    """timeout(l)(a) == a if a takes l or less, and leaves the same in the journal."""
    journal = data.draw(journals)
    alone = observe(a, ctx, Recorder(), journal=journal())
    extra = data.draw(st.sampled_from([0, 1, 1e-6, 1e9]))
    limited = timeout(alone.seconds + extra or SMALLEST)(a)
    seen = observe(limited, ctx, Recorder(), journal=journal())
    assert seen == alone
    assert list(seen.journal.entries) == list(alone.journal.entries)


@given(brief, starts, st.data())
def test_a_shorter_limit_fails_exactly_then(a: Whole, ctx: Drawn, data: st.DataObject) -> None:
    """timeout(l)(a), where a takes more than l, does what a does until l, and then fails."""
    lasting = work("first", 1) >> a
    alone = observe(lasting, ctx, Recorder())
    limit = data.draw(st.integers(1, int(1000 * alone.seconds) - 1)) / 1000
    journal = data.draw(journals)
    seen = observe(timeout(limit)(lasting), ctx, Recorder(), journal=journal())
    assert_is_late(seen, limit)
    assert seen.effects == tuple(note for note in alone.effects if note.at <= limit)


@given(brief, starts)
def test_what_never_ends_is_cut_wherever_it_stands(a: Whole, ctx: Drawn) -> None:
    """timeout(l)(a >> forever), (forever & a), ... fail exactly at l, long after a has ended."""
    limit = 10.0**6
    forever = work("forever", HANGS)
    alone = observe(a, ctx, Recorder())
    assert_is_late(observe(timeout(limit)(forever & a), ctx, Recorder()), limit)
    assert_is_late(observe(timeout(limit)(a & forever), ctx, Recorder()), limit)
    assert_is_late(observe(timeout(limit)(recover(forever, patient) >> a), ctx, Recorder()), limit)
    if alone.error is None:
        assert_is_late(observe(timeout(limit)(a >> forever), ctx, Recorder()), limit)


@given(st.lists(chains, min_size=1, max_size=4), st.sampled_from([-1, 0, 1]), journals)
def test_several_sleeps_count_as_one(lanes: list[list[int]], more: int, journal: Recorded) -> None:
    """timeout(l) of sleeps in a row, side by side and in items holds for their sum and maximum."""
    whole = chain(lanes[0])
    for number, lane in enumerate(lanes[1:]):
        whole = whole & chain(lane, f"lane_{number}_")
    items = for_each(four_times, work("item", 1), unchanged, limit=2)
    exact = max(map(sum, lanes)) + 2
    seen = observe(timeout(exact + more)(whole >> items), Drawn(), Recorder(), journal=journal())
    assert seen.seconds == min(exact, exact + more)
    assert (seen.error is None or seen.error.kind is not Kind.TIMEOUT) == (more >= 0)


@given(alike, starts, st.integers(1, 12), st.integers(1, 12), journals)
def test_of_nested_limits_the_smaller_wins(
    a: Whole, ctx: Drawn, x: int, y: int, journal: Recorded
) -> None:
    """timeout(x)(timeout(y)(a)) == timeout(min(x, y))(a), but for the words."""
    lasting = work("first", 1) >> a
    nested = observe(timeout(x)(timeout(y)(lasting)), ctx, Recorder(), journal=journal())
    assert unplaced(nested) == unplaced(observe(timeout(min(x, y))(lasting), ctx, Recorder()))


@given(st.integers(1, 5), seconds, st.integers(0, 3))
def test_each_try_has_the_whole_limit(limit: int, more: int, n: int) -> None:
    """retry(n)(timeout(l)(a)) takes (n + 1) * l if a is longer, and is retryable at the end."""
    seen = observe(
        retry(n, AT_ONCE)(timeout(limit)(work(seconds=limit + more))), Drawn(), Recorder()
    )
    assert_is_late(seen, limit * (n + 1))
    assert times(seen.effects) == [limit * number for number in range(n + 1)]


@given(chains, st.integers(1, 9), seconds, seconds, journals)
def test_what_was_done_is_undone_however_late_it_is(
    done: list[int], undo: int, limit: int, over: int, journal: Recorded
) -> None:
    """timeout(l)(a >> forever) undoes every a, the last first; a limit cuts no undo."""
    whole = start(Drawn, Recorder)
    for number, _ in enumerate(done):
        back = work(f"undo_{number}", undo) >> work(f"undo_more_of_{number}", undo)
        whole = whole >> compensate(work(f"do_{number}"), back)
    forever = retry(1)(whole >> work("late", limit + over))
    seen = observe(timeout(limit)(forever), Drawn(), Recorder(), journal=journal())
    back_from = reversed(range(len(done)))
    words = [f"undo_{more}{number}" for number in back_from for more in ("", "more_of_")]
    undone = [note for note in seen.effects if note.name.startswith("undo")]
    assert [note.name for note in undone] == words
    assert times(undone) == [limit + undo * number for number in range(2 * len(done))]
    assert seen.error is not None
    assert seen.error.kind is Kind.TIMEOUT


@given(chains, st.integers(2, 9), journals, st.integers(1, 9))
def test_a_limit_that_comes_while_something_is_undone_cuts_nothing(
    done: list[int], undo: int, journal: Recorded, last: int
) -> None:
    """timeout(l)(retry(a >> fail)), which undoes a at l, goes on with that, and then fails."""
    whole = start(Drawn, Recorder)
    for number, d in enumerate(done):
        whole = whole >> compensate(work(f"do_{number}", d), work(f"undo_{number}", undo))
    failing = retry(1)(whole >> work("fails", last, fails=ALWAYS))
    limit = sum(done) + last + 1
    seen = observe(timeout(limit)(failing), Drawn(), Recorder(), journal=journal())
    undone = [note for note in seen.effects if note.name.startswith("undo")]
    assert times(undone) == [limit - 1 + undo * number for number in range(len(done))]
    assert_is_late(seen, limit - 1 + undo * len(done))


@given(seconds, st.floats(0.1, 9), st.sampled_from([0, 1]), st.integers(0, 3))
def test_a_cancellation_from_outside_goes_through(
    limit: int, at: float, turns: int, n: int
) -> None:
    """timeout(l)(a), cancelled before it ends or just as it does, is cancelled and no failure."""
    when = min(at, math.nextafter(limit, math.inf))
    whole = recover(retry(n)(timeout(limit)(work(seconds=HANGS))), patient) | work("other")
    world = Recorder()

    async def cancelled() -> float:
        loop = asyncio.get_running_loop()
        running = loop.create_task(whole(Drawn(), world))
        for _ in range(turns):
            await asyncio.sleep(0)  # so that the limit is set first
        loop.call_at(when, running.cancel)
        with pytest.raises(asyncio.CancelledError):
            await running
        return loop.time()

    assert run(cancelled()) == when
    assert [note.name for note in world.notes] == ["work"]


@given(seconds, st.integers(0, 3), st.integers(1, 3), chains)
def test_a_step_that_takes_the_cancellation_for_its_end_is_late_all_the_same(
    limit: int, cleanup: int, times_more: int, rest: list[int]
) -> None:
    """timeout(l)(a >> b) fails once a is through with what it does instead, and b never begins."""

    async def deaf(ctx: Drawn, _env: Recorder) -> Outcome[Drawn]:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(HANGS)
        await asyncio.sleep(cleanup)
        return Success(ctx)

    whole = step(deaf)
    assert_is_late(observe(timeout(limit)(whole), Drawn(), Recorder()), limit + cleanup)
    longer = retry(times_more)(whole) >> chain(rest)
    seen = observe(timeout(limit)(longer), Drawn(), Recorder())
    assert_is_late(seen, limit + cleanup)
    assert seen.effects == ()


@given(st.floats(max_value=0) | st.just(math.nan))
def test_a_limit_that_is_none_is_refused_by_value(limit: float) -> None:
    """timeout(-l) raises, and says what it was given."""
    with pytest.raises(ValueError, match=re.escape(f"seconds is {limit}: give a limit above 0")):
        timeout(limit)


def four_times(ctx: Drawn) -> list[Drawn]:
    return [ctx] * 4


def unchanged(ctx: Drawn, _items: Sequence[Drawn]) -> Drawn:
    return ctx


async def patient(ctx: Drawn, error: object, env: Recorder) -> Outcome[Drawn]:
    env.note("patient", error)
    return Success(ctx)


@given(starts, st.integers(1, 9), st.integers(0, 3), journals)
def test_a_limit_does_not_hide_a_defect(x: Drawn, limit: int, more: int, journal: Recorded) -> None:
    """retry(n)(timeout(t)(raise & hang)) == raise, tried once."""

    @step
    async def stumble(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
        env.note("stumbled")
        raise LookupError

    body = retry(more, AT_ONCE)(timeout(limit)(stumble & work("hang", HANGS)))
    seen = observe(body, x, Recorder(), journal=journal())
    assert seen.error is not None
    assert seen.error.kind is Kind.DEFECT
    assert [note.name for note in seen.effects].count("stumbled") == 1
