"""Workflows that are started by the clock: by a cron expression, in UTC."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import attrs
from cronsim import CronSim, CronSimError

from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.errors import QueueFull
from dara_fp.runtime.queue import Firing
from dara_fp.store.errors import StoreUnavailable

__all__ = ["Schedule", "firing", "schedule"]

logger = logging.getLogger(__name__)

_SOON = timedelta(seconds=1)
_KEYWORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class Schedule:
    """When a workflow is started by itself.

    Attributes:
        workflow: Its name.
        cron: Minute, hour, day, month and weekday, in UTC.
        next: When it is started next.
    """

    workflow: str
    cron: str
    next: datetime


class Starts(Protocol):
    """What starts a task: `WorkflowExecutor.start`."""

    async def __call__(
        self, name: str, context: object, *, task_id: str | None = ..., request: str | None = ...
    ) -> str:
        """Start the workflow called *name* on *context*, once for each *task_id*."""
        ...


def schedule(workflow: Workflow[Any, Any]) -> Schedule:
    """Give the schedule of *workflow*, which has one.

    Raises:
        ConfigurationError: It is no cron expression.
    """
    cron = _expression(workflow)
    return Schedule(workflow=workflow.name, cron=cron, next=next(CronSim(cron, datetime.now(UTC))))


def firing(workflow: Workflow[Any, Any], start: Starts) -> Firing:
    """Give what starts *workflow* by its schedule: one task each time, for the whole fleet.

    Raises:
        ConfigurationError: The schedule is no cron expression.
    """
    cron = _expression(workflow)

    async def fire(when: datetime) -> None:
        # The id is that of the firing, so it is one task however often, or late, it is delivered.
        last = next(CronSim(cron, when.astimezone(UTC) + _SOON, reverse=True))
        task_id = f"{workflow.name}.{last:%Y%m%dT%H%MZ}"
        # Defaults may be drawn anew each time, so the firing says what it is, not its context.
        try:
            await start(workflow.name, workflow.context(), task_id=task_id, request=task_id)
        except (StoreUnavailable, QueueFull):
            raise  # it is fired again after a while
        except (LookupError, TypeError, ValueError):  # it would be no better the next time
            logger.exception("the schedule of %s could not start %s", workflow.name, task_id)

    return Firing(name=workflow.name, cron=cron, start=fire)


def _expression(workflow: Workflow[Any, Any]) -> str:
    given = workflow.schedule or ""
    cron = _KEYWORDS.get(given, given)
    try:
        next(CronSim(cron, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        raise ConfigurationError(
            f"the schedule {given!r} of workflow {workflow.name!r} is no cron expression "
            f"({error!s}): give minute, hour, day, month and weekday, such as "
            "'0 6 * * *' for six o'clock every day, in UTC"
        ) from error
    return cron
