"""What the routes of one app work with, opened when the server starts."""

import attrs
from starlette.requests import Request

from dara_fp.api.settings import ApiSettings
from dara_fp.api.uploads import Uploader
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.executor import WorkflowExecutor

__all__ = ["Services", "services_of"]


@attrs.frozen(kw_only=True)
class Services:
    """The open parts of a running app.

    Attributes:
        executor: Starts tasks and reads their status.
        settings: The server's settings.
        workspace: Where uploads go; None if no workflow takes any.
    """

    executor: WorkflowExecutor
    settings: ApiSettings
    workspace: Workspace | None

    def uploader(self, task_id: str) -> Uploader:
        """Give the uploader for the files of the task *task_id*."""
        if self.workspace is None:  # pragma: no cover - refused when the server started
            raise RuntimeError("this server takes no uploads")
        return Uploader(self.workspace, f"{self.settings.upload_volume}/{task_id}")


def services_of(request: Request) -> Services:
    """Give the services of the app that serves *request*."""
    services: Services = request.app.state.services
    return services
