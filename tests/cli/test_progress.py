"""A task as progress bars."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from dara_fp.cli.progress import TaskProgress
from dara_fp.core.errors import StepError
from dara_fp.runtime.status import StepStatus, TaskStatus, WaitStatus
from dara_fp.store.records import State

FOREIGN = "value [/nope] [bold] :bug:"
RUNNING = StepStatus(path="look[/a]", state="running", message=FOREIGN)
FAILED = StepStatus(path="look[/a]", state="failed", error=StepError(message=FOREIGN))


def status(step: StepStatus, *waiting: WaitStatus) -> TaskStatus:
    return TaskStatus(
        task_id="t",
        workflow="w",
        state=State.RUNNING,
        step=step.path,
        progress=0,
        steps=(step,),
        context={},
        error=None,
        created_at=datetime.now(UTC),
        started_at=None,
        finished_at=None,
        attempt=1,
        cancelling=False,
        owner=None,
        waiting=waiting,
    )


@pytest.mark.parametrize("step", [RUNNING, FAILED])
def test_what_a_step_says_is_shown_as_it_is(step: StepStatus) -> None:
    written = StringIO()
    with TaskProgress(Console(file=written, width=140)) as progress:
        progress.show(status(step))
    assert FOREIGN in written.getvalue()
    assert "look[/a]" in written.getvalue()


def test_a_step_that_waits_says_for_what() -> None:
    written = StringIO()
    step = StepStatus(path="wait(yes)", state="waiting")
    wait = WaitStatus(path="wait(yes)", signal="yes", since=datetime.now(UTC), until=None)
    with TaskProgress(Console(file=written, width=140)) as progress:
        progress.show(status(step, wait))
    assert "for yes" in written.getvalue()
