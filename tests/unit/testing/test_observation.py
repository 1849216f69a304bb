"""What is seen of a run, and what makes two of them the same."""

import asyncio
import math
from contextlib import suppress

import attrs
import pytest

from dara_fp import (
    Kind,
    MemoryJournal,
    Outcome,
    Position,
    StepError,
    StepFailed,
    Success,
    WorkflowFailed,
    fail,
    step,
    workflow,
)
from dara_fp.testing import Note, Recorder, StoredJournal, VirtualTimeLoop, observe
from tests.unit.testing.steps import LETTER, Letter, post, send, stamp, write


def test_a_run_is_seen_from_outside() -> None:
    seen = observe(post, LETTER, Recorder())
    assert seen.context == Letter(text="hello!", stamp=85, sent=("hello!",))
    assert (seen.error, seen.seconds, seen.waits) == (None, 3660, (60, 3600))
    assert seen.effects == (
        Note("written", "hello", 60),
        Note("stamped", None, 60),
        Note("sent", "hello!", 3660),
    )
    assert not seen.journal.entries


def test_a_workflow_is_seen_as_its_pipeline_is() -> None:
    assert observe(workflow("post", post), LETTER, Recorder()) == observe(post, LETTER, Recorder())


def test_a_failure_is_seen_as_an_error() -> None:
    async def lose(ctx: Letter) -> Outcome[Letter]:
        return fail("lost", kind="rejected")

    seen = observe(post >> lose, LETTER, Recorder())
    assert seen.error == StepError(kind=Kind.REJECTED, message="lost", step="lose")
    assert seen.result == seen.error
    with pytest.raises(WorkflowFailed, match="lose: lost"):
        _ = seen.context


def test_a_journal_that_is_given_is_written_on_virtual_time() -> None:
    journal = MemoryJournal()
    seen = observe(post, LETTER, Recorder(), journal=journal, start=100)
    assert seen.journal is journal
    assert {path: entry.started_at for path, entry in journal.entries.items()} == {
        "write": 100,
        "stamp": 160,
        "send": 160,
    }


def test_a_journal_that_holds_entries_is_gone_on_from() -> None:
    journal = MemoryJournal()
    observe(write, LETTER, Recorder(), journal=journal)
    seen = observe(post, LETTER, Recorder(), journal=journal)
    assert [note.name for note in seen.effects] == ["stamped", "sent"]
    assert seen.context.sent == ("hello!",)


def test_the_task_is_the_one_that_was_named() -> None:
    @step
    async def sign(ctx: Letter, env: Recorder, at: Position) -> Outcome[Letter]:
        env.note(at.scope.task_id, at.attempt)
        return Success(ctx)

    seen = observe(sign, LETTER, Recorder(), task_id="t-1", attempt=3)
    assert seen.effects == (Note("t-1", 3, 0),)
    assert observe(sign, LETTER, Recorder()) == observe(sign, LETTER, Recorder())


def test_effects_of_an_earlier_run_are_not_seen_again() -> None:
    world = Recorder()
    observe(stamp, LETTER, world)
    assert observe(stamp, LETTER, world).effects == (Note("stamped", None, 0),)
    assert world.count("stamped") == 2


@attrs.frozen
class Post:
    recorder: Recorder


def test_a_recorder_may_be_a_part_of_the_environment() -> None:
    @step
    async def ring(ctx: Letter, env: Post) -> Outcome[Letter]:
        env.recorder.note("rung")
        return Success(ctx)

    assert observe(ring, LETTER, Post(Recorder())).effects == (Note("rung", None, 0),)


def test_tracebacks_do_not_make_a_difference_and_messages_do() -> None:
    def broken(message: str, *, deeper: bool) -> object:
        def raising() -> None:
            raise LookupError(message)

        @step
        async def explode(ctx: Letter) -> Outcome[Letter]:
            if deeper:
                raising()
            raise LookupError(message)

        return observe(explode, LETTER)

    assert broken("no", deeper=True) == broken("no", deeper=False)
    assert broken("no", deeper=True) != broken("nope", deeper=True)


def test_time_effects_and_contexts_make_a_difference() -> None:
    async def dawdle(ctx: Letter) -> Outcome[Letter]:
        await asyncio.sleep(1)
        return Success(ctx)

    async def whisper(ctx: Letter, env: Recorder) -> Outcome[Letter]:
        env.note("whispered")
        return Success(ctx)

    async def scribble(ctx: Letter) -> Outcome[Letter]:
        return Success(ctx.evolve(stamp=1))

    plain = observe(stamp, LETTER, Recorder())
    others = [stamp >> dawdle, stamp >> whisper, stamp >> scribble]
    assert plain == observe(stamp, LETTER, Recorder(), journal=MemoryJournal())
    assert all(observe(other, LETTER, Recorder()) != plain for other in others)


def test_the_smallest_delay_of_a_timeout_is_not_seen() -> None:
    async def late(ctx: Letter, env: Recorder) -> Outcome[Letter]:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(math.nextafter(1e9 + 3, math.inf)):
                await asyncio.Event().wait()
        env.note("late")
        return Success(ctx)

    seen = observe(step(late), LETTER, Recorder(), start=1e9)
    assert (seen.seconds, seen.waits, seen.effects) == (3, (3,), (Note("late", None, 1e9 + 3),))


def test_tasks_that_a_step_left_behind_are_not_seen() -> None:
    left: list[asyncio.Task[None]] = []

    async def later(env: Recorder) -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            env.note("too late")

    @step
    async def leave(ctx: Letter, env: Recorder) -> Outcome[Letter]:
        left.append(asyncio.create_task(later(env)))
        await asyncio.sleep(1)
        return Success(ctx)

    assert observe(leave, LETTER, Recorder()).effects == ()


def test_a_fault_comes_at_the_planned_note_and_only_there() -> None:
    lost = StepFailed(StepError(kind=Kind.TIMEOUT, message="no answer"))
    world = Recorder(faults={"sent": {2: lost}})
    assert observe(send, LETTER, world).error is None
    error = observe(send, LETTER, world).error
    assert error == StepError(kind=Kind.TIMEOUT, message="no answer", step="send")
    assert observe(send, LETTER, world).error is None
    assert world.count("sent") == 3


def test_a_stored_journal_gives_back_what_json_makes_of_it() -> None:
    @step
    async def widen(ctx: Letter) -> Outcome[Letter]:
        return Success(ctx.evolve(stamp=1.5))

    journal = StoredJournal()
    error = observe(widen, LETTER, journal=journal).error
    assert error is not None
    assert error == journal.entries["widen"].error
    assert error.message.startswith("NotSerialisable: Letter cannot be stored: stamp: 1.5")


async def test_a_loop_that_runs_already_is_refused() -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    with pytest.raises(RuntimeError, match="needs one of its own"):
        observe(stamp, LETTER, Recorder())
