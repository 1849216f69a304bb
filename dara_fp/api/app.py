"""The app: typed routes for any workflows, with no route code of the user's."""

import os
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.responses import RedirectResponse, Response

from dara_fp.api.bodies import upload_fields
from dara_fp.api.documents import add_schemas
from dara_fp.api.environment import closing, make_environment
from dara_fp.api.problems import add_problem_handlers
from dara_fp.api.request_ids import RequestIds
from dara_fp.api.services import Services
from dara_fp.api.settings import ApiSettings, read_all
from dara_fp.api.v1.health import health_routes
from dara_fp.api.v1.tasks import task_routes
from dara_fp.api.v1.workflows import Accepted, WorkflowList, workflow_routes
from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.runtime.queue import Leases
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.settings import StoreSettings
from dara_fp.store.store import Store

__all__ = ["create_app"]


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
    for router in (workflow_routes(by_name), task_routes(), health_routes()):
        app.include_router(router)
    app.add_api_route("/", _to_documents, include_in_schema=False)
    add_problem_handlers(app)
    add_schemas(app, (Accepted, TaskStatus, WorkflowList), by_name)
    app.add_middleware(RequestIds)
    return app


async def _to_documents() -> Response:
    return RedirectResponse("docs")


async def _open(
    stack: AsyncExitStack, definitions: tuple[Workflow[Any, Any], ...], given: object
) -> Services:
    settings, found, made = read_all(
        lambda: _settings(definitions),
        lambda: StoreSettings.from_environment(os.environ),
        lambda: make_environment(definitions, given),
    )
    env = await stack.enter_async_context(closing(made, given))
    workspace = _upload_workspace(definitions, env)
    store = await stack.enter_async_context(Store.open(found.url, found.data_dir))
    leases = Leases(grace=settings.grace_seconds)
    executor = WorkflowExecutor(definitions, store, env, leases=leases)
    await stack.enter_async_context(executor)
    if settings.concurrency:
        await stack.enter_async_context(executor.working(settings.concurrency))
    return Services(executor=executor, settings=settings, workspace=workspace)


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
