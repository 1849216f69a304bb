"""Failures as values: what they say, and how bugs become one."""

import msgspec
import pytest

from dara_fp import Failure, Kind, StepError, StepFailed, Success, WorkflowFailed, fail, unwrap
from dara_fp.core.errors import defect


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def refused() -> None:
    raise LookupError("job 7 is gone")


def raised_by_refused() -> LookupError:
    try:
        refused()
    except LookupError as error:
        return error
    raise AssertionError


def chain_of(length: int) -> ValueError:
    error = ValueError("first")
    for number in range(length):
        following = ValueError(f"number {number}")
        following.__cause__ = error
        error = following
    return error


def test_an_error_shows_the_step_the_message_and_every_known_fact() -> None:
    error = StepError(
        message="no such job",
        step="run_job",
        status=404,
        error_code="RESOURCE_DOES_NOT_EXIST",
        request_id="r-1",
        url="https://w/#job/7",
    )
    facts = "HTTP 404, RESOURCE_DOES_NOT_EXIST, request r-1, https://w/#job/7"
    assert str(error) == f"run_job: no such job ({facts})"
    assert str(StepError(message="no such job")) == "no such job"


def test_an_exception_reads_as_the_error_it_carries() -> None:
    assert str(StepFailed(StepError(message="late", step="wait"))) == "wait: late"


def test_an_error_that_an_earlier_version_stored_is_read_and_not_in_doubt() -> None:
    stored = (
        b'{"kind":"timeout","message":"late","step":"load","status":504,"error_code":null,'
        b'"request_id":"r-1","retryable":true,"url":null,"traceback":null}'
    )
    read = msgspec.json.decode(stored, type=StepError)
    assert (read.kind, read.step, read.retryable, read.in_doubt) == ("timeout", "load", True, False)
    lost = StepError(message="lost", in_doubt=True)
    assert msgspec.json.decode(msgspec.json.encode(lost), type=StepError) == lost


def test_fail_gives_an_expected_failure() -> None:
    expected = StepError(kind=Kind.CONFLICT, message="taken", retryable=True)
    assert fail("taken", kind="conflict", retryable=True) == Failure(expected)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("defect", "kind 'defect' is for bugs"), ("broken", "'broken' is not a valid Kind")],
)
def test_fail_refuses_a_kind_that_is_for_bugs_or_unknown(kind: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fail("x", kind=kind)


def test_unwrap_gives_the_context_or_raises_the_failure() -> None:
    assert unwrap(Success("ctx")) == "ctx"
    with pytest.raises(WorkflowFailed, match="no such job") as caught:
        unwrap(fail("no such job", kind="rejected"))
    assert caught.value.error.kind is Kind.REJECTED


def test_a_defect_names_the_exception_and_shows_the_failing_frame() -> None:
    error = defect(raised_by_refused(), "run_job").failure()
    assert (error.kind, error.step) == (Kind.DEFECT, "run_job")
    assert error.message == "LookupError: job 7 is gone"
    assert "in refused" in (error.traceback or "")
    assert 'raise LookupError("job 7 is gone")' in (error.traceback or "")


def test_a_defect_shows_only_the_innermost_frames() -> None:
    def outer() -> None:
        middle()

    def middle() -> None:
        inner()

    def inner() -> None:
        deepest()

    def deepest() -> None:
        refused()

    with pytest.raises(LookupError) as caught:
        outer()
    shown = defect(caught.value).failure().traceback or ""
    assert shown.count("  File ") == 4
    assert "in middle" in shown
    assert "in outer" not in shown


def test_a_defect_of_an_exception_that_cannot_speak_is_still_a_defect() -> None:
    assert defect(Speechless()).failure().message == "Speechless: <exception str() failed>"


@pytest.mark.parametrize(
    "exception", [ValueError("x" * 10_000_000), chain_of(500)], ids=["long message", "long chain"]
)
def test_a_defect_is_bounded_in_size(exception: Exception) -> None:
    error = defect(exception).failure()
    assert len(error.message) < 9_000
    assert len(error.traceback or "") < 17_000


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    message = StepError(message=f"first {'x' * 10_000} last").message
    assert message.startswith("first x")
    assert message.endswith("x last")
    assert "\n... 1819 characters ...\n" in message


def test_an_error_can_be_written_as_json_whatever_its_message_holds() -> None:
    error = fail("no file \ud800.txt").failure()
    assert error.message == r"no file \ud800.txt"
    assert msgspec.json.decode(msgspec.json.encode(error), type=StepError) == error
