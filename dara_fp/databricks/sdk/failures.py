"""What the SDK's own errors become: failures a step may let through."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.exchange import Answer
from dara_fp.databricks.http.request_ids import request_id_of

__all__ = ["OperationFailed", "WaitTimedOut", "operation_failed", "seen", "timed_out"]

# Status, headers and secrets of the last answer in this task: what ended badly is told of by one
# that is no refusal.
_last: ContextVar[tuple[int, Mapping[str, str], tuple[str, ...]] | None] = ContextVar(
    "dara_fp_last_answer", default=None
)


class OperationFailed(DatabricksError):
    """What was waited for ended badly."""


class WaitTimedOut(DatabricksError, TimeoutError):
    """What was waited for took longer than the caller wanted to wait; it may still go on."""


def seen(answer: Answer) -> None:
    """Keep the facts of *answer* for an error that tells what it said."""
    _last.set((answer.status, answer.headers, answer.secrets))


def operation_failed(message: str) -> OperationFailed:
    """Give the error for what ended badly, as *message* says."""
    return OperationFailed(StepError(message=message, **_facts()))


def timed_out(message: str) -> WaitTimedOut:
    """Give the error for what is not done in time, as *message* says."""
    error = StepError(kind=Kind.TIMEOUT, message=message, retryable=True, **_facts())
    return WaitTimedOut(error)


def _facts() -> dict[str, Any]:
    if (last := _last.get()) is None:
        return {}
    status, headers, secrets = last
    return {"status": status, "request_id": request_id_of(headers, secrets=secrets)}
