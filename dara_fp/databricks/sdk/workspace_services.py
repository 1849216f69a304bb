"""The services of a workspace; what they are and take is in the stub beside this file."""

from dara_fp.databricks.sdk.services import Services

__all__ = ["WorkspaceServices"]


class WorkspaceServices(Services):
    """All services of the SDK's `WorkspaceClient`, asynchronous, under the same names."""

    _client = "WorkspaceClient"
