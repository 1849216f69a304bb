"""A run that tells an observer what a runtime tells it, and the pipelines to run."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
from returns.result import Failure

from dara_fp import (
    Entry,
    MemoryJournal,
    Outcome,
    Pipeline,
    Scope,
    StepContext,
    StepError,
    Success,
    fail,
    made,
    start,
    step,
)
from dara_fp.core.scope import Path
from dara_fp.telemetry.observer import Observer
from dara_fp.telemetry.running import Running

__all__ = ["Ingest", "Inside", "JobRun", "Parked", "carry_out", "ingest", "pipeline", "running"]


class Parked(BaseException):
    """The run waits."""


@attrs.frozen(kw_only=True)
class JobRun:
    run_id: int
    job_id: int


@attrs.frozen(kw_only=True)
class Ingest(StepContext):
    path: str
    run: JobRun | None = made()
    lines: int | None = made()


Inside = Callable[[Ingest], Awaitable[None]]
"""What a step does while it runs."""


@attrs.frozen
class Env:
    inside: Inside


async def nothing(_: Ingest) -> None:
    pass


@step
async def run_job(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    await env.inside(ctx)
    return Success(ctx.evolve(run=JobRun(run_id=4711, job_id=7)))


@step
async def count_lines(ctx: Ingest) -> Outcome[Ingest]:
    if ctx.path == "empty.txt":
        return fail("empty.txt has no lines: send at least one", kind="rejected")
    return Success(ctx.evolve(lines=3))


pipeline: Pipeline[Ingest, Env] = start(Ingest, Env) >> run_job >> count_lines


def running(
    owner: str | None = "ada@example.com", trace: str | None = None, epoch: int = 2
) -> Running:
    return Running(
        task_id="t-1", workflow="ingest", attempt=1, epoch=epoch, owner=owner, trace=trace
    )


class _ObservedJournal(MemoryJournal):
    def __init__(self, observer: Observer, task: Running, known: MemoryJournal) -> None:
        super().__init__(known.entries)
        self._observer, self._task = observer, task

    def find(self, path: Path, context: type[Any]) -> Entry | None:
        entry = super().find(path, context)
        if entry is None:
            self._observer.step_reached(self._task, path)
        return entry

    def record(self, path: Path, entry: Entry) -> Awaitable[None]:
        done = super().record(path, entry)
        self._observer.step_recorded(self._task, path, entry)
        return done


async def carry_out(
    observer: Observer,
    pipeline: Pipeline[Ingest, Any],
    context: Ingest,
    env: object = None,
    *,
    task: Running | None = None,
    known: MemoryJournal | None = None,
) -> MemoryJournal:
    """Run one delivery, and give its journal."""
    task = task or running()
    began = time.time()
    journal = _ObservedJournal(observer, task, known or MemoryJournal())
    observer.task_started(task)
    try:
        outcome = await pipeline(context, env, scope=Scope(task_id=task.task_id, journal=journal))
    except Parked:
        observer.task_parked(task)
        return journal
    error: StepError | None = outcome.failure() if isinstance(outcome, Failure) else None
    observer.task_ended(task, "failed" if error else "succeeded", error, time.time() - began)
    return journal


async def ingest(observer: Observer, path: str = "a.txt", inside: Inside = nothing) -> None:
    await carry_out(observer, pipeline, Ingest(path=path), Env(inside))
