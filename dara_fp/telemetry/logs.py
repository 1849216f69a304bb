"""Log records that say which task and step they belong to, and the log as JSON."""

import json
import logging
import os
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from math import isfinite

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Entry, Path
from dara_fp.telemetry.running import Running
from dara_fp.telemetry.settings import TelemetrySettings

__all__ = ["JsonLines", "TaskFields", "TaskLogs", "configure_logging", "task_logs"]

logger = logging.getLogger(__name__)

_FIELDS = ("task_id", "workflow", "step", "attempt", "owner")
_USUAL = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NOISY = ("docket", "httpx")

_here: ContextVar[tuple[Running, Path | None] | None] = ContextVar("dara_task", default=None)


def configure_logging(environ: Mapping[str, str] = os.environ) -> None:
    """Write the log to standard error as `DARA_LOG` says, unless somebody set it up already.

    Raises:
        ConfigurationError: A variable does not fit.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    if TelemetrySettings.from_environment(environ).log == "json":
        handler.addFilter(TaskFields())
        handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def task_logs(settings: TelemetrySettings) -> "TaskLogs | None":
    """Give what tells log records where they belong, or None if nobody wants to know."""
    return TaskLogs() if settings.log == "json" or TaskFields.wanted else None


class TaskFields(logging.Filter):
    """Gives each record `task_id`, `workflow`, `step`, `attempt` and `owner`.

    They are None where no task runs. It belongs on a handler: the filters of a logger do not see
    what the loggers below it let through.

    Attributes:
        wanted: Whether there has been one, so that runtimes opened since say where they are.
    """

    wanted = False

    def __init__(self) -> None:
        """Let everything through."""
        super().__init__()
        TaskFields.wanted = True

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields to *record*."""
        here = _here.get()
        if here is not None:
            task, step = here
            found = (task.task_id, task.workflow, step, task.attempt, task.owner)
            record.__dict__.update(zip(_FIELDS, found, strict=True))
        for name in _FIELDS:  # what somebody outside of a task said of one stays
            record.__dict__.setdefault(name, None)
        return True


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON.

    After time, level, logger and message come the record's `extra` fields that are text, numbers
    or truth values, and what was raised.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write *record*."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._raised(record),
        }
        # What the record says of itself stands, whatever the extra fields are called.
        own = _USUAL | said.keys()
        extra = record.__dict__.items()
        return json.dumps(said | {k: v for k, v in extra if k not in own and _is_plain(v)})

    def _raised(self, record: logging.LogRecord) -> dict[str, str]:
        if record.exc_info and record.exc_info[0] is not None:
            return {"exception": self.formatException(record.exc_info)}
        return {"exception": record.exc_text} if record.exc_text else {}


class TaskLogs:
    """Remembers where a run is for the records that are logged there, and logs how it goes."""

    def trace(self) -> None:
        """Give None: a log belongs to no trace."""

    def task_accepted(self, workflow: str) -> None:
        """Do nothing: whoever accepts a task logs the request."""

    def task_started(self, task: Running) -> None:
        """Begin to remember *task*."""
        _here.set((task, None))
        logger.info("the task runs", extra={"epoch": task.epoch})

    def step_reached(self, task: Running, path: Path) -> None:
        """Remember *path*, for this step and what it starts."""
        _here.set((task, path))

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        """Say how the step at *path* ended."""
        _here.set((task, path))
        seconds = round(max(0.0, entry.finished_at - entry.started_at), 6)
        if entry.error is None:
            logger.debug("the step is recorded", extra={"seconds": seconds})
        elif entry.verdict is None:
            said, kind = entry.error.message, entry.error.kind.value
            logger.info("the step failed: %s", said, extra={"seconds": seconds, "kind": kind})
        _here.set((task, None))

    def task_parked(self, task: Running) -> None:
        """Say so, and forget *task*."""
        _leave(task, "the task waits", {})

    def task_dropped(self, task: Running) -> None:
        """Say so, and forget *task*."""
        _leave(task, "the task goes on elsewhere", {})

    def task_ended(
        self, task: Running, state: str, error: StepError | None, seconds: float
    ) -> None:
        """Say so, and forget *task*."""
        facts = {"state": state, "seconds": round(seconds, 3)}
        kind = {"kind": error.kind.value} if error else {}
        _leave(task, f"the task ended: {state}", facts | kind)


def _is_plain(value: object) -> bool:
    """Tell whether JSON has *value*, which it does not of infinity and what is no number."""
    return isfinite(value) if isinstance(value, float) else isinstance(value, str | int)


def _leave(task: Running, message: str, extra: Mapping[str, object]) -> None:
    _here.set((task, None))
    logger.info(message, extra=extra)
    _here.set(None)
