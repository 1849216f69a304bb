"""Schedules and limits of workflows: what is taken, and what is said of the rest."""

from typing import Any

import attrs
import pytest

from dara_fp import Outcome, StepContext, Success, made, start, step, workflow
from tests.unit.core.contexts import Words


@attrs.frozen(kw_only=True)
class Nightly(StepContext):
    table: str = "events"
    rows: int | None = made()


@step
async def sweep(ctx: StepContext) -> Outcome[StepContext]:
    return Success(ctx)


NIGHTLY = start(Nightly) >> sweep


@pytest.mark.parametrize(
    "schedule",
    [
        "0 6 * * *",
        "*/5 0-23/2 1,15 jan-MAR,12 mon-fri",
        "59 23 31 12 7",
        "  0   6 * *  0 ",
        "@daily",
        "@hourly",
    ],
)
def test_a_cron_line_is_kept_as_it_was_given(schedule: str) -> None:
    assert workflow("nightly", NIGHTLY, schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("", "has 0 fields: give minute, hour, day, month and weekday, such as"),
        ("0 6 * *", "has 4 fields"),
        ("0 6 * * * *", "has 6 fields"),
        ("@never", "has 1 fields: give .* or one of @yearly"),
        ("60 6 * * *", "has the minute '60': give .*, or numbers from 0 to 59"),
        ("0 24 * * *", "has the hour '24'"),
        ("0 6 0 * *", "has the day '0'"),
        ("0 6 * 13 *", "has the month '13'"),
        ("0 6 * mon *", "has the month 'mon'"),
        ("0 6 * * 8", "has the weekday '8'"),
        ("0 6 * * fri-mon", "has the weekday 'fri-mon'"),
        ("*/0 6 * * *", r"has the minute '\*/0'"),
        ("1, 6 * * *", "has the minute '1,'"),
        ("٣ 6 * * *", "has the minute '٣'"),
    ],
)
def test_what_is_no_cron_line_is_refused_by_its_field(schedule: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        workflow("nightly", NIGHTLY, schedule=schedule)


def test_a_schedule_needs_a_context_that_nobody_gives() -> None:
    words = start(Words) >> sweep
    with pytest.raises(
        ValueError, match=r"a schedule starts with Words\(\), and nobody gives text"
    ):
        workflow("words", words, schedule="@daily")


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"schedule": 5}, TypeError, "got 5: schedule takes a cron line"),
        ({"concurrency": "2"}, TypeError, "got '2': concurrency takes a whole number"),
        ({"concurrency": 0}, ValueError, "concurrency is 0: give how many tasks may run"),
    ],
)
def test_other_settings_are_refused(settings: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        workflow("nightly", NIGHTLY, **settings)


def test_a_workflow_has_no_schedule_and_no_limit_unless_it_is_told() -> None:
    plain = workflow("nightly", NIGHTLY)
    assert (plain.schedule, plain.concurrency) == (None, None)
    assert workflow("nightly", NIGHTLY, concurrency=3).concurrency == 3


@pytest.mark.parametrize("route", ["status", "tasks", "livez", "readyz", "metrics", "schedules"])
def test_a_route_of_the_api_is_no_name(route: str) -> None:
    with pytest.raises(ValueError, match=f"{route!r} is a route of the API"):
        workflow(route, NIGHTLY)
