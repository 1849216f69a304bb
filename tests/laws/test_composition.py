"""The laws of `>>`: by structure first, then by what an observer sees."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from dara_fp import Kind, Outcome, Pipeline, Step, StepError, Success, start, step
from dara_fp.core.codec import codec_of
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.scope import Scope
from tests.laws.drawn import (
    Drawn,
    any_steps,
    breaking,
    chained,
    contexts,
    failing,
    good_steps,
    names,
    pipelines,
    seen,
)


@given(pipelines, pipelines, pipelines)
def test_composition_is_associative(
    a: Pipeline[Drawn, object], b: Pipeline[Drawn, object], c: Pipeline[Drawn, object]
) -> None:
    """(a >> b) >> c == a >> (b >> c)."""
    assert (a >> b) >> c == a >> (b >> c)


@given(pipelines)
def test_start_is_the_left_identity(a: Pipeline[Drawn, object]) -> None:
    """start(C) >> a == a."""
    assert start(Drawn) >> a == a


@given(pipelines)
def test_start_is_the_right_identity(a: Pipeline[Drawn, object]) -> None:
    """a >> start(C) == a."""
    assert a >> start(Drawn) == a


@given(any_steps)
def test_composition_flattens_to_the_steps_in_order(steps: list[Pipeline[Drawn, object]]) -> None:
    """(s1 >> ... >> sn).steps == (s1, ..., sn)."""
    assert chained(steps).steps == tuple(each.steps[0] for each in steps)


@given(contexts, names, any_steps)
async def test_a_failure_is_a_left_zero(
    ctx: Drawn, name: str, steps: list[Pipeline[Drawn, object]]
) -> None:
    """(fail >> a)(x) == fail(x)."""
    zero = failing(name)
    assert seen(await (zero >> chained(steps))(ctx)) == seen(await zero(ctx))


@given(contexts, names, any_steps)
async def test_a_defect_is_a_left_zero(
    ctx: Drawn, name: str, steps: list[Pipeline[Drawn, object]]
) -> None:
    """(raise >> a)(x) == raise(x), as a value."""
    zero = breaking(name)
    observed = seen(await (zero >> chained(steps))(ctx))
    assert observed == seen(await zero(ctx))
    assert isinstance(observed, StepError)
    assert observed.kind is Kind.DEFECT


@given(contexts, any_steps)
async def test_a_pipeline_equals_the_hand_written_chain(
    ctx: Drawn, steps: list[Pipeline[Drawn, object]]
) -> None:
    """(s1 >> ... >> sn)(x) == await sn(... await s1(x))."""
    outcome: Outcome[Drawn] = Success(ctx)
    for each in steps:
        if isinstance(outcome, Success):
            outcome = await each(outcome.unwrap())
    assert seen(await chained(steps)(ctx)) == seen(outcome)


@given(contexts, any_steps)
async def test_the_given_context_is_never_changed(
    ctx: Drawn, steps: list[Pipeline[Drawn, object]]
) -> None:
    """p(x) leaves x == x0."""
    before = copy.deepcopy(ctx)
    await chained(steps)(ctx)
    assert ctx == before


@given(contexts, any_steps)
async def test_writing_a_journal_changes_nothing(
    ctx: Drawn, steps: list[Pipeline[Drawn, object]]
) -> None:
    """p(x, journal) == p(x)."""
    whole = chained(steps)
    recorded = await whole(ctx, scope=Scope(journal=MemoryJournal()))
    assert seen(recorded) == seen(await whole(ctx))


@given(contexts, good_steps, st.integers(0, 8))
async def test_resuming_after_any_entry_gives_the_same_outcome(
    ctx: Drawn, steps: list[Pipeline[Drawn, object]], kept: int
) -> None:
    """p(x, journal cut anywhere) == p(x)."""
    whole = chained(steps)
    journal = MemoryJournal()
    outcome = await whole(ctx, scope=Scope(journal=journal))
    cut = MemoryJournal(dict(list(journal.entries.items())[:kept]))
    assert seen(await whole(ctx, scope=Scope(journal=cut))) == seen(outcome)
    assert list(cut.entries) == list(journal.entries)


@given(contexts, any_steps)
async def test_nothing_that_was_recorded_runs_twice(
    ctx: Drawn, steps: list[Pipeline[Drawn, object]]
) -> None:
    """p(x, full journal) runs no step."""
    journal = MemoryJournal()
    outcome = await chained(steps)(ctx, scope=Scope(journal=journal))
    names_only = [Step(each.steps[0].name, _never, 1) for each in steps]
    replayed = await Pipeline[Drawn, object](tuple(names_only), Drawn)(
        ctx, scope=Scope(journal=journal)
    )
    assert seen(replayed) == seen(outcome)


async def _never(_ctx: Drawn) -> Outcome[Drawn]:
    raise AssertionError("a recorded step ran again")


@given(contexts, good_steps)
async def test_the_codec_round_trips(ctx: Drawn, steps: list[Pipeline[Drawn, object]]) -> None:
    """decode(encode(x)) == x."""
    codec = codec_of(Drawn)
    outcome = await chained(steps)(ctx)
    assert codec.decode(codec.encode(outcome.unwrap())) == outcome.unwrap()


async def test_a_hundred_thousand_steps_run_in_one_loop() -> None:
    """(s >> ... >> s) with 100,000 steps needs no recursion, neither to build nor to run."""
    whole = counting
    while len(whole.steps) < 100_000:
        whole = whole >> whole
    outcome = await whole(Drawn(number=0))
    assert outcome.unwrap().number == len(whole.steps)


@step
async def counting(ctx: Drawn) -> Outcome[Drawn]:
    return Success(ctx.evolve(number=ctx.number + 1))
