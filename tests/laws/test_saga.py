"""The laws of `compensate`: what failed is taken back, exactly, before anything else is done."""

from collections.abc import Callable, Sequence

from hypothesis import assume, event, given
from hypothesis import strategies as st

from dara_fp import Kind, Outcome, Pipeline, StepError, Success, compensate, recover, retry, step
from dara_fp.testing import Drawn, Note, Observation, Recorder, contexts, observe, pipelines
from tests.laws.effects import IN_A_ROW, WAIT, Saga, World, act, deed, last_of, sagas, standing

CALM = ("succeed",)
seconds = st.integers(0, 6)


def run(saga: Saga) -> Observation[World]:
    return observe(saga, World(), Recorder())


@given(sagas(IN_A_ROW))
def test_the_world_is_always_what_the_context_says(p: Saga) -> None:
    """In a row, whatever runs on x finds done what x says, so every try starts clean.

    An undo finds it too, so it gets the context as its body left it, in the reverse order.
    """
    seen = run(p)
    done: list[Note] = []
    for note in seen.effects:
        if note.name in {"hold", "release"}:
            continue
        done += [note] if note.name == "do" else []
        assert standing(done) == note.what
        done += [note] if note.name == "undo" else []
    event(type(seen.outcome).__name__)


@given(sagas())
def test_in_the_end_the_world_is_what_the_outcome_says(p: Saga) -> None:
    """A success leaves done what is on its trail, and a failure, be it a defect, nothing."""
    seen = run(p)
    said = () if seen.error else seen.context.trail
    assert sorted(standing(seen.effects)) == sorted(said)
    event(seen.error.kind if seen.error else "success")


@given(sagas(endings=CALM), st.sampled_from(("fail", "break")))
def test_undo_is_the_exact_reverse_of_what_was_done(p: Saga, ending: str) -> None:
    """(p >> fail)(x) does what p(x) does, and takes back what stands then, the last one first."""
    forward = run(p)
    assume(forward.error is None)
    looked, *back = run(p >> act("fails", 0, ending)).effects[len(forward.effects) :]
    assert looked.name == "look"
    assert tuple(map(last_of, back)) == tuple(reversed(standing(forward.effects)))


@given(seconds, seconds, seconds)
def test_what_a_scope_in_a_branch_did_is_undone_in_its_turn(x: int, y: int, z: int) -> None:
    """((a >> b | c) & d >> fail)(x) undoes a and d by when they were done, not by when b was."""
    p = (deed("do_a", x) >> act("b", y) | act("c")) & deed("do_d", z)
    seen = run(p >> act("fails", 0, "fail"))
    done, undone = ([last_of(n) for n in seen.effects if n.name == it] for it in ("do", "undo"))
    assert undone == done[::-1]


@given(sagas(endings=("succeed", "flake", "fail")), sagas())
def test_the_next_alternative_starts_as_if_nothing_had_been_tried(p: Saga, q: Saga) -> None:
    """((p >> fail) | q)(x) == p(x) undone, then q(x)."""
    seen, alone = run((p >> act("fails", 0, "fail")) | q), run(q)
    assert seen.result == alone.result
    count = len(alone.effects)
    tried, then = seen.effects[: len(seen.effects) - count], seen.effects[-count or None :]
    assert standing(tried) == ()
    assert [(each.name, each.what) for each in then[:count]] == [
        (each.name, each.what) for each in alone.effects
    ]


@given(pipelines(), contexts(Drawn))
def test_an_undo_that_is_not_needed_changes_nothing(p: Pipeline[Drawn, Recorder], x: Drawn) -> None:
    """compensate(p, undo)(x) == p(x): neither a success nor a body that failed is undone."""

    @step
    async def undo(ctx: Drawn, env: Recorder) -> Outcome[Drawn]:
        env.note("undone")
        return Success(ctx)

    assert observe(compensate(p, undo), x, Recorder()) == observe(p, x, Recorder())


def either(p: Saga) -> Saga:
    return p | act("never")


def recovered(p: Saga) -> Saga:
    return recover(p, never)


def retried(p: Saga) -> Saga:
    return retry(2, WAIT)(p)


async def never(ctx: World, error: StepError, env: Recorder) -> Outcome[World]:
    env.note("look", ("never", str(error)))
    return Success(ctx)


undo_endings = st.lists(
    st.sampled_from(("succeed", "fail", "break", "quit")), min_size=1, max_size=5
)
wrappings = st.lists(st.sampled_from((either, recovered, retried)), max_size=3)


@given(
    undo_endings.filter(lambda ends: set(ends) != {"succeed"}),
    wrappings,
    st.sampled_from(("fail", "break")),
)
def test_an_undo_that_fails_stops_neither_the_others_nor_goes_unseen(
    ends: Sequence[str], catching: Sequence[Callable[[Saga], Saga]], ending: str
) -> None:
    """All is taken back, and the outcome is a defect that tells why, and why it had to be."""
    p = deed("do_0", undo=ends[0])
    for number, each in enumerate(ends[1:], 1):
        p = p >> deed(f"do_{number}", undo=each)
    p = p >> act("fails", 0, ending)
    for catch in catching:
        p = catch(p)
    seen = run(p)
    assert [note.name for note in seen.effects] == ["do"] * len(ends) + ["look"] + ["undo"] * len(
        ends
    )
    assert standing(seen.effects) == ()
    broken = [f"undo_{number}" for number, each in enumerate(ends) if each != "succeed"]
    assert seen.error is not None
    assert seen.error.kind is Kind.DEFECT
    assert seen.error.step == broken[-1]
    assert all(f"{name}: " in seen.error.message for name in (*broken, "fails"))
