"""The laws of `when`, `ensure`, `branch`, `tap` and `recover`, on virtual time."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import (
    Kind,
    StepError,
    StepFailed,
    branch,
    ensure,
    named,
    recover,
    start,
    step,
    tap,
    when,
)
from dara_fp.core.shape import Form
from dara_fp.testing import Drawn, Note, Recorder, StoredJournal, contexts, observe, pipelines
from dara_fp.testing.leaves import Ending, Leaf, handler_of, step_of, tap_of, titled
from tests.laws.operands import (
    UNDOES_NOTHING,
    Whole,
    drawn_contexts,
    ended,
    endings,
    known,
    later,
    leaf,
    never,
    operands,
    seconds,
    seen,
)

Claim: TypeAlias = Callable[[Any], bool]

NODES: tuple[Form, ...] = (
    "all",
    "any",
    "when",
    "branch",
    "ensure",
    "tap",
    "named",
    "recover",
    "compensate",
)
GUARDED: dict[str, Callable[[Any, Whole], Whole]] = {
    "when": when,
    "ensure": lambda function, _body: ensure(function, "as drawn"),
    "branch": lambda function, body: branch(function, {True: body}),
}
BUGS = (LookupError, StopIteration, SystemExit, asyncio.CancelledError)

some = settings(max_examples=40)  # each draws pipelines and runs them several times
anchor = start(Drawn, Recorder)
small_contexts = contexts(Drawn, number=st.integers(-3, 3))
looks = st.sampled_from(["plain", "async"])


def above(limit: int) -> Claim:
    def is_above(ctx: Drawn) -> bool:
        return ctx.number > limit

    return is_above


claims = st.integers(-3, 3).map(above)


def raising(error: BaseException, name: str = "is_broken") -> Callable[[object], Any]:
    def is_broken(_ctx: object) -> Any:
        raise error

    return titled(is_broken, name)


@given(claims, operands("a"), small_contexts)
@some
def test_when_is_its_body_where_its_predicate_holds_and_else_nothing(
    claim: Claim, a: Whole, x: Drawn
) -> None:
    """when(p, a)(x) == a(x) if p(x), or else x, at once and without effects."""
    observed = seen(when(claim, a), x)
    if claim(x):
        assert observed == seen(a, x)
    else:
        assert (observed.result, observed.seconds, observed.effects) == (x, 0, ())


@given(claims, claims, operands("a"), small_contexts)
@some
def test_when_inside_when_asks_both(one: Claim, other: Claim, a: Whole, x: Drawn) -> None:
    """when(p, when(q, a))(x) == when(p and q, a)(x)."""
    nested = when(one, when(other, a))
    assert seen(nested, x) == seen(when(lambda ctx: one(ctx) and other(ctx), a), x)


@given(claims, st.sampled_from([Kind.REJECTED, Kind.FAILED, Kind.CONFLICT]), small_contexts)
def test_ensure_is_the_identity_or_a_failure(claim: Claim, kind: Kind, x: Drawn) -> None:
    """ensure(p, m)(x) == x if p(x), or else fail(m(x)) at the name of p."""

    def message(ctx: Drawn) -> str:
        return f"{ctx.number} is too low"

    expected = StepError(kind=kind, message=message(x), step="is_above")
    whole = ensure(claim, message, kind=kind)
    assert seen(whole, x).result == (x if claim(x) else expected)
    assert seen(ensure(claim, message(x), kind=kind), x) == seen(whole, x)


@given(claims, operands("a"), small_contexts)
@some
def test_ensure_is_idempotent(claim: Claim, a: Whole, x: Drawn) -> None:
    """(ensure(p) >> ensure(p) >> a)(x) == (ensure(p) >> a)(x)."""
    once = ensure(claim, "as drawn")
    assert seen(anchor >> once >> once >> a, x) == seen(anchor >> once >> a, x)


@given(operands("a"), operands("b"), st.sampled_from([0, 1, True, "1", None]), drawn_contexts)
@some
def test_branch_is_the_case_that_its_value_names(
    a: Whole, b: Whole, value: object, x: Drawn
) -> None:
    """branch(f, {v: a, w: b})(x) == a(x) if f(x) == v, b(x) if it is w, or else rejected."""
    cases: dict[object, Whole] = {0: a, "1": b}
    observed = seen(branch(lambda _: value, cases), x)
    if value in cases:
        assert observed == seen(cases[value], x)
    else:
        message = f"no case for {value!r}; there are 0, '1'"
        assert observed.result == StepError(kind=Kind.REJECTED, message=message, step="branch")
        assert (observed.seconds, observed.effects) == (0, ())


@pytest.mark.parametrize("node", GUARDED)
@given(
    bug=st.sampled_from(BUGS),
    prefix=st.sampled_from(["", "zone/"]),
    name=st.sampled_from(["is_broken", "<lambda>"]),
)
def test_a_question_that_raises_is_a_defect_at_its_name(
    node: str, bug: type[BaseException], prefix: str, name: str
) -> None:
    """(a >> when(raise, b))(x) is a defect at the predicate's name, after a and without b."""
    asked = GUARDED[node](raising(bug("is broken"), name), leaf("then"))
    whole = leaf("first") >> (named("zone", asked) if prefix else asked)
    observed = seen(whole, Drawn())
    error = known(observed.error)
    assert (error.kind, error.step) == (
        Kind.DEFECT,
        prefix + (name if name.isidentifier() else node),
    )
    assert [note.name for note in observed.effects] == ["first"]


@pytest.mark.parametrize("node", GUARDED)
@given(answer=st.booleans())
def test_a_question_that_gives_a_coroutine_is_a_defect(node: str, answer: bool) -> None:  # noqa: FBT001 - by name
    """when(f, a)(x) is a defect if f(x) is a coroutine, which would count as true."""

    async def asks_elsewhere(_ctx: object) -> bool:
        return answer

    def asks(ctx: object) -> Any:
        return asks_elsewhere(ctx)

    observed = seen(GUARDED[node](asks, leaf("then")), Drawn())
    error = known(observed.error)
    assert (error.kind, error.step, observed.effects) == (Kind.DEFECT, "asks", ())


@pytest.mark.parametrize("node", GUARDED)
@given(kind=st.sampled_from(Kind), message=st.text(max_size=50))
def test_a_question_may_let_a_failure_through(node: str, kind: Kind, message: str) -> None:
    """when(raise StepFailed(e), a)(x) == Failure(e) at the predicate's name."""
    given_error = StepError(kind=kind, message=message)
    asked = GUARDED[node](raising(StepFailed(given_error)), leaf("then"))
    assert seen(asked, Drawn()).result == attrs.evolve(given_error, step="is_broken")


@given(st.sampled_from(BUGS))
def test_a_message_that_raises_is_a_defect_of_its_ensure(bug: type[BaseException]) -> None:
    """ensure(never, raise)(x) is a defect at the predicate's name."""
    error = known(seen(ensure(never, raising(bug("is broken"))), Drawn()).error)
    assert (error.kind, error.step) == (Kind.DEFECT, "never")


@given(operands("a", UNDOES_NOTHING), operands("b"), looks, seconds, drawn_contexts)
@some
def test_tap_changes_nothing_but_the_world(
    a: Whole, b: Whole, how: str, after: int, x: Drawn
) -> None:
    """(a >> tap(f) >> b)(x) == (a >> b)(x), with the effect of f on a(x) in between."""
    first = seen(a, x)
    assume(first.error is None)
    took = 0 if how == "plain" else after
    look = Leaf(name="look", seconds=after)
    whole = seen(a >> tap(tap_of(look, plain=how == "plain")) >> b, x)
    then = seen(b, first.context)
    note = Note("look", first.context, first.seconds + took)
    assert (whole.result, whole.seconds) == (then.result, first.seconds + took + then.seconds)
    assert whole.effects == (*first.effects, note, *later(then.effects, first.seconds + took))


@given(operands("a"), looks, drawn_contexts)
@some
def test_tap_is_recorded_once_and_not_called_again(a: Whole, how: str, x: Drawn) -> None:
    """(tap(f) >> a)(x, journal) has one entry of f, without changes, and f does not run again."""
    look = tap(tap_of(Leaf(name="look"), plain=how == "plain"))
    observed = observe(look >> a, x, Recorder(), journal=StoredJournal())
    entry = observed.journal.entries["look"]
    assert (entry.changes, entry.error) == ({}, None)
    assert [note.name for note in observed.effects].count("look") == 1
    again = observe(look >> a, x, Recorder(), journal=observed.journal)
    assert again.result == observed.result
    assert "look" not in [note.name for note in again.effects]


@given(st.sampled_from(Kind), looks, operands("a"), drawn_contexts)
@some
def test_what_a_tap_raises_counts(kind: Kind, how: str, a: Whole, x: Drawn) -> None:
    """(tap(raise e) >> a)(x) fails as e at the tap's name, and a does not run."""

    def look(_ctx: Drawn) -> None:
        raise LookupError if kind is Kind.DEFECT else StepFailed(StepError(kind=kind, message="no"))

    async def wait_and_look(ctx: Drawn) -> None:
        await asyncio.sleep(1)
        look(ctx)

    whole = anchor >> tap(titled(look if how == "plain" else wait_and_look, "look")) >> a
    observed = seen(whole, x)
    error = known(observed.error)
    assert (error.kind, error.step, observed.effects) == (kind, "look", ())


@given(ended("a"), endings, drawn_contexts)
@some
def test_recover_leaves_successes_and_defects_alone(a: Whole, ending: Ending, x: Drawn) -> None:
    """recover(a, h)(x) == a(x), unless that fails as expected."""
    alone = seen(a, x)
    assume(alone.error is None or alone.error.kind is Kind.DEFECT)
    assert seen(recover(a, handler_of(Leaf(name="handle", ending=ending))), x) == alone


@given(ended("a"), endings, seconds, drawn_contexts)
@some
def test_recover_is_its_handler_where_its_body_fails(
    a: Whole, ending: Ending, after: int, x: Drawn
) -> None:
    """recover(a, h)(x) == h(x, e) if a(x) == Failure(e), once that is undone."""
    alone = seen(a, x)
    error = alone.error
    assume(error is not None and error.kind is not Kind.DEFECT)
    handler = Leaf(name="handle", ending=ending, seconds=after)
    observed, handled = seen(recover(a, handler_of(handler)), x), seen(step(step_of(handler)), x)
    told = Note("handle was told", error)
    assert observed.result == handled.result
    assert observed.seconds == alone.seconds + handled.seconds
    assert observed.effects == alone.effects + later((told, *handled.effects), alone.seconds)


@given(pipelines(size=8, forms=NODES), drawn_contexts)
@settings(max_examples=80)  # each draws one large pipeline and runs it twice
def test_writing_a_journal_changes_nothing(a: Whole, x: Drawn) -> None:
    """a(x, journal) == a(x)."""
    assert observe(a, x, Recorder(), journal=StoredJournal()) == seen(a, x)
