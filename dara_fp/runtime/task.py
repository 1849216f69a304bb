"""One delivery of one task: claim it, run its workflow, record how it ended."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from returns.result import Failure, Success

from dara_fp.core.check import drift, structure
from dara_fp.core.codec import Codec, InvalidFields, codec_of
from dara_fp.core.errors import Kind, StepError
from dara_fp.core.scope import Scope
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.journal import HandedBack, StoreJournal
from dara_fp.store.errors import Fenced
from dara_fp.store.records import History, State
from dara_fp.store.store import Store

__all__ = ["UnknownWorkflow", "run_task"]

logger = logging.getLogger(__name__)


class UnknownWorkflow(LookupError):
    """No workflow of that name is registered.

    Attributes:
        name: What was asked for.
        known: The names there are.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Keep the *name* and the *known* ones."""
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(f"no workflow {name!r}; there are {', '.join(self.known) or 'none'}")


async def run_task(
    store: Store, definitions: Mapping[str, Workflow[Any, Any]], env: object, task_id: str
) -> None:
    """Run the task *task_id* to its end, going on from what its journal holds.

    A task that is unknown, has ended, or was taken over by another delivery is left alone.

    Raises:
        UnknownWorkflow: *definitions* do not hold its workflow; it was not claimed.
        StoreUnavailable: The store did not say which workflow it is; it was not claimed.
    """
    workflow = await store.workflow_of(task_id)
    if workflow is None:
        return
    if workflow not in definitions:
        raise UnknownWorkflow(workflow, definitions)
    history = await store.claim(task_id)
    if history is None:
        return
    try:
        error = await _outcome(store, definitions, env, history)
        state = State.FAILED if error else State.SUCCEEDED
        await store.finish(task_id, history.task.epoch, state, error)
    except Fenced:
        logger.warning("task %s was taken over by another worker; this one stops", task_id)


async def _outcome(
    store: Store, definitions: Mapping[str, Workflow[Any, Any]], env: object, history: History
) -> StepError | None:
    task = history.task
    workflow = definitions[task.workflow]
    moved = drift(task.structure, structure(workflow.pipeline), [s.path for s in history.steps])
    if moved:
        return _refusal(f"workflow {task.workflow!r} changed under a running task: {moved}")
    codec: Codec[Any] = codec_of(workflow.context)
    try:
        context = codec.decode(task.context)
        journal = StoreJournal(store, codec, task.task_id, task.epoch, history.steps)
        outcome = await workflow(context, env, scope=Scope(task_id=task.task_id, journal=journal))
        if isinstance(outcome, Success):
            await journal.settle(context, outcome.unwrap())
    except InvalidFields as error:
        return _refusal(f"the stored context no longer fits {workflow.context.__name__}: {error}")
    except HandedBack as error:
        raise asyncio.CancelledError from error
    return _logged(task.task_id, outcome.failure()) if isinstance(outcome, Failure) else None


def _refusal(message: str) -> StepError:
    return StepError(kind=Kind.CONFLICT, message=message)


def _logged(task_id: str, error: StepError) -> StepError:
    level = logging.ERROR if error.kind is Kind.DEFECT else logging.WARNING
    logger.log(level, "task %s failed at %s\n%s", task_id, error, error.traceback or "")
    return error
