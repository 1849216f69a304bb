"""Drives runs: who may start, task after task, cancelled, timed out, and always to an end."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

import attrs

from dara_fp.sandbox.jobs.iterations import all_ended, end_of, iterations_of, with_new
from dara_fp.sandbox.jobs.job_specs import ForEachTask
from dara_fp.sandbox.jobs.job_store import JobStore
from dara_fp.sandbox.jobs.runs import (
    BROKEN,
    CANCELLED,
    FAILED,
    LOST,
    PENDING,
    QUEUED,
    RUNNING,
    TERMINATING,
    TIMED_OUT,
    Life,
    Result,
    Run,
    State,
    TaskRun,
    ended,
    may_start,
    now,
    outcome,
    with_task,
)
from dara_fp.sandbox.jobs.task_work import TaskWork
from dara_fp.sandbox.server.auth import Tokens

__all__ = ["Engine"]

logger = logging.getLogger("dara_fp.sandbox")

PROCESS_LIMIT = 16
TOKEN_LIFE = float("inf")


class Engine:
    """The runs that are active, each driven by one asyncio task."""

    def __init__(self, store: JobStore, tokens: Tokens, work: TaskWork) -> None:
        self._store = store
        self._tokens = tokens
        self._work = work
        self._drivers: dict[int, asyncio.Task[None]] = {}
        self._processes = asyncio.Semaphore(PROCESS_LIMIT)
        self._cancelled: set[int] = set()
        self._queued: dict[int, deque[int]] = {}
        self._closing = False

    def start(self, run: Run, *, limit: int | None, queue: bool) -> Run:
        """Start *run*, or queue or skip it when *limit* others of its job are active."""
        if limit is None or len(self._active(run.job_id)) < limit:
            return self._launch(run)
        if queue:
            self._queued.setdefault(run.job_id, deque()).append(run.run_id)
            return self._store.save(attrs.evolve(run, state=QUEUED))
        said = f"The maximum of concurrent runs ({limit}) of this job is reached."
        result = Result.MAXIMUM_CONCURRENT_RUNS_REACHED
        skipped = State(life=Life.SKIPPED, result=result, message=said)
        return self._store.save(ended(run, skipped))

    def resume(self, run: Run) -> Run:
        """Go on with *run*, which has ended and is repaired: its tasks that are to run are new."""
        return self._launch(run)

    def cancel(self, run: Run) -> None:
        """Begin to cancel *run*; nothing happens when it has ended."""
        if run.state.final:
            return
        run = attrs.evolve(run, cancel_requested=True)
        driver = self._drivers.get(run.run_id)
        if driver is None:
            self._store.save(ended(run, CANCELLED))
        if driver is None or run.run_id in self._cancelled:
            return
        self._cancelled.add(run.run_id)
        tasks = tuple(
            attrs.evolve(task, state=TERMINATING) if task.state.life is Life.RUNNING else task
            for task in run.tasks
        )
        self._store.save(attrs.evolve(run, state=TERMINATING, tasks=tasks))
        driver.cancel()

    async def close(self) -> None:
        """End all processes; the runs that were active are lost."""
        self._closing = True
        drivers = list(self._drivers.values())
        for driver in drivers:
            driver.cancel()
        await asyncio.gather(*drivers, return_exceptions=True)
        self._work.close()

    def _active(self, job_id: int) -> list[Run]:
        active = [self._store.run(run_id) for run_id in self._drivers]
        return [run for run in active if run.job_id == job_id and not run.state.final]

    def _launch(self, run: Run) -> Run:
        saved = self._store.save(attrs.evolve(run, state=PENDING))
        driver = asyncio.create_task(self._drive(run.run_id))
        self._drivers[run.run_id] = driver
        driver.add_done_callback(lambda done: self._closed(run.run_id, run.job_id, done))
        return saved

    def _closed(self, run_id: int, job_id: int, driver: "asyncio.Task[None]") -> None:
        del self._drivers[run_id]
        fault = None if driver.cancelled() else driver.exception()
        if fault is not None:
            logger.error("run %d: a fault of the sandbox", run_id, exc_info=fault)
        # A driver that failed, or was cancelled before its first step, has not said how the run
        # ended.
        if self._store.is_active(run_id):
            end = CANCELLED if run_id in self._cancelled else BROKEN if fault else LOST
            self._store.save(ended(self._store.run(run_id), end))
        self._cancelled.discard(run_id)
        if not self._closing:
            self._launch_queued(job_id)

    def _launch_queued(self, job_id: int) -> None:
        queued, job = self._queued.get(job_id), self._store.jobs.get(job_id)
        limit = job.spec.max_concurrent_runs if job else 1
        # One that was cancelled or deleted meanwhile has left its id behind.
        while queued and not self._store.is_active(queued[0]):
            queued.popleft()
        if queued and len(self._active(job_id)) < limit:
            self._launch(self._store.run(queued.popleft()))

    async def _drive(self, run_id: int) -> None:
        token = self._tokens.issue(TOKEN_LIFE)
        try:
            async with asyncio.timeout(self._store.run(run_id).timeout_seconds or None):
                await self._run_tasks(run_id, token)
            end = outcome(self._store.run(run_id))
        except TimeoutError:
            end = TIMED_OUT
        except asyncio.CancelledError:
            end = CANCELLED if run_id in self._cancelled else LOST
        finally:
            self._tokens.revoke(token)
        self._store.save(ended(self._store.run(run_id), end))

    async def _run_tasks(self, run_id: int, token: str) -> None:
        run = self._store.run(run_id)
        ends: dict[str, asyncio.Future[Result]] = {}
        async with asyncio.TaskGroup() as group:
            for task in run.tasks:
                if task.state.final:  # a repair leaves it as it ended
                    ends[task.spec.task_key] = _ended_as(task.state.result or Result.FAILED)
                    continue
                needed = [ends[known.task_key] for known in task.spec.depends_on]
                work = self._run_task(run_id, task.run_id, needed, token)
                ends[task.spec.task_key] = group.create_task(work)

    async def _run_task(
        self, run_id: int, task_id: int, needed: Sequence["asyncio.Future[Result]"], token: str
    ) -> Result:
        if needed:
            self._change(run_id, task_id, state=State(life=Life.BLOCKED))
            await asyncio.wait(needed)
        task = self._store.run(run_id).task(task_id)
        upstream = [end.result() for end in needed]
        if not (may_start(task.spec.run_if, upstream) and self._is_met(run_id, task)):
            return self._skip(run_id, task_id, upstream)
        if task.spec.for_each_task is not None:
            return await self._run_each(run_id, task_id, task.spec.for_each_task, token)
        return await self._run_attempts(run_id, task_id, token)

    async def _run_each(self, run_id: int, task_id: int, work: ForEachTask, token: str) -> Result:
        """Run a task that is *work*: an iteration for each input, each with its own attempts."""
        task = self._begin(run_id, task_id)
        try:
            inputs = self._work.inputs(self._store.run(run_id), task, work)
        except ValueError as error:
            failed = attrs.evolve(FAILED, message=str(error))
            self._change(run_id, task_id, state=failed, error=str(error), end_time=now())
            return Result.FAILED
        run = self._store.save(with_new(self._store.run(run_id), task, inputs, self._store.new_id))
        state = await self._iterate(run, task, work.concurrency, token)
        run = self._store.keep(all_ended(self._store.run(run_id), task, state or TIMED_OUT))
        end = state or end_of(iterations_of(run, task))
        self._change(run_id, task_id, state=end, end_time=now())
        return end.result or Result.FAILED

    async def _iterate(self, run: Run, task: TaskRun, at_once: int, token: str) -> State | None:
        """Run all iterations of *task*, and give how it ends if not as they do."""
        limit = asyncio.Semaphore(at_once)

        async def one(iteration: TaskRun) -> None:
            async with limit:
                await self._run_attempts(run.run_id, iteration.run_id, token)

        try:
            async with (
                asyncio.timeout(task.spec.timeout_seconds or None),
                asyncio.TaskGroup() as group,
            ):
                for iteration in iterations_of(run, task):
                    if not iteration.state.final:  # a repair leaves it as it ended
                        group.create_task(one(iteration))
        except TimeoutError:
            return TIMED_OUT
        return None

    async def _run_attempts(self, run_id: int, task_id: int, token: str) -> Result:
        while True:
            self._change(run_id, task_id, state=PENDING)
            async with self._processes:
                task = await self._attempt(run_id, task_id, token)
            if not _retries(task):
                return task.state.result or Result.FAILED
            waiting = State(life=Life.WAITING_FOR_RETRY, message=task.state.message)
            counted = {"attempt": task.attempt + 1, "retries": task.retries + 1}
            self._change(run_id, task_id, state=waiting, **counted)
            await asyncio.sleep(task.spec.min_retry_interval_millis / 1000)

    def _is_met(self, run_id: int, task: TaskRun) -> bool:
        found = {known.spec.task_key: known.outcome for known in self._store.run(run_id).tasks}
        wanted = [needed for needed in task.spec.depends_on if needed.outcome is not None]
        return all(found[needed.task_key] == needed.outcome for needed in wanted)

    def _skip(self, run_id: int, task_id: int, upstream: Sequence[Result]) -> Result:
        broken = any(result not in {Result.SUCCESS, Result.EXCLUDED} for result in upstream)
        result = Result.UPSTREAM_FAILED if broken else Result.EXCLUDED
        said = "An upstream task failed." if broken else "A condition of the task was not met."
        # The first is as the documentation of `runs/get` has it in its example.
        life = Life.SKIPPED if broken else Life.TERMINATED
        state = State(life=life, result=result, message=said)
        self._change(run_id, task_id, state=state, end_time=now())
        return result

    async def _attempt(self, run_id: int, task_id: int, token: str) -> TaskRun:
        task = self._begin(run_id, task_id)
        return self._keep(run_id, await self._work.done(self._store.run(run_id), task, token))

    def _begin(self, run_id: int, task_id: int) -> TaskRun:
        run = self._store.run(run_id)
        begin = now()
        self._store.keep(attrs.evolve(run, state=RUNNING, begin_time=run.begin_time or begin))
        return self._change(run_id, task_id, state=RUNNING, start_time=begin, end_time=0)

    def _change(self, run_id: int, task_id: int, **changes: Any) -> TaskRun:
        task = attrs.evolve(self._store.run(run_id).task(task_id), **changes)
        return self._keep(run_id, task)

    def _keep(self, run_id: int, task: TaskRun) -> TaskRun:
        self._store.keep(with_task(self._store.run(run_id), task))
        return task


def _ended_as(result: Result) -> "asyncio.Future[Result]":
    end = asyncio.get_running_loop().create_future()
    end.set_result(result)
    return end


def _retries(task: TaskRun) -> bool:
    spec = task.spec
    wanted = task.state.result is Result.FAILED or (
        task.state.result is Result.TIMEDOUT and spec.retry_on_timeout
    )
    return wanted and (spec.max_retries < 0 or task.retries < spec.max_retries)
