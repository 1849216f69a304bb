"""The task that runs, as far as telemetry may know it."""

import attrs

__all__ = ["Running"]


@attrs.frozen(kw_only=True, eq=False)
class Running:
    """One delivery of a task, the same only as itself.

    Neither the context nor what steps change belongs here: both may hold secrets.

    Attributes:
        task_id: Names the task.
        workflow: The workflow's name.
        attempt: Counts the deliberate runs of the task, from 1.
        epoch: Counts how often the task changed hands.
        owner: Who started it, or None.
        trace: The W3C `traceparent` that was stored with the task, or None.
    """

    task_id: str
    workflow: str
    attempt: int
    epoch: int
    owner: str | None = None
    trace: str | None = None
