"""The laws of `&`: by structure first, then by what an observer sees on virtual time."""

from functools import partial, reduce
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dara_fp import Kind, Pipeline, StepContext, made, named, start, when
from dara_fp.testing import Drawn, Recorder
from tests.laws.operands import (
    UNDOES_NOTHING,
    Plain,
    Trio,
    Whole,
    always,
    anything,
    at_once,
    drawn_contexts,
    ended,
    known,
    leaf,
    on_part,
    plain_contexts,
    plain_operands,
    seconds,
    seen,
    together,
    trios,
    writing,
)

a_lanes, b_lanes, c_lanes = (ended(name, UNDOES_NOTHING) for name in "abc")
written_values = st.lists(
    st.tuples(st.sampled_from(["", "b", "c", "d"]), seconds), min_size=1, max_size=5
)
few = settings(max_examples=30)  # each draws three pipelines and runs them several times


def told(before: str, left: str, right: str) -> str:
    """Merge so that what was merged with what, and in which order, can be read."""
    return f"[{before}:{left}+{right}]"


@attrs.frozen(kw_only=True)
class Told(StepContext):
    text: str = made("", merge=told)


def broken_rule(before: int, left: int, right: int) -> int:
    raise LookupError(f"{before}, {left}, {right}")


@attrs.frozen(kw_only=True)
class Broken(StepContext):
    number: int = made(0, merge=broken_rule)
    other: int = made(0, merge=lambda before, left, right: before[left][right])


@attrs.frozen(kw_only=True)
class Range(StepContext):
    low: int = 0
    high: int = 9

    def __attrs_post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"{self.low} is above {self.high}")


def beside(field: str, written: list[tuple[Any, int]]) -> Pipeline[Any, Recorder]:
    """Give a branch for each value, which writes it into *field* after so many seconds."""
    lanes = [writing(f"write_{n}", field, value, after) for n, (value, after) in enumerate(written)]
    return reduce(lambda left, right: left & right, lanes)


@given(anything("a"), anything("b"), anything("c"))
@few
def test_both_is_associative(a: Whole, b: Whole, c: Whole) -> None:
    """(a & b) & c == a & (b & c)."""
    assert (a & b) & c == a & (b & c)


@given(on_part("a"), on_part("b"), on_part("c"), trios)
@few
def test_both_is_associative_where_nothing_is_flattened(
    a: Pipeline[Trio, Recorder],
    b: Pipeline[Trio, Recorder],
    c: Pipeline[Trio, Recorder],
    x: Trio,
) -> None:
    """(only(a & b) & c)(x) == (a & b & c)(x) == (a & only(b & c))(x) on fields of their own."""
    flat = seen(a & b & c, x)
    for nested in (when(always, a & b) & c, a & when(always, b & c)):
        other = seen(nested, x)
        assert (other.result, other.seconds) == (flat.result, flat.seconds)
        assert at_once(other.effects) == at_once(flat.effects)


@given(anything("a"))
def test_start_is_the_identity_of_both(a: Whole) -> None:
    """start(C) & a == a == a & start(C)."""
    assert start(Drawn, Recorder) & a == a == a & start(Drawn, Recorder)


@given(on_part("a"), on_part("b"), trios)
@settings(max_examples=30)  # each draws two pipelines and runs them several times
def test_both_is_commutative_on_fields_of_their_own(
    a: Pipeline[Trio, Recorder], b: Pipeline[Trio, Recorder], x: Trio
) -> None:
    """(a & b)(x) == (b & a)(x), unless both fail, when their order counts."""
    one, other = seen(a & b, x), seen(b & a, x)
    assert one.seconds == other.seconds
    assert at_once(one.effects) == at_once(other.effects)
    assume(seen(a, x).error is None or seen(b, x).error is None)
    assert one.result == other.result


@given(plain_operands(), plain_contexts)
@settings(max_examples=30)  # each draws a pipeline and runs it twice
def test_both_is_idempotent_without_merge_rules(a: Pipeline[Plain, Recorder], x: Plain) -> None:
    """(a & a)(x) == a(x), but that each effect is there twice."""
    whole = a >> leaf(
        "last"
    )  # a conflict of `a & b` itself would name all branches of `a & b & a & b`
    once, twice = seen(whole, x), seen(whole & whole, x)
    assert (twice.result, twice.seconds) == (once.result, once.seconds)
    assert at_once(twice.effects) == together(once, once)


@given(a_lanes, b_lanes, c_lanes, drawn_contexts)
@few
def test_all_branches_settle_whatever_becomes_of_the_others(
    a: Whole, b: Whole, c: Whole, x: Drawn
) -> None:
    """effects((a & b & c)(x)) == effects(a(x)) + effects(b(x)) + effects(c(x))."""
    effects = at_once(seen(a & b & c, x).effects)
    assert effects == together(seen(a, x), seen(b, x), seen(c, x))


@given(a_lanes, b_lanes, c_lanes, drawn_contexts)
@few
def test_both_takes_as_long_as_the_slowest_branch(a: Whole, b: Whole, c: Whole, x: Drawn) -> None:
    """seconds((a & b & c)(x)) == max(seconds(a(x)), seconds(b(x)), seconds(c(x)))."""
    assert seen(a & b & c, x).seconds == max(seen(each, x).seconds for each in (a, b, c))


@given(on_part("a", ["flake"]), on_part("b", ["flake"]), trios)
@settings(max_examples=30)  # each draws two pipelines and runs them several times
def test_changes_of_different_fields_are_merged(
    a: Pipeline[Trio, Recorder], b: Pipeline[Trio, Recorder], x: Trio
) -> None:
    """(a & b)(x) == x with a(x).a and b(x).b."""
    alone_a, alone_b = seen(a, x), seen(b, x)
    assume(alone_a.error is None)
    assume(alone_b.error is None)
    assert seen(a & b, x).context == x.evolve(a=alone_a.context.a, b=alone_b.context.b)


@given(st.text(), st.lists(seconds, min_size=1, max_size=4), plain_contexts)
def test_equal_changes_agree(value: str, times: list[int], x: Plain) -> None:
    """(f := v & ... & f := v)(x) == (f := v)(x)."""
    whole = beside("text", [(value, after) for after in times])
    assert seen(whole, x).context == x.evolve(text=value)


@given(written_values, st.sampled_from(["", "b"]))
def test_different_changes_are_a_conflict_that_names_the_field(
    written: list[tuple[str, int]], before: str
) -> None:
    """(f := v1 & ... & f := vn)(x) is a conflict about f if two differ that are not x.f."""
    changed = [value for value, _ in written if value != before]
    observed = seen(beside("text", written), Plain(text=before))
    if len(set(changed)) > 1:
        error = known(observed.error)
        other = next(value for value in changed if value != changed[0])
        assert (error.kind, error.step) == (Kind.CONFLICT, "all(write_0)")
        assert f"'text': one made it {changed[0]!r}, another {other!r}" in error.message
    else:
        assert observed.context == Plain(text=(*changed, before)[0])


@given(st.permutations([1, True, 1.0]), seconds, seconds)
def test_what_is_only_equal_in_python_is_different(
    values: list[object], after: int, then: int
) -> None:
    """(f := 1 & f := True)(x) is a conflict: they are equal, but not written alike."""
    error = known(
        seen(beside("number", [*zip(values, [after, then], strict=False)]), Plain()).error
    )
    assert error.kind is Kind.CONFLICT
    assert f"'number': one made it {values[0]!r}, another {values[1]!r}" in error.message


@given(written_values, st.sampled_from(["", "b"]))
def test_a_merge_rule_folds_what_changed_in_order(
    written: list[tuple[str, int]], before: str
) -> None:
    """(f := v1 & ... & f := vn)(x).f == rule(x.f, ... rule(x.f, v1, v2) ..., vn), equal or not."""
    changed = [value for value, _ in written if value != before]
    merged = reduce(partial(told, before), changed) if changed else before
    assert seen(beside("text", written), Told(text=before)).context == Told(text=merged)


@pytest.mark.parametrize(("field", "name"), [("number", "broken_rule"), ("other", "merge(other)")])
@given(times=st.lists(seconds, min_size=2, max_size=4), prefix=st.sampled_from(["", "part/"]))
def test_a_merge_rule_that_raises_is_a_defect_with_its_name(
    field: str, name: str, times: list[int], prefix: str
) -> None:
    """(f := v & f := w)(x) is a defect at the rule's name if the rule raises."""
    whole = beside(field, [(1, after) for after in times])
    error = known(seen(named("part", whole) if prefix else whole, Broken()).error)
    assert (error.kind, error.step) == (Kind.DEFECT, prefix + name)


@given(st.integers(0, 9), st.integers(0, 9), seconds, seconds)
def test_a_merge_that_the_context_refuses_is_a_defect(
    low: int, high: int, after: int, later: int
) -> None:
    """(low := v & high := w)(x) is a defect, and no exception, where x with both is refused."""
    whole = writing("lift", "low", low, after) & writing("drop", "high", high, later)
    observed = seen(whole, Range())
    if low > high:
        error = known(observed.error)
        assert (error.kind, error.step) == (Kind.DEFECT, "all(lift)")
        assert error.message == f"ValueError: {low} is above {high}"
    else:
        assert observed.context == Range(low=low, high=high)


@given(st.permutations(range(5)), st.sets(st.integers(0, 4), min_size=1))
def test_the_lowest_failing_branch_reports_whatever_the_timing(
    times: list[int], failing: set[int]
) -> None:
    """(a0 & ... & an)(x) fails as the first ai that fails, however long each takes."""
    lanes = [
        leaf(f"step_{n}", seconds=after, ending="fail" if n in failing else "succeed")
        for n, after in enumerate(times)
    ]
    whole = reduce(lambda left, right: left & right, lanes)
    assert known(seen(whole, Drawn()).error).step == f"step_{min(failing)}"


@given(a_lanes, b_lanes, drawn_contexts)
@settings(max_examples=40)  # each draws two pipelines and runs them several times
def test_the_lowest_defect_outranks_failures(a: Whole, b: Whole, x: Drawn) -> None:
    """error((a & b)(x)) == the first defect of a(x) and b(x), or else the first failure."""
    errors = [error for each in (a, b) if (error := seen(each, x).error) is not None]
    assume(errors)
    defects = [error for error in errors if error.kind is Kind.DEFECT]
    first = attrs.evolve([*defects, *errors][0], traceback=None)
    assert seen(a & b, x).result == first
