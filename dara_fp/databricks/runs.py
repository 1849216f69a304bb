"""Jobs and their runs: start one exactly once, look at it, stop it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from dara_fp.databricks.calls import Calls
from dara_fp.databricks.records import Job, Run, RunOutput

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
        if idempotency_token is not None and not 0 < len(idempotency_token) <= _TOKEN:
            raise ValueError(
                f"idempotency_token has {len(idempotency_token)} characters: give 1 to {_TOKEN}",
            )
        body = {
            "job_id": job_id,
            "idempotency_token": idempotency_token,
            "job_parameters": None if job_parameters is None else dict(job_parameters),
            "python_params": None if python_params is None else list(python_params),
        }
        answer = await self._calls.json(
            "POST",
            f"{_API}/run-now",
            body={name: value for name, value in body.items() if value is not None},
            idempotent=idempotency_token is not None,
        )
        return answer.decoded(_Started).run_id

    async def get(self, run_id: int) -> Run:
        """Look at the run *run_id*, with the tasks of all its pages.

        Raises:
            DatabricksError: There is no such run, or the workspace refused otherwise.
        """
        run = await self._page_of_run(run_id, None)
        token = run.next_page_token
        for _ in range(_PAGES):
            if not token:
                break
            page = await self._page_of_run(run_id, token)
            token = page.next_page_token
            run = attrs.evolve(
                run,
                tasks=run.tasks + page.tasks,
                iterations=run.iterations + page.iterations,
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

    async def _page_of_run(self, run_id: int, token: str | None) -> Run:
        query = {"run_id": run_id, "page_token": token}
        return (await self._calls.json("GET", f"{_API}/runs/get", query=query)).decoded(Run)


class _Started(msgspec.Struct):
    run_id: int


class _Created(msgspec.Struct):
    job_id: int


class _Page(msgspec.Struct):
    jobs: tuple[Job, ...] = ()
    next_page_token: str = ""
