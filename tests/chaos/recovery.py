"""How long tasks stood still because their worker was killed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from dara_fp.store.records import Event
from tests.chaos.fleet import Running

__all__ = ["Loss", "losses"]

TAKEN = "the task runs"
ASKED = ("task.signal", "task.cancelling")  # what clients write
LEFT = ("task.queued", "task.waiting", "task.succeeded", "task.failed", "task.cancelled")


@attrs.frozen(kw_only=True)
class Claim:
    """A worker took a task.

    Attributes:
        task_id: The task.
        epoch: Which taking of it.
        killed_at: When that worker was killed; None if it was not.
    """

    task_id: str
    epoch: int
    killed_at: float | None


@attrs.frozen(kw_only=True)
class Loss:
    """A task whose worker was killed while it ran it; times in seconds since the epoch.

    Attributes:
        task_id: The task.
        killed_at: When the worker was killed.
        taken_at: When another worker took the task; None if none ever did.
        recorded_at: When that one first recorded something of it, its end included; None if it was
            lost itself before it came to that.
    """

    task_id: str
    killed_at: float
    taken_at: float | None
    recorded_at: float | None


def losses(workers: Iterable[Running], events: Mapping[str, Sequence[Event]]) -> list[Loss]:
    """Find every task that a killed worker held, by the workers' logs and the tasks' *events*."""
    claims = [claim for worker in workers for life in worker.lives for claim in
              _claims(life.log, life.ended_at)]  # fmt: skip
    found = (_loss(claim, events.get(claim.task_id, ())) for claim in claims)
    return [loss for loss in found if loss is not None]


def _claims(log: Path, killed_at: float | None) -> Iterable[Claim]:
    for line in log.read_text(errors="replace").splitlines():
        # The last line may be torn, as its writer was killed.
        if TAKEN in line and line.endswith("}"):
            said = json.loads(line)
            yield Claim(task_id=said["task_id"], epoch=said["epoch"], killed_at=killed_at)


def _loss(claim: Claim, events: Sequence[Event]) -> Loss | None:
    """Give the loss of *claim*; None if its worker had let go of the task before it was killed."""
    place = next((i for i, event in enumerate(events) if _epoch(event) == claim.epoch), None)
    if place is None or claim.killed_at is None:
        return None
    after = events[place + 1 :]
    left = next((event for event in after if event.kind in LEFT), None)
    if left is not None and left.at <= claim.killed_at:
        return None
    if left is not None and left.kind != "task.queued":
        return None  # what it sent with its last breath ended the task or parked it
    taken = next((i for i, event in enumerate(after) if _epoch(event) is not None), None)
    if taken is None:
        return Loss(
            task_id=claim.task_id, killed_at=claim.killed_at, taken_at=None, recorded_at=None
        )
    got_on = [event for event in after[taken + 1 :] if event.kind not in ASKED][:1]
    recorded = [event.at for event in got_on if event.kind != "task.queued"]
    return Loss(
        task_id=claim.task_id,
        killed_at=claim.killed_at,
        taken_at=after[taken].at,
        recorded_at=recorded[0] if recorded else None,
    )


def _epoch(event: Event) -> int | None:
    """Give the epoch that *event* begins, if it is the taking of a task."""
    if event.kind != "task.running":
        return None
    epoch: int = json.loads(event.data)["epoch"]
    return epoch
