"""What is logged while a task runs says which task and step it belongs to."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from dara_fp import Entry, Outcome, Success, fail, start, step, when
from dara_fp.telemetry.logs import JsonLines, TaskFields, TaskLogs
from tests.telemetry.observed import Ingest, Parked, carry_out, ingest, running

users = logging.getLogger("tests.users")


class Lines(logging.Handler):
    """Keeps what was logged, as it was written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.addFilter(TaskFields())
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))

    def of(self, logger: logging.Logger) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["logger"] == logger.name]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    monkeypatch.setattr(TaskFields, "wanted", False)
    root, kept = logging.getLogger(), Lines()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.setLevel(level)
    root.removeHandler(kept)


AT = {"task_id": "t-1", "workflow": "ingest", "attempt": 1, "owner": "ada@example.com"}


def about(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in (*AT, "step") if name in line}


async def test_what_a_step_logs_says_where_it_was_logged(log: Lines) -> None:
    async def inside(_: Ingest) -> None:
        users.warning("from the step")
        await asyncio.to_thread(users.warning, "from a thread")
        await asyncio.gather(asyncio.create_task(say("from an asyncio task")))

    async def say(message: str) -> None:
        users.warning(message)

    await ingest(TaskLogs(), inside=inside)
    said = log.of(users)
    assert [line["message"] for line in said] == [
        "from the step",
        "from a thread",
        "from an asyncio task",
    ]
    assert [about(line) for line in said] == [{**AT, "step": "run_job"}] * 3


async def test_steps_at_the_same_time_log_under_their_own_names(log: Lines) -> None:
    met = asyncio.Barrier(2)

    @step
    async def left(ctx: Ingest) -> Outcome[Ingest]:
        await met.wait()
        users.info("left")
        return Success(ctx)

    @step
    async def right(ctx: Ingest) -> Outcome[Ingest]:
        await met.wait()
        users.info("right")
        return Success(ctx)

    await carry_out(TaskLogs(), start(Ingest) >> (left & right), Ingest(path="a"))
    said = log.of(users)
    assert {line["message"] for line in said} == {"left", "right"}
    assert all(line["step"] == line["message"] for line in said)


async def test_what_is_logged_outside_of_a_task_says_nothing_of_one(log: Lines) -> None:
    users.info("before")
    await ingest(TaskLogs())
    users.info("after")
    assert [about(line) for line in log.of(users)] == [{}, {}]


async def test_a_task_logs_its_life(log: Lines) -> None:
    await ingest(TaskLogs())
    lived = log.of(logging.getLogger("dara_fp.telemetry.logs"))
    assert [(line["level"], line["message"], line.get("step")) for line in lived] == [
        ("INFO", "the task runs", None),
        ("DEBUG", "the step is recorded", "run_job"),
        ("DEBUG", "the step is recorded", "count_lines"),
        ("INFO", "the task ended: succeeded", None),
    ]
    assert all(line["task_id"] == "t-1" for line in lived)
    assert lived[-1]["state"] == "succeeded"
    assert lived[-1]["seconds"] >= 0


async def test_a_failing_step_logs_its_message_and_no_value_of_the_context(log: Lines) -> None:
    await ingest(TaskLogs(), "empty.txt")
    lived = log.of(logging.getLogger("dara_fp.telemetry.logs"))
    failed, ended = lived[-2:]
    assert failed["message"] == "the step failed: empty.txt has no lines: send at least one"
    assert (failed["step"], failed["kind"]) == ("count_lines", "rejected")
    assert (ended["state"], ended["kind"]) == ("failed", "rejected")
    log.lines.clear()
    await ingest(TaskLogs(), "secret.txt")
    assert "secret" not in json.dumps(log.lines)


async def test_what_is_logged_between_steps_names_the_task_alone(log: Lines) -> None:
    def logged(_: Ingest) -> bool:
        users.info("asked")
        return True

    await carry_out(TaskLogs(), start(Ingest) >> touch >> when(logged, again), Ingest(path="a"))
    assert about(log.of(users)[0]) == AT


async def test_a_failure_that_was_caught_is_logged_once(log: Lines) -> None:
    @step
    async def stumble(_: Ingest) -> Outcome[Ingest]:
        return fail("the endpoint is busy: try later")

    await carry_out(TaskLogs(), start(Ingest) >> (stumble | touch), Ingest(path="a"))
    said = [line for line in log.lines if "failed" in line["message"]]
    assert [line["step"] for line in said] == ["stumble"]


def test_a_step_that_nobody_saw_begin_is_named(log: Lines) -> None:
    observer, task = TaskLogs(), running()
    observer.task_started(task)
    observer.step_recorded(task, "undo", Entry(started_at=1.0, finished_at=2.5))
    observer.task_dropped(task)
    assert [(line.get("step"), line.get("seconds")) for line in log.lines] == [
        (None, None),
        ("undo", 1.5),
        (None, None),
    ]


async def test_a_task_that_waits_or_goes_on_elsewhere_is_left(log: Lines) -> None:
    @step
    async def wait(_: Ingest) -> Outcome[Ingest]:
        raise Parked

    observer = TaskLogs()
    await carry_out(observer, start(Ingest) >> wait, Ingest(path="a"))
    users.info("parked")
    task = running()
    observer.task_started(task)
    observer.task_dropped(task)
    users.info("dropped")
    said = [line["message"] for line in log.lines if line["logger"].startswith("dara_fp")]
    assert said == [
        "the task runs",
        "the task waits",
        "the task runs",
        "the task goes on elsewhere",
    ]
    assert [about(line) for line in log.of(users)] == [{}, {}]


def test_a_record_that_names_a_task_itself_keeps_the_name_outside_of_one(log: Lines) -> None:
    users.info("not queued yet", extra={"task_id": "t-9"})
    assert about(log.of(users)[0]) == {"task_id": "t-9"}


def test_a_line_is_json_whatever_is_said() -> None:
    # Not logged: what pytest captures has to be text that can be sent.
    extra = {"ok": True, "n": float("nan"), "o": object(), "f": 1.5}
    said = "a\nb \udc80 %s"
    record = users.makeRecord("u", logging.INFO, "u.py", 1, said, ("c",), None, extra=extra)
    line = json.loads(JsonLines().format(record))
    assert line["message"] == "a\nb \udc80 c"
    assert (line["ok"], line["f"]) == (True, 1.5)
    assert line.keys().isdisjoint({"n", "o"})
    assert line["time"].endswith("+00:00")


def test_no_extra_field_stands_for_what_the_record_says_of_itself(log: Lines) -> None:
    users.info("said", extra={"level": "NONE", "logger": "nobody", "time": "never"})
    assert log.of(users)[0]["level"] == "INFO"
    assert log.of(users)[0]["time"] != "never"


def test_an_exception_is_written_with_its_frames(log: Lines) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        users.exception("it failed")
    written = log.of(users)[0]["exception"]
    assert written.startswith("Traceback")
    assert written.endswith("ZeroDivisionError: division by zero")


PROGRAM = """
import logging
from dara_fp.telemetry.logs import configure_logging
configure_logging()
logging.getLogger("mine").info("hello", extra={"size": 3})
logging.getLogger("docket").info("chatter")
"""


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_commands_write_the_log_as_they_are_told(form: str) -> None:
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, env={"DARA_LOG": form}, capture_output=True, text=True, check=True, timeout=60
    )
    if form == "plain":
        assert done.stderr == "INFO mine: hello\n"
    else:
        line = json.loads(done.stderr)
        said = {name: line[name] for name in ("level", "logger", "message", "size")}
        assert said == {"level": "INFO", "logger": "mine", "message": "hello", "size": 3}


@step
async def touch(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


@step
async def again(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)
