"""What the store promises, on the embedded server and by address."""

import asyncio
import itertools
import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.core.errors import Kind, StepError
from dara_fp.store.errors import Fenced, StoreUnavailable
from dara_fp.store.records import Event, History, NewTask, Report, State, StepRecord
from dara_fp.store.store import Store

Make = Callable[[str], NewTask]


async def claimed(store: Store, task_id: str, **limit: int) -> History:
    history = await store.claim(task_id, **limit)
    assert history is not None
    return history


async def test_a_new_task_is_queued_and_read_back_as_given(store: Store, new_task: Make) -> None:
    assert await store.create(new_task("t"))
    history = await store.read("t")
    assert history is not None
    task = history.task
    assert (task.state, task.epoch, task.deliveries) == (State.QUEUED, 0, 0)
    assert (task.workflow, task.owner) == ("ingest", "ada@example.com")
    assert (task.context, task.structure) == (b'{"path":"/Volumes/a"}', ("upload", "run", "sync"))
    assert abs(task.created_at - time.time()) < 5
    assert (task.started_at, task.finished_at, task.error) == (None, None, None)
    assert (history.steps, history.reports) == ((), ())
    known = [await store.workflow_of(task_id) for task_id in ("t", "other", "no id")]
    assert known == ["ingest", None, None]


async def test_a_task_without_owner_has_none(store: Store) -> None:
    await store.create(NewTask(task_id="t", workflow="w", context=b"{}", structure=()))
    history = await store.read("t")
    assert history is not None
    assert history.task.owner is None


async def test_an_id_is_given_once_and_the_first_task_stays(store: Store, new_task: Make) -> None:
    assert await store.create(new_task("t"))
    other = NewTask(task_id="t", workflow="other", context=b"{}", structure=())
    assert not await store.create(other)
    history = await store.read("t")
    assert history is not None
    assert history.task.workflow == "ingest"


async def test_of_fifty_that_create_one_id_one_wins(store: Store, new_task: Make) -> None:
    outcomes = await asyncio.gather(*(store.create(new_task("t")) for _ in range(50)))
    assert sorted(outcomes) == [False] * 49 + [True]


async def test_a_claim_sets_running_and_keeps_the_first_start(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    first = (await claimed(store, "t")).task
    second = (await claimed(store, "t")).task
    assert (first.state, first.epoch, first.deliveries) == (State.RUNNING, 1, 1)
    assert (second.state, second.epoch, second.deliveries) == (State.RUNNING, 2, 2)
    assert first.started_at is not None
    assert second.started_at == first.started_at


async def test_a_claim_gives_what_was_recorded_in_the_order_of_recording(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    paths = tuple(f"each/{number}" for number in range(300))
    for path in paths:
        await store.record("t", 1, path, b'{"n":1}', None, 5.25)
    history = await claimed(store, "t")
    assert tuple(step.path for step in history.steps) == paths
    assert history.steps[0].started_at == 5.25
    assert history.steps[0].finished_at <= history.steps[-1].finished_at


async def test_a_failed_step_keeps_its_whole_error(store: Store, new_task: Make) -> None:
    error = StepError(
        kind=Kind.TIMEOUT, message="zwei\nlines, ein €", step="run", status=504, retryable=True
    )
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "run", b"{}", error, 1.0)
    await store.finish("t", 1, State.FAILED, error)
    history = await store.read("t")
    assert history is not None
    step = history.steps[0]
    assert (step.error, step.changes, history.task.error) == (error, b"{}", error)


async def test_recording_a_path_again_changes_nothing(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "upload", b'{"a":1}', None, 1.0)
    before = await store.read("t"), await store.events("t")
    await store.record("t", 1, "upload", b'{"a":2}', None, 2.0)
    assert (await store.read("t"), await store.events("t")) == before


async def test_a_second_copy_that_comes_after_the_end_is_welcome_but_a_new_path_is_not(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "upload", b"{}", None, 1.0)
    await store.finish("t", 1, State.SUCCEEDED)
    await store.record("t", 1, "upload", b"{}", None, 1.0)
    await store.finish("t", 1, State.SUCCEEDED)
    with pytest.raises(Fenced, match="the task is succeeded"):
        await store.record("t", 1, "late", b"{}", None, 1.0)


async def test_a_later_owner_replaces_a_failed_step(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "run", b"{}", StepError(message="no"), 1.0)
    await claimed(store, "t")
    await store.record("t", 2, "run", b'{"run":7}', None, 2.0)
    history = await store.read("t")
    assert history is not None
    assert [(step.changes, step.error) for step in history.steps] == [(b'{"run":7}', None)]


async def test_a_former_owner_writes_nothing(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "upload", b"{}", None, 1.0)
    await claimed(store, "t")
    before = await store.read("t"), await store.events("t")
    with pytest.raises(Fenced, match="epoch 2 owns the task"):
        await store.record("t", 1, "run", b"{}", None, 1.0)
    with pytest.raises(Fenced):
        await store.record("t", 1, "upload", b"{}", None, 1.0)
    with pytest.raises(Fenced):
        await store.report("t", 1, "run", "still here", 0.5)
    with pytest.raises(Fenced):
        await store.finish("t", 1, State.SUCCEEDED)
    assert (await store.read("t"), await store.events("t")) == before


async def test_what_was_not_claimed_or_never_created_is_not_written(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    with pytest.raises(Fenced, match="the task is queued"):
        await store.record("t", 0, "upload", b"{}", None, 1.0)
    with pytest.raises(Fenced, match="never created, or expired"):
        await store.finish("nobody", 1, State.FAILED)
    assert await store.read("nobody") is None


async def test_a_final_state_is_kept(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.finish("t", 1, State.FAILED, StepError(message="no"))
    with pytest.raises(Fenced):
        await store.finish("t", 1, State.SUCCEEDED)
    assert await store.claim("t") is None
    assert not await store.create(new_task("t"))
    history = await store.read("t")
    assert history is not None
    assert history.task.state is State.FAILED
    assert history.task.finished_at is not None


async def test_a_task_finishes_in_a_final_state_only(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    with pytest.raises(ValueError, match="cannot finish as 'running'"):
        await store.finish("t", 1, State.RUNNING)


async def test_a_task_over_its_limit_of_deliveries_fails_as_poisoned(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t", delivery_limit=2)
    await claimed(store, "t", delivery_limit=2)
    assert await store.claim("t", delivery_limit=2) is None
    history = await store.read("t")
    assert history is not None
    assert (history.task.state, history.task.deliveries) == (State.FAILED, 2)
    assert history.task.error is not None
    assert history.task.error.message.startswith("poisoned: 2 workers")
    with pytest.raises(Fenced):
        await store.record("t", 2, "upload", b"{}", None, 1.0)


async def test_the_last_report_of_a_path_counts(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.report("t", 1, "run", "PENDING", None)
    await store.report("t", 1, "run", "RUN\nNING", 0.25)
    await store.report("t", 1, "upload", "1 of 2", 1)
    history = await store.read("t")
    assert history is not None
    said = [(report.path, report.message, report.fraction) for report in history.reports]
    assert said == [("run", "RUN\nNING", 0.25), ("upload", "1 of 2", 1.0)]
    assert all(isinstance(report, Report) for report in history.reports)


async def test_the_same_report_twice_is_one_event(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.report("t", 1, "run", "RUNNING", 0.25)
    await store.report("t", 1, "run", "RUNNING", 0.25)
    await store.report("t", 1, "run", "RUNNING", 0.5)
    kinds = [event.kind for event in await store.events("t")]
    assert kinds.count("step.report") == 2


async def test_events_are_numbered_from_one_without_a_gap(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.report("t", 1, "upload", "half", 0.5)
    await store.record("t", 1, "upload", b"{}", None, 1.5)
    await store.record("t", 1, "run", b"{}", StepError(message="no"), 2.0)
    await store.finish("t", 1, State.FAILED, StepError(message="no"))
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


async def test_a_reader_goes_on_after_the_last_event_it_saw(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    for number in range(10):
        await store.report("t", 1, "run", str(number), None)
    seen: list[Event] = []
    while page := await store.events("t", after=seen[-1].number if seen else 0, limit=5):
        assert len(page) <= 5
        seen += page
    assert [event.number for event in seen] == list(range(1, 13))
    assert await store.events("t", after=2**80) == ()
    assert await store.events("nobody") == ()


async def test_queued_gives_what_was_created_and_never_claimed(
    store: Store, new_task: Make
) -> None:
    for name in ("one", "two", "three"):
        await store.create(new_task(name))
    await claimed(store, "two")
    assert await store.queued() == ("one", "three")


async def test_queued_forgets_what_a_crash_left_in_the_index(
    store: Store, new_task: Make, url: str, prefix: str, command: Callable[..., Any]
) -> None:
    await store.create(new_task("running"))
    await claimed(store, "running")
    long_ago = str(time.time() - 3600)
    command(url, "ZADD", f"{prefix}:queued", long_ago, "running", long_ago, "never-created")
    command(url, "ZADD", f"{prefix}:queued", str(time.time()), "in-creation")
    assert await store.queued() == ()
    await store.finish("running", 1, State.SUCCEEDED)  # on the same connection as the removals
    assert command(url, "ZRANGE", f"{prefix}:queued", "0", "-1") == [b"in-creation"]


@pytest.mark.parametrize("ending", ["finished", "poisoned"])
async def test_nothing_of_a_task_stays_behind_after_its_retention(
    url: str, prefix: str, new_task: Make, command: Callable[..., Any], ending: str
) -> None:
    async with Store.open(url, prefix=prefix, retention_seconds=0.05) as store:
        await store.create(new_task("t"))
        await claimed(store, "t")
        await store.record("t", 1, "upload", b"{}", None, 1.0)
        assert command(url, "PTTL", f"{prefix}:{{t}}:task") == -1
        if ending == "finished":
            await store.finish("t", 1, State.SUCCEEDED)
        else:
            await store.claim("t", delivery_limit=1)
        await asyncio.sleep(0.1)
        assert await store.read("t") is None
        with pytest.raises(Fenced):
            await store.report("t", 1, "upload", "late", None)
        assert command(url, "KEYS", f"{prefix}:*") == []


async def test_all_keys_of_a_task_expire_at_the_same_moment(
    store: Store, new_task: Make, url: str, prefix: str, command: Callable[..., Any]
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "upload", b"{}", None, 1.0)
    await store.finish("t", 1, State.SUCCEEDED)
    parts = ("task", "journal", "events")
    moments = {command(url, "PEXPIRETIME", f"{prefix}:{{t}}:{part}") for part in parts}
    assert len(moments) == 1
    assert moments.pop() / 1000 == pytest.approx(time.time() + 7 * 86_400, abs=10)


async def test_an_error_of_one_command_does_not_touch_the_others(
    store: Store, new_task: Make, url: str, prefix: str, command: Callable[..., Any]
) -> None:
    command(url, "SET", f"{prefix}:{{broken}}:task", "no hash")
    outcomes = await asyncio.gather(
        store.create(new_task("before")),
        store.create(new_task("broken")),
        store.create(new_task("after")),
        return_exceptions=True,
    )
    command(url, "DEL", f"{prefix}:{{broken}}:task")
    assert (outcomes[0], outcomes[2]) == (True, True)
    assert isinstance(outcomes[1], StoreUnavailable)
    assert "WRONGTYPE" in str(outcomes[1])


@pytest.mark.parametrize("task_id", ["", "a}b", "a b", "x" * 201, "ä", "a\n"])
async def test_what_is_no_task_id_is_unknown_and_cannot_be_created(
    store: Store, new_task: Make, task_id: str
) -> None:
    with pytest.raises(ValueError, match="task id"):
        await store.create(new_task(task_id))
    assert await store.read(task_id) is None
    assert await store.claim(task_id) is None
    assert await store.events(task_id) == ()


async def test_malformed_or_huge_arguments_are_refused_before_they_travel(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    with pytest.raises(ValueError, match="JSON object"):
        await store.record("t", 1, "upload", b"[]", None, 1.0)
    with pytest.raises(ValueError, match="write large data to a volume"):
        await store.record("t", 1, "upload", b"{" + b" " * 2**24, None, 1.0)
    with pytest.raises(ValueError, match="step path"):
        await store.record("t", 1, "", b"{}", None, 1.0)
    for never in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError, match="started_at is"):
            await store.record("t", 1, "upload", b"{}", None, never)
        with pytest.raises(ValueError, match="from 0 to 1"):
            await store.report("t", 1, "upload", "", never)
    with pytest.raises(ValueError, match="from 0 to 1"):
        await store.report("t", 1, "upload", "", 1.5)


async def test_any_text_in_a_report_is_stored_and_a_long_one_is_cut(
    store: Store, new_task: Make
) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.report("t", 1, "upload", "\udcff" + "€" * 5000, None)
    history = await store.read("t")
    assert history is not None
    assert history.reports[0].message == "?" + "€" * 1999


async def test_a_task_looks_the_same_to_a_second_store(
    store: Store, new_task: Make, url: str, prefix: str
) -> None:
    await store.create(new_task("t"))
    history = await claimed(store, "t")
    async with Store.open(url, prefix=prefix) as second:
        assert await second.read("t") == history


async def test_records_are_frozen_values(store: Store, new_task: Make) -> None:
    await store.create(new_task("t"))
    await claimed(store, "t")
    await store.record("t", 1, "upload", b"{}", None, 1.0)
    history = await store.read("t")
    assert history is not None
    step = history.steps[0]
    assert step == StepRecord(
        path="upload", changes=b"{}", error=None, started_at=1.0, finished_at=step.finished_at
    )
    assert hash(history.task)


async def test_the_password_is_nowhere_to_be_seen(store: Store) -> None:
    await store.ping()
    assert "s3cr" not in f"{store!r} {store.address}"
