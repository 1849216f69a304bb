"""Who is told what tasks and steps do: tracing, metrics, logs, as far as they are switched on."""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Protocol

import attrs

from dara_fp.core.errors import ConfigurationError, StepError
from dara_fp.core.scope import Entry, Path
from dara_fp.telemetry.logs import task_logs
from dara_fp.telemetry.running import Running
from dara_fp.telemetry.settings import TelemetrySettings

__all__ = ["Observer", "observers"]


class Observer(Protocol):
    """What a runtime tells, in this order; nothing here waits, and nothing raises.

    A delivery begins with `task_started` and ends with one of `task_parked`, `task_dropped` and
    `task_ended`, all called where the workflow is called: in the same asyncio task, so that what
    the steps log and trace is known to belong to it.
    """

    def trace(self) -> str | None:
        """Give the `traceparent` to store with a task that is accepted here and now, or None."""
        ...

    def task_accepted(self, workflow: str) -> None:
        """Hear that a task of *workflow* was stored."""
        ...

    def task_started(self, task: Running) -> None:
        """Hear that *task* was claimed, before its workflow runs."""
        ...

    def step_reached(self, task: Running, path: Path) -> None:
        """Hear that *task* came to *path*, of which its journal holds nothing."""
        ...

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        """Hear that the *entry* at *path* of *task* is safe in the store."""
        ...

    def task_parked(self, task: Running) -> None:
        """Hear that *task* waits in the store, and is held by nobody."""
        ...

    def task_dropped(self, task: Running) -> None:
        """Hear that *task* goes on elsewhere: it was handed back, taken over or cut."""
        ...

    def task_ended(
        self, task: Running, state: str, error: StepError | None, seconds: float
    ) -> None:
        """Hear that *task* came to the final *state*, *seconds* after it was accepted."""
        ...


def observers(environ: Mapping[str, str] = os.environ) -> Observer | None:
    """Give who is to be told, or None if nobody is: then a runtime tells nothing.

    Ask when the runtime is opened, since tracing and logging are set up by then.

    Raises:
        ConfigurationError: A variable does not fit, or metrics are on and cannot be counted.
    """
    found = tuple(_switched_on(TelemetrySettings.from_environment(environ)))
    if len(found) > 1:
        return _Several(found)
    return found[0] if found else None


def _switched_on(settings: TelemetrySettings) -> Iterator[Observer]:
    spans = _spans()
    if spans is not None:
        yield spans
    if settings.metrics:
        yield _meters()
    logs = task_logs(settings)
    if logs is not None:
        yield logs


def _spans() -> Observer | None:
    # Whoever set a tracer provider has imported this; nobody else pays for it.
    if "opentelemetry.trace" not in sys.modules:
        return None
    from dara_fp.telemetry.spans import spans  # noqa: PLC0415 - needs what may not be installed

    return spans()


def _meters() -> Observer:
    if find_spec("prometheus_client") is None:
        raise ConfigurationError(
            "DARA_METRICS is on, and prometheus_client is not installed: "
            "install dara-fp[metrics], or switch it off"
        )
    from dara_fp.telemetry.meters import meters  # noqa: PLC0415 - needs what may not be installed

    return meters()


@attrs.frozen
class _Several:
    observers: tuple[Observer, ...]

    def trace(self) -> str | None:
        return next(filter(None, (each.trace() for each in self.observers)), None)

    def task_accepted(self, workflow: str) -> None:
        for each in self.observers:
            each.task_accepted(workflow)

    def task_started(self, task: Running) -> None:
        for each in self.observers:
            each.task_started(task)

    def step_reached(self, task: Running, path: Path) -> None:
        for each in self.observers:
            each.step_reached(task, path)

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        for each in self.observers:
            each.step_recorded(task, path, entry)

    def task_parked(self, task: Running) -> None:
        for each in self.observers:
            each.task_parked(task)

    def task_dropped(self, task: Running) -> None:
        for each in self.observers:
            each.task_dropped(task)

    def task_ended(
        self, task: Running, state: str, error: StepError | None, seconds: float
    ) -> None:
        for each in self.observers:
            each.task_ended(task, state, error, seconds)
