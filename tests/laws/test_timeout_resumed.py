"""The laws of `timeout` across a crash: a limit counts from the first start."""

from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import compensate, retry, start, timeout
from dara_fp.testing import Drawn, Observation, Recorder, StoredJournal, crash, observe
from dara_fp.testing.leaves import HANGS
from tests.laws.clocked import (
    AT_ONCE,
    SMALLEST,
    Whole,
    assert_is_late,
    brief,
    chain,
    idle,
    near,
    starts,
    work,
)

seconds = st.integers(1, 9)
chains = st.lists(seconds, min_size=1, max_size=5)


@given(chains, st.integers(0, 20), st.integers(0, 40), st.data())
def test_a_limit_counts_from_the_first_start_after_a_crash_too(
    steps: list[int], over: int, downtime: int, data: st.DataObject
) -> None:
    """Killed after step k and resumed at u, what would end at e <= l does; else it fails at l.

    Nothing is begun later than that.
    """
    k = data.draw(st.integers(1, len(steps)))
    limit = sum(steps[:k]) + over
    left = crash(timeout(limit)(chain(steps)), Drawn(), Recorder(), after=k)
    seen = left.resume(downtime=downtime)
    resumed = left.at + downtime
    assert_ends_by(seen, resumed, resumed + sum(steps[k:]), limit)
    assert all(note.at <= limit for note in seen.effects)


@given(st.lists(chains, min_size=2, max_size=3), st.integers(0, 9), st.integers(0, 9), st.data())
def test_a_limit_counts_from_the_first_start_of_all_lanes(
    lanes: list[list[int]], over: int, downtime: int, data: st.DataObject
) -> None:
    """timeout(l)(a & b), killed after any entry and resumed, has what is left of l, as b & a."""
    whole = chain(lanes[0], "lane_0_")
    for number, lane in enumerate(lanes[1:], 1):
        whole = whole & chain(lane, f"lane_{number}_")
    k = data.draw(st.integers(1, sum(map(len, lanes)) - 1))
    limit = crash(whole, Drawn(), Recorder(), after=k).at + over or SMALLEST
    left = crash(timeout(limit)(whole), Drawn(), Recorder(), after=k)
    resumed = left.at + downtime
    rests = [
        sum(lane[sum(path.startswith(f"lane_{number}_") for path in left.journal.entries) :])
        for number, lane in enumerate(lanes)
    ]
    assert_ends_by(left.resume(downtime=downtime), resumed, resumed + max(rests), limit)


@given(seconds, st.integers(1, 3), st.integers(1, 20), st.data())
def test_a_limit_counts_from_the_first_start_even_if_only_a_failure_was_recorded(
    inner: int, n: int, limit: int, data: st.DataObject
) -> None:
    """timeout(l)(retry(n)(timeout(i)(forever))), killed between two tries, still ends at l."""
    k = data.draw(st.integers(1, n))
    whole = retry(n, AT_ONCE)(timeout(inner)(work(seconds=HANGS)))
    assume(inner * k < limit)
    left = crash(timeout(limit)(whole), Drawn(), Recorder(), after=k)
    seen = left.resume()
    assert left.at + seen.seconds == near(min(limit, inner * (n + 1)))


@given(st.lists(chains, min_size=1, max_size=3), st.integers(0, 99), st.data())
def test_what_was_done_before_a_crash_is_undone_even_if_it_is_late(
    lanes: list[list[int]], downtime: int, data: st.DataObject
) -> None:
    """timeout(l)(a & b), resumed before or after l, takes back what was recorded, each once."""
    whole = sagas(lanes[0], "lane_0_")
    for number, lane in enumerate(lanes[1:], 1):
        whole = whole & sagas(lane, f"lane_{number}_")
    whole = timeout(50)(whole >> work("forever", HANGS))
    longest = observe(whole, Drawn(), Recorder(), journal=StoredJournal())
    k = data.draw(st.integers(1, len(longest.journal.entries)))
    left = crash(whole, Drawn(), Recorder(), after=k)
    seen = left.resume(downtime=downtime)
    assert_is_late(seen, max(0, 50 - left.at - downtime))
    names = [path.split("/")[-1] for path in seen.journal.entries]
    made = [name for name in names if name.startswith("make_")]
    undone = [note.name for note in (*left.effects, *seen.effects) if "undo_" in note.name]
    assert sorted(undone) == sorted(name.replace("make_", "undo_") for name in made)


@given(brief, starts, st.floats(0, 1e6), seconds)
def test_what_was_done_in_time_is_never_late_afterwards(
    a: Whole, ctx: Drawn, later: float, more: int
) -> None:
    """timeout(l)(a) with a in the journal gives the same long after l, and what follows goes on."""
    alone = observe(a, ctx, Recorder())
    limited = timeout(alone.seconds or SMALLEST)(a)
    seen = observe(limited, ctx, Recorder(), journal=StoredJournal())
    end = seen.seconds + later
    journal = StoredJournal(seen.journal.entries)
    again = observe(limited, ctx, Recorder(), journal=journal, start=end)
    assert (again.result, again.seconds, again.effects) == (alone.result, 0.0, ())
    if seen.error is None:
        longer = limited >> work("after", more)
        after = observe(longer, ctx, Recorder(), journal=journal, start=end)
        assert ([note.name for note in after.effects], after.error) == (["after"], None)
        assert after.seconds == near(more)


def sagas(steps: list[int], lane: str) -> Whole:
    """Make steps that can be undone, behind one another, of which all are tried again once."""
    whole = start(Drawn, Recorder)
    for number, d in enumerate(steps):
        name = f"{lane}{number}"
        whole = whole >> compensate(idle(f"make_{name}", d), idle(f"undo_{name}"))
    return retry(1, AT_ONCE)(whole >> work(f"{lane}flaky", fails=1))


def assert_ends_by(seen: Observation[Drawn], resumed: float, end: float, limit: float) -> None:
    """Check that a run that goes on at *resumed* ends at *end*, or fails at the *limit*."""
    if end <= limit or end == resumed:
        assert (seen.error, seen.seconds) == (None, end - resumed)
    else:
        assert_is_late(seen, max(0, limit - resumed))
