"""DARA: compose durable Databricks workflows from plain async functions, and serve them as REST.

What belongs to the algebra is imported at once. What brings FastAPI, Redis, docket or httpx along
is imported when it is first used, so that `import dara_fp` stays quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

from returns.result import Failure, Success

from dara_fp.core.context import Evolves, StepContext, made
from dara_fp.core.draw import mermaid, outline
from dara_fp.core.errors import (
    ConfigurationError,
    Kind,
    Outcome,
    StepError,
    StepFailed,
    WorkflowFailed,
    fail,
    unwrap,
)
from dara_fp.core.pipeline import Pipeline, Step, start, step
from dara_fp.core.scope import Journal, MemoryJournal, Position, Scope
from dara_fp.core.workflow import Workflow, workflow
from dara_fp.databricks.upload import Upload

if TYPE_CHECKING:
    from dara_fp.api.app import create_app
    from dara_fp.databricks.environment import DatabricksEnv, HasWorkspace
    from dara_fp.databricks.errors import DatabricksError
    from dara_fp.databricks.workspace import Workspace
    from dara_fp.runtime.executor import WorkflowExecutor
    from dara_fp.store.store import Store

__all__ = [
    "ConfigurationError",
    "DatabricksEnv",
    "DatabricksError",
    "Evolves",
    "Failure",
    "HasWorkspace",
    "Journal",
    "Kind",
    "MemoryJournal",
    "Outcome",
    "Pipeline",
    "Position",
    "Scope",
    "Step",
    "StepContext",
    "StepError",
    "StepFailed",
    "Store",
    "Success",
    "Upload",
    "Workflow",
    "WorkflowExecutor",
    "WorkflowFailed",
    "Workspace",
    "create_app",
    "fail",
    "made",
    "mermaid",
    "outline",
    "start",
    "step",
    "unwrap",
    "workflow",
]

_LAZY = {
    "DatabricksEnv": "dara_fp.databricks.environment",
    "DatabricksError": "dara_fp.databricks.errors",
    "HasWorkspace": "dara_fp.databricks.environment",
    "Store": "dara_fp.store.store",
    "WorkflowExecutor": "dara_fp.runtime.executor",
    "Workspace": "dara_fp.databricks.workspace",
    "create_app": "dara_fp.api.app",
}


def __getattr__(name: str) -> Any:
    """Import the public *name* when it is first used."""
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'dara_fp' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def __dir__() -> list[str]:
    return __all__
