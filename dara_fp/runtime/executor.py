"""The executor: workflow definitions by name, started as tasks and run by workers."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import attrs

from dara_fp.core.check import structure
from dara_fp.core.codec import codec_of
from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.queue import Leases, Queue
from dara_fp.runtime.status import TaskStatus, status_of
from dara_fp.runtime.task import UnknownWorkflow, run_task
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import NewTask
from dara_fp.store.store import Store

__all__ = ["WorkflowExecutor"]

logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5


class WorkflowExecutor:
    """Starts workflows as tasks and, where it works, runs them.

    >>> async def example(store: Store, ingest: Workflow[Any, Any], env: object) -> TaskStatus:
    ...     async with WorkflowExecutor([ingest], store, env) as executor, executor.working():
    ...         return await executor.wait(await executor.start("ingest", ingest.context()))
    """

    def __init__(
        self,
        definitions: Iterable[Workflow[Any, Any]],
        store: Store,
        env: object = None,
        *,
        leases: Leases | None = None,
    ) -> None:
        """Register *definitions*, to be recorded in *store* and run with *env*.

        Args:
            definitions: Workflows with different names.
            store: An open store.
            env: What the workflows' steps need beside the context.
            leases: How long a worker may hold a task; the defaults suit most.

        Raises:
            ValueError: Two definitions share a name.
            ConfigurationError: *env* lacks something that a definition's environment class has.
        """
        self.definitions = _by_name(definitions)
        for each in self.definitions.values():
            _check_env(each, env)
        self.store = store
        self.env = env
        self._leases = leases or Leases()
        self._queue = Queue(store, self._run, self._leases)

    async def __aenter__(self) -> Self:
        """Connect the queue."""
        await self._queue.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Disconnect the queue; tasks that wait in it stay there."""
        await self._queue.close()

    async def start(
        self, name: str, context: object, *, task_id: str | None = None, owner: str | None = None
    ) -> str:
        """Accept a task: once this returns, it is recorded and will be run by some worker.

        Args:
            name: A registered workflow's name.
            context: The initial context, an instance of the workflow's class.
            task_id: Names the task; drawn at random if None.
            owner: Who started it.

        Returns:
            The task's id.

        Raises:
            UnknownWorkflow: No definition has that *name*.
            TypeError: *context* is of another class, or holds a value that cannot be stored.
            ValueError: There is a task of that id already.
            StoreUnavailable: The store did not answer; nothing was accepted.
        """
        workflow = self.definition(name)
        # A subclass would lose the fields it adds.
        if type(context) is not workflow.context:
            took, got = workflow.context.__name__, type(context).__name__
            raise TypeError(f"workflow {name!r} takes a {took}, got a {got}")
        task = NewTask(
            task_id=task_id or uuid.uuid4().hex,
            workflow=name,
            context=codec_of(workflow.context).encode(context),
            structure=structure(workflow.pipeline),
            owner=owner,
        )
        if not await self.store.create(task):
            raise ValueError(f"task {task.task_id!r} exists already: choose another id")
        try:
            await self._queue.put(task.task_id)
        except StoreUnavailable as error:
            # It is in the store, so it is accepted: a worker's sweep will queue it.
            logger.warning("task %s is not queued yet: %s", task.task_id, error)
        return task.task_id

    def definition(self, name: str) -> Workflow[Any, Any]:
        """Give the workflow called *name*.

        Raises:
            UnknownWorkflow: There is none.
        """
        found = self.definitions.get(name)
        if found is None:
            raise UnknownWorkflow(name, self.definitions)
        return found

    async def check(self) -> None:
        """Return if tasks can be accepted, and run where this executor works.

        Raises:
            StoreUnavailable: The store does not answer, or the worker here has stopped.
        """
        await self.store.ping()
        if self._queue.trouble:
            raise StoreUnavailable(f"{self._queue.trouble}; restart this process")

    async def status(self, task_id: str) -> TaskStatus | None:
        """Give what is known of the task, or None if there is no such task."""
        history = await self.store.read(task_id)
        return None if history is None else status_of(history)

    async def watch(self, task_id: str) -> AsyncGenerator[TaskStatus]:
        """Give the task's status again and again, the final one last.

        Raises:
            LookupError: There is no such task.
        """
        pause = _FIRST_PAUSE
        while True:
            status = await self.status(task_id)
            if status is None:
                raise LookupError(f"no task {task_id!r} in the store")
            yield status
            if status.state.final:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)

    async def wait(self, task_id: str) -> TaskStatus:
        """Wait until the task has ended, and give its status.

        Raises:
            LookupError: There is no such task.
        """
        statuses = [status async for status in self.watch(task_id) if status.state.final]
        return statuses[0]

    @asynccontextmanager
    async def working(self, concurrency: int = 10) -> AsyncGenerator[None]:
        """Run tasks in the background while the block runs.

        At its end no new task is taken, and those that run get the grace period to finish;
        what is still running then is handed back to the queue and goes on elsewhere.

        Args:
            concurrency: How many tasks run at the same time.
        """
        async with self._queue.working(concurrency):
            sweeper = asyncio.create_task(self._sweep_forever(), name="dara sweep")
            try:
                yield
            finally:
                sweeper.cancel()
                await asyncio.wait({sweeper})

    async def _sweep_forever(self) -> None:
        """Queue what was stored and never queued, because whoever accepted it was cut off."""
        while True:
            try:
                for task_id in await self.store.queued():
                    await self._queue.put(task_id)
            except StoreUnavailable as error:
                logger.warning("looking for forgotten tasks: %s", error)
            await asyncio.sleep(self._leases.sweep)

    async def _run(self, task_id: str) -> None:
        await run_task(self.store, self.definitions, self.env, task_id)


def _by_name(definitions: Iterable[Workflow[Any, Any]]) -> Mapping[str, Workflow[Any, Any]]:
    found: dict[str, Workflow[Any, Any]] = {}
    for each in definitions:
        if each.name in found:
            raise ValueError(f"two workflows are called {each.name!r}: rename one")
        found[each.name] = each
    return found


def _check_env(workflow: Workflow[Any, Any], env: object) -> None:
    needed = workflow.pipeline.env
    if needed is None or isinstance(env, needed):
        return
    names = [field.name for field in attrs.fields(needed)] if attrs.has(needed) else []
    missing = [name for name in names if not hasattr(env, name)]
    if missing or not names:
        lacks = f", without {', '.join(missing)}" if missing else ""
        raise ConfigurationError(
            f"workflow {workflow.name!r} needs an environment like {needed.__name__}, "
            f"got {type(env).__name__}{lacks}"
        )
