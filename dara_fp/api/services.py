"""What the routes of one app work with, opened when the server starts."""

import asyncio

import attrs
from fastapi import FastAPI
from starlette.requests import Request

from dara_fp.api.settings import ApiSettings
from dara_fp.api.streams import EventHub
from dara_fp.api.uploads import Uploader
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.executor import WorkflowExecutor

__all__ = ["Services", "services_of", "stop_early"]


@attrs.frozen(kw_only=True)
class Services:
    """The open parts of a running app.

    Attributes:
        executor: Starts tasks and reads their status.
        settings: The server's settings.
        workspace: Where uploads go; None if no workflow takes any.
        hub: Sends the events of tasks to those who watch them.
        stopping: Set once the server is to stop: its worker takes no more tasks then.
    """

    executor: WorkflowExecutor
    settings: ApiSettings
    workspace: Workspace | None
    hub: EventHub
    stopping: asyncio.Event

    def uploader(self, folder: str, *, digesting: bool, rehearsing: bool) -> Uploader:
        """Give the uploader for the files of one request, which go into *folder*."""
        if self.workspace is None:  # pragma: no cover - refused when the server started
            raise RuntimeError("this server takes no uploads")
        return Uploader(
            self.workspace,
            f"{self.settings.upload_volume}/{folder}",
            digesting=digesting,
            rehearsing=rehearsing,
        )


def services_of(request: Request) -> Services:
    """Give the services of the app that serves *request*."""
    services: Services = request.app.state.services
    return services


def stop_early(app: FastAPI) -> None:
    """Let the worker of *app* take no more tasks, and end its streams, while requests go on.

    A server that knows it is to stop calls this first, so that the grace of running tasks and the
    last requests pass at the same time.
    """
    services: Services | None = getattr(app.state, "services", None)
    if services is not None:
        services.stopping.set()
        services.hub.close()
