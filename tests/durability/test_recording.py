"""What the owner of a task writes: steps, reports, beginnings, the end; and nobody else."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.core.errors import Kind, StepError
from dara_fp.store.errors import Fenced
from dara_fp.store.records import Event, Report, State, StepRecord
from dara_fp.store.store import Store
from tests.durability.tasks import (
    NO,
    history_of,
    kinds_of,
    lose,
    new_task,
    own,
    state_of,
    waiting_for,
)

Command = Callable[..., Any]


async def test_a_step_is_read_back_as_recorded(store: Store) -> None:
    mine = await own(store)
    await mine.record("upload", b'{"a":1}', None, 1.0)
    (step,) = (await history_of(store)).steps
    assert step == StepRecord(
        path="upload",
        number=3,
        changes=b'{"a":1}',
        error=None,
        started_at=1.0,
        finished_at=step.finished_at,
    )


async def test_a_failed_step_keeps_its_whole_error(store: Store) -> None:
    error = StepError(
        kind=Kind.TIMEOUT, message="zwei\nlines, ein €", step="run", status=504, retryable=True
    )
    mine = await own(store)
    await mine.record("run", b"{}", error, 1.0)
    await mine.finish(State.FAILED, error)
    history = await history_of(store)
    step = history.steps[0]
    assert (step.error, step.changes, history.task.error) == (error, b"{}", error)


async def test_recording_a_path_again_changes_nothing(store: Store) -> None:
    mine = await own(store)
    await mine.record("upload", b'{"a":1}', None, 1.0)
    before = await store.read("t"), await store.events("t")
    await mine.record("upload", b'{"a":2}', None, 2.0)
    assert (await store.read("t"), await store.events("t")) == before


async def test_a_second_copy_that_comes_after_the_end_is_welcome_but_a_new_path_is_not(
    store: Store,
) -> None:
    mine = await own(store)
    await mine.record("upload", b"{}", None, 1.0)
    await mine.finish(State.SUCCEEDED)
    await mine.record("upload", b"{}", None, 1.0)
    assert await mine.finish(State.SUCCEEDED) == 0
    with pytest.raises(Fenced, match="the task is succeeded"):
        await mine.record("late", b"{}", None, 1.0)


async def test_a_later_owner_replaces_a_failed_step(store: Store) -> None:
    mine = await own(store)
    await mine.record("run", b"{}", NO, 1.0)
    later = await lose(store)
    await later.record("run", b'{"run":7}', None, 2.0)
    steps = (await history_of(store)).steps
    assert [(step.changes, step.error) for step in steps] == [(b'{"run":7}', None)]


async def test_a_former_owner_writes_nothing(store: Store) -> None:
    mine = await own(store)
    await mine.record("upload", b"{}", None, 1.0)
    await lose(store)
    before = await store.read("t"), await store.events("t")
    for write in (
        mine.record("run", b"{}", None, 1.0),
        mine.record("upload", b"{}", None, 1.0),
        mine.report("run", "still here", 0.5),
        mine.begin({"run": 1.0}),
        mine.finish(State.SUCCEEDED),
        mine.park([waiting_for("go")]),
        mine.hand_back(),
    ):
        with pytest.raises(Fenced, match="epoch 3 owns the task now"):
            await write
    assert (await store.read("t"), await store.events("t")) == before


async def test_a_task_that_is_gone_takes_no_writes(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    mine = await own(store)
    command(url, "RENAME", f"{prefix}:{{t}}:task", f"{prefix}:{{hidden}}:task")
    with pytest.raises(Fenced, match="never created, or expired"):
        await mine.finish(State.FAILED)
    command(url, "RENAME", f"{prefix}:{{hidden}}:task", f"{prefix}:{{t}}:task")


async def test_a_final_state_is_kept(store: Store) -> None:
    mine = await own(store)
    await mine.finish(State.FAILED, NO)
    with pytest.raises(Fenced):
        await mine.finish(State.SUCCEEDED)
    task = (await history_of(store)).task
    assert (task.state, task.error) == (State.FAILED, NO)
    assert task.finished_at is not None


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_an_end_is_told_with_its_error(store: Store, state: State) -> None:
    mine = await own(store)
    error = None if state is State.SUCCEEDED else NO
    await mine.finish(state, error)
    task, last = (await history_of(store)).task, (await store.events("t"))[-1]
    assert (task.state, task.error, last.kind) == (state, error, f"task.{state}")
    assert json.loads(last.data).get("message") == (error and error.message)


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING, State.WAITING])
async def test_a_task_finishes_in_a_final_state_only(store: Store, state: State) -> None:
    mine = await own(store)
    with pytest.raises(ValueError, match=f"cannot finish as '{state}'"):
        await mine.finish(state)
    assert await state_of(store) is State.RUNNING


async def test_whoever_ends_a_task_puts_the_ticket_that_is_missing(store: Store) -> None:
    mine = await own(store)
    await store.create(new_task("next"))
    assert await mine.finish(State.SUCCEEDED) == 0, "the next one brought its own"


async def test_the_last_report_of_a_path_counts(store: Store) -> None:
    mine = await own(store)
    await mine.report("run", "PENDING", None)
    await mine.report("run", "RUN\nNING", 0.25)
    await mine.report("upload", "1 of 2", 1)
    reports = (await history_of(store)).reports
    said = [(report.path, report.message, report.fraction) for report in reports]
    assert said == [("run", "RUN\nNING", 0.25), ("upload", "1 of 2", 1.0)]
    assert all(isinstance(report, Report) for report in reports)


async def test_the_same_report_twice_is_one_event(store: Store) -> None:
    mine = await own(store)
    for fraction in (0.25, 0.25, 0.5):
        await mine.report("run", "RUNNING", fraction)
    assert list(await kinds_of(store)).count("step.report") == 2


async def test_a_report_is_no_progress_that_saves_a_task_from_being_poisoned(
    store: Store,
) -> None:
    mine = await own(store)
    await mine.report("run", "RUNNING", 0.25)
    assert (await lose(store)).history.task.deliveries == 2


async def test_steps_that_take_long_tell_when_they_were_begun(store: Store) -> None:
    mine = await own(store)
    await mine.begin({"run": 12.5, "upload": 11.0})
    await mine.begin({"run": 13.5})
    assert (await history_of(store)).begun == {"run": 13.5, "upload": 11.0}
    assert await kinds_of(store) == ["task.queued", "task.running"]
    await mine.finish(State.SUCCEEDED)
    with pytest.raises(Fenced, match="the task is succeeded"):
        await mine.begin({"run": 14.0})


async def test_events_are_numbered_from_one_without_a_gap(store: Store) -> None:
    mine = await own(store)
    await mine.report("upload", "half", 0.5)
    await mine.record("upload", b"{}", None, 1.5)
    await mine.record("run", b"{}", NO, 2.0)
    await mine.finish(State.FAILED, NO)
    events = await store.events("t")
    assert [(event.number, event.kind, event.path) for event in events] == [
        (1, "task.queued", None),
        (2, "task.running", None),
        (3, "step.report", "upload"),
        (4, "step.succeeded", "upload"),
        (5, "step.failed", "run"),
        (6, "task.failed", None),
    ]
    data = [json.loads(event.data) for event in events]
    assert data[1] == {"epoch": 1, "delivery": 1}
    assert data[2] == {"message": "half", "fraction": 0.5}
    assert data[3] == {"started_at": 1.5}
    assert data[4]["message"] == data[5]["message"] == "no"
    assert all(before.at <= after.at for before, after in itertools.pairwise(events))


async def test_a_reader_goes_on_after_the_last_event_it_saw(store: Store) -> None:
    mine = await own(store)
    for number in range(10):
        await mine.report("run", str(number), None)
    seen: list[Event] = []
    while page := await store.events("t", after=seen[-1].number if seen else 0, limit=5):
        assert len(page) <= 5
        seen += page
    assert [event.number for event in seen] == list(range(1, 13))
    assert await store.events("t", after=2**80) == ()
    assert await store.events("nobody") == ()


async def test_a_task_looks_the_same_to_a_second_store(store: Store, url: str, prefix: str) -> None:
    history = (await own(store)).history
    async with Store.open(url, prefix=prefix) as second:
        assert await second.read("t") == history
    assert hash(history.task)


async def test_the_password_is_nowhere_to_be_seen(store: Store) -> None:
    await store.ping()
    assert "s3cr" not in f"{store!r} {store.address}"
