"""What the SDK's own errors become: failures a step may let through."""

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import DatabricksError

__all__ = ["OperationFailed", "WaitTimedOut", "operation_failed", "timed_out"]


class OperationFailed(DatabricksError):
    """What was waited for ended badly."""


class WaitTimedOut(DatabricksError, TimeoutError):
    """What was waited for took longer than the caller wanted to wait; it may still go on."""


def operation_failed(message: str) -> OperationFailed:
    """Give the error for what ended badly, as *message* says."""
    return OperationFailed(StepError(message=message))


def timed_out(message: str) -> WaitTimedOut:
    """Give the error for what is not done in time, as *message* says."""
    return WaitTimedOut(StepError(kind=Kind.TIMEOUT, message=message, retryable=True))
