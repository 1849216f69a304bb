"""The workflows of the chaos: each starts runs of Databricks jobs, and each in another shape."""

from collections.abc import Mapping

import attrs
from returns.result import Success

from dara_fp import (
    Backoff,
    Outcome,
    Position,
    StepContext,
    compensate,
    fail,
    for_each,
    made,
    named,
    retry,
    start,
    step,
    wait_for,
    workflow,
    zoom,
)
from dara_fp.core.errors import Kind
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.steps.jobs import JobRun, RunsJob, run_job

__all__ = ["approved", "items", "lanes", "linear", "reserved", "tried"]

_SOON = Backoff(initial=0.2, longest=1.0)


@attrs.frozen(kw_only=True)
class RunContext(StepContext):
    """What `run_job` needs.

    Attributes:
        job: Id of the job.
        number: Which of the planned tasks it is.
    """

    job: str
    number: int
    run: JobRun | None = made()

    @property
    def job_parameters(self) -> Mapping[str, str]:
        """None: the ledger tells runs by their tokens."""
        return {}


@attrs.frozen(kw_only=True)
class Linear(RunContext):
    """Do one thing after the other."""

    doubled: int = made(0)
    total: int = made(0)


@step
async def double(ctx: Linear) -> Outcome[Linear]:
    """Compute something before the run."""
    return Success(ctx.evolve(doubled=ctx.number * 2))


@step
async def add(ctx: Linear) -> Outcome[Linear]:
    """Compute something after the run."""
    return Success(ctx.evolve(total=ctx.doubled + 1))


linear = workflow("linear", start(Linear, DatabricksEnv) >> double >> run_job >> add)


@attrs.frozen(kw_only=True)
class Lanes(RunContext):
    """Do two things at the same time."""

    left: JobRun | None = made()
    right: JobRun | None = made()
    both: int = made(0)


@attrs.frozen(kw_only=True)
class Part(RunContext):
    """One of several runs of a task."""

    name: str


def _left(ctx: Lanes) -> Part:
    return Part(job=ctx.job, number=ctx.number, name="left", run=ctx.left)


def _right(ctx: Lanes) -> Part:
    return Part(job=ctx.job, number=ctx.number, name="right", run=ctx.right)


def _put_left(ctx: Lanes, part: RunsJob) -> Lanes:
    return ctx.evolve(left=part.run)


def _put_right(ctx: Lanes, part: RunsJob) -> Lanes:
    return ctx.evolve(right=part.run)


@step
async def count_both(ctx: Lanes) -> Outcome[Lanes]:
    """Count the runs of both lanes."""
    runs = {run.run_id for run in (ctx.left, ctx.right) if run is not None}
    return Success(ctx.evolve(both=len(runs)))


lanes = workflow(
    "lanes",
    start(Lanes, DatabricksEnv)
    >> (
        named("left", zoom(_left, run_job, _put_left))
        & named("right", zoom(_right, run_job, _put_right))
    )
    >> count_both,
)


@attrs.frozen(kw_only=True)
class Items(RunContext):
    """Start a run for each item."""

    names: tuple[str, ...]
    runs: tuple[JobRun | None, ...] = made(())


def _parts(ctx: Items) -> tuple[Part, ...]:
    return tuple(Part(job=ctx.job, number=ctx.number, name=name) for name in ctx.names)


def _name(part: Part) -> str:
    return part.name


def _together(ctx: Items, parts: tuple[Part, ...]) -> Items:
    return ctx.evolve(runs=tuple(part.run for part in parts))


items = workflow(
    "items",
    start(Items, DatabricksEnv) >> for_each(_parts, run_job, _together, limit=3, key=_name),
)


@attrs.frozen(kw_only=True)
class Tried(RunContext):
    """Fail a given number of times, each time after a run.

    Attributes:
        failures: How many tries fail.
        tries: How many there were.
    """

    failures: int
    tries: int = made(0)


@step
async def stumble(ctx: Tried, _env: DatabricksEnv, at: Position) -> Outcome[Tried]:
    """Fail as often as asked, which the path tells: `2/stumble` is the second try."""
    first = at.path.partition("/")[0]
    tries = int(first) if first.isdecimal() else 1
    if tries <= ctx.failures:
        return fail(f"try {tries} fails, as was asked")
    return Success(ctx.evolve(tries=tries))


tried = workflow(
    "tried",
    start(Tried, DatabricksEnv)
    >> retry(3, _SOON)(start(Tried, DatabricksEnv) >> run_job >> stumble),
)


@attrs.frozen(kw_only=True)
class Reserved(RunContext):
    """Take a run back by another one if what comes after it fails.

    Attributes:
        fails: Whether it does.
    """

    fails: bool
    kept: bool = made(default=False)


@step
async def keep(ctx: Reserved) -> Outcome[Reserved]:
    """Keep what was reserved, or fail."""
    if ctx.fails:
        return fail("not kept, as was asked", kind=Kind.REJECTED)
    return Success(ctx.evolve(kept=True))


reserved = workflow(
    "reserved",
    start(Reserved, DatabricksEnv)
    >> compensate(named("reserve", run_job), named("release", run_job))
    >> keep,
)


@attrs.frozen(kw_only=True)
class Approval:
    """What a signal brings."""

    by: str
    amount: int


@attrs.frozen(kw_only=True)
class Approved(RunContext):
    """Wait for an approval between a run and its end."""

    approval: Approval | None = made()
    amount: int = made(0)


@step
async def book(ctx: Approved) -> Outcome[Approved]:
    """Book what was approved."""
    if ctx.approval is None:
        return fail("nothing was approved")
    return Success(ctx.evolve(amount=ctx.approval.amount))


approved = workflow(
    "approved",
    start(Approved, DatabricksEnv) >> run_job >> wait_for("approval", "approval") >> book,
)
