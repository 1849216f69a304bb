"""What the operators refuse where a pipeline is composed, and the words they say it with."""

import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from dara_fp import (
    Backoff,
    MemoryJournal,
    Outcome,
    Scope,
    StepContext,
    StepError,
    Success,
    branch,
    compensate,
    ensure,
    fail,
    for_each,
    named,
    recover,
    repeat,
    retry,
    start,
    step,
    tap,
    timeout,
    when,
    zoom,
)


@attrs.frozen(kw_only=True)
class Words(StepContext):
    text: str = ""


@attrs.frozen(kw_only=True)
class Letters(StepContext):
    text: str = ""


@step
async def keep(ctx: Words) -> Outcome[Words]:
    return Success(ctx)


async def is_long(ctx: Words) -> bool:
    return len(ctx.text) > 5


def has_text(ctx: Words) -> bool:
    return bool(ctx.text)


async def handle(ctx: Words, error: StepError) -> Outcome[Words]:
    return Success(ctx.evolve(text=error.message))


erased: Any = is_long
plain: Any = has_text
nothing: Any = None
other: Any = start(Letters)


def branch_of_none() -> object:
    cases: dict[bool, Any] = {}
    return branch(has_text, cases)


REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: when(erased, keep), TypeError, "is_long is async: await in a step"),
    (lambda: when(has_text, nothing), TypeError, "cannot compose with None"),
    (lambda: branch(erased, {True: keep}), TypeError, "is_long is async"),
    (branch_of_none, ValueError, "branch has no cases: give a pipeline for each value"),
    (lambda: branch(has_text, {True: nothing}), TypeError, "cannot compose with None"),
    (lambda: ensure(erased, "no"), TypeError, "is_long is async"),
    (lambda: ensure(has_text, erased), TypeError, "is_long is async"),
    (lambda: ensure(has_text, "no", kind="lost"), ValueError, "'lost' is not a valid Kind"),
    (lambda: ensure(has_text, "no", kind="defect"), ValueError, "let the predicate raise instead"),
    (lambda: tap(lambda: None), TypeError, r"tap tap\(\) must take \(ctx\), \(ctx, env\) or"),  # type: ignore[misc, arg-type] # the point
    (lambda: named("a/b", keep), ValueError, "name 'a/b' does not fit: use letters"),
    (lambda: named("", keep), ValueError, "name '' does not fit"),
    (lambda: named("a", nothing), TypeError, "cannot compose with None"),
    (lambda: recover(keep, nothing), TypeError, "None has no name"),
    (lambda: recover(keep, erased), TypeError, r"step is_long.* must take \(ctx, error\), \(ctx"),
    (lambda: recover(keep, plain), TypeError, "step 'has_text' is not async: define it with"),
    (lambda: recover(nothing, handle), TypeError, "cannot compose with None"),
    (lambda: compensate(keep, nothing), TypeError, "cannot compose with None"),
    (lambda: compensate(start(Words) >> keep, other), TypeError, "contexts Words and Letters"),
    (lambda: retry(-1), ValueError, "times is -1: give how many more times to try, 0 or more"),
    (lambda: retry(erased), TypeError, r"is_long.*: retry takes how many more times to try, such"),
    (lambda: retry(3, erased), TypeError, "retry takes a Backoff after the number"),
    (lambda: timeout(erased), TypeError, r"timeout takes seconds, such as timeout\(60\)\(step\)"),
    (lambda: for_each(nothing, keep, nothing, limit=erased), TypeError, "limit takes a whole"),
    (lambda: retry(3)(nothing), TypeError, "cannot compose with None"),
    (lambda: timeout(0), ValueError, "seconds is 0: give a limit above 0"),
    (lambda: timeout(math.nan), ValueError, "seconds is nan"),
    (lambda: repeat(keep, erased), TypeError, "is_long is async"),
    (lambda: repeat(nothing, has_text), TypeError, "cannot compose with None"),
    (lambda: Backoff(initial=-1), ValueError, "initial is -1: give a number of at least 0"),
    (lambda: Backoff(factor=0.5), ValueError, "factor is 0.5: give a number of at least 1"),
    (lambda: Backoff(longest=math.inf), ValueError, "longest is inf"),
    (lambda: Backoff(jitter=2), ValueError, "'jitter' must be <= 1"),
    (lambda: for_each(erased, keep, nothing), TypeError, "is_long is async"),
    (lambda: for_each(nothing, keep, nothing, limit=0), ValueError, "limit is 0: give how many"),
    (lambda: for_each(nothing, nothing, nothing), TypeError, "cannot compose with None"),
    (lambda: zoom(erased, keep, nothing), TypeError, "is_long is async"),
    (lambda: zoom(nothing, nothing, nothing), TypeError, "cannot compose with None"),
    (lambda: keep & nothing, TypeError, "cannot compose with None"),
    (lambda: keep | nothing, TypeError, "cannot compose with None"),
    (lambda: start(Words) >> keep & other, TypeError, "contexts Words and Letters"),
    (lambda: start(Words) >> keep | other, TypeError, "contexts Words and Letters"),
]


@pytest.mark.parametrize(("build", "kind", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_does_not_fit_is_refused_where_it_is_composed(
    build: Callable[[], object], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        build()


async def test_an_async_function_in_disguise_is_a_defect() -> None:
    def disguised(ctx: Words) -> Any:
        return is_long(ctx)

    error = (await when(disguised, keep)(Words())).failure()
    assert (error.kind, error.step) == ("defect", "disguised")
    assert "gave a coroutine" in error.message


async def test_a_failure_that_a_tap_returns_counts() -> None:
    async def look(ctx: Words) -> Outcome[Words]:
        return fail("there is nothing to see")

    error = (await (tap(look) >> keep)(Words())).failure()
    assert (error.kind, error.step) == ("failed", "look")


async def test_what_nobody_can_compare_cannot_be_recorded() -> None:
    @step
    async def count(ctx: int) -> Outcome[int]:
        return Success(ctx + 1)

    assert (await count(1)).unwrap() == 2
    error = (await count(1, scope=Scope(journal=MemoryJournal()))).failure()
    assert (error.kind, error.step) == ("defect", "count")
    assert "int is no attrs class" in error.message


def test_a_modifier_is_written_as_it_was_made() -> None:
    assert repr(retry(3)) == "retry(3)"
    assert repr(retry(3, Backoff(initial=2))) == "retry(3, Backoff(initial=2))"
    assert repr(timeout(90)) == "timeout(90)"
