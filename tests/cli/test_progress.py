"""A task as progress bars."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from dara_fp.cli.progress import TaskProgress
from dara_fp.core.errors import StepError
from dara_fp.runtime.status import StepStatus, TaskStatus
from dara_fp.store.records import State

FOREIGN = "value [/nope] [bold] :bug:"
RUNNING = StepStatus(path="look[/a]", state="running", message=FOREIGN)
FAILED = StepStatus(path="look[/a]", state="failed", error=StepError(message=FOREIGN))


def status(step: StepStatus) -> TaskStatus:
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
    )


@pytest.mark.parametrize("step", [RUNNING, FAILED])
def test_what_a_step_says_is_shown_as_it_is(step: StepStatus) -> None:
    written = StringIO()
    with TaskProgress(Console(file=written, width=140)) as progress:
        progress.show(status(step))
    assert FOREIGN in written.getvalue()
    assert "look[/a]" in written.getvalue()
