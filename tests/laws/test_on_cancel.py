"""The laws of `on_cancel`: what is cut is cleaned up, and nothing else is."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import (
    Kind,
    Outcome,
    Position,
    Success,
    for_each,
    on_cancel,
    recover,
    start,
    step,
    timeout,
)
from dara_fp.testing import Observation, Recorder, StoredJournal, observe
from tests.laws.cancelled import Moment, SlowJournal, end_of, moments
from tests.laws.effects import ANYWHERE, Saga, World, act, gathered, handled, held, sagas

paces = st.sampled_from((0, 0.5))
journals = st.one_of(st.none(), st.builds(SlowJournal, paces, paces))
AMONG_LANES = ["lease", "lease", *ANYWHERE]


@given(sagas(AMONG_LANES), st.lists(moments, min_size=1, max_size=2), journals)
def test_what_is_cut_is_cleaned_up(
    p: Saga, cancels: Sequence[Moment], journal: SlowJournal | None
) -> None:
    """However a run ends, nothing is held that `on_cancel` releases."""
    end = end_of(p, cancels, journal)
    assert held(end.notes) == set()


def names_of(seen: Observation[World]) -> list[str]:
    return [note.name for note in seen.effects]


def holding(body: Saga) -> Saga:
    """Make what holds something while *body* runs, and releases it only if that is cut."""

    async def release(ctx: World, env: Recorder) -> Outcome[World]:
        env.note("release", ctx.held)
        return Success(ctx)

    async def hold(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        env.note("hold", at.path)
        return Success(ctx.evolve(held=at.path))

    return on_cancel(step(hold) >> body, step(release))


@pytest.mark.parametrize("journal", [None, StoredJournal()], ids=["unrecorded", "recorded"])
def test_only_a_body_that_is_cut_is_cleaned_up(journal: StoredJournal | None) -> None:
    """on_cancel(p, q) is p if p succeeds, and if it fails by itself; a limit inside p cuts it."""
    for ending in ("succeed", "fail"):
        p = start(World, Recorder) >> holding(act("look", 0, ending)) >> act("fails", 0, "fail")
        seen = observe(p, World(), Recorder(), journal=journal and StoredJournal())
        assert set(names_of(seen)) == {"hold", "look"}
    cut = start(World, Recorder) >> holding(timeout(5)(act("hangs", 60)))
    seen = observe(cut, World(), Recorder(), journal=journal)
    assert (names_of(seen), seen.error and seen.error.kind) == (["hold", "release"], Kind.TIMEOUT)


@pytest.mark.parametrize("limit", [1, 2])
def test_an_item_that_may_have_begun_is_cleaned_up(limit: int) -> None:
    """for_each(on_cancel(p, q)), cut, does q for the items that may have begun."""
    body = for_each(thrice, holding(act("hangs", 60)), gathered, limit=limit)
    p = start(World, Recorder) >> timeout(5)(body)
    for journal, cleaned in ((None, limit), (StoredJournal(), 3)):
        names = names_of(observe(p, World(), Recorder(), journal=journal))
        assert names == ["hold"] * limit + ["release"] * cleaned


def thrice(ctx: World) -> tuple[World, ...]:
    return ctx, ctx, ctx


def test_what_failed_by_itself_and_was_caught_is_not_cleaned_up_when_the_task_is_resumed() -> None:
    """recover(on_cancel(fail, q), handler) >> fail, resumed, does what failed last and no q."""
    caught = recover(holding(act("look", 0, "fail")), handled("handle"))
    p = start(World, Recorder) >> caught >> act("fails", 0, "fail")
    first = observe(p, World(), Recorder(), journal=StoredJournal())
    assert names_of(first) == ["hold", "look", "look", "look"]
    again = observe(p, World(), Recorder(), journal=StoredJournal.of(first.journal.resumed()))
    assert names_of(again) == ["look"]
