"""The executor: workflow definitions by name, started as tasks and run by workers."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import msgspec

from dara_fp.core.check import signals, structure
from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.scope import Path
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.accepting import Accepted, Limits, initial
from dara_fp.runtime.errors import (
    NotResumable,
    QueueFull,
    SignalRefused,
    TaskExists,
    UnknownSignal,
    UnknownTask,
    UnknownWorkflow,
)
from dara_fp.runtime.queue import Leases, Queue
from dara_fp.runtime.registry import registered
from dara_fp.runtime.resuming import forgotten
from dara_fp.runtime.schedules import Schedule, firing, schedule
from dara_fp.runtime.status import TaskStatus, status_of
from dara_fp.runtime.worker import Work, Worker
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import Event, NewTask, Page, State, TaskSummary
from dara_fp.store.store import Store
from dara_fp.telemetry.observer import observers

__all__ = ["Limits", "WorkflowExecutor"]

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_RETRY_SECONDS = 5.0


_LIMITS = Limits()


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
        limits: Limits = _LIMITS,
    ) -> None:
        """Register *definitions*, to be recorded in *store* and run with *env*.

        Args:
            definitions: Workflows with different names.
            store: An open store.
            env: What the workflows' steps need beside the context.
            leases: How long a worker may hold a task; the defaults suit most.
            limits: How much is taken on; by default anything.

        Raises:
            ValueError: Two definitions share a name.
            ConfigurationError: *env* lacks something that a definition's environment class has, or
                a schedule is no cron expression.
        """
        self.definitions = registered(definitions, env)
        self.store = store
        self.env = env
        self._limits = limits
        self._observer = observers()
        work = Work(
            store=store,
            definitions=self.definitions,
            env=env,
            leases=leases or Leases(),
            owner_concurrency=limits.owner_concurrency or 0,
            observer=self._observer,
        )
        self._worker = Worker(work)
        firings = [firing(each, self.start) for each in self.definitions.values() if each.schedule]
        self._queue = self._worker.queue = Queue(store, self._worker, work.leases, firings)

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
        self,
        name: str,
        context: object,
        *,
        task_id: str | None = None,
        owner: str | None = None,
        request: str | None = None,
    ) -> str:
        """Accept a task: once this returns, it is recorded and will be run by some worker.

        The same as `accept`, for those who need nothing but the id.
        """
        accepted = await self.accept(name, context, task_id=task_id, owner=owner, request=request)
        return accepted.task_id

    async def accept(
        self,
        name: str,
        context: object,
        *,
        task_id: str | None = None,
        owner: str | None = None,
        request: str | None = None,
    ) -> Accepted:
        """Accept a task, and say whether that was done before.

        A task of the same id that was started in the same way is that task: nothing is started
        twice, so it is safe to start it again when nobody knows whether it was accepted.

        Args:
            name: A registered workflow's name.
            context: The initial context, an instance of the workflow's class.
            task_id: Names the task; drawn at random if None.
            owner: Who started it.
            request: What tells it from other tasks of that id, such as a digest of the request;
                a digest of *context* if None.

        Returns:
            The task's id, and whether it is new.

        Raises:
            UnknownWorkflow: No definition has that *name*.
            TypeError: *context* is of another class, or holds a value that cannot be stored.
            TaskExists: Another task has that id.
            QueueFull: As many tasks are queued as may be.
            StoreUnavailable: The store did not answer. Where a *task_id* was given, start it again
                to be sure.
        """
        workflow = self.definition(name)
        task = NewTask(
            task_id=task_id or uuid.uuid4().hex,
            workflow=name,
            context=(encoded := initial(workflow, context)),
            structure=structure(workflow.pipeline),
            owner=owner,
            request=request or hashlib.sha256(encoded).hexdigest(),
            trace=self._observer.trace() if self._observer else None,
        )
        created = await self.store.create(task, bound=self._limits.queue or 0)
        if created.outcome == "full":
            raise QueueFull(self._limits.queue or 0, _RETRY_SECONDS)
        if created.outcome == "exists":
            if (created.workflow, created.request) != (name, task.request):
                raise TaskExists(task.task_id)
            return Accepted(task.task_id, is_new=False)
        if self._observer:
            self._observer.task_accepted(name)
        await self._queue.put(created.tickets)
        return Accepted(task.task_id, is_new=True)

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

    async def broken(self) -> None:
        """Return never, unless the worker here stops by itself.

        Raises:
            StoreUnavailable: It did; the message says why.
        """
        await self._queue.broken.wait()
        await self.check()

    async def status(self, task_id: str) -> TaskStatus | None:
        """Give what is known of the task, or None if there is no such task."""
        history = await self.store.read(task_id)
        return None if history is None else status_of(history)

    async def summary(self, task_id: str) -> TaskSummary | None:
        """Give what `tasks` says of the task, without its steps; None if there is no such task."""
        return await self.store.summary(task_id)

    async def tasks(
        self,
        *,
        workflow: str | None = None,
        state: State | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Give up to *limit* tasks, newest first: of that *workflow*, *state*, *owner*.

        Args:
            workflow: A workflow's name, or None for any.
            state: A state, or None for any.
            owner: An owner, or None for any.
            after: The `next` of the page before.
            limit: 1 to 1,000.

        Raises:
            ValueError: *after* is no cursor.
            StoreUnavailable: The store did not answer.
        """
        return await self.store.list(
            workflow=workflow, state=state, owner=owner, after=after, limit=limit
        )

    async def events(self, task_id: str, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Give up to *limit* events of the task with a number above *after*, in order."""
        return await self.store.events(task_id, after, limit)

    async def cancel(self, task_id: str) -> State:
        """Ask the task to end; what it did is undone, and it ends as `cancelled`.

        A task that ended already is left as it is, and asking twice is asking once.

        Returns:
            Its state right then; watch it to see it end.

        Raises:
            UnknownTask: There is no such task.
            StoreUnavailable: The store did not answer.
        """
        state, tickets = await self.store.cancel(task_id)
        await self._queue.put(tickets)
        return _known(task_id, state)

    async def resume(self, task_id: str, *, start: Path | None = None) -> State:
        """Go on with a task that failed, from what failed, as a new attempt with new tokens.

        A task that is not final is left as it is, so that asking twice is asking once.

        Args:
            task_id: The task.
            start: Path of a recorded step to go on from instead: it is done anew, and so is what
                was recorded after it.

        Returns:
            The task's state right then.

        Raises:
            UnknownTask: There is no such task.
            UnknownWorkflow: Its workflow is not registered here.
            NotResumable: It succeeded or was cancelled.
            ValueError: *start* was not recorded.
            StoreUnavailable: The store did not answer.
        """
        history = await self.store.read(task_id)
        if history is None:
            raise UnknownTask(task_id)
        task = history.task
        if not task.state.final:
            return task.state
        if task.state is not State.FAILED:
            raise NotResumable(task_id, task.state)
        steps = self.definition(task.workflow).pipeline.steps
        gone = forgotten(history, steps, start)
        state, tickets = await self.store.resume(task_id, task.attempt, gone)
        await self._queue.put(tickets)
        return _known(task_id, state)

    async def signal(self, task_id: str, name: str, body: bytes) -> bool:
        """Send the signal *name* with a JSON *body* to the task, and wake it if it waits for it.

        A signal is kept once, so sending the same again is sending it once.

        Returns:
            Whether it was taken now; False if it was there already.

        Raises:
            UnknownTask: There is no such task.
            UnknownWorkflow: Its workflow is not registered here.
            UnknownSignal: The workflow never waits for it.
            InvalidFields: *body* does not fit the field it is for.
            SignalRefused: The task is over, or got this signal with another body.
            StoreUnavailable: The store did not answer; sending it again does no harm.
        """
        found = await self.store.summary(task_id)
        if found is None:
            raise UnknownTask(task_id)
        workflow = self.definition(found.workflow)
        known = signals(workflow.pipeline)
        if name not in known:
            raise UnknownSignal(name, workflow.name, known)
        _check_body(workflow, name, known[name], body)
        came = await self.store.signal(task_id, name, body)
        await self._queue.put(came.tickets)
        if came.outcome in {"taken", "known"}:
            return came.outcome == "taken"
        if came.outcome == "unknown":
            raise UnknownTask(task_id)
        raise SignalRefused(
            f"task {task_id!r} got the signal {name!r} already, with another body"
            if came.outcome == "other"
            else f"task {task_id!r} is over, and takes no signal any more"
        )

    def schedules(self) -> tuple[Schedule, ...]:
        """Give what is started by itself, and when next."""
        return tuple(schedule(each) for each in self.definitions.values() if each.schedule)

    async def watch(self, task_id: str) -> AsyncGenerator[TaskStatus]:
        """Give the task's status again and again, the final one last.

        Raises:
            UnknownTask: There is no such task.
        """
        pause = _FIRST_PAUSE
        while True:
            status = await self.status(task_id)
            if status is None:
                raise UnknownTask(task_id)
            yield status
            if status.state.final:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, _LONGEST_PAUSE)

    async def wait(self, task_id: str) -> TaskStatus:
        """Wait until the task has ended, and give its status.

        Raises:
            UnknownTask: There is no such task.
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
        async with self._worker.looking(), self._queue.working(concurrency):
            yield


def _check_body(workflow: Workflow[Any, Any], name: str, field: str, body: bytes) -> None:
    if field:
        codec_of(workflow.context).decode_field(field, body)
        return
    # It is awaited inside `for_each` or `zoom`, for a field of another class: there it is read.
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise InvalidFields({name: f"is no JSON: {error}"}) from error


def _known(task_id: str, state: State | None) -> State:
    if state is None:
        raise UnknownTask(task_id)
    return state
