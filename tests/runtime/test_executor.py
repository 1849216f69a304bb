"""The executor accepts tasks, runs them in the background and says how far they are."""

import asyncio
import sys
from collections.abc import Sequence
from decimal import Decimal

import attrs
import pytest
from docket import Worker

from dara_fp import (
    Kind,
    Outcome,
    Pipeline,
    Position,
    StepContext,
    StepError,
    Store,
    Success,
    Workflow,
    WorkflowExecutor,
    fail,
    made,
    start,
    step,
    workflow,
)
from dara_fp.core.errors import ConfigurationError
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import State


@attrs.frozen(kw_only=True)
class Count(StepContext):
    number: int
    doubled: int | None = made()
    price: Decimal | None = made()
    label: str | None = made()


@attrs.frozen
class Env:
    gate: asyncio.Event
    runs: list[str]


@step
async def double(ctx: Count, env: Env) -> Outcome[Count]:
    env.runs.append("double")
    return Success(ctx.evolve(doubled=ctx.number * 2))


@step
async def wait_at_gate(ctx: Count, env: Env, at: Position) -> Outcome[Count]:
    env.runs.append("wait_at_gate")
    await at.report("waiting at the gate", 0.5)
    await env.gate.wait()
    return Success(ctx)


@step
async def label(ctx: Count) -> Outcome[Count]:
    return Success(ctx.evolve(label=f"number {ctx.number}"))


@step
async def refuse(ctx: Count) -> Outcome[Count]:
    return fail(f"{ctx.number} is too small", kind="rejected")


@step
async def stumble(ctx: Count) -> Outcome[Count]:
    raise ZeroDivisionError(f"by {ctx.number}")


@step
async def evolve_badly(ctx: Count) -> Outcome[Count]:
    return Success(ctx.evolve(label=object()))


def counting(*steps: Pipeline[Count, Env]) -> Workflow[Count, Env]:
    pipeline = start(Count, Env)
    for each in steps:
        pipeline = pipeline >> each
    return workflow("count", pipeline)


@pytest.fixture
def env() -> Env:
    return Env(asyncio.Event(), [])


async def at_the_gate(executor: WorkflowExecutor, task_id: str) -> TaskStatus:
    """Wait until the task's second step has reported, and give its status."""
    async for status in executor.watch(task_id):
        if status.steps[1].message is not None:
            return status
    raise AssertionError("it never came to the gate")


async def ended(store: Store, env: Env, *steps: Pipeline[Count, Env]) -> Sequence[object]:
    """Run the workflow of *steps* and give state, error and context of its task."""
    async with (
        WorkflowExecutor([counting(*steps)], store, env) as executor,
        executor.working(),
    ):
        status = await executor.wait(await executor.start("count", Count(number=3)))
    return status.state, status.error, {k: bytes(v) for k, v in status.context.items()}


async def test_a_task_runs_to_its_end_in_the_background(store: Store, env: Env) -> None:
    state, error, context = await ended(store, env, double, label)
    assert (state, error) == (State.SUCCEEDED, None)
    assert context == {"number": b"3", "doubled": b"6", "price": b"null", "label": b'"number 3"'}


async def test_a_running_task_tells_its_step_its_report_and_its_progress(
    store: Store, env: Env
) -> None:
    definition = counting(double, wait_at_gate, label)
    async with WorkflowExecutor([definition], store, env) as executor, executor.working():
        task_id = await executor.start("count", Count(number=3))
        status = await at_the_gate(executor, task_id)
        assert (status.state, status.step) == (State.RUNNING, "wait_at_gate")
        assert status.progress == pytest.approx(1 / 3)
        assert [each.state for each in status.steps] == ["succeeded", "running", "pending"]
        assert (status.steps[1].message, status.steps[1].fraction) == ("waiting at the gate", 0.5)
        assert status.steps[1].started_at is not None
        env.gate.set()
        assert (await executor.wait(task_id)).progress == 1


@pytest.mark.parametrize(
    ("broken", "kind", "said"),
    [
        (refuse, Kind.REJECTED, "3 is too small"),
        (stumble, Kind.DEFECT, "ZeroDivisionError: by 3"),
        (evolve_badly, Kind.DEFECT, "cannot be stored"),
    ],
)
async def test_a_failed_step_ends_its_task_and_names_itself(
    store: Store, env: Env, broken: Pipeline[Count, Env], kind: Kind, said: str
) -> None:
    definition = counting(double, broken, label)
    async with WorkflowExecutor([definition], store, env) as executor, executor.working():
        status = await executor.wait(await executor.start("count", Count(number=3)))
    assert status.state is State.FAILED
    assert status.error is not None
    assert (status.error.kind, status.error.step) == (kind, status.steps[1].path)
    assert said in status.error.message
    assert status.error.traceback is None
    assert [each.state for each in status.steps] == ["succeeded", "failed", "pending"]


async def test_a_task_is_accepted_without_a_worker_and_run_by_a_later_one(
    store: Store, env: Env
) -> None:
    definition = counting(double)
    async with WorkflowExecutor([definition], store, env) as first:
        task_id = await first.start("count", Count(number=3))
    async with WorkflowExecutor([definition], store, env) as second, second.working():
        assert (await second.wait(task_id)).state is State.SUCCEEDED


@step
async def await_a_cancelled_child(ctx: Count) -> Outcome[Count]:
    child = asyncio.ensure_future(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(child.cancel)
    await child
    return Success(ctx)


@step
async def exit_python(ctx: Count) -> Outcome[Count]:
    sys.exit(ctx.number)


@step
async def refuse_comparison(ctx: Count) -> Outcome[Count]:
    return Success(ctx.evolve(price=Decimal("sNaN")))


@pytest.mark.parametrize("odd", [await_a_cancelled_child, exit_python])
async def test_a_step_cannot_take_its_worker_with_it(
    store: Store, env: Env, odd: Pipeline[Count, Env]
) -> None:
    state, error, _ = await ended(store, env, odd)
    assert state is State.FAILED
    assert isinstance(error, StepError)
    assert (error.kind, error.step) == (Kind.DEFECT, odd.steps[0].name)


async def test_a_value_that_refuses_comparison_is_stored_like_any_other(
    store: Store, env: Env
) -> None:
    state, _, context = await ended(store, env, refuse_comparison)
    assert state is State.SUCCEEDED
    assert isinstance(context, dict)
    assert context["price"] == b'"sNaN"'


@step
async def write_a_novel(ctx: Count) -> Outcome[Count]:
    return Success(ctx.evolve(label="word " * 4_000_000))


async def test_a_step_that_makes_too_much_for_the_store_fails_and_says_what_to_do(
    store: Store, env: Env
) -> None:
    state, error, _ = await ended(store, env, write_a_novel)
    assert state is State.FAILED
    assert isinstance(error, StepError)
    assert error.step == "write_a_novel"
    assert "write large data to a volume" in error.message


def test_an_environment_that_lacks_something_is_refused(store: Store) -> None:
    @attrs.frozen
    class Other:
        gate: int = 0

    with pytest.raises(
        ConfigurationError, match="needs an environment like Env, got Other, without runs"
    ):
        WorkflowExecutor([counting(double)], store, Other())
    with pytest.raises(ValueError, match="two workflows are called 'count'"):
        WorkflowExecutor([counting(label), counting(double)], store)


async def test_a_worker_that_stopped_by_itself_is_told(
    store: Store, env: Env, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(_worker: Worker) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(Worker, "run_forever", break_down)
    async with WorkflowExecutor([counting(double)], store, env) as executor:
        await executor.check()
        async with executor.working():
            await asyncio.sleep(0.01)
            with pytest.raises(StoreUnavailable, match="the worker stopped: RuntimeError"):
                await executor.check()
