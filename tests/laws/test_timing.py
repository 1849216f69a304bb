"""The laws of `retry`."""

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import (
    Backoff,
    Kind,
    MemoryJournal,
    Outcome,
    Position,
    StepContext,
    StepError,
    StepFailed,
    compensate,
    ensure,
    fail,
    named,
    retry,
    step,
    timeout,
)
from dara_fp.testing import Drawn, Recorder, StoredJournal, crash, observe, pipelines
from dara_fp.testing.leaves import HANGS, titled
from dara_fp.testing.strategies import FORMS
from tests.laws.clocked import (
    ALWAYS,
    AT_ONCE,
    SEQUENTIAL,
    TASK,
    Whole,
    alike,
    backoffs,
    begins,
    bodies,
    bug,
    deeds,
    near,
    never,
    starts,
    times,
    unplaced,
    work,
)

few = st.integers(0, 3)
untried = pipelines(size=8, forms=set(FORMS) - {"retry", "repeat"}, endings=["succeed"])
"""Pipelines that mostly succeed, whose paths have no numbers of tries."""

seconds = st.integers(0, 9)


def undone(do: int, undo: int) -> Whole:
    return compensate(work("do", do), work("undo", undo)) >> work(fails=ALWAYS)


def cut(limit: int) -> Whole:
    return timeout(limit + 1)(work(seconds=HANGS))


def refused(_seconds: int) -> Whole:
    return ensure(never, "never")


failures = st.builds(undone, seconds, seconds) | st.builds(cut, seconds) | seconds.map(refused)
"""Ways to fail at every try."""


@given(bodies, backoffs)
def test_retry_zero_is_the_identity(a: Whole, backoff: Backoff) -> None:
    """retry(0)(a) == a."""
    assert retry(0, backoff)(a) == a


@given(untried, starts, few, backoffs)
def test_retry_leaves_success_untouched(a: Whole, ctx: Drawn, n: int, backoff: Backoff) -> None:
    """retry(n)(a) == a if a succeeds: one run, no wait, and the same entries in the journal."""
    alone = observe(a, ctx, Recorder(), journal=MemoryJournal())
    assume(alone.error is None)
    tried = observe(retry(n, backoff)(a), ctx, Recorder(), journal=MemoryJournal())
    assert tried == alone
    assert tried.journal.entries == alone.journal.entries


@given(untried, starts, few, backoffs)
def test_a_defect_is_not_tried_again(a: Whole, ctx: Drawn, n: int, backoff: Backoff) -> None:
    """retry(n)(a >> raise) == a >> raise."""
    broken = a >> bug()
    alone = observe(broken, ctx, Recorder())
    assume(alone.error is not None and alone.error.kind is Kind.DEFECT)
    assert observe(retry(n, backoff)(broken), ctx, Recorder()) == alone


@given(few, few, few, starts)
def test_what_is_in_doubt_is_not_tried_again(k: int, n: int, m: int, ctx: Drawn) -> None:
    """retry(n)(retry(m)(a)) does an a that is in doubt at run k + 1 no more often than that."""
    seen = observe(retry(n, AT_ONCE)(retry(m, AT_ONCE)(doubtful(k))), ctx, Recorder())
    assert len(seen.effects) == min(k + 1, (n + 1) * (m + 1))
    assert seen.error is not None
    assert seen.error.in_doubt == (k < (n + 1) * (m + 1))


@given(st.integers(1, 3), st.booleans())
def test_what_is_in_doubt_is_no_verdict_of_retry(n: int, undoes: bool) -> None:  # noqa: FBT001
    """A task whose retry(n)(a) ended in doubt does a once more when it is resumed by hand."""
    body = compensate(work("do"), work("undo")) >> doubtful(0) if undoes else doubtful(0)
    whole = retry(n, AT_ONCE)(retry(n, AT_ONCE)(body))
    recorder = Recorder()
    seen = observe(whole, Drawn(), recorder, journal=MemoryJournal())
    assert seen.error is not None
    assert seen.error.in_doubt
    again = observe(whole, Drawn(), recorder, journal=seen.journal.resumed())
    assert [note.name for note in again.effects].count("doubtful") == 1


@given(starts)
def test_an_alternative_to_what_is_in_doubt_is_taken(ctx: Drawn) -> None:
    """retry(n)(a) | b is b where a is in doubt, and stays so in a replay."""
    whole = retry(2, AT_ONCE)(doubtful(0)) | work("b")
    seen = observe(whole, ctx, Recorder(), journal=StoredJournal())
    assert [note.name for note in seen.effects] == ["doubtful", "b"]
    again = observe(whole, ctx, Recorder(), journal=seen.journal)
    assert (again.result, again.effects) == (seen.result, ())


@given(st.integers(0, 5), st.integers(0, 7), st.sampled_from(Kind), starts)
def test_retry_stops_at_the_first_success_and_after_n_more_tries(
    n: int, k: int, kind: Kind, ctx: Drawn
) -> None:
    """retry(n)(a) runs an a that fails k times min(k, n) + 1 times, and succeeds if k <= n."""
    assume(kind is not Kind.DEFECT)
    seen = observe(retry(n)(work(fails=k, kind=kind)), ctx, Recorder())
    assert deeds(seen.effects) == [ctx] * (min(k, n) + 1)
    assert (seen.error is None) == (k <= n)


@given(alike, starts, few, few)
def test_nesting_multiplies(a: Whole, ctx: Drawn, n: int, m: int) -> None:
    """retry(n)(retry(m)(a)) does all of a failing a (n + 1) * (m + 1) times, on one context."""
    failing = a >> work(fails=ALWAYS)
    once = observe(failing, ctx, Recorder())
    assume(once.error is not None and once.error.kind is not Kind.DEFECT)
    nested = observe(retry(n, AT_ONCE)(retry(m, AT_ONCE)(failing)), ctx, Recorder())
    assert deeds(nested.effects) == deeds(once.effects) * ((n + 1) * (m + 1))
    assert nested.seconds == once.seconds * (n + 1) * (m + 1)


@given(alike, starts, st.integers(1, 3))
def test_retry_without_waits_is_an_alternative_to_itself(a: Whole, ctx: Drawn, n: int) -> None:
    """retry(n)(a) == a | a | ... with n + 1 of them, but for the paths."""
    alternatives = a
    for _ in range(n):
        alternatives = alternatives | a
    tried = observe(retry(n, AT_ONCE)(a), ctx, Recorder())
    assert unplaced(tried) == unplaced(observe(alternatives, ctx, Recorder()))


@given(st.integers(1, 5), backoffs, st.integers(0, 9), st.text())
def test_the_waits_are_those_of_the_backoff(n: int, b: Backoff, seconds: int, task: str) -> None:
    """Between the tries i and i + 1 of retry(n, b)(a) it waits b.delay(i, its task and path)."""
    whole = retry(n, b)(work(seconds=seconds, fails=ALWAYS))
    seen = observe(whole, Drawn(), Recorder(), task_id=task)
    pauses = [b.delay(i, f"{task}\nretry(work)") for i in range(1, n + 1)]
    assert times(seen.effects) == near(begins(0, seconds, pauses))
    assert seen.seconds == near(seconds * (n + 1) + sum(pauses))


@given(few, few, backoffs, backoffs, st.integers(0, 9))
def test_a_nested_retry_waits_otherwise_in_each_try(
    n: int, m: int, b: Backoff, c: Backoff, seconds: int
) -> None:
    """In try i of retry(n, b), retry(m, c) waits c.delay(j, its own path there)."""
    assume(n and m)
    inner = named("part", retry(m, c)(work(seconds=seconds, fails=ALWAYS)))
    seen = observe(retry(n, b)(inner), Drawn(), Recorder())
    expected: list[float] = []
    now = 0.0
    for i in range(1, n + 2):
        seed = f"{TASK}\n{label(i)}part/retry(work)"
        expected += begins(now, seconds, [c.delay(j, seed) for j in range(1, m + 1)])
        now = expected[-1] + seconds + b.delay(i, f"{TASK}\nretry(part/retry(work))")
    assert times(seen.effects) == near(expected)


@given(starts, st.integers(1, 3), st.integers(1, 3))
def test_each_try_has_a_path_and_a_token_of_its_own(ctx: Drawn, n: int, m: int) -> None:
    """Try (i, j) of retry(n)(retry(m)(a)) is a, 2/a, 1.2/a, ..., and no two share a token."""
    whole = retry(n, AT_ONCE)(retry(m, AT_ONCE)(stand))
    seen = observe(whole, ctx, Recorder(), journal=MemoryJournal())
    tries = itertools.product(range(1, n + 2), range(1, m + 2))
    paths = [f"{label(*numbers)}stand" for numbers in tries]
    assert [note.name for note in seen.effects] == paths
    assert [path for path in seen.journal.entries if path.endswith("stand")] == paths
    assert len(set(deeds(seen.effects))) == len(paths)


@given(few, few, backoffs, backoffs, st.integers(0, 9), st.integers(0, 9))
def test_parallel_retries_wait_at_the_same_time(
    n: int, m: int, b: Backoff, c: Backoff, short: int, long: int
) -> None:
    """retry(a) & retry(z) does at each moment what each does alone, until the later one ends."""
    left = retry(n, b)(work("left", short, fails=ALWAYS))
    right = retry(m, c)(work("right", long, fails=ALWAYS))
    both = observe(left & right, Drawn(), Recorder())
    one, other = (observe(each, Drawn(), Recorder()) for each in (left, right))
    assert sorted(times(both.effects)) == sorted(times((*one.effects, *other.effects)))
    assert both.seconds == max(one.seconds, other.seconds)
    assert both.result == one.result


@given(st.integers(1, 5), backoffs, st.integers(0, 9), st.floats(0, 200), st.data())
def test_after_a_crash_only_the_rest_of_a_wait_is_waited(
    n: int, b: Backoff, seconds: int, downtime: float, data: st.DataObject
) -> None:
    """Killed at t after try k and resumed at u, try k + 1 begins at max(u, t + b.delay(k))."""
    k = data.draw(st.integers(1, n))
    whole = retry(n, b)(work(seconds=seconds, fails=ALWAYS))
    left = crash(whole, Drawn(), Recorder(), after=2 * k)  # a try and that it was caught
    seen = left.resume(downtime=downtime)
    first, *rest = [b.delay(i, f"{TASK}\nretry(work)") for i in range(k, n + 1)]
    expected = begins(left.at + max(first, downtime), seconds, rest)
    assert times(seen.effects) == near(expected)


@given(st.integers(0, 5), st.integers(0, 5), backoffs, st.floats(0, 1e6))
def test_tries_in_the_journal_are_not_waited_for_again(
    n: int, k: int, b: Backoff, later: float
) -> None:
    """retry(n)(a) with all of it in the journal gives the same outcome at once."""
    whole = retry(n, b)(work(seconds=1, fails=k))
    seen = observe(whole, Drawn(), Recorder(), journal=StoredJournal())
    end = seen.seconds + later
    again = observe(whole, Drawn(), Recorder(), journal=seen.journal, start=end)
    assert (again.result, again.seconds, again.effects) == (seen.result, 0.0, ())


@settings(max_examples=30)  # each runs a drawn pipeline three times
@given(pipelines(size=8, forms=SEQUENTIAL), starts, st.data())
def test_a_crash_right_after_an_entry_costs_no_time(
    a: Whole, ctx: Drawn, data: st.DataObject
) -> None:
    """What does one thing at a time, killed after an entry and resumed at once, ends on time."""
    assert_is_on_time(a, ctx, data)


@given(st.integers(1, 4), backoffs, failures, st.data())
def test_a_crash_between_tries_costs_no_time(
    n: int, b: Backoff, a: Whole, data: st.DataObject
) -> None:
    """retry(n, b)(a), killed after an entry and resumed at once, waits what is left of each wait.

    However its tries fail: undone, at their limit, or without anything that is recorded.
    """
    assert_is_on_time(retry(n, b)(a), Drawn(), data)


@given(few, few, backoffs, backoffs, st.data())
def test_a_crash_while_lanes_wait_costs_no_time(
    n: int, m: int, b: Backoff, c: Backoff, data: st.DataObject
) -> None:
    """retry(a) & retry(z), killed after an entry: each waits what is left for it."""
    whole = retry(n, b)(work("left", fails=ALWAYS)) & retry(m, c)(work("right", fails=ALWAYS))
    seen = observe(whole, Drawn(), Recorder(), journal=StoredJournal())
    left = crash(whole, Drawn(), Recorder(), after=data.draw(st.integers(1, n + m + 2)))
    rest = left.resume()
    assert sorted(times((*left.effects, *rest.effects))) == near(sorted(times(seen.effects)))
    assert rest.result == seen.result


@given(st.integers(max_value=-1))
def test_a_negative_number_of_tries_is_refused_by_value(n: int) -> None:
    """retry(-n) raises, and says what it was given."""
    with pytest.raises(ValueError, match=f"times is {n}: give how many more times to try"):
        retry(n)


def doubtful(fails: int) -> Whole:
    """Make a step that fails so often, and then may have done what it was asked for."""

    async def act(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
        env.note("doubtful", ctx)
        doubt = env.count("doubtful") > fails
        raise StepFailed(StepError(message="the answer was lost", in_doubt=doubt))

    return step(titled(act, "doubtful"))


def assert_is_on_time(a: Whole, ctx: Drawn, data: st.DataObject) -> None:
    seen = observe(a, ctx, Recorder(), journal=StoredJournal())
    assume(seen.journal.entries)
    number = data.draw(st.integers(1, len(seen.journal.entries)))
    left = crash(a, ctx, Recorder(), after=number)
    rest = left.resume()
    effects = (*left.effects, *rest.effects)
    assert [note.name for note in effects] == [note.name for note in seen.effects]
    assert times(effects) == near(times(seen.effects))
    assert left.at + rest.seconds == near(seen.seconds)
    assert rest.result == seen.result


def label(*numbers: int) -> str:
    """Give what the numbers of the tries add to a path."""
    shown = list(numbers)
    while shown and shown[-1] == 1:
        shown.pop()
    return ".".join(map(str, shown)) + "/" if shown else ""


@step
async def stand(_ctx: StepContext, env: Recorder, at: Position) -> Outcome[StepContext]:
    env.note(at.path, at.token)
    return fail("not here either")
