"""What the store can answer other than yes.

Exception
├── StoreUnavailable   the store is away, refuses us, or cannot be started
└── Fenced             the caller no longer owns the task
"""

__all__ = ["Fenced", "StoreUnavailable"]


class StoreUnavailable(Exception):
    """The store cannot be used now; the message names its address and a remedy.

    Attributes:
        retry_after: Seconds after which the same call is worth another try.
    """

    def __init__(self, message: str, *, retry_after: float = 2.0) -> None:
        """Say *message*, and that trying again makes sense after *retry_after* seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class Fenced(Exception):
    """A write was refused: *epoch* is not the current owner of *task_id*, or the task is over."""

    def __init__(self, task_id: str, epoch: int, reason: str) -> None:
        """Refuse *epoch* of *task_id* because of *reason*."""
        super().__init__(
            f"task {task_id}: the write of epoch {epoch} was refused, because {reason}; "
            "stop working on this task"
        )
        self.task_id = task_id
        self.epoch = epoch
