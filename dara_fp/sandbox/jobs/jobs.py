"""The Jobs API: definitions of jobs."""

from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.jobs.job_changes import changed
from dara_fp.sandbox.jobs.job_specs import JobSpec, check_tasks, in_order, starters
from dara_fp.sandbox.jobs.job_store import Job, JobStore
from dara_fp.sandbox.server.auth import USER
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

__all__ = ["VERSIONS", "Jobs"]

VERSIONS = ("2.0", "2.1", "2.2")
DEFAULTS: Json = {
    "format": "MULTI_TASK",
    "max_concurrent_runs": 1,
    "timeout_seconds": 0,
    "email_notifications": {},
    "name": "Untitled",
}


class JobId(msgspec.Struct):
    """A request that names a job."""

    job_id: int


class ChangeJob(msgspec.Struct):
    """The body of `jobs/reset` and `jobs/update`."""

    job_id: int
    new_settings: Json = {}
    fields_to_remove: tuple[str, ...] = ()


class ListJobs(msgspec.Struct):
    """The query of `jobs/list`."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    offset: Annotated[int, msgspec.Meta(ge=0)] = 0
    name: str = ""
    expand_tasks: bool = False
    page_token: str = ""


@attrs.frozen(kw_only=True)
class Jobs:
    """The routes of job definitions."""

    store: JobStore
    unanswered: Unanswered

    def routes(self) -> list[Route]:
        """Give the routes, in all versions of the API that clients use."""
        return [route for version in VERSIONS for route in self._routes(f"/api/{version}/jobs")]

    def _routes(self, base: str) -> list[Route]:
        return [
            Route(f"{base}/create", self.create, methods=["POST"]),
            Route(f"{base}/get", self.get, methods=["GET"]),
            Route(f"{base}/list", self.list, methods=["GET"]),
            Route(f"{base}/reset", self.reset, methods=["POST"]),
            Route(f"{base}/update", self.update, methods=["POST"]),
            Route(f"{base}/delete", self.delete, methods=["POST"]),
        ]

    async def create(self, request: Request) -> Response:
        """Keep a new job."""
        settings = await read_body(request, Json)
        job = self.store.add_job(settings, self._spec(request, settings))
        return json_response({"job_id": job.job_id})

    async def reset(self, request: Request) -> Response:
        """Replace all settings of a job; runs that were started keep theirs."""
        asked = await read_body(request, ChangeJob)
        self.store.job(asked.job_id)
        spec = self._spec(request, asked.new_settings)
        self.store.change_job(asked.job_id, asked.new_settings, spec)
        return empty()

    async def update(self, request: Request) -> Response:
        """Change some settings of a job."""
        asked = await read_body(request, ChangeJob)
        settings = self.store.job(asked.job_id).settings
        settings = changed(settings, asked.new_settings, asked.fields_to_remove)
        self.store.change_job(asked.job_id, settings, self._spec(request, settings))
        return empty()

    async def get(self, request: Request) -> Response:
        """Answer one job."""
        job = self.store.job(read_query(request, JobId).job_id)
        return json_response({**_job_json(job, tasks=True), "run_as_user_name": USER})

    async def list(self, request: Request) -> Response:
        """Answer the jobs, the newest first, in pages."""
        query = read_query(request, ListJobs)
        named = [job for job in self.store.jobs.values() if _has_name(job, query.name)]
        named.sort(key=lambda job: -job.job_id)
        start = page_offset(query.page_token, query.offset)
        page, rest = named[start : start + query.limit], named[start + query.limit :]
        body: Json = {
            "jobs": [_job_json(job, tasks=query.expand_tasks) for job in page],
            "has_more": bool(rest),
        }
        if rest:
            body["next_page_token"] = cursor(str(start + query.limit))
        return json_response(body)

    async def delete(self, request: Request) -> Response:
        """Forget a job."""
        self.store.delete_job((await read_body(request, JobId)).job_id)
        return empty()

    def _spec(self, request: Request, settings: Json) -> JobSpec:
        path = request.url.path
        check_tasks(settings, lambda what: self.unanswered.refuse("POST", path, what))
        spec = convert(settings, JobSpec, "job settings")
        found = msgspec.structs.replace(spec, tasks=in_order(spec.tasks))
        for name in starters(settings):
            # The job is kept all the same: it can be started by run-now.
            self.unanswered.refuse("POST", f"{path}#{name}", "such jobs never start by themselves")
        return found


def _has_name(job: Job, name: str) -> bool:
    return not name or job.spec.name.casefold() == name.casefold()


def _job_json(job: Job, *, tasks: bool) -> Json:
    settings = {**DEFAULTS, **job.settings}
    if not tasks:
        settings.pop("tasks", None)
    return {
        "job_id": job.job_id,
        "creator_user_name": USER,
        "created_time": job.created_time,
        "settings": settings,
    }
