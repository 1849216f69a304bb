"""Workflows whose tasks wait: parked for a signal, or polling a run."""

import attrs

from dara_fp import Outcome, StepContext, Success, made, start, wait_for, workflow
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.workspace import Workspace

__all__ = ["APPROVAL", "NOWHERE", "PARKED", "POLLING", "Env", "Request", "RunOf"]

NOWHERE = "http://127.0.0.1:9"
"""The address of a workspace that nobody asks."""

APPROVAL = "approval"
"""The signal that parked tasks wait for."""


@attrs.frozen(kw_only=True)
class Env:
    """What the workflows need.

    Attributes:
        workspace: Where the runs are.
        seconds: How long to pause before a run is asked about again.
    """

    workspace: Workspace
    seconds: float


@attrs.frozen(kw_only=True)
class Request(StepContext):
    """What somebody is to approve."""

    path: str
    approved: bool | None = made()


@attrs.frozen(kw_only=True)
class RunOf(StepContext):
    """The run that a task waits for."""

    run_id: int
    result: str | None = made()


async def _wait_for_run(ctx: RunOf, env: Env) -> Outcome[RunOf]:
    polling = Polling(least=env.seconds, most=env.seconds)
    run = await env.workspace.runs.wait(ctx.run_id, polling=polling)
    return Success(ctx.evolve(result=run.result))


PARKED = workflow("parked", start(Request) >> wait_for(APPROVAL, into="approved"))
"""Waits for the signal, and holds no worker meanwhile."""

POLLING = workflow("polling", start(RunOf, Env) >> _wait_for_run)
"""Asks every few seconds how its run is, for it has no other way to know."""
