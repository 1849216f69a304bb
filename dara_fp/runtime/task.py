"""One delivery of one task: run its workflow from where its journal ends, record how that went."""

import asyncio
import logging
from typing import Any, TypeAlias

import attrs
from returns.result import Success

from dara_fp.core.check import drift, structure
from dara_fp.core.codec import Codec, InvalidFields, codec_of
from dara_fp.core.errors import Kind, NotSerialisable, StepError
from dara_fp.core.scope import Parked, Scope, Waiting
from dara_fp.core.shape import first_name
from dara_fp.core.undo import CANCELLED
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.journal import HandedBack, PathTooLong, StoreJournal
from dara_fp.runtime.running import Run
from dara_fp.store.errors import Fenced
from dara_fp.store.records import State

__all__ = ["run_task"]

logger = logging.getLogger(__name__)


@attrs.frozen
class _Final:
    """The task is over, in *state*, because of *error* if there was one."""

    state: State
    error: StepError | None = None


@attrs.frozen
class _Waits:
    """The task goes on once one of *waits* is over."""

    waits: tuple[Waiting, ...]


class _Elsewhere:
    """The task goes on with another worker, since this one stops."""


_End: TypeAlias = _Final | _Waits | _Elsewhere


async def run_task(run: Run, workflow: Workflow[Any, Any], env: object) -> int:
    """Run the task of *run* until it ends, waits, or is handed back.

    Args:
        run: A delivery of the task.
        workflow: The task's workflow.
        env: What its steps need beside the context.

    Returns:
        How many tickets are to be put.

    Raises:
        StoreUnavailable: The server refused, or the store was closed.
    """
    observer = run.observer
    if observer is not None:
        observer.task_started(run.told)
    settled = False
    try:
        end = await _end(run, workflow, env)
        run.ended()
        tickets = await _record(run, end)
        settled = True
    except Fenced as error:
        # A worker that stops does not care who has the task now.
        logger.log(logging.DEBUG if run.handing_back else logging.WARNING, "%s", error)
        return 0
    finally:
        if observer is not None and not settled:
            observer.task_dropped(run.told)
    return tickets


async def _record(run: Run, end: _End) -> int:
    """Record the *end* of *run*, tell who observes, and give the tickets to put."""
    if isinstance(end, _Waits):
        return await _parked(run, end.waits)
    observer = run.observer
    if isinstance(end, _Elsewhere):
        tickets = await run.claimed.hand_back()
        if observer is not None:
            observer.task_dropped(run.told)
        return tickets
    tickets = await run.claimed.finish(end.state, end.error)
    if observer is not None:
        seconds = run.clock() - run.claimed.history.task.created_at
        observer.task_ended(run.told, end.state.value, end.error, seconds)
    return tickets


async def _parked(run: Run, waits: tuple[Waiting, ...]) -> int:
    try:
        parking = await run.claimed.park(waits)
    except ValueError as error:
        failed = StepError(kind=Kind.DEFECT, message=str(error))
        return await _record(run, _Final(State.FAILED, failed))
    if run.observer is not None:
        run.observer.task_parked(run.told)
    return parking.tickets


async def _end(run: Run, workflow: Workflow[Any, Any], env: object) -> _End:
    """Run the workflow as far as it goes."""
    task = run.claimed.history.task
    moved = _moved(run, workflow)
    if moved:
        message = f"workflow {task.workflow!r} changed under a running task: {moved}"
        return _Final(State.FAILED, StepError(kind=Kind.CONFLICT, message=message))
    try:
        return await _outcome(run, workflow, env)
    except Parked as parked:
        return _Waits(parked.waits)
    except HandedBack:
        return _Elsewhere()
    except asyncio.CancelledError as error:
        return _cancelled(error) if run.cancelling else _Elsewhere()
    except (InvalidFields, NotSerialisable, PathTooLong) as error:
        return _Final(State.FAILED, _unfit(error, workflow))


async def _outcome(run: Run, workflow: Workflow[Any, Any], env: object) -> _Final:
    task = run.claimed.history.task
    codec: Codec[Any] = codec_of(workflow.context)
    context = codec.decode(task.context)
    journal = StoreJournal(run, codec)
    if run.cancelling:
        journal.cancel(f"run({first_name(workflow.pipeline.steps)})")
    scope = Scope(
        task_id=task.task_id,
        attempt=task.attempt,
        journal=journal,
        clock=run.clock,
        cancelling=lambda: run.cancelling,
    )
    outcome = await workflow(context, env, scope=scope)
    if isinstance(outcome, Success):
        await journal.settle(context, outcome.unwrap())
        return _Final(State.SUCCEEDED)
    return _Final(State.FAILED, _logged(task.task_id, outcome.failure()))


def _moved(run: Run, workflow: Workflow[Any, Any]) -> str | None:
    history = run.claimed.history
    if not history.steps:
        return None
    recorded = [step.path for step in history.steps]
    return drift(history.task.structure, structure(workflow.pipeline), recorded)


def _cancelled(error: asyncio.CancelledError) -> _Final:
    """Give the end of a run that was cancelled: a failure, if it could not be undone."""
    said = error.args[0] if error.args else None
    if isinstance(said, StepError) and said != CANCELLED:
        return _Final(State.FAILED, said)
    return _Final(State.CANCELLED, CANCELLED)


def _unfit(error: Exception, workflow: Workflow[Any, Any]) -> StepError:
    """Say what the store's record of a task of *workflow* cannot hold, or holds no longer."""
    if not isinstance(error, InvalidFields):
        return StepError(kind=Kind.DEFECT, message=str(error))
    message = f"the stored context no longer fits {workflow.context.__name__}: {error}"
    return StepError(kind=Kind.CONFLICT, message=message)


def _logged(task_id: str, error: StepError) -> StepError:
    level = logging.ERROR if error.kind is Kind.DEFECT else logging.WARNING
    logger.log(level, "task %s failed at %s\n%s", task_id, error, error.traceback or "")
    return error
