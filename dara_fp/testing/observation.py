"""What can be seen of a run from outside, on virtual time."""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, overload

import attrs
from returns.result import Failure

from dara_fp.core.errors import Outcome, StepError, unwrap
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.pipeline import Pipeline
from dara_fp.core.scope import Scope, Waiting
from dara_fp.core.workflow import Workflow
from dara_fp.testing.clock import run
from dara_fp.testing.recorder import Note, Recorder, rounded

__all__ = ["Observable", "Observation", "Signal", "Task", "observe"]

C = TypeVar("C")
E = TypeVar("E")

Observable: TypeAlias = Pipeline[C, E] | Workflow[C, E]
"""What can be observed."""


@attrs.frozen
class Signal:
    """What somebody says to a run.

    Attributes:
        name: The signal's name.
        body: Its content, which JSON can hold.
        at: When it comes, in virtual seconds.
    """

    name: str
    body: object = None
    at: float = 0.0

    def send(self, journal: MemoryJournal) -> None:
        """Give it to *journal* when it is time, in the running loop."""
        loop = asyncio.get_running_loop()
        if self.at <= loop.time():
            journal.signal(self.name, self.body)
        else:
            loop.call_at(self.at, journal.signal, self.name, self.body)


def _result(outcome: Outcome[C]) -> C | StepError:
    if isinstance(outcome, Failure):
        return attrs.evolve(outcome.failure(), traceback=None)
    return outcome.unwrap()


@attrs.frozen(kw_only=True)
class Observation(Generic[C]):
    """A run as its user sees it.

    Two observations are equal if their users saw the same: the same outcome but for the traceback
    of a defect, after the same time, with the same effects at the same times. The journal and the
    waits say how that came about, and are not compared.

    Attributes:
        outcome: How it ended.
        seconds: How long it took, in virtual seconds rounded to a nanosecond.
        effects: What the `Recorder` in its environment noted during this run, in order.
        waits: How long nothing happened, each time, in virtual seconds rounded to a nanosecond.
        journal: The journal it was given, or an empty one.
        parks: What it waited for each time it was parked.
    """

    outcome: Outcome[C] = attrs.field(eq=_result)
    seconds: float
    effects: tuple[Note, ...]
    waits: tuple[float, ...] = attrs.field(eq=False)
    journal: MemoryJournal = attrs.field(eq=False, repr=False)
    parks: tuple[tuple[Waiting, ...], ...] = attrs.field(default=(), eq=False)

    @property
    def context(self) -> C:
        """The context it ended with.

        Raises:
            WorkflowFailed: It failed.
        """
        return unwrap(self.outcome)

    @property
    def error(self) -> StepError | None:
        """Why it failed, or None."""
        return self.outcome.failure() if isinstance(self.outcome, Failure) else None

    @property
    def result(self) -> C | StepError:
        """What is compared of the outcome: the context, or the error without a traceback."""
        return _result(self.outcome)


@overload
def observe(
    pipeline: Observable[C, object],
    ctx: C,
    /,
    *,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    attempt: int = ...,
    start: float = ...,
    signals: Iterable[Signal] = ...,
) -> Observation[C]: ...
@overload
def observe(
    pipeline: Observable[C, E],
    ctx: C,
    env: E,
    /,
    *,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    attempt: int = ...,
    start: float = ...,
    signals: Iterable[Signal] = ...,
) -> Observation[C]: ...
def observe(
    pipeline: Observable[Any, Any],
    ctx: Any,
    env: Any = None,
    /,
    *,
    journal: MemoryJournal | None = None,
    task_id: str = "observed",
    attempt: int = 1,
    start: float = 0.0,
    signals: Iterable[Signal] = (),
) -> Observation[Any]:
    """Run *pipeline* on *ctx* and *env* in a virtual-time loop of its own, and say what was seen.

    Args:
        pipeline: A pipeline or a workflow.
        ctx: The context to start from.
        env: Its environment; effects are seen if it is a `Recorder` or has one as `recorder`.
        journal: Where steps are recorded, and found if they were; by default nothing is.
        task_id: Names the task, and so decides on tokens and jitter.
        attempt: Counts the deliberate runs of the task from 1.
        start: What the clock shows at the beginning, in seconds.
        signals: What somebody says to the run, and when; it gets a journal if it has none.

    Raises:
        Deadlock: The pipeline waits for what never comes.
        ValueError: A signal is said twice, and differently.
        SocketRefused: The pipeline waits for a real socket.
        RuntimeError: There is a running loop already, as in an async test.

    >>> from dara_fp import Outcome, StepContext, Success, step
    >>> @step
    ... async def rest(ctx: StepContext) -> Outcome[StepContext]:
    ...     await asyncio.sleep(3600)
    ...     return Success(ctx)
    >>> seen = observe(rest >> rest, StepContext())
    >>> seen.context, seen.seconds, seen.waits
    (StepContext(), 7200.0, (3600.0, 3600.0))
    """
    task = Task(pipeline, ctx, env, task_id, attempt)
    said = tuple(signals)
    if said and journal is None:
        journal = MemoryJournal()
    return run(task.observed(journal, said), start=start)


@attrs.frozen
class Task:
    """What is needed to run one task again and again.

    Attributes:
        pipeline: What it runs.
        ctx: What it starts from.
        env: Its world, which outlives its process.
        task_id: Its name.
        attempt: Which deliberate run it is.
    """

    pipeline: Observable[Any, Any]
    ctx: Any
    env: Any
    task_id: str
    attempt: int

    @property
    def recorder(self) -> Recorder:
        """What notes its effects; one that nobody can reach if its environment has none."""
        found = self.env if isinstance(self.env, Recorder) else getattr(self.env, "recorder", None)
        return found if isinstance(found, Recorder) else Recorder()

    async def outcome(self, journal: MemoryJournal | None) -> Outcome[Any]:
        """Run it in the running loop."""
        clock = asyncio.get_running_loop().time
        if journal is not None:
            journal.clock = clock
        scope = Scope(task_id=self.task_id, attempt=self.attempt, journal=journal, clock=clock)
        return await self.pipeline(self.ctx, self.env, scope=scope)

    async def observed(
        self, journal: MemoryJournal | None, signals: Sequence[Signal] = ()
    ) -> Observation[Any]:
        """Run it in the running loop, one on virtual time, and say what was seen."""
        loop = asyncio.get_running_loop()
        notes, began = self.recorder.notes, loop.time()
        if journal is not None:
            for signal in signals:
                signal.send(journal)
        earlier = len(notes)
        outcome = await self.outcome(journal)
        times = [began, *getattr(loop, "jumps", ()), loop.time()]
        waits = [_between(*pair) for pair in itertools.pairwise(times)]
        return Observation(
            outcome=outcome,
            seconds=_between(began, loop.time()),
            effects=tuple(notes[earlier:]),
            waits=tuple(wait for wait in waits if wait),
            journal=MemoryJournal() if journal is None else journal,
        )


def _between(since: float, until: float) -> float:
    """Give the seconds from *since* to *until*; late in the day a float is coarser than that."""
    return rounded(rounded(until) - rounded(since))
