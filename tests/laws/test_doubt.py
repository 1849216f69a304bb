"""The laws of doubt: what may have been done is not done twice, however it is put together."""

import asyncio
import re
from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

import attrs
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dara_fp import (
    Failure,
    Kind,
    Outcome,
    Position,
    StepError,
    StepFailed,
    Success,
    compensate,
    for_each,
    named,
    pause,
    recover,
    retry,
    start,
    step,
    timeout,
)
from dara_fp.testing import Drawn, Recorder, StoredJournal, crash, observe, observe_parked
from dara_fp.testing.leaves import titled
from tests.laws.clocked import AT_ONCE, Whole, bug, work

Ending: TypeAlias = str
ENDINGS = ("fail", "doubt", "break")
RANKS = ("break", "doubt", "fail")
seconds = st.integers(0, 3)
limits = st.sampled_from((0.5, 1.5, 2.5, 4.5))

_TRIES = re.compile(r"(?:^|(?<=/))[\d.]+/")


def ending(name: str, how: Ending, after: float = 0) -> Whole:
    """Make a step that ends so *after* so many seconds, and then notes where."""

    async def act(ctx: Drawn, env: Recorder, at: Position) -> Outcome[Drawn]:
        await asyncio.sleep(after)
        env.note(how, _TRIES.sub("", at.path))
        if how == "break":
            raise LookupError(name)
        if how == "succeed":
            return Success(ctx)
        raise StepFailed(StepError(message=f"{name} failed", in_doubt=how == "doubt"))

    return step(titled(act, name))


def twice(ctx: Drawn) -> tuple[Drawn, Drawn]:
    return ctx, ctx


def first(_ctx: Drawn, items: tuple[Drawn, ...]) -> Drawn:
    return items[0]


def handled(body: Whole, name: str, after: float) -> Whole:
    """Make *body* with a handler that fails, too, and does not pass on what it was told."""

    async def handle(_ctx: Drawn, _error: StepError) -> Outcome[Drawn]:
        await asyncio.sleep(after)
        return Failure(StepError(message=f"{name} failed"))

    return recover(body, titled(handle, name))


@attrs.frozen
class Sketch:
    """One pipeline that is being drawn, all of whose ways end in an expected failure."""

    draw: st.DrawFn
    forms: tuple[str, ...]
    names: list[str] = attrs.field(factory=list)

    def name(self, what: str) -> str:
        self.names.append(what)
        return f"{what}_{len(self.names)}"

    def losing(self, depth: int) -> Whole:
        """Draw one that fails, at most *depth* deep."""
        form = self.draw(st.sampled_from(self.forms)) if depth else "leaf"
        return _FORMS[form](self, depth - 1)


def _leaf(sketch: Sketch, _depth: int) -> Whole:
    how = sketch.draw(st.sampled_from(("fail", "doubt")))
    return ending(sketch.name(how), how, sketch.draw(seconds))


def _both(sketch: Sketch, depth: int) -> Whole:
    name = sketch.name("good")
    other = sketch.losing(depth) if sketch.draw(st.booleans()) else ending(name, "succeed", 2)
    return sketch.losing(depth) & other if sketch.draw(st.booleans()) else other & _leaf(sketch, 0)


def _either(sketch: Sketch, depth: int) -> Whole:
    return sketch.losing(depth) | sketch.losing(depth)


def _recover(sketch: Sketch, depth: int) -> Whole:
    return handled(sketch.losing(depth), sketch.name("handle"), sketch.draw(seconds))


def _retry(sketch: Sketch, depth: int) -> Whole:
    return retry(1, AT_ONCE)(sketch.losing(depth))


def _timeout(sketch: Sketch, depth: int) -> Whole:
    return timeout(sketch.draw(limits))(sketch.losing(depth))


def _for_each(sketch: Sketch, depth: int) -> Whole:
    limit = sketch.draw(st.integers(1, 2))
    return for_each(twice, sketch.losing(depth), first, limit=limit)


def _undone(sketch: Sketch, depth: int) -> Whole:
    done, undo = sketch.name("done"), sketch.name("undo")
    back = ending(undo, "succeed", sketch.draw(seconds))
    return compensate(ending(done, "succeed"), back) >> sketch.losing(depth)


_FORMS: dict[str, Callable[[Sketch, int], Whole]] = {
    "leaf": _leaf,
    "both": _both,
    "either": _either,
    "recover": _recover,
    "retry": _retry,
    "timeout": _timeout,
    "for_each": _for_each,
    "undone": _undone,
}


UNCUT = tuple(form for form in _FORMS if form != "timeout")


@st.composite
def lost(draw: st.DrawFn, forms: tuple[str, ...] = tuple(_FORMS)) -> Whole:
    """Draw pipelines of *forms* that fail whatever is tried."""
    return start(Drawn, Recorder) >> Sketch(draw, forms).losing(3)


@given(lost(), st.integers(1, 2))
@settings(max_examples=100)  # a doubt, a cut and a failure have to meet
def test_what_may_have_been_done_is_not_done_twice(p: Whole, n: int) -> None:
    """retry(n)(p) does nothing again that ended in doubt, and says so, if all of p fails."""
    seen = observe(retry(n, AT_ONCE)(p), Drawn(), Recorder(), journal=StoredJournal())
    doubts = [note.what for note in seen.effects if note.name == "doubt"]
    event(f"in doubt: {bool(doubts)}")
    assert len(set(doubts)) == len(doubts)
    assert seen.error is not None
    assert seen.error.in_doubt == bool(doubts)


@given(lost(UNCUT), st.integers(0, 99))
def test_a_crash_ends_no_doubt(p: Whole, count: int) -> None:
    """retry(1)(p), killed after any entry and resumed, fails as it would have."""
    whole = retry(1, AT_ONCE)(p)
    seen = observe(whole, Drawn(), Recorder(), journal=StoredJournal())
    left = crash(whole, Drawn(), Recorder(), after=count % len(seen.journal.entries) + 1)
    assert left.resume().result == seen.result


@given(st.integers(1, 3), seconds, st.sampled_from(("&", "|", "recover", "undo", "pause")))
def test_a_limit_ends_no_doubt(n: int, after: int, form: str) -> None:
    """retry(n)(timeout(t)(a)) does nothing again that was in doubt before a was cut."""
    doubt, hangs = ending("a", "doubt", after), ending("hangs", "succeed", 60)
    bodies: dict[str, Whole] = {
        "&": doubt & hangs,
        "|": doubt | hangs,
        "recover": handled(doubt, "handle", 60),
        "undo": compensate(work(), hangs) >> doubt | work("b"),
        "pause": start(Drawn, Recorder) >> (doubt & named("kept", pause(60))),
    }
    whole = retry(n, AT_ONCE)(timeout(after + 0.5)(bodies[form]))
    seen = observe_parked(whole, Drawn(), Recorder())
    assert [note.name for note in seen.effects].count("doubt") == 1
    assert seen.error is not None
    assert (seen.error.kind, seen.error.in_doubt) == (Kind.TIMEOUT, True)
    assert seen.error.message.endswith(f"{after + 0.5} s; before that, a: a failed")


lanes = st.lists(st.tuples(st.sampled_from(ENDINGS), seconds), min_size=1, max_size=5)


@given(lanes, st.booleans())
def test_what_is_in_doubt_outranks_what_has_failed(
    ends: list[tuple[Ending, int]],
    items: bool,  # noqa: FBT001 - drawn
) -> None:
    """a & b & ... and for_each fail as the first defect, or else doubt, or else failure."""
    parts = [ending(f"step_{n}", how, after) for n, (how, after) in enumerate(ends)]
    worst = min(range(len(ends)), key=lambda n: RANKS.index(ends[n][0]))
    whole = reduce(lambda left, right: left & right, parts)
    if items:
        whole = for_each(lambda ctx: (ctx,), whole, first)
    seen = observe(whole, Drawn(), Recorder())
    assert seen.error is not None
    assert seen.error.step.removeprefix("[0]/") == f"step_{worst}"
    assert seen.error.in_doubt == (ends[worst][0] == "doubt")


@given(st.integers(1, 3), st.sampled_from(("either", "recover", "limit")))
def test_a_success_ends_a_doubt(n: int, form: str) -> None:
    """retry(n)((a | b) >> c) does an a in doubt n + 1 times, if b succeeds and c fails."""
    a, b = ending("a", "doubt"), work("b")
    if form == "limit":
        a = timeout(2)(a & ending("slow", "succeed", 60))
    ended = recover(a, settle) if form == "recover" else a | b
    whole = timeout(5)(ended >> ending("slower", "succeed", 60))
    seen = observe(retry(n, AT_ONCE)(whole), Drawn(), Recorder())
    assert [note.name for note in seen.effects].count("doubt") == n + 1
    assert seen.error is not None
    assert (seen.error.kind, seen.error.in_doubt) == (Kind.TIMEOUT, False)


async def settle(ctx: Drawn, _error: StepError) -> Outcome[Drawn]:
    return Success(ctx)


@given(seconds, st.sampled_from(("undo", "undoing", "beside", "parked", "swallowed")))
def test_no_limit_hides_a_bug(after: int, where: str) -> None:
    """timeout(t)(a) is a defect if a came to one before it was cut, or as it was cut."""
    broken, hangs = ending("broken", "break", after), ending("hangs", "succeed", 60)
    bodies: dict[str, Whole] = {
        # The undo of a failure, and that of a bug, which are longer than the limit.
        "undo": compensate(work(), hangs >> broken) >> ending("fails", "fail", after),
        "undoing": compensate(work(), hangs) >> broken,
        "beside": broken & hangs,
        "parked": broken & named("kept", pause(60)),
        "swallowed": swallows,
    }
    body = bodies[where] | bug() if where.startswith("undo") else bodies[where]
    whole = start(Drawn, Recorder) >> retry(2, AT_ONCE)(timeout(after + 0.5)(body))
    seen = observe_parked(whole, Drawn(), Recorder())
    assert seen.error is not None
    assert (seen.error.kind, "LookupError" in seen.error.message) == (Kind.DEFECT, True)
    assert seen.error.step.rpartition("/")[2] in {"broken", "hangs", "swallows"}


@step
async def swallows(ctx: Drawn) -> Outcome[Drawn]:
    """Have a bug where it cleans up after a cancellation."""
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise LookupError("swallows") from None
    return Success(ctx)
