"""The Jobs API: starting, watching and ending runs."""

import asyncio
from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.jobs.engine import Engine
from dara_fp.sandbox.jobs.job_specs import (
    Parameter,
    Queue,
    SubmitSpec,
    TaskSpec,
    check_parameters,
    check_tasks,
    in_order,
)
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.jobs import VERSIONS
from dara_fp.sandbox.jobs.processes import LOG_LIMIT
from dara_fp.sandbox.jobs.repairs import AskedRepair, repaired
from dara_fp.sandbox.jobs.run_wire import left_json, run_json, task_as_run
from dara_fp.sandbox.jobs.runs import PENDING, Run, TaskRun, now
from dara_fp.sandbox.server.auth import base_url
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.server.wire import (
    Json,
    convert,
    cursor,
    empty,
    json_response,
    page_offset,
    read_body,
    read_query,
)

__all__ = ["Runs"]

TOKEN_LIMIT = 64
PAGE_LIMIT = 25
MANY_TASKS = (
    "Retrieving the output of runs with multiple tasks is not supported. "
    "Please retrieve the output of each individual task run instead."
)
REFUSED = (
    "only", "jar_params", "python_named_params", "spark_submit_params",
    "sql_params", "dbt_commands", "pipeline_params",
)  # fmt: skip


class RunNow(msgspec.Struct):
    """The body of `jobs/run-now`."""

    job_id: int
    idempotency_token: str | None = None
    job_parameters: dict[str, str] = {}
    python_params: tuple[str, ...] | None = None
    notebook_params: dict[str, str] = {}
    queue: Queue | None = None


class RunId(msgspec.Struct):
    """A request that names a run."""

    run_id: int


class GetRun(msgspec.Struct):
    """The query of `jobs/runs/get`."""

    run_id: int
    include_history: bool = False


class CancelAll(msgspec.Struct):
    """The body of `jobs/runs/cancel-all`."""

    job_id: int | None = None
    all_queued_runs: bool = False


class ListRuns(msgspec.Struct):
    """The query of `jobs/runs/list`."""

    limit: Annotated[int, msgspec.Meta(ge=0, le=PAGE_LIMIT)] = 20
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    job_id: int | None = None
    active_only: bool = False
    completed_only: bool = False
    expand_tasks: bool = False
    run_type: str = ""
    start_time_from: int = 0
    start_time_to: int = 2**62
    page_token: str = ""


@attrs.frozen(kw_only=True)
class Runs:
    """The routes of runs, in the workspace *workspace_id*."""

    store: JobStore
    engine: Engine
    workspace_id: str
    unanswered: Unanswered

    def routes(self) -> list[Route]:
        """Give the routes, in all versions of the API that clients use."""
        return [route for version in VERSIONS for route in self._routes(f"/api/{version}/jobs")]

    def _routes(self, base: str) -> list[Route]:
        return [
            Route(f"{base}/run-now", self.run_now, methods=["POST"]),
            Route(f"{base}/runs/submit", self.submit, methods=["POST"]),
            Route(f"{base}/runs/get", self.get, methods=["GET"]),
            Route(f"{base}/runs/get-output", self.output, methods=["GET"]),
            Route(f"{base}/runs/list", self.list, methods=["GET"]),
            Route(f"{base}/runs/repair", self.repair, methods=["POST"]),
            Route(f"{base}/runs/cancel", self.cancel, methods=["POST"]),
            Route(f"{base}/runs/cancel-all", self.cancel_all, methods=["POST"]),
            Route(f"{base}/runs/delete", self.delete, methods=["POST"]),
        ]

    async def run_now(self, request: Request) -> Response:
        """Start a run of a job, or give the one that its idempotency token has started."""
        raw = await read_body(request, Json)
        _refuse_others(raw)
        asked = convert(raw, RunNow, "request body")
        job = self.store.job(asked.job_id)
        known = self._known(asked.idempotency_token)
        if known is None:
            spec = job.spec
            _check_parameters(asked)
            if not spec.tasks:
                raise invalid(f"Job {job.job_id} has no tasks to run: create one with tasks.")
            run = attrs.evolve(
                self._new_run(request, spec.tasks, asked.idempotency_token),
                job_id=job.job_id,
                name=spec.name,
                number_in_job=self.store.number_in_job(job.job_id),
                parameters=_job_parameters(spec.parameters, asked.job_parameters),
                python_params=asked.python_params,
                notebook_params=asked.notebook_params,
                timeout_seconds=spec.timeout_seconds,
            )
            queue = (asked.queue or spec.queue).enabled
            known = self.engine.start(run, limit=spec.max_concurrent_runs, queue=queue)
        return json_response({"run_id": known.run_id, "number_in_job": known.number_in_job})

    async def submit(self, request: Request) -> Response:
        """Start a one-time run."""
        raw = await read_body(request, Json)
        path = request.url.path
        check_tasks(raw, lambda what: self.unanswered.refuse("POST", path, what))
        asked = convert(raw, SubmitSpec, "request body")
        known = self._known(asked.idempotency_token)
        if known is None:
            if not asked.tasks:
                raise invalid("There is nothing to run: give at least one task in `tasks`.")
            run = attrs.evolve(
                self._new_run(request, in_order(asked.tasks), asked.idempotency_token),
                kind="SUBMIT_RUN",
                name=asked.run_name,
                timeout_seconds=asked.timeout_seconds,
            )
            known = self.engine.start(run, limit=None, queue=False)
        return json_response({"run_id": known.run_id})

    async def get(self, request: Request) -> Response:
        """Answer the state of a run, or of one task by its own run id."""
        query = read_query(request, GetRun)
        run, task = self.store.find(query.run_id)
        whole = None if task else run_json(run, history=query.include_history)
        return json_response(task_as_run(run, task) if task else whole)

    async def repair(self, request: Request) -> Response:
        """Run tasks of an ended run again; the answer names the repair."""
        raw = await read_body(request, Json)
        _refuse_others(raw)
        asked = convert(raw, AskedRepair, "request body")
        _check_parameters(asked)
        run = repaired(self.store.run(asked.run_id), asked, self.store.new_id)
        self.engine.resume(self.store.save(run))
        return json_response({"repair_id": run.history[-1].repair_id})

    async def output(self, request: Request) -> Response:
        """Answer what a task printed, and why it failed."""
        run, task = self.store.find(read_query(request, RunId).run_id)
        if task is None and len(run.tasks) > 1:
            raise invalid(MANY_TASKS)
        return json_response(await self._output(run, task or next(iter(run.tasks))))

    async def list(self, request: Request) -> Response:
        """Answer the runs, the newest first, in pages."""
        query = read_query(request, ListRuns)
        if query.active_only and query.completed_only:
            raise invalid("active_only and completed_only cannot both be true.")
        found = [run for run in self.store.runs() if _matches(run, query)]
        start = page_offset(query.page_token, query.offset)
        limit = query.limit or PAGE_LIMIT
        page, rest = found[start : start + limit], found[start + limit :]
        body: Json = {
            "runs": [run_json(run, tasks=query.expand_tasks) for run in page],
            "has_more": bool(rest),
        }
        if rest:
            body["next_page_token"] = cursor(str(start + limit))
        return json_response(body)

    async def cancel(self, request: Request) -> Response:
        """Begin to cancel a run; the answer does not wait for its end."""
        self.engine.cancel(self.store.find((await read_body(request, RunId)).run_id)[0])
        return empty()

    async def cancel_all(self, request: Request) -> Response:
        """Begin to cancel all runs of a job, or all queued ones."""
        asked = await read_body(request, CancelAll)
        if asked.job_id is None and not asked.all_queued_runs:
            raise invalid("Give job_id, or all_queued_runs=true.")
        if asked.job_id is not None:
            self.store.job(asked.job_id)
        for run in self.store.runs():
            queued = run.state.life == "QUEUED" or not asked.all_queued_runs
            if queued and asked.job_id in {None, run.job_id}:
                self.engine.cancel(run)
        return empty()

    async def delete(self, request: Request) -> Response:
        """Forget a run that has ended."""
        run = self.store.run((await read_body(request, RunId)).run_id)
        if not run.state.final:
            raise invalid(f"Run {run.run_id} is still active: cancel it before you delete it.")
        self.store.delete_run(run)
        return empty()

    def _known(self, token: str | None) -> Run | None:
        if token and len(token) > TOKEN_LIMIT:
            raise invalid(f"idempotency_token has {len(token)} characters: {TOKEN_LIMIT} at most.")
        return self.store.started_with(token) if token else None

    def _new_run(self, request: Request, tasks: tuple[TaskSpec, ...], token: str | None) -> Run:
        return Run(
            run_id=self.store.new_id(),
            job_id=self.store.new_id(),
            name="",
            kind="JOB_RUN",
            state=PENDING,
            tasks=tuple(
                TaskRun(run_id=self.store.new_id(), spec=task, state=PENDING) for task in tasks
            ),
            number_in_job=1,
            token=token or None,
            host=base_url(request),
            workspace_id=self.workspace_id,
            start_time=now(),
        )

    async def _output(self, run: Run, task: TaskRun) -> Json:
        body: Json = {"metadata": task_as_run(run, task), **left_json(task)}
        if task.spec.notebook_task is None:  # what a notebook prints is in its cells
            log = self.store.log(task)
            printed = await asyncio.to_thread(log.read_bytes) if log.exists() else b""
            body["logs"] = printed.decode("utf-8", "replace")
            body["logs_truncated"] = task.log_bytes > LOG_LIMIT
        if task.error or task.state.life == "INTERNAL_ERROR":
            body["error"] = task.error or task.state.message
        if task.error_trace:
            body["error_trace"] = task.error_trace
        return body


def _refuse_others(raw: Json) -> None:
    given = [name for name in REFUSED if raw.get(name)]
    if given:
        raise invalid(
            f"The sandbox does not support {given[0]}: use job_parameters, python_params or"
            " notebook_params."
        )


def _check_parameters(asked: RunNow | AskedRepair) -> None:
    check_parameters(asked.python_params, "python_params")
    check_parameters(asked.notebook_params, "notebook_params")
    check_parameters(asked.job_parameters, "job_parameters")


def _job_parameters(
    declared: tuple[Parameter, ...], given: dict[str, str]
) -> tuple[tuple[str, str, str], ...]:
    defaults = {parameter.name: parameter.default for parameter in declared}
    return tuple(
        (name, defaults.get(name, ""), given.get(name, defaults.get(name, "")))
        for name in defaults | given
    )


def _matches(run: Run, query: ListRuns) -> bool:
    wanted = (
        query.job_id in {None, run.job_id},
        query.run_type in {"", run.kind},
        not (query.active_only and run.state.final),
        not (query.completed_only and not run.state.final),
        query.start_time_from <= run.start_time <= query.start_time_to,
    )
    return all(wanted)
