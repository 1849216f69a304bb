"""Any method of the client as a step, in one line."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

import attrs
import pytest
import respx
from databricks.sdk.service import postgres

from dara_fp import (
    DatabricksEnv,
    Kind,
    MemoryJournal,
    Position,
    Scope,
    StepContext,
    Workspace,
    made,
    start,
    unwrap,
    workflow,
)
from dara_fp.core.check import InvalidPipeline
from dara_fp.databricks.records import Run
from dara_fp.databricks.sql.values import Row
from dara_fp.steps.calling import calling

HOST = "https://dbc-1.cloud.databricks.test"


@attrs.frozen(kw_only=True)
class Seen(StepContext):
    """A context whose fields take answers of every shape."""

    run_id: int
    run: Run | None = made()
    state: Mapping[str, str | None] | None = made()
    number: int | None = made()
    jobs: tuple["Named", ...] = made(())


@attrs.frozen(kw_only=True)
class Named:
    """What is wanted of a job."""

    job_id: int


@attrs.frozen(kw_only=True)
class Keeping(StepContext):
    """A context that keeps what is no record of the SDK."""

    operation: "Begun | None" = made()
    rows: tuple["Line", ...] = made(())


@attrs.frozen(kw_only=True)
class Begun:
    """What is wanted of an operation."""

    name: str
    metadata: Mapping[str, str]
    done: bool


@attrs.frozen(kw_only=True)
class Line:
    """A row of a statement."""

    id: int
    day: date | None
    parts: Mapping[str, tuple[Mapping[str, int], ...]]


class Colour(Enum):
    RED = "red"


class Described:
    """What the official client's records look like."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts

    def as_dict(self) -> dict[str, Any]:
        return self.facts


@pytest.fixture
def wire() -> Any:
    with respx.mock(base_url=HOST, using="httpx", assert_all_called=False) as router:
        yield router


@pytest.fixture
async def reached() -> AsyncIterator[DatabricksEnv]:
    made_env = DatabricksEnv(workspace=Workspace(HOST, token="dapi-unseen", retry_seconds=0))
    yield made_env
    await made_env.aclose()


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    state = {"life_cycle_state": "RUNNING"}
    return wire.get("/api/2.2/jobs/runs/get").respond(json={"run_id": 5, "state": state})


def giving(answer: object) -> Any:
    async def give(_workspace: Workspace, _ctx: Seen) -> object:
        return answer

    return give


async def test_a_call_of_the_client_is_a_step_whose_answer_goes_into_a_field(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    look = calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="run", context=Seen)
    seen = unwrap(await look(Seen(run_id=5), reached))
    assert seen.run is not None
    assert (seen.run.run_id, seen.run.life_cycle) == (5, "RUNNING")
    assert get.call_count == 1


async def test_without_a_field_the_answer_is_dropped(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    look = calling(lambda ws, ctx: ws.runs.get(ctx.run_id), context=Seen)
    assert unwrap(await look(Seen(run_id=5), reached)) == Seen(run_id=5)
    assert get.called


def test_a_step_is_called_like_the_method_unless_it_is_named() -> None:
    look = calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="run", context=Seen)
    assert repr(look) == "start(Seen) >> get"
    assert "Call runs.get." in look.outline()
    again = calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="run", name="look", context=Seen)
    assert repr(again) == "start(Seen) >> look"


def test_a_function_gives_its_name_and_its_docstring() -> None:
    def peek(workspace: Workspace, ctx: Seen) -> Any:
        """Look at it once."""
        return workspace.runs.get(ctx.run_id)

    step = calling(peek, into="run")
    assert repr(step) == "peek"
    assert "Look at it once." in step.outline()


def test_a_call_whose_method_cannot_be_told_needs_a_name() -> None:
    with pytest.raises(TypeError, match=r"does not say which method it calls: .* name="):
        calling(lambda _ws, _ctx: asyncio.sleep(0))
    with pytest.raises(TypeError, match="name is 'two words'"):
        calling(lambda _ws, _ctx: asyncio.sleep(0), name="two words")


def of_one(workspace: Workspace) -> Any:
    return workspace.runs.get(1)


def of_four(_workspace: Workspace, _ctx: Seen, _at: Position, _more: int) -> Any: ...


@pytest.mark.parametrize("call", [of_one, of_four])
def test_a_call_of_other_arguments_is_refused(call: Any) -> None:
    with pytest.raises(TypeError, match=r"must take \(workspace, ctx\) or \(workspace, ctx, at\)"):
        calling(call)


def test_a_field_that_is_not_there_is_refused_before_anything_is_composed() -> None:
    said = "the answer of get goes into 'ran', and Seen has no such field; it has run_id, run, "
    with pytest.raises(TypeError, match=said):
        calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="ran", context=Seen)


def test_a_field_that_is_not_there_is_refused_when_the_workflow_is_registered() -> None:
    def look(workspace: Workspace, ctx: Seen) -> Any:
        return workspace.runs.get(ctx.run_id)

    with pytest.raises(
        InvalidPipeline, match="look gives goes into 'ran', and Seen has no such field"
    ):
        workflow("looks", start(Seen, DatabricksEnv) >> calling(look, into="ran"))
    assert workflow("looks", start(Seen, DatabricksEnv) >> calling(look)).context is Seen


async def test_a_field_that_is_not_there_is_a_defect_before_the_call_is_made(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    def look(workspace: Workspace, ctx: Seen) -> Any:
        return workspace.runs.get(ctx.run_id)

    step = start(Seen, DatabricksEnv) >> calling(look, into="ran")
    error = (await step(Seen(run_id=5), reached)).failure()
    assert error.kind is Kind.DEFECT
    assert "goes into 'ran', and Seen has no such field" in error.message
    assert not get.called


async def test_a_refusal_is_the_failure_of_the_step(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    get.respond(403, json={"error_code": "PERMISSION_DENIED", "message": "not yours"})
    look = calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="run", context=Seen)
    error = (await look(Seen(run_id=5), reached)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "get", 403)
    assert error.error_code == "PERMISSION_DENIED"


async def test_a_call_may_ask_for_its_token(wire: respx.MockRouter, reached: DatabricksEnv) -> None:
    route = wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": 7})

    def begin(workspace: Workspace, ctx: Seen, at: Position) -> Any:
        return workspace.runs.start(ctx.run_id, idempotency_token=at.token)

    step = calling(begin, into="number")
    scope = Scope(task_id="t")
    assert unwrap(await step(Seen(run_id=5), reached, scope=scope)).number == 7
    token = Position(path="begin", scope=scope).token
    assert token.encode() in route.calls.last.request.content


@pytest.mark.parametrize(
    ("answer", "into", "kept"),
    [
        (Described(job_id=7, name="x", more=[1]), "jobs", None),
        ([Described(job_id=7, name="x"), Described(job_id=8)], "jobs", (7, 8)),
        ({"a": "b", "c": None}, "state", {"a": "b", "c": None}),
        (Described(a="b"), "state", {"a": "b"}),
        ({"a": Colour.RED}, "state", {"a": "red"}),
        (3, "number", 3),
        (None, "number", None),
        ("three", "number", None),
        (object(), "number", None),
    ],
    ids=range(9),
)
async def test_an_answer_is_made_to_fit_the_field_or_is_a_defect_that_does_not_show_it(
    reached: DatabricksEnv, answer: object, into: str, kept: object
) -> None:
    step = calling(giving(answer), into=into, name="give", context=Seen)
    outcome = await step(Seen(run_id=5), reached)
    if kept is None and answer is not None:
        error = outcome.failure()
        assert error.kind is Kind.DEFECT
        assert f"which does not fit Seen.{into}" in error.message
        assert "three" not in error.message
        return
    value = getattr(unwrap(outcome), into)
    assert (tuple(job.job_id for job in value) if into == "jobs" else value) == kept


async def test_the_items_of_a_list_are_collected_up_to_a_bound(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    page = {"jobs": [{"job_id": 1, "settings": {"name": "a"}}, {"job_id": 2}]}
    wire.get("/api/2.2/jobs/list").respond(json=page)
    everything = start(Seen, DatabricksEnv) >> calling(lambda ws, _: ws.runs.jobs(), into="jobs")
    found = unwrap(await everything(Seen(run_id=5), reached))
    assert found.jobs == (Named(job_id=1), Named(job_id=2))
    one = calling(lambda ws, _: ws.runs.jobs(), into="jobs", context=Seen, most=1)
    error = (await one(Seen(run_id=5), reached)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message == "jobs gave more than 1 items: ask for fewer, or give most="


async def test_an_answer_that_nobody_can_wait_for_is_a_defect(reached: DatabricksEnv) -> None:
    def host(workspace: Workspace, _ctx: Seen) -> Any:
        return workspace.host

    error = (await calling(host)(Seen(run_id=5), reached)).failure()
    assert error.kind is Kind.DEFECT
    assert "host gave a str, and no answer to await" in error.message


async def test_of_what_a_call_began_the_names_are_kept(reached: DatabricksEnv) -> None:
    class Begun:
        """What a rewritten method of the SDK gives for what it has begun."""

        response = Described(number_in_job="1")

        def bind(self) -> dict[str, Any]:
            return {"run_id": "7"}

    step = calling(giving(Begun()), into="state", context=Seen)
    kept = unwrap(await step(Seen(run_id=5), reached)).state
    assert kept == {"run_id": "7", "number_in_job": "1"}


async def test_of_an_operation_its_name_metadata_and_done_are_kept(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    told: dict[str, Any] = {"name": "operations/o", "metadata": {"@type": "p"}, "done": False}
    route = wire.post("/api/2.0/postgres/projects").respond(json=told)
    project = postgres.Project()
    begin = calling(
        lambda ws, _ctx: ws.postgres.create_project(project=project, project_id="p"),
        into="operation",
        context=Keeping,
    )
    assert unwrap(await begin(Keeping(), reached)).operation == Begun(**told)
    assert route.call_count == 1


async def test_rows_of_a_statement_are_kept(reached: DatabricksEnv) -> None:
    names = ("id", "day", "parts")
    rows = [
        Row(names, (1, date(2026, 1, 31), {"a": [Row(("n",), (2,))]})),
        Row(names, (3, None, {})),
    ]
    ask = calling(giving(rows), into="rows", context=Keeping, name="ask")
    kept = unwrap(await ask(Keeping(), reached))
    assert kept.rows == (
        Line(id=1, day=date(2026, 1, 31), parts={"a": ({"n": 2},)}),
        Line(id=3, day=None, parts={}),
    )


async def test_a_wait_that_takes_too_long_is_a_timeout(reached: DatabricksEnv) -> None:
    async def wait(_workspace: Workspace, _ctx: Seen) -> None:
        raise TimeoutError

    error = (await calling(wait)(Seen(run_id=5), reached)).failure()
    assert (error.kind, error.step, error.retryable) == (Kind.TIMEOUT, "wait", True)


async def test_what_a_call_gave_is_recorded_and_not_asked_for_again(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    flow = workflow(
        "looks",
        start(Seen, DatabricksEnv)
        >> calling(lambda ws, ctx: ws.runs.get(ctx.run_id), into="run", name="look", context=Seen),
    )
    journal = MemoryJournal()
    first, second = [
        unwrap(await flow(Seen(run_id=5), reached, scope=Scope(journal=journal))) for _ in "12"
    ]
    assert first == second
    assert get.call_count == 1


@attrs.frozen(kw_only=True)
class Update:
    """What is wanted of an update."""

    update_id: str


@attrs.frozen(kw_only=True)
class Updating(StepContext):
    """A context for methods of the official client."""

    pipeline_id: str
    update: Update | None = made()
    started: Mapping[str, int] | None = made()
    jobs: tuple[Named, ...] = made(())


async def test_methods_of_the_official_client_are_steps_in_one_line(
    wire: respx.MockRouter, reached: DatabricksEnv
) -> None:
    wire.post("/api/2.0/pipelines/p/updates").respond(json={"update_id": "u"})
    wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": 7, "number_in_job": 1})
    wire.get("/api/2.2/jobs/list").respond(json={"jobs": [{"job_id": 1}, {"job_id": 2}]})
    flow = workflow(
        "official",
        start(Updating, DatabricksEnv)
        >> calling(
            lambda ws, ctx: ws.pipelines.start_update(ctx.pipeline_id),
            into="update",
            context=Updating,
        )
        >> calling(lambda ws, _: ws.jobs.run_now(3), into="started", context=Updating)
        >> calling(lambda ws, _: ws.jobs.list(), into="jobs", name="list_jobs", context=Updating),
    )
    ended = unwrap(await flow(Updating(pipeline_id="p"), reached))
    assert ended.update == Update(update_id="u")
    assert ended.started == {"run_id": 7, "number_in_job": 1}
    assert ended.jobs == (Named(job_id=1), Named(job_id=2))
