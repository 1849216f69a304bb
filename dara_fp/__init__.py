"""DARA: compose durable Databricks workflows from plain async functions, and serve them as REST.

What belongs to the algebra is imported at once. What brings FastAPI, Redis, docket or httpx along
is imported when it is first used, so that `import dara_fp` stays quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

from returns.result import Failure, Success

from dara_fp.core.context import Evolves, StepContext, made
from dara_fp.core.control import branch, ensure, named, tap, when
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
from dara_fp.core.fanout import for_each, zoom
from dara_fp.core.limit import timeout
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.pipeline import Modifier, Pipeline, start, step
from dara_fp.core.saga import compensate, on_cancel, recover
from dara_fp.core.scope import Entry, Journal, Parked, Position, Scope, Waiting
from dara_fp.core.signals import pause, wait_for
from dara_fp.core.step import Step
from dara_fp.core.timing import Backoff, repeat, retry
from dara_fp.core.workflow import Workflow, workflow
from dara_fp.databricks.files.upload import Upload

if TYPE_CHECKING:
    from dara_fp.api.app import create_app
    from dara_fp.databricks.environment import DatabricksEnv, HasWorkspace
    from dara_fp.databricks.errors import DatabricksError
    from dara_fp.databricks.workspace import Workspace
    from dara_fp.runtime.executor import WorkflowExecutor
    from dara_fp.store.store import Store

__all__ = [
    "Backoff",
    "ConfigurationError",
    "DatabricksEnv",
    "DatabricksError",
    "Entry",
    "Evolves",
    "Failure",
    "HasWorkspace",
    "Journal",
    "Kind",
    "MemoryJournal",
    "Modifier",
    "Outcome",
    "Parked",
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
    "Waiting",
    "Workflow",
    "WorkflowExecutor",
    "WorkflowFailed",
    "Workspace",
    "branch",
    "compensate",
    "create_app",
    "ensure",
    "fail",
    "for_each",
    "made",
    "named",
    "on_cancel",
    "pause",
    "recover",
    "repeat",
    "retry",
    "start",
    "step",
    "tap",
    "timeout",
    "unwrap",
    "wait_for",
    "when",
    "workflow",
    "zoom",
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
