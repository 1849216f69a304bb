"""The executor accepts tasks, runs them in the background and says how far they are."""

import asyncio
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs
import pytest
from docket import Worker
from redis.asyncio import Redis

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
from dara_fp.runtime.queue import Leases
from dara_fp.runtime.status import TaskStatus
from dara_fp.runtime.errors import UnknownWorkflow
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import NewTask, State


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


async def test_a_worker_that_is_stopped_hands_its_task_back(store: Store, env: Env) -> None:
    definition = counting(double, wait_at_gate, label)
    leases = Leases(redelivery=1, grace=0.2)
    async with WorkflowExecutor([definition], store, env, leases=leases) as executor:
        async with executor.working():
            task_id = await executor.start("count", Count(number=3))
            await at_the_gate(executor, task_id)
        assert (await executor.status(task_id)) is not None
        env.gate.set()
        async with executor.working():
            status = await executor.wait(task_id)
    assert status.state is State.SUCCEEDED
    assert env.runs == ["double", "wait_at_gate", "wait_at_gate"]


async def test_a_task_is_accepted_without_a_worker_and_run_by_a_later_one(
    store: Store, env: Env
) -> None:
    definition = counting(double)
    async with WorkflowExecutor([definition], store, env) as first:
        task_id = await first.start("count", Count(number=3))
    async with WorkflowExecutor([definition], store, env) as second, second.working():
        assert (await second.wait(task_id)).state is State.SUCCEEDED


async def test_a_task_whose_queueing_was_cut_off_is_found_by_a_working_executor(
    store: Store, env: Env
) -> None:
    task = NewTask(
        task_id="forgotten", workflow="count", context=b'{"number":3}', structure=("double",)
    )
    leases = Leases(sweep=0.1)
    async with (
        WorkflowExecutor([counting(double)], store, env, leases=leases) as executor,
        executor.working(),
    ):
        await store.create(task)
        assert (await executor.wait("forgotten")).state is State.SUCCEEDED


async def test_a_workflow_that_changed_where_a_task_has_run_fails_the_task(
    store: Store, env: Env
) -> None:
    leases = Leases(redelivery=1, grace=0.1)
    before, after = counting(double, wait_at_gate), counting(label, double, wait_at_gate)
    async with (
        WorkflowExecutor([before], store, env, leases=leases) as executor,
        executor.working(),
    ):
        task_id = await executor.start("count", Count(number=3))
        await at_the_gate(executor, task_id)
    async with (
        WorkflowExecutor([after], store, env, leases=leases) as executor,
        executor.working(),
    ):
        status = await executor.wait(task_id)
    assert status.error is not None
    assert status.error.message == (
        "workflow 'count' changed under a running task: step 1 was 'double' and is now 'label'"
    )


async def test_a_workflow_that_grew_behind_a_task_runs_the_new_steps(
    store: Store, env: Env
) -> None:
    leases = Leases(redelivery=1, grace=0.1)
    before, after = counting(double, wait_at_gate), counting(double, wait_at_gate, label)
    async with (
        WorkflowExecutor([before], store, env, leases=leases) as executor,
        executor.working(),
    ):
        task_id = await executor.start("count", Count(number=3))
        await at_the_gate(executor, task_id)
    env.gate.set()
    async with (
        WorkflowExecutor([after], store, env, leases=leases) as executor,
        executor.working(),
    ):
        status = await executor.wait(task_id)
    assert status.state is State.SUCCEEDED
    assert bytes(status.context["label"]) == b'"number 3"'


async def test_a_worker_leaves_a_task_of_a_workflow_it_does_not_have_to_one_that_has(
    store: Store, env: Env
) -> None:
    other = workflow("other", start(Count, Env) >> label)
    async with WorkflowExecutor([counting(double)], store, env) as executor:
        task_id = await executor.start("count", Count(number=3))
    async with WorkflowExecutor([other], store, env) as executor, executor.working():
        assert (await executor.wait(await executor.start("other", Count(number=1)))).state.final
        waiting = await executor.status(task_id)
        assert waiting is not None
        assert waiting.state is State.QUEUED
        async with WorkflowExecutor([counting(double)], store, env) as knowing, knowing.working():
            assert (await knowing.wait(task_id)).state is State.SUCCEEDED


async def test_what_a_worker_puts_back_reaches_the_one_that_knows_it_without_a_sweep(
    store: Store, env: Env
) -> None:
    other = workflow("other", start(Count, Env) >> label)
    leases = Leases(sweep=600)
    async with (
        WorkflowExecutor([other], store, env, leases=leases) as ignorant,
        WorkflowExecutor([counting(double)], store, env, leases=leases) as knowing,
        ignorant.working(),
    ):
        task_ids = [await knowing.start("count", Count(number=n)) for n in range(3)]
        await asyncio.sleep(0.5)  # long enough for the ignorant one to take them all
        async with knowing.working():
            ends = [(await knowing.wait(task_id)).state for task_id in task_ids]
    assert ends == [State.SUCCEEDED] * 3


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


async def test_a_store_that_stalls_while_a_task_is_claimed_strands_nothing(
    store: Store, env: Env
) -> None:
    async with WorkflowExecutor([counting(double)], store, env) as executor:
        task_id = await executor.start("count", Count(number=3))
        server: Any = Redis(unix_socket_path=store.url.removeprefix("unix://"))
        async with server, executor.working():
            await server.client_pause(6500, all=False)
            assert (await executor.wait(task_id)).state is State.SUCCEEDED
    assert env.runs == ["double"]


async def test_what_cannot_be_started_is_refused_with_its_name(store: Store, env: Env) -> None:
    async with WorkflowExecutor([counting(double)], store, env) as executor:
        with pytest.raises(UnknownWorkflow, match="no workflow 'cuont'; there are count"):
            await executor.start("cuont", Count(number=3))
        with pytest.raises(TypeError, match="workflow 'count' takes a Count, got a str"):
            await executor.start("count", "three")
        with pytest.raises(LookupError, match="no task 'nope'"):
            await executor.wait("nope")
        await executor.start("count", Count(number=3), task_id="mine")
        with pytest.raises(ValueError, match="task 'mine' exists already, with another workflow or context: choose another id"):
            await executor.start("count", Count(number=4), task_id="mine")


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


async def test_a_context_that_no_longer_fits_fails_the_task(store: Store, env: Env) -> None:
    @attrs.frozen(kw_only=True)
    class Renamed(StepContext):
        figure: int

    @step
    async def nothing(ctx: Renamed) -> Outcome[Renamed]:
        return Success(ctx)

    async with WorkflowExecutor([counting(double)], store, env) as executor:
        task_id = await executor.start("count", Count(number=3))
    renamed = workflow("count", start(Renamed) >> nothing)
    async with WorkflowExecutor([renamed], store) as executor, executor.working():
        status = await executor.wait(task_id)
    assert status.error is not None
    assert status.error.message == (
        "the stored context no longer fits Renamed: figure: is required"
    )


async def test_a_context_of_a_subclass_is_refused_since_it_would_lose_fields(
    store: Store, env: Env
) -> None:
    @attrs.frozen(kw_only=True)
    class More(Count):
        more: int

    async with WorkflowExecutor([counting(double)], store, env) as executor:
        with pytest.raises(TypeError, match="takes a Count, got a More"):
            await executor.start("count", More(number=3, more=4))


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
