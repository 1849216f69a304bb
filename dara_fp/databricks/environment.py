"""What steps need to reach Databricks, as an environment of a workflow."""

import os
from collections.abc import Mapping
from typing import Protocol, Self

import attrs

from dara_fp.databricks.workspace import Workspace

__all__ = ["DatabricksEnv", "HasWorkspace"]


class HasWorkspace(Protocol):
    """An environment that gives a workspace."""

    @property
    def workspace(self) -> Workspace:
        """Give the workspace."""
        ...


@attrs.frozen(kw_only=True)
class DatabricksEnv:
    """An environment with a workspace and nothing else.

    Attributes:
        workspace: Where steps make their calls.
    """

    workspace: Workspace

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Reach the workspace that the variables of *environ* name; nothing is sent.

        Raises:
            ConfigurationError: Variables are unset, malformed or contradict each other.
        """
        return cls(workspace=Workspace.from_environment(environ))

    async def aclose(self) -> None:
        """Close the workspace's connections."""
        await self.workspace.aclose()
