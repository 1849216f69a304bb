"""Jobs and their runs: start one exactly once, look at it, wait for it, repair it, stop it."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from dara_fp.databricks.changes import Changes
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.doubt import in_doubt, may_have_been_done, not_to_be_repeated
from dara_fp.databricks.http.encoding import given
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.records import Job, Run, RunOutput
from dara_fp.databricks.runs.run_ends import judged

__all__ = ["Runs"]

_API = "/api/2.2/jobs"
_PAGE = 100
_TOKEN = 64
_PAGES = 1_000  # of tasks in one run: a service that never ends must not hold us


class Runs:
    """Runs of jobs, by the Jobs API 2.2."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def start(
        self,
        job_id: int,
        *,
        idempotency_token: str | None = None,
        job_parameters: Mapping[str, str] | None = None,
        python_params: Sequence[str] | None = None,
    ) -> int:
        """Start the job *job_id* and give the id of its run.

        With an *idempotency_token* one run is started however often the call is sent, and the same
        token gives the same run later too, even a failed one. Without, a call whose answer is lost
        is not sent again, since that could start a second run.

        Args:
            job_id: The job.
            idempotency_token: At most 64 characters.
            job_parameters: Parameters of the job by name.
            python_params: Arguments of its Python tasks.

        Raises:
            ValueError: The token is empty or too long.
            DatabricksError: The workspace refused, or no answer came.
        """
        body = {
            "job_id": job_id,
            "job_parameters": None if job_parameters is None else dict(job_parameters),
            "python_params": None if python_params is None else list(python_params),
        }
        return await self._started("run-now", body, idempotency_token)

    async def submit(
        self,
        tasks: Sequence[Mapping[str, Any]],
        *,
        run_name: str | None = None,
        timeout_seconds: int | None = None,
        idempotency_token: str | None = None,
        **settings: Any,
    ) -> int:
        """Start a run of *tasks* without a job, and give its id.

        What is said of the token of `start` holds here, too.

        Args:
            tasks: The tasks, each named and written as in the API.
            run_name: What the run is called.
            timeout_seconds: After how many seconds it is ended; None for never.
            idempotency_token: At most 64 characters.
            settings: What else the API takes, such as `environments`, by the API's names.

        Raises:
            ValueError: The token is empty or too long.
            DatabricksError: The workspace refused, or no answer came.
        """
        body = {
            **settings,
            "tasks": [dict(task) for task in tasks],
            "run_name": run_name,
            "timeout_seconds": timeout_seconds,
        }
        return await self._started("runs/submit", body, idempotency_token)

    async def repair(
        self,
        run_id: int,
        *,
        tasks: Sequence[str] = (),
        dependents: bool = False,
        latest_repair_id: int | None = None,
        job_parameters: Mapping[str, str] | None = None,
    ) -> int:
        """Run tasks of the ended run *run_id* again, and give the repair's id.

        A repair is done once: it names the one before, so that no other can follow that. One whose
        answer is lost is looked up in the run's history, and not sent again.

        Args:
            run_id: The run.
            tasks: Keys of the tasks to run again; all that failed or were skipped where it is
                empty.
            dependents: Whether the tasks that depend on *tasks* run again, too.
            latest_repair_id: The last repair of this run, None where there was none; then the
                history is read before, too.
            job_parameters: Parameters of the job by name, in place of those of the run.

        Raises:
            DatabricksError: The run is under way, has succeeded, or was repaired since; or the
                workspace refused otherwise; or no answer came and no repair has begun.
        """
        before = latest_repair_id
        if before is None:  # what is there already is none of ours
            before = (await self.get(run_id, history=True)).latest_repair_id
        body = {
            "run_id": run_id,
            "rerun_tasks": list(tasks) or None,
            "rerun_all_failed_tasks": None if tasks else True,
            "rerun_dependent_tasks": dependents or None,
            "latest_repair_id": latest_repair_id,
            "job_parameters": None if job_parameters is None else dict(job_parameters),
        }
        try:
            answer = await self._calls.json("POST", f"{_API}/runs/repair", body=given(body))
            return answer.decoded(_Repaired).repair_id
        except DatabricksError as error:
            if not may_have_been_done(error):
                raise
            begun = await self._repair_since(run_id, before)
            if begun is None:
                raise in_doubt(error) from None
            return begun

    async def wait(
        self,
        run_id: int,
        *,
        repair_id: int | None = None,
        on_state: Callable[[Run], Awaitable[None]] | None = None,
        polling: Polling | None = None,
    ) -> Run:
        """Wait for the run *run_id* to end, and for what repairs it, and give it as it ended.

        Passing troubles of the workspace are borne, and so is whatever is its own fault: the run
        goes on however the workspace stumbles. There is no limit of time: put
        `asyncio.timeout` around it where one is wanted. Cancelling it leaves the run as it is.

        Args:
            run_id: The run.
            repair_id: A repair that has begun: the run is not over before it is.
            on_state: Awaited with the run when it is seen first and whenever its state has changed.
            polling: How often to look.

        Returns:
            The run, which has succeeded, possibly with failed tasks that did not matter.

        Raises:
            RunFailed: It ended otherwise; the message has the failing task's key and error, the
                error's `url` the run's page.
            DatabricksError: There is no such run, or the workspace refused for good.
        """
        answers: deque[Answer] = deque(maxlen=1)
        run = await looked_until(
            lambda seen: seen.is_over(repair_id),
            lambda: self._look(run_id, answers, history=True),
            polling=polling,
            on_look=Changes(_state, on_state),
        )
        return await judged(run, self.output, answers)

    async def get(self, run_id: int, *, history: bool = False) -> Run:
        """Look at the run *run_id*, with the tasks of all its pages, and its repairs by *history*.

        Raises:
            DatabricksError: There is no such run, or the workspace refused otherwise.
        """
        return await self._look(run_id, deque(maxlen=1), history=history)

    async def _look(self, run_id: int, answers: deque[Answer], *, history: bool) -> Run:
        """Look at a run, and keep the answer in *answers*."""
        query = {"run_id": run_id, "include_history": history or None}
        run = await self._page_of_run(query, answers)
        token = run.next_page_token
        for _ in range(_PAGES):
            if not token:
                break
            page = await self._page_of_run({**query, "page_token": token}, answers)
            token = page.next_page_token
            run = attrs.evolve(
                run,
                tasks=run.tasks + page.tasks,
                iterations=run.iterations + page.iterations,
                repair_history=run.repair_history + page.repair_history,
            )
        return attrs.evolve(run, next_page_token=None)

    async def output(self, run_id: int) -> RunOutput:
        """Give what the task run *run_id* left; a run of several tasks has an id for each.

        Raises:
            DatabricksError: There is no such run, it has several tasks, or the workspace refused.
        """
        path = f"{_API}/runs/get-output"
        answer = await self._calls.json("GET", path, query={"run_id": run_id})
        return answer.decoded(RunOutput)

    async def cancel(self, run_id: int) -> None:
        """Ask for the run *run_id* to be stopped; it ends some time later.

        Raises:
            DatabricksError: There is no such run, or the workspace refused otherwise.
        """
        body = {"run_id": run_id}
        await self._calls.json("POST", f"{_API}/runs/cancel", body=body, idempotent=True)

    async def jobs(self, name: str | None = None) -> AsyncGenerator[Job]:
        """Give the jobs, page after page, only those called *name* if it is given.

        Raises:
            DatabricksError: The workspace refused.
        """
        query: dict[str, Any] = {"limit": _PAGE, "name": name}
        while True:
            page = (await self._calls.json("GET", f"{_API}/list", query=query)).decoded(_Page)
            for job in page.jobs:
                yield job
            if not page.next_page_token:
                return
            query["page_token"] = page.next_page_token

    async def create_job(self, **settings: Any) -> int:
        """Make a job of *settings*, named as in the API, and give its id.

        Raises:
            DatabricksError: The workspace refused.
        """
        answer = await self._calls.json("POST", f"{_API}/create", body=settings)
        return answer.decoded(_Created).job_id

    async def _started(self, path: str, body: Mapping[str, Any], token: str | None) -> int:
        if token is not None and not 0 < len(token) <= _TOKEN:
            raise ValueError(f"idempotency_token has {len(token)} characters: give 1 to {_TOKEN}")
        with not_to_be_repeated():  # by others, who have another token
            answer = await self._calls.json(
                "POST",
                f"{_API}/{path}",
                body=given({**body, "idempotency_token": token}),
                idempotent=token is not None,
            )
            return answer.decoded(_Started).run_id

    async def _repair_since(self, run_id: int, before: int | None) -> int | None:
        """Give the repair that began since *before* was the last one, if any can be seen."""
        try:
            last = (await self.get(run_id, history=True)).latest_repair_id
        except DatabricksError:
            return None  # what was lost first says more
        return None if last == before else last

    async def _page_of_run(self, query: Mapping[str, Any], answers: deque[Answer]) -> Run:
        answers.append(await self._calls.json("GET", f"{_API}/runs/get", query=query))
        return answers[-1].decoded(Run)


class _Started(msgspec.Struct):
    run_id: int


class _Repaired(msgspec.Struct):
    repair_id: int


class _Created(msgspec.Struct):
    job_id: int


class _Page(msgspec.Struct):
    jobs: tuple[Job, ...] = ()
    next_page_token: str = ""


def _state(run: Run) -> tuple[str, str | None]:
    return run.life_cycle, run.result
