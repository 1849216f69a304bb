"""The app: typed routes for any workflows, with no route code of the user's."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import RedirectResponse, Response

from dara_fp.api.bodies import upload_fields
from dara_fp.api.documents import add_schemas
from dara_fp.api.opening import find_needs, open_executor
from dara_fp.api.problems import add_problem_handlers
from dara_fp.api.request_ids import RequestIds
from dara_fp.api.services import Services
from dara_fp.api.settings import ApiSettings
from dara_fp.api.streams import EventHub
from dara_fp.api.v1.controls import Controlled, Signalled, control_routes
from dara_fp.api.v1.events import EventList, event_routes, frame_of
from dara_fp.api.v1.health import health_routes
from dara_fp.api.v1.tasks import TaskList, task_routes
from dara_fp.api.v1.workflows import Accepted, ScheduleList, WorkflowList, workflow_routes
from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.status import TaskStatus

__all__ = ["create_app"]

_ANSWERS = (
    *(Accepted, Controlled, EventList, ScheduleList),
    *(Signalled, TaskList, TaskStatus, WorkflowList),
)


def create_app(
    workflows: Iterable[Workflow[Any, Any]], *, env: object = None, title: str = "DARA"
) -> FastAPI:
    """Serve *workflows*: each becomes a typed route, with background tasks and polling.

    Nothing is opened or read from the environment before the server starts.

    Args:
        workflows: Workflows with different names.
        env: What their steps need beside the context. If None, the environment class that the
            workflows were anchored to is asked: its `from_environment()` reads the variables.
        title: Heads the API's documents.

    Returns:
        An ASGI app; run it with `dara serve my_module:app` or any ASGI server.

    Raises:
        ValueError: Two workflows share a name, or a context cannot be described.
    """
    definitions = tuple(workflows)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            app.state.services = await _open(stack, definitions, env)
            yield

    # The pages of /docs come from the package, not from a network that may not be reached.
    app = FastAPIOffline(title=title, version="1", lifespan=lifespan, redoc_url=None)
    by_name = {each.name: each for each in definitions}
    if len(by_name) < len(definitions):
        raise ValueError("two workflows share a name: rename one")
    app.state.workflows = definitions
    app.state.env = env
    for router in (
        task_routes(),
        event_routes(),
        control_routes(by_name),
        workflow_routes(by_name),
        health_routes(),
    ):
        app.include_router(router)
    app.add_api_route("/", _to_documents, include_in_schema=False)
    add_problem_handlers(app)
    add_schemas(app, _ANSWERS, by_name)
    app.add_middleware(RequestIds)
    return app


async def _to_documents() -> Response:
    return RedirectResponse("docs")


async def _open(
    stack: AsyncExitStack, definitions: tuple[Workflow[Any, Any], ...], given: object
) -> Services:
    needs = find_needs(definitions, given, lambda: _settings(definitions))
    executor = await stack.enter_async_context(open_executor(needs))
    services = Services(
        executor=executor,
        settings=needs.settings,
        workspace=_upload_workspace(definitions, executor.env),
        hub=EventHub(executor.events, frame_of),
        stopping=asyncio.Event(),
    )
    if needs.settings.concurrency:
        await stack.enter_async_context(_worker(services))
    stack.callback(services.hub.close)
    return services


@asynccontextmanager
async def _worker(services: Services) -> AsyncGenerator[None]:
    """Run tasks while the block runs, and no longer than until the server is to stop."""
    ready: asyncio.Future[None] = asyncio.Future()

    async def work() -> None:
        async with services.executor.working(services.settings.concurrency):
            ready.set_result(None)
            await services.stopping.wait()

    worker = asyncio.create_task(work(), name="worker of the server")
    await asyncio.wait({worker, ready}, return_when=asyncio.FIRST_COMPLETED)
    if worker.done():
        await worker
    try:
        yield
    finally:
        services.stopping.set()
        await worker


def _takes_files(definitions: tuple[Workflow[Any, Any], ...]) -> str:
    """Name the workflows that take files."""
    return ", ".join(each.name for each in definitions if upload_fields(each.context))


def _settings(definitions: tuple[Workflow[Any, Any], ...]) -> ApiSettings:
    settings = ApiSettings.from_environment()
    taking = _takes_files(definitions)
    if taking and settings.upload_volume is None:
        raise ConfigurationError(
            f"DARA_UPLOAD_VOLUME is not set, and {taking} takes files: "
            "give the volume they go to, such as /Volumes/main/default/uploads"
        )
    return settings


def _upload_workspace(definitions: tuple[Workflow[Any, Any], ...], env: object) -> Workspace | None:
    """Give the workspace that uploads go to, if any workflow takes uploads."""
    taking = _takes_files(definitions)
    if not taking:
        return None
    workspace = getattr(env, "workspace", None)
    if not isinstance(workspace, Workspace):
        raise ConfigurationError(
            f"{taking} takes files, so the environment needs a `workspace` to upload "
            f"them to; {type(env).__name__} has none"
        )
    return workspace
