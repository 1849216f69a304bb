"""Whoever was held by a killed worker is found, and for how long."""

import json
from pathlib import Path

import pytest

from dara_fp.store.records import Event
from tests.chaos.fleet import Running
from tests.chaos.processes import Life, Process, Program
from tests.chaos.recovery import Loss, losses

KILLED_AT = 10.0


def log(*lines: tuple[str, float, int | None]) -> list[Event]:
    return [
        Event(
            number=number,
            kind=kind,
            path=None,
            at=at,
            data=json.dumps({} if epoch is None else {"epoch": epoch}).encode(),
        )
        for number, (kind, at, epoch) in enumerate(lines, 1)
    ]


TAKEN = ("task.running", 5.0, 1)
LOST = ("task.queued", 30.0, None)
SIGNAL = ("task.signal", 31.5, None)
AGAIN = ("task.running", 31.0, 3)


@pytest.fixture
def killed(tmp_path: Path) -> Running:
    """Give a worker that said it takes the task `t`, and was killed at 10 s in the next line."""
    program = Program(name="w", start=lambda _: Process(pid=0), logs=tmp_path, ready="")
    written = tmp_path / "log"
    said = json.dumps({"message": "the task runs", "epoch": 1, "task_id": "t"})
    written.write_text(f'dara ready worker\n{said}\n{{"message": "the task runs", "ta')
    life = Life(program=program, log=written, process=Process(pid=0), ended_at=KILLED_AT)
    return Running(program=program, lives=[life])


@pytest.mark.parametrize(
    ("events", "taken_at", "recorded_at"),
    [
        ([TAKEN, LOST, AGAIN, ("step.succeeded", 32.0, None)], 31.0, 32.0),
        (
            [TAKEN, LOST, AGAIN, ("task.signal", 31.5, None), ("step.report", 33.0, None)],
            31.0,
            33.0,
        ),
        ([TAKEN, LOST, AGAIN, ("task.succeeded", 32.0, None)], 31.0, 32.0),
        ([TAKEN, LOST, AGAIN, ("task.queued", 50.0, None)], 31.0, None),
        ([TAKEN, LOST], None, None),
        ([TAKEN], None, None),
    ],
)
def test_a_held_task_counts_until_it_is_taken_and_until_it_records(
    killed: Running,
    events: list[tuple[str, float, int | None]],
    taken_at: float | None,
    recorded_at: float | None,
) -> None:
    assert losses([killed], {"t": log(*events)}) == [
        Loss(task_id="t", killed_at=KILLED_AT, taken_at=taken_at, recorded_at=recorded_at)
    ]


@pytest.mark.parametrize(
    "events",
    [
        [TAKEN, ("task.succeeded", 9.0, None)],
        [TAKEN, ("task.waiting", 9.0, None), ("task.queued", 20.0, None), AGAIN],
        [TAKEN, ("task.succeeded", 10.01, None)],
        [],
    ],
)
def test_a_task_that_the_worker_had_let_go_of_is_not_held(
    killed: Running, events: list[tuple[str, float, int | None]]
) -> None:
    assert losses([killed], {"t": log(*events)}) == []


def test_a_worker_that_was_not_killed_holds_nothing_up(killed: Running) -> None:
    killed.life.ended_at = None
    assert losses([killed], {"t": log(TAKEN, LOST, AGAIN)}) == []
