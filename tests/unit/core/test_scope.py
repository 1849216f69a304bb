"""Where a step stands: its token, its attempt, its reports."""

import math
import re

import pytest

from dara_fp import MemoryJournal, Position, Scope, StepError
from dara_fp.core.scope import Entry, repeated


def at(task: str = "t", path: str = "run_job", attempt: int = 1) -> Position:
    return Position(path=path, scope=Scope(task_id=task, attempt=attempt))


def test_a_token_is_64_hex_characters_and_stays_the_same() -> None:
    assert re.fullmatch("[0-9a-f]{64}", at().token)
    assert at().token == at().token


def test_a_token_differs_by_task_path_and_attempt() -> None:
    positions = [at(), at(task="u"), at(path="run"), at(attempt=2), at(path="run_job/7")]
    assert len({position.token for position in positions}) == len(positions)


def test_a_position_knows_the_attempt_of_its_task() -> None:
    assert at(attempt=3).attempt == 3


def test_scopes_made_by_hand_are_different_tasks() -> None:
    assert Scope().task_id != Scope().task_id


async def test_a_report_goes_to_the_journal_under_the_path() -> None:
    journal = MemoryJournal()
    position = Position(path="run_job", scope=Scope(journal=journal))
    await position.report("RUNNING", 0.5)
    await position.report("TERMINATED", 1)
    await position.report("done")
    assert journal.reports == [
        ("run_job", "RUNNING", 0.5),
        ("run_job", "TERMINATED", 1),
        ("run_job", "done", None),
    ]


async def test_a_report_without_a_journal_is_said_to_nobody() -> None:
    await at().report("RUNNING", 0)


@pytest.mark.parametrize("fraction", [-0.01, 1.01, math.nan, math.inf])
async def test_a_report_refuses_a_fraction_outside_0_to_1(fraction: float) -> None:
    journal = MemoryJournal()
    position = Position(path="run_job", scope=Scope(journal=journal))
    with pytest.raises(ValueError, match=f"fraction is {fraction}: give a number between 0 and 1"):
        await position.report("RUNNING", fraction)
    assert not journal.reports


async def test_a_step_knows_whether_the_one_beside_it_has_reported() -> None:
    scope = Scope(journal=MemoryJournal())
    cleaning = Position(path="2/cancel_run", scope=scope)
    assert not cleaning.beside("submit_run").reported
    await Position(path="2/submit_run", scope=scope).report("starting")
    assert cleaning.beside("submit_run").reported
    assert not cleaning.reported
    assert not at().reported


def test_repeated_paths_are_named_once() -> None:
    assert repeated(["a", "b", "a", "c", "b", "a"]) == "'a', 'b'"
    assert not repeated(["a", "b"])


async def test_a_resumed_journal_keeps_what_succeeded_and_tries_again_what_failed() -> None:
    journal = MemoryJournal()
    done, failed = Entry(changes={"words": 1}), Entry(error=StepError(message="no"))
    await journal.record("done", done)
    await journal.record("failed", failed)
    assert journal.resumed().entries == {"done": done}
    assert journal.entries == {"done": done, "failed": failed}
