"""What is counted for Prometheus."""

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Entry, Path
from dara_fp.telemetry.labels import step_name
from dara_fp.telemetry.running import Running

__all__ = ["Meters", "meters"]

_STEP_BUCKETS = (0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
_TASK_BUCKETS = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0)


@cache
def meters() -> "Meters":
    """Give what this process counts, on the page that other libraries count on as well."""
    return Meters(REGISTRY)


class Meters:
    """Counts tasks and times steps.

    Labels are names that workflows were written with, never ids, owners or messages: each value
    of a label is a series of its own.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        """Count in *registry*, which may hold one of these."""
        self._accepted = Counter(
            "dara_tasks_accepted_total", "Tasks stored.", ["workflow"], registry=registry
        )
        self._deliveries = Counter(
            "dara_deliveries_total", "Times a worker took a task.", ["workflow"], registry=registry
        )
        self._running = Gauge(
            "dara_running_tasks", "Tasks that run here now.", ["workflow"], registry=registry
        )
        self._ended = Counter(
            "dara_tasks_total", "Tasks that ended.", ["workflow", "state"], registry=registry
        )
        self._tasks = Histogram(
            "dara_task_seconds",
            "Time from a task's acceptance to its end.",
            ["workflow"],
            buckets=_TASK_BUCKETS,
            registry=registry,
        )
        self._steps = Histogram(
            "dara_step_seconds",
            "Time that a step ran.",
            ["workflow", "step"],
            buckets=_STEP_BUCKETS,
            registry=registry,
        )

    def trace(self) -> None:
        """Give None: what is counted belongs to no trace."""

    def task_accepted(self, workflow: str) -> None:
        """Count it."""
        self._accepted.labels(workflow).inc()

    def task_started(self, task: Running) -> None:
        """Count the delivery."""
        self._deliveries.labels(task.workflow).inc()
        self._running.labels(task.workflow).inc()

    def step_reached(self, task: Running, path: Path) -> None:
        """Do nothing: a step is timed by its entry."""

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        """Note how long the step ran; what became of a failure is no step."""
        if entry.verdict is None and entry.started_at:
            seconds = max(0.0, entry.finished_at - entry.started_at)
            self._steps.labels(task.workflow, step_name(path)).observe(seconds)

    def task_parked(self, task: Running) -> None:
        """Note that it runs no more."""
        self._running.labels(task.workflow).dec()

    def task_dropped(self, task: Running) -> None:
        """Note that it runs no more."""
        self._running.labels(task.workflow).dec()

    def task_ended(
        self,
        task: Running,
        state: str,
        error: StepError | None,  # noqa: ARG002 - by protocol
        seconds: float,
    ) -> None:
        """Count the task, and note how long it took."""
        self._running.labels(task.workflow).dec()
        self._ended.labels(task.workflow, state).inc()
        self._tasks.labels(task.workflow).observe(max(0.0, seconds))
