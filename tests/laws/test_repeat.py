"""The laws of `repeat`."""

import itertools
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import (
    Backoff,
    Kind,
    MemoryJournal,
    Outcome,
    StepContext,
    Success,
    repeat,
    retry,
    step,
    timeout,
    zoom,
)
from dara_fp.testing import Drawn, Recorder, StoredJournal, crash, observe, pipelines
from dara_fp.testing.strategies import FORMS
from tests.laws.clocked import (
    AT_ONCE,
    TASK,
    Whole,
    backoffs,
    begins,
    bug,
    deeds,
    faultless,
    near,
    never,
    places,
    reaches,
    starts,
    times,
    unplaced,
    work,
)

once = pipelines(size=8, forms=set(FORMS) - {"repeat"}, endings=("succeed", "fail", "break"))
"""Pipelines that do the same at every path, and end even if nothing else is repeated rightly."""

runs = st.integers(1, 6)
seconds = st.integers(0, 9)


@attrs.frozen(kw_only=True)
class Polled(StepContext):
    """What is polled, and how often it was."""

    part: Drawn
    runs: int = 0


@given(runs, seconds, backoffs, st.text())
def test_it_runs_until_the_condition_holds_and_waits_in_between(
    k: int, d: int, b: Backoff, task: str
) -> None:
    """repeat(a, b) runs k times if the condition then holds, b.delay(i, task and path) apart."""
    seen = observe(repeat(work(seconds=d), reaches(k), b), Drawn(), Recorder(), task_id=task)
    pauses = [b.delay(i, f"{task}\nwork") for i in range(1, k)]
    assert times(seen.effects) == near(begins(0, d, pauses))
    assert seen.seconds == near(d * k + sum(pauses))
    assert seen.context.number == k


@given(once, starts, runs)
def test_each_run_goes_on_with_what_the_one_before_made(a: Whole, ctx: Drawn, k: int) -> None:
    """repeat(a) == a >> a >> ... with as many as the condition takes, but for the paths.

    So a run that fails ends it, too.
    """
    body = zoom(part, a, put_part) >> count
    whole = body
    for _ in range(k - 1):
        whole = whole >> body
    polled = Polled(part=ctx)
    asked = itertools.count(1)

    def until(now: Polled) -> bool:
        return now.runs >= k or next(asked) > k  # so that it ends even if the law does not hold

    repeated = observe(repeat(body, until, AT_ONCE), polled, Recorder())
    assert unplaced(repeated) == unplaced(observe(whole, polled, Recorder()))


@given(runs, seconds)
def test_each_run_is_recorded_once_under_its_number(k: int, d: int) -> None:
    """repeat(a) leaves a, 2/a, 3/a, ... in the journal."""
    journal = MemoryJournal()
    seen = observe(repeat(work(seconds=d), reaches(k)), Drawn(), Recorder(), journal=journal)
    assert places(seen) == ["work", *(f"{run}/work" for run in range(2, k + 1))]
    assert [entry.changes for entry in journal.entries.values()] == [
        {"number": run} for run in range(1, k + 1)
    ]


@given(runs, backoffs, st.floats(0, 1e6))
def test_runs_in_the_journal_are_neither_run_nor_waited_for_again(
    k: int, b: Backoff, later: float
) -> None:
    """repeat(a) with all of it in the journal gives the same outcome at once."""
    whole = repeat(work(seconds=1), reaches(k), b)
    seen = observe(whole, Drawn(), Recorder(), journal=StoredJournal())
    end = seen.seconds + later
    again = observe(whole, Drawn(), Recorder(), journal=seen.journal, start=end)
    assert (again.result, again.seconds, again.effects) == (seen.result, 0.0, ())


@given(st.integers(2, 6), seconds, backoffs, st.floats(0, 200), st.data())
def test_after_a_crash_only_the_rest_of_a_wait_is_waited(
    k: int, d: int, b: Backoff, downtime: float, data: st.DataObject
) -> None:
    """Killed at t after run j and resumed at u, run j + 1 begins at max(u, t + b.delay(j))."""
    j = data.draw(st.integers(1, k - 1))
    whole = repeat(work(seconds=d), reaches(k), b)
    left = crash(whole, Drawn(), Recorder(), after=j)
    first, *rest = [b.delay(i, f"{TASK}\nwork") for i in range(j, k)]
    seen = left.resume(downtime=downtime)
    assert times(seen.effects) == near(begins(left.at + max(first, downtime), d, rest))
    assert seen.context.number == k


@given(faultless, starts)
def test_a_run_that_fails_ends_it(a: Whole, ctx: Drawn) -> None:
    """repeat(a) == a if a fails, whatever the condition, but for the paths."""
    failing = a >> work(fails=1)
    repeated = observe(repeat(failing, never), ctx, Recorder())
    assert unplaced(repeated) == unplaced(observe(failing, ctx, Recorder()))


@given(runs, st.integers(0, 3))
def test_a_bug_in_the_condition_is_a_defect_with_its_name(k: int, n: int) -> None:
    """retry(n)(repeat(a, until)) is a defect of until if that raises after run k, and ends so."""

    def until(ctx: Drawn) -> bool:
        return 1 // (k - ctx.number) == 0 and ctx.number == k

    seen = observe(retry(n)(repeat(work(), until, AT_ONCE)), Drawn(), Recorder())
    assert seen.error is not None
    assert (seen.error.kind, seen.error.step) == (Kind.DEFECT, "until")
    assert "ZeroDivisionError" in seen.error.message
    assert len(seen.effects) == k


@given(runs, st.integers(1, 9))
def test_a_defect_ends_it(k: int, d: int) -> None:
    """repeat(a >> raise) runs a once."""
    seen = observe(repeat(work(seconds=d) >> bug(), reaches(k)), Drawn(), Recorder())
    assert (len(seen.effects), seen.seconds) == (1, d)


@given(st.integers(1, 9), st.integers(1, 100))
def test_a_limit_ends_what_never_holds(d: int, limit: int) -> None:
    """timeout(l)(repeat(a, never)) runs a as often as fits into l, and ends exactly then."""
    whole = timeout(limit)(repeat(work(seconds=d), never, AT_ONCE))
    seen = observe(whole, Drawn(), Recorder())
    assert seen.error is not None
    assert (seen.error.kind, seen.seconds) == (Kind.TIMEOUT, limit)
    assert times(seen.effects) == list(range(0, limit + 1, d))


@given(runs, runs)
def test_nesting_goes_on_counting(k: int, m: int) -> None:
    """Run j of the inner repeat in run i of the outer one is a, 1.2/a, 2/a, 2.2/a, ..."""
    inner = repeat(work(), lambda ctx: ctx.number % m == 0, AT_ONCE)
    outer = repeat(inner, reaches(k * m), AT_ONCE)
    seen = observe(outer, Drawn(), Recorder(), journal=MemoryJournal())
    assert deeds(seen.effects) == [Drawn(number=number) for number in range(k * m)]
    assert len(places(seen)) == k * m


def test_an_async_condition_is_refused() -> None:
    """repeat(a, until) raises for an async until, whose coroutine would count as true."""
    impure: Any = holds
    with pytest.raises(TypeError, match="holds is async"):
        repeat(count, impure)


def part(ctx: Polled) -> Drawn:
    return ctx.part


def put_part(ctx: Polled, made: Drawn) -> Polled:
    return ctx.evolve(part=made)


async def holds(_ctx: Polled) -> bool:
    return True


@step
async def count(ctx: Polled) -> Outcome[Polled]:
    return Success(ctx.evolve(runs=ctx.runs + 1))
