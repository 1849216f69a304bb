"""A killed run leaves its journal and its effects, and nothing else."""

import asyncio
import gc

import pytest

from dara_fp import Outcome, Position, Success, start, step
from dara_fp.testing import Deadlock, Note, Recorder, crash, crashes, observe
from tests.unit.testing.steps import LETTER, Letter, post, stamp, write


def test_after_an_entry_it_is_kept_and_nothing_ran_since() -> None:
    left = crash(post, LETTER, Recorder(), after=1)
    assert left.point == "after 'write' was recorded"
    assert list(left.journal.entries) == ["write"]
    assert left.effects == (Note("written", "hello", 60),)
    assert left.at == 60


def test_before_an_entry_the_step_has_run_and_nobody_knows() -> None:
    left = crash(post, LETTER, Recorder(), before=2)
    assert left.point == "before 'stamp' was recorded"
    assert list(left.journal.entries) == ["write"]
    assert [note.name for note in left.effects] == ["written", "stamped"]


def test_a_resumed_run_goes_on_in_the_same_world_and_time() -> None:
    world = Recorder()
    seen = crash(post, LETTER, world, before=2).resume(downtime=1000)
    assert seen.context == observe(post, LETTER, Recorder()).context
    assert seen.effects == (Note("stamped", None, 1060), Note("sent", "hello!", 4660))
    assert seen.seconds == 3600
    assert [note.name for note in world.notes] == ["written", "stamped", "stamped", "sent"]


def test_a_run_can_be_resumed_twice_from_one_crash() -> None:
    left = crash(post, LETTER, Recorder(), after=2)
    assert left.resume() == left.resume()
    assert list(left.journal.entries) == ["write", "stamp"]


def test_a_resumed_run_can_be_killed_again() -> None:
    first = crash(post, LETTER, Recorder(), after=1)
    second = crash(post, LETTER, Recorder(), after=1, journal=first.journal, start=first.at)
    assert list(second.journal.entries) == ["write", "stamp"]
    assert list(first.journal.entries) == ["write"]
    assert second.resume().context.stamp == 85


def test_every_crash_is_found() -> None:
    whole = observe(post, LETTER, Recorder())
    points: list[str] = []
    for left, seen in crashes(post, LETTER, Recorder):
        points.append(left.point)
        assert seen.result == whole.result
        again = {note.name for note in left.effects} & {note.name for note in seen.effects}
        assert len(again) == left.point.startswith("before")
    assert points == [
        f"{when} {path!r} was recorded"
        for path in ("write", "stamp", "send")
        for when in ("before", "after")
    ]


def test_a_pipeline_without_steps_has_no_crash() -> None:
    assert list(crashes(start(Letter), LETTER)) == []


def test_a_crash_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be killed after entry 4: it has 3, counted"):
        crash(post, LETTER, Recorder(), after=4)
    with pytest.raises(ValueError, match="cannot be killed before entry 0"):
        crash(post, LETTER, Recorder(), before=0)
    with pytest.raises(ValueError, match="either before"):
        crash(post, LETTER, Recorder())
    with pytest.raises(ValueError, match="either before"):
        crash(post, LETTER, Recorder(), before=1, after=1)


def test_nothing_cleans_up_after_a_killed_run() -> None:
    stopped: list[str] = []
    recorded = asyncio.Event()

    async def tidy(env: Recorder, name: str) -> None:
        try:
            await asyncio.sleep(10)
            env.note(f"{name} woke")
        except asyncio.CancelledError:
            stopped.append(f"{name} was cancelled")
            raise
        finally:
            env.note(f"{name} cleaned up")
            await asyncio.sleep(1)
            env.note(f"{name} waited for it")

    async def ready(env: Recorder) -> None:
        await recorded.wait()
        env.note("went on")

    @step
    async def begin(ctx: Letter, env: Recorder) -> Outcome[Letter]:
        group = [asyncio.create_task(tidy(env, name)) for name in ("one", "two")]
        group.append(asyncio.create_task(ready(env)))
        await asyncio.sleep(1)
        recorded.set()
        env.note("begun", len(group))
        return Success(ctx)

    @step
    async def never(ctx: Letter, env: Recorder) -> Outcome[Letter]:
        env.note("never")
        return Success(ctx)

    world = Recorder()
    left = crash(begin >> never, LETTER, world, after=1)
    gc.collect()
    assert world.notes == [Note("begun", 3, 1)]
    assert stopped == []
    assert list(left.journal.entries) == ["begin"]


def test_a_recorder_listens_again_after_a_crash() -> None:
    world = Recorder()
    crash(write, LETTER, world, after=1)
    assert observe(stamp, LETTER, world).effects == (Note("stamped", None, 0),)


def test_tokens_are_the_same_after_a_crash() -> None:
    @step
    async def submit(ctx: Letter, env: Recorder, at: Position) -> Outcome[Letter]:
        env.note("submitted", at.token)
        return Success(ctx)

    left = crash(submit, LETTER, Recorder(), before=1, task_id="t-1")
    assert left.effects == left.resume().effects


def test_what_a_journal_kept_went_through_json() -> None:
    @step
    async def misfit(ctx: Letter) -> Outcome[Letter]:
        return Success(ctx.evolve(stamp="85 cents"))

    left = crash(misfit, LETTER, after=1)
    assert left.journal.entries["misfit"].error is not None


def test_what_ends_a_run_before_its_crash_is_raised() -> None:
    @step
    async def wait(ctx: Letter) -> Outcome[Letter]:
        await asyncio.Event().wait()
        return Success(ctx)

    @step
    async def interrupt(ctx: Letter) -> Outcome[Letter]:
        raise KeyboardInterrupt

    with pytest.raises(Deadlock, match=r"\.wait, .*test_remains.py"):
        crash(wait, LETTER, after=1)
    with pytest.raises(KeyboardInterrupt):
        crash(interrupt, LETTER, after=1)


def test_a_world_that_is_not_recorded_can_be_killed_too() -> None:
    async def plain(ctx: Letter) -> Outcome[Letter]:
        return Success(ctx)

    assert crash(step(plain), LETTER, after=1).resume().context == LETTER
