"""The laws of waiting: a task that is parked and delivered again does what one process does."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dara_fp import (
    Entry,
    Kind,
    Parked,
    Pipeline,
    Scope,
    Waiting,
    for_each,
    named,
    pause,
    recover,
    start,
    timeout,
)
from dara_fp.core.shape import Form, first_name
from dara_fp.core.undo import CANCELLED
from dara_fp.testing import (
    Drawn,
    Observation,
    ParkingJournal,
    Recorder,
    Signal,
    StoredJournal,
    contexts,
    crash,
    observe,
    observe_parked,
    pipelines,
    run,
)
from dara_fp.testing.leaves import Ending
from dara_fp.testing.strategies import FORMS
from tests.laws.effects import (
    IN_A_ROW,
    Saga,
    World,
    act,
    deed,
    gathered,
    handled,
    held,
    sagas,
    standing,
)

Drawing = Pipeline[Drawn, Recorder]

WAITS: tuple[Form, ...] = ("wait",) * 8
ANYWHERE: list[Form] = [*FORMS, *WAITS]
SEQUENTIAL: list[Form] = [form for form in ANYWHERE if form not in {"all", "for_each"}]
# What hangs is cut by a limit, which comes later for whoever is parked beside it.
ENDING: tuple[Ending, ...] = ("succeed", "fail", "flake", "break")
FOR_EVER: dict[str, float | None] = {"go": None, "stop": None, "more": None}
FOR_A_WHILE: dict[str, float | None] = {"go": None, "stop": 3.0, "more": 20.0}
worlds = contexts(Drawn)


def at_any_time(names: Sequence[str]) -> st.SearchStrategy[tuple[Signal, ...]]:
    """Draw when each signal comes: never when a step ends, or when another signal comes."""
    parts = [2.0 ** -(number + 1) for number in range(len(names))]
    return st.tuples(*(_said(name, part) for name, part in zip(names, parts, strict=True)))


def _said(name: str, part: float) -> st.SearchStrategy[Signal]:
    times = st.integers(0, 40).map(lambda seconds: seconds + part)
    return st.builds(Signal, st.just(name), st.integers(0, 9), times)


said = at_any_time(tuple(FOR_EVER))


def in_one_go(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> Observation[Drawn]:
    return observe(p, x, Recorder(), journal=StoredJournal(), signals=signals)


def parked(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> Observation[Drawn]:
    return observe_parked(p, x, Recorder(), signals=signals)


def untimed(seen: Observation[Drawn]) -> list[str]:
    return sorted(f"{note.name}: {note.what}" for note in seen.effects)


@given(pipelines(forms=ANYWHERE, endings=ENDING, signals=FOR_EVER), worlds, said)
def test_parking_changes_only_when(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> None:
    """p(x), parked and delivered again at each wait, == p(x), but for the times of the effects."""
    whole, again = in_one_go(p, x, signals), parked(p, x, signals)
    assert again.result == whole.result
    assert untimed(again) == untimed(whole)


@given(pipelines(forms=SEQUENTIAL, signals=FOR_A_WHILE), worlds, said)
def test_parking_in_a_row_is_not_seen(p: Drawing, x: Drawn, signals: Sequence[Signal]) -> None:
    """In a row, p(x), parked and delivered again at each wait, == p(x)."""
    assert parked(p, x, signals) == in_one_go(p, x, signals)


WAITING = [*["rest", "parking", "lease"] * 2, *IN_A_ROW]
AMONG_LANES = [*WAITING, "all", "for_each"]


def is_as_it_says(seen: Observation[World], world: Recorder) -> bool:
    """Tell whether in *world* stands what *seen* ended with, and nothing is held."""
    said = () if seen.error else seen.context.trail
    return sorted(standing(world.notes)) == sorted(said) and not held(world.notes)


@given(sagas(WAITING))
def test_parking_a_saga_in_a_row_is_not_seen(p: Saga) -> None:
    """In a row, limits are over, and undo goes on after a park, as if there had been none."""
    seen = observe_parked(p, World(), Recorder())
    assert seen == observe(p, World(), Recorder(), journal=StoredJournal())


@given(sagas(AMONG_LANES))
def test_a_parked_saga_leaves_the_world_that_its_outcome_says(p: Saga) -> None:
    """However late its limits are over, what is done is kept or undone, and nothing is held."""
    world = Recorder()
    assert is_as_it_says(observe_parked(p, World(), world), world)


@given(sagas(AMONG_LANES, endings=("succeed",)), st.integers(0, 9))
def test_a_parked_task_that_is_cancelled_is_undone_completely(p: Saga, parks: int) -> None:
    """p(x), cancelled while it is parked for whatever time, raises and leaves nothing done."""
    world, journal = Recorder(), ParkingJournal()
    whole = p >> pause(10**6)
    assume(observe_parked(whole, World(), Recorder()).error is None)
    journal, at = parked_often(whole, journal, world, parks)
    journal.entries[f"run({first_name(p.steps)})"] = Entry(error=CANCELLED)
    with pytest.raises(asyncio.CancelledError):
        parked_often(whole, journal, world, 99, at)
    assert standing(world.notes) == ()
    assert not held(world.notes)


def parked_often(
    p: Saga, journal: ParkingJournal, world: Recorder, times: int, at: float = 0.0
) -> tuple[ParkingJournal, float]:
    """Deliver *p* until it has been parked so many *times*, or waits for long."""

    async def delivery() -> float:
        clock = journal.clock = asyncio.get_running_loop().time
        try:
            await p(World(), world, scope=Scope(task_id="t", journal=journal, clock=clock))
        except Parked as parked:
            journal.waits = {wait.path: wait for wait in parked.waits}
            return min(wait.until or 0 for wait in parked.waits)
        raise AssertionError("it has ended")

    until = run(delivery(), start=at)
    if not times or until > 10**5:
        return journal, at
    return parked_often(p, ParkingJournal(journal), world, times - 1, until)


@given(sagas(AMONG_LANES), st.integers(1, 30), st.integers(0, 5))
def test_a_task_that_is_killed_beside_its_parks_is_as_it_says(
    p: Saga, count: int, downtime: int
) -> None:
    """p(x), killed after any entry and then parked at each wait, leaves what its outcome says."""
    world = Recorder()
    entries = observe(p, World(), Recorder(), journal=StoredJournal()).journal.entries
    assume(entries)
    left = crash(p, World(), world, after=count % len(entries) + 1)
    seen = observe_parked(
        p, World(), world, journal=left.journal, start=left.at + downtime, task_id="observed"
    )
    assert is_as_it_says(seen, world)


class CancellingJournal(ParkingJournal):
    """A journal that cancels whoever waits, in the moment it is parked."""

    async def wait(self, waiting: Waiting) -> bytes | None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return await super().wait(waiting)


@pytest.mark.parametrize("lanes", [pause(60), pause(60) & pause(70)], ids=["in a row", "beside"])
def test_of_a_park_and_a_cancellation_the_cancellation_counts(
    lanes: Pipeline[object, object],
) -> None:
    """p >> pause, cancelled in the moment it is parked, is undone and cancelled."""
    world = Recorder()
    with pytest.raises(asyncio.CancelledError):
        observe(
            start(World, Recorder) >> deed("do") >> lanes,
            World(),
            world,
            journal=CancellingJournal(),
        )
    assert [note.name for note in world.notes] == ["do", "undo"]


def thrice(ctx: World) -> tuple[World, ...]:
    return (ctx, ctx, ctx)


def test_a_parked_item_makes_room_for_the_next() -> None:
    """for_each(pause(60), limit=1) takes a minute if it is parked: all items wait at once."""
    p = for_each(thrice, start(World, Recorder) >> pause(60) >> act("look"), gathered, limit=1)
    assert observe_parked(p, World(), Recorder()).seconds == 60
    assert observe(p, World(), Recorder(), journal=StoredJournal()).seconds == 180


def test_all_that_a_parked_run_waits_for_is_told_at_once() -> None:
    """timeout(90)(pause(60) & pause(70)) waits for three things, its own limit among them."""
    p = start(World, Recorder) >> (deed("do") >> pause(60)) & start(World) >> pause(70)
    seen = observe_parked(timeout(90)(p), World(), Recorder())
    assert [wait.path for wait in seen.parks[0]] == ["pause(60)", "pause(70)", "timeout(do)"]
    assert [wait.until for wait in seen.parks[0]] == [60, 70, 90]


def test_of_limits_that_are_over_at_once_the_outer_one_counts() -> None:
    """timeout(9)(recover(timeout(9)(pause(60)), handler)) fails, parked or not."""
    inner = timeout(9)(start(World, Recorder) >> pause(60))
    p = timeout(9)(recover(inner, handled("handle")))
    seen = observe_parked(p, World(), Recorder())
    assert seen == observe(p, World(), Recorder(), journal=StoredJournal())
    assert (seen.error and seen.error.kind, seen.effects) == (Kind.TIMEOUT, ())


def test_a_limit_counts_from_the_start_of_a_wait_that_is_over() -> None:
    """timeout(90)(pause(60) >> pause(60)) fails after 90 seconds, parked or not."""
    p = timeout(90)(start(World, Recorder) >> pause(60) >> named("again", pause(60)))
    assert observe_parked(p, World(), Recorder()).seconds == 90
    assert observe(p, World(), Recorder(), journal=StoredJournal()).seconds == 90


def test_a_limit_around_a_park_is_over_on_time() -> None:
    """timeout(30)(pause(60)) fails after 30 seconds, parked or not."""
    p = timeout(30)(start(World, Recorder) >> deed("do", 5) >> pause(60))
    seen = observe_parked(p, World(), Recorder())
    assert seen == observe(p, World(), Recorder(), journal=StoredJournal())
    assert seen.error is not None
    assert (seen.error.kind, seen.seconds) == (Kind.TIMEOUT, 30)
    assert [note.name for note in seen.effects] == ["do", "undo"]
