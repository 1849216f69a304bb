"""The comparison of the books finds each thing that can be wrong with them."""

from collections import Counter
from typing import Any

import attrs
import pytest

from dara_fp.store.records import Event, State
from tests.chaos.chaos import Asked, Found
from tests.chaos.client import Seen
from tests.chaos.page import page
from tests.chaos.plan import Jobs, planned, token_of
from tests.chaos.recovery import Loss
from tests.chaos.verdict import Figures, complaints, figures


def event(kind: str, path: str | None = None) -> Event:
    return Event(number=1, kind=kind, path=path, at=0.0, data=b"{}")


RIGHT = (event("task.queued"), event("step.succeeded", "submit_run"), event("task.succeeded"))


def run(run_id: int, token: str) -> dict[str, object]:
    return {"run_id": run_id, "token": token, "cancel_requested": False}


JOBS = Jobs(quick="1", slow="2", endless="3")


def found(**changes: Any) -> Found:
    """Give the books of one linear task that went right, but for *changes*."""
    plan = next(each for each in planned(50, 0, JOBS) if each.made.get("total"))
    status = {"state": "succeeded", "context": {"run": {"run_id": 7}, **plan.made}, "error": None}
    seen = Seen(planned=plan, task_ids={"t"}, states=[State.SUCCEEDED], final=status)
    right = Found(
        asked=Asked(tasks=1, redelivery=20),
        seen=[seen],
        ledger=[run(7, token_of("t", "submit_run"))],
        events={"t": RIGHT},
        losses=[Loss(task_id="t", killed_at=0, taken_at=20, recorded_at=21)],
        trouble=Counter({"workers killed": 1}),
        faults=0,
        retries=Counter(),
        died=[],
        stopped=[0.5],
        seconds=1,
        final_in_trouble=1,
    )
    return attrs.evolve(right, **changes)


def seen(**changes: Any) -> list[Seen]:
    return [attrs.evolve(each, **changes) for each in found().seen]


def ended(**changes: Any) -> list[Seen]:
    (right,) = found().seen
    return seen(final={**(right.final or {}), **changes})


def test_nothing_is_wrong_with_the_books_of_a_task_that_went_right() -> None:
    right = found()
    assert complaints(right) == []
    assert figures(right) == Figures(
        accepted=1, succeeded=1, failed=0, cancelled=0, lost=0, stuck=0, wrong=0, runs=1,
        duplicates=0, missing=0, foreign=0, left=0, kills=1, held=1, again=0, standstills=(20,),
        recoveries=(21,),
    )  # fmt: skip
    assert "Nothing was found wrong." in page(right)


OURS = run(7, token_of("t", "submit_run"))


@pytest.mark.parametrize(
    ("changes", "figure", "said"),
    [
        (
            {"ledger": [OURS, run(8, token_of("t", "submit_run"))]},
            "duplicates",
            "2 runs for task",
        ),
        ({"ledger": [OURS, run(8, "?")]}, "foreign", "no step we know"),
        ({"ledger": []}, "missing", "no run for task"),
        ({"ledger": [run(8, token_of("t", "submit_run"))]}, "wrong", "has the runs {7}"),
        ({"seen": seen(final=None)}, "stuck", "is stuck; its last events: task.queued"),
        ({"seen": seen(task_ids={"t", "u"})}, "lost", "got two ids"),
        ({"events": {}}, "lost", "did not end once and for all"),
        (
            {"seen": ended(state="failed", error="poisoned")},
            "wrong",
            "instead of succeeded: poison",
        ),
        ({"seen": ended(context={"total": 0})}, "wrong", "made {"),
        ({"events": {"t": (*RIGHT[:2], *RIGHT[1:])}}, "wrong", "recorded submit_run 2 times"),
        ({"events": {"t": (*RIGHT, RIGHT[0])}}, "wrong", "did not end once and for all"),
    ],
)
def test_what_is_wrong_is_counted_and_told(changes: dict[str, Any], figure: str, said: str) -> None:
    wrong = found(**changes)
    assert getattr(figures(wrong), figure) == 1
    assert any(said in line for line in complaints(wrong)), complaints(wrong)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seen": seen(task_ids=set())}, "was not accepted"),
        ({"seen": seen(complaints=["GET /x: 500 broken"])}, "500 broken"),
        ({"losses": [Loss(task_id="t", killed_at=0, taken_at=27.1, recorded_at=None)]}, "27.1 s"),
    ],
)
def test_what_else_should_not_be_is_told(changes: dict[str, Any], said: str) -> None:
    assert any(said in line for line in complaints(found(**changes)))


def test_a_cancelled_task_may_have_no_run_but_none_that_nobody_cancelled() -> None:
    cut = (each for each in planned(500, 0, JOBS) if each.cancel_after is not None)
    plan = next(each for each in cut if each.workflow == "linear")
    status = {"state": "cancelled", "context": {"run": None}, "error": None}
    events = {"t": (event("task.queued"), event("task.cancelled"))}
    asked = seen(planned=plan, states=[State.CANCELLED], final=status)
    for ledger in ([], [{**OURS, "cancel_requested": True}]):
        right = found(seen=asked, events=events, ledger=ledger)
        assert complaints(right) == []
        assert (figures(right).cancelled, figures(right).missing) == (1, 0)
    wrong = found(seen=asked, events=events, ledger=[OURS])
    assert figures(wrong).left == 1
    assert "was left running" in complaints(wrong)[0]


def test_of_many_complaints_the_first_are_told_and_the_others_counted() -> None:
    ledger = [OURS, *(run(number, str(number)) for number in range(20))]
    told = complaints(found(ledger=ledger))
    assert len(told) == 11
    assert told[-1] == "... and 10 more like this"
