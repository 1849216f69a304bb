"""Running steps: whatever a step does becomes an outcome, is recorded, and is not done again."""

import asyncio
from typing import Any

import attrs
import pytest

from dara_fp import (
    Failure,
    Kind,
    MemoryJournal,
    Outcome,
    Pipeline,
    Position,
    Scope,
    StepContext,
    StepError,
    StepFailed,
    Success,
    fail,
    start,
    step,
    unwrap,
)
from dara_fp.core.codec import codec_of
from dara_fp.core.scope import Entry
from tests.unit.core.contexts import MoreWords, Words

WORDS = Words(text="to be")


@step
async def count(ctx: Words) -> Outcome[Words]:
    return Success(ctx.evolve(count=len(ctx.text.split())))


@step
async def shorten(ctx: Words) -> Outcome[Words]:
    return Success(ctx.evolve(text=ctx.text[:2]))


def raising(error: BaseException) -> Pipeline[Words, object]:
    async def explode(ctx: Words) -> Outcome[Words]:
        raise error

    return step(explode)


def returning(value: Any) -> Pipeline[Words, object]:
    async def answer(ctx: Words) -> Any:
        return value

    return step(answer)


class Mute:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


class StoringJournal(MemoryJournal):
    """Keeps only what can be stored, as the journal of a real task does."""

    async def record(self, path: str, entry: Entry) -> None:
        codec_of(Words).encode_changes(entry.changes)
        await super().record(path, entry)


class BrokenJournal(MemoryJournal):
    async def record(self, path: str, entry: Entry) -> None:
        raise ConnectionError(f"nothing can be kept at {path}")


WRONG: list[tuple[Any, str]] = [
    (None, "None"),
    (WORDS, "Words"),
    (Success(None), "Success(None)"),
    (Success(MoreWords(text="a")), "Success(MoreWords)"),
    (Failure("no"), "Failure(str)"),
    (Mute(), "Mute"),
    (Success(Success(WORDS)), "Success(Success(Words))"),
    (10**5000, "int"),
]


@pytest.mark.parametrize(("value", "shown"), WRONG, ids=range(len(WRONG)))
async def test_a_step_that_returns_something_else_is_a_defect(value: Any, shown: str) -> None:
    error = (await (returning(value) >> count)(WORDS)).failure()
    expected = f"TypeError: expected Success(Words) or Failure(StepError), got {shown}"
    assert error.kind is Kind.DEFECT
    assert error.step == "answer"
    assert error.message == expected  # its contents may be for nobody's eyes


async def test_an_exception_is_a_defect_with_its_frame() -> None:
    error = (await raising(LookupError("no such key"))(WORDS)).failure()
    assert (error.kind, error.step) == (Kind.DEFECT, "explode")
    assert error.message == "LookupError: no such key"
    assert "in explode" in (error.traceback or "")


async def test_a_step_that_failed_by_exception_fails_as_if_it_had_returned() -> None:
    error = StepError(kind=Kind.TIMEOUT, message="late", retryable=True)
    expected = Failure(attrs.evolve(error, step="explode"))
    assert await raising(StepFailed(error))(WORDS) == expected
    assert await returning(Failure(error))(WORDS) == Failure(attrs.evolve(error, step="answer"))


async def test_a_step_failed_that_carries_no_error_is_a_defect() -> None:
    careless: Any = "no such volume"
    error = (await raising(StepFailed(careless))(WORDS)).failure()
    assert error.kind is Kind.DEFECT
    assert "got Failure(str)" in error.message


async def test_an_error_of_an_inner_pipeline_is_placed_at_the_step_that_ran_it() -> None:
    @step
    async def outer(ctx: Words) -> Outcome[Words]:
        return Success(unwrap(await raising(LookupError())(ctx)))

    assert (await outer(WORDS)).failure().step == "outer"


async def test_an_interrupt_of_the_whole_program_goes_through_and_is_not_recorded() -> None:
    journal = MemoryJournal()
    with pytest.raises(KeyboardInterrupt):
        await (count >> raising(KeyboardInterrupt()))(WORDS, scope=Scope(journal=journal))
    assert list(journal.entries) == ["count"]


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()])
async def test_an_exit_and_a_cancellation_that_nobody_asked_for_are_defects(
    error: BaseException,
) -> None:
    journal = MemoryJournal()
    outcome = await (count >> raising(error))(WORDS, scope=Scope(journal=journal))
    assert outcome.failure().kind is Kind.DEFECT
    assert journal.entries["explode"].error == outcome.failure()


@attrs.frozen
class Inner:
    number: float


@attrs.frozen(kw_only=True)
class Alike(StepContext):
    numbers: tuple[float, ...] = (1,)
    inner: Inner = Inner(1)
    zero: float = 0.0


async def test_a_change_between_values_that_python_calls_equal_is_recorded() -> None:
    @step
    async def change(ctx: Alike) -> Outcome[Alike]:
        return Success(ctx.evolve(numbers=(1.0,), inner=Inner(1.0), zero=-0.0))

    journal = MemoryJournal()
    await change(Alike(), scope=Scope(journal=journal))
    assert set(journal.entries["change"].changes) == {"numbers", "inner", "zero"}


async def test_a_cancelled_pipeline_is_cancelled_and_records_nothing_of_the_step() -> None:
    running = asyncio.Event()
    cleaned: list[str] = []

    @step
    async def wait(ctx: Words) -> Outcome[Words]:
        running.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("wait")
        return Success(ctx)

    journal = MemoryJournal()
    task = asyncio.create_task((count >> wait)(WORDS, scope=Scope(journal=journal)))
    await running.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["wait"]
    assert list(journal.entries) == ["count"]


async def test_a_journal_holds_what_each_step_changed_or_why_it_failed() -> None:
    @step
    async def refuse(ctx: Words) -> Outcome[Words]:
        return fail("too short", kind="rejected")

    journal = MemoryJournal()
    await (shorten >> count >> refuse >> raising(LookupError()))(
        WORDS, scope=Scope(journal=journal)
    )
    seen = {path: (entry.changes, entry.error) for path, entry in journal.entries.items()}
    assert seen == {
        "shorten": ({"text": "to"}, None),
        "count": ({"count": 1}, None),
        "refuse": ({}, StepError(kind=Kind.REJECTED, message="too short", step="refuse")),
    }
    assert all(entry.started_at > 1_700_000_000 for entry in journal.entries.values())


async def test_what_a_journal_holds_is_taken_over_instead_of_run() -> None:
    entries = {"shorten": Entry(changes={"text": "as recorded", "count": 7}), "idle": Entry()}

    @step
    async def idle(ctx: Words) -> Outcome[Words]:
        raise AssertionError("ran again")

    resumed = Scope(journal=MemoryJournal(entries))
    outcome = await (shorten >> idle)(WORDS, scope=resumed)
    assert outcome == Success(Words(text="as recorded", count=7))


async def test_a_recorded_failure_ends_the_resumed_run() -> None:
    error = StepError(message="no", step="count")
    journal = MemoryJournal({"count": Entry(error=error)})
    assert await (count >> shorten)(WORDS, scope=Scope(journal=journal)) == Failure(error)
    assert list(journal.entries) == ["count"]


@attrs.frozen
class Plain:
    total: int
    inside: int = attrs.field(default=0, alias="outside")


async def test_contexts_that_are_no_step_contexts_resume_too() -> None:
    @step
    async def add(ctx: Plain) -> Outcome[Plain]:
        return Success(attrs.evolve(ctx, total=ctx.total + 1, outside=5))

    whole = start(Plain) >> add
    journal = MemoryJournal()
    assert await whole(Plain(1), scope=Scope(journal=journal)) == Success(Plain(2, 5))
    assert await whole(Plain(1), scope=Scope(journal=journal)) == Success(Plain(2, 5))


@pytest.mark.parametrize("value", ["many", 1.5, object(), [1]])
async def test_a_value_that_cannot_be_stored_is_recorded_as_a_defect_of_its_step(
    value: object,
) -> None:
    @step
    async def misfit(ctx: Words) -> Outcome[Words]:
        return Success(ctx.evolve(count=value))

    journal = StoringJournal()
    outcome = await (misfit >> shorten)(WORDS, scope=Scope(journal=journal))
    error = outcome.failure()
    assert (error.kind, error.step) == (Kind.DEFECT, "misfit")
    assert error.message.startswith("NotSerialisable: Words cannot be stored: count: ")
    assert list(journal.entries) == ["misfit"]
    assert journal.entries["misfit"].error == error
    assert not journal.entries["misfit"].changes


async def test_a_journal_that_fails_stops_the_run_and_is_no_failure_of_the_step() -> None:
    with pytest.raises(ConnectionError, match="nothing can be kept at count"):
        await (count >> shorten)(WORDS, scope=Scope(journal=BrokenJournal()))


async def test_steps_of_one_name_are_refused_where_a_journal_would_mix_them_up() -> None:
    doubled = count >> shorten >> count
    assert (await doubled(WORDS)).unwrap().count == 1
    journal = MemoryJournal()
    with pytest.raises(
        ValueError,
        match="cannot tell steps of one name apart: 'count' occurs more than once: give each",
    ):
        await doubled(WORDS, scope=Scope(journal=journal))
    assert not journal.entries


async def test_a_step_reports_under_its_own_path_in_its_own_task() -> None:
    @step
    async def report(ctx: Words, env: object, at: Position) -> Outcome[Words]:
        await at.report(at.scope.task_id, 0.5)
        return Success(ctx)

    journal = MemoryJournal()
    await report(WORDS, None, scope=Scope(task_id="t-1", journal=journal))
    assert journal.reports == [("report", "t-1", 0.5)]


async def test_pipelines_that_run_together_do_not_disturb_each_other() -> None:
    run = shorten >> count
    texts = [f"{number} words" for number in range(100)]
    outcomes = await asyncio.gather(*(run(Words(text=text)) for text in texts))
    assert outcomes == [Success(Words(text=text[:2], count=1)) for text in texts]


async def test_any_context_may_run_through_a_pipeline_without_an_anchor() -> None:
    @step
    async def idle(ctx: StepContext) -> Outcome[StepContext]:
        return Success(ctx)

    assert await idle(WORDS) == Success(WORDS)
