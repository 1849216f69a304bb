"""Killing a run after any of its journal's entries, and going on from what is left."""

import asyncio
import itertools
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Literal, TypeAlias, TypeVar, overload

import attrs
import msgspec

from dara_fp.core.codec import codec_of
from dara_fp.core.memory import MemoryJournal
from dara_fp.core.scope import Entry, Path
from dara_fp.testing.clock import VirtualTimeLoop, run
from dara_fp.testing.observation import Observable, Observation, Task
from dara_fp.testing.recorder import Note, Recorder

__all__ = ["Remains", "StoredJournal", "crash", "crashes"]

C = TypeVar("C")
E = TypeVar("E")

When: TypeAlias = Literal["before", "after"]


class StoredJournal(MemoryJournal):
    """A journal in this process that keeps what a task's own would: what JSON makes of it.

    >>> from dara_fp import Outcome, StepContext, Success, made, step
    >>> @attrs.frozen(kw_only=True)
    ... class Count(StepContext):
    ...     words: int = made(0)
    >>> @step
    ... async def count(ctx: Count) -> Outcome[Count]:
    ...     return Success(ctx.evolve(words="many"))
    >>> from dara_fp.testing import observe
    >>> observe(count, Count(), journal=StoredJournal()).error.kind
    <Kind.DEFECT: 'defect'>
    """

    @staticmethod
    def of(journal: MemoryJournal) -> "StoredJournal":
        """Give a journal to go on from after *journal*, which stays as it is."""
        return StoredJournal(
            journal.entries, waits=journal.waits, signals=journal.signals, heard=journal.heard
        )

    async def record(self, path: Path, entry: Entry) -> None:
        """Keep *entry* at *path*.

        Raises:
            NotSerialisable: A changed value cannot be stored; nothing was kept.
        """
        if entry.changes and entry.context is not None:
            codec = codec_of(entry.context)
            read = codec.decode_changes(codec.encode_changes(entry.changes))
            entry = msgspec.structs.replace(entry, changes=read)
        await super().record(path, entry)


@attrs.frozen(kw_only=True)
class Remains(Generic[C]):
    """What is left of a run whose process was killed.

    Attributes:
        point: Where it was killed, as in "before 'upload' was recorded".
        journal: What was safe by then.
        effects: What the `Recorder` in its environment noted until then, in order.
        at: What the clock showed then, in virtual seconds.
    """

    point: str
    journal: MemoryJournal = attrs.field(eq=False, repr=False)
    effects: tuple[Note, ...]
    at: float
    task: Task = attrs.field(eq=False, repr=False)

    def resume(self, *, downtime: float = 0.0) -> Observation[C]:
        """Run the task again in its world as it is, from what the journal holds.

        Args:
            downtime: How long after the crash, in seconds.
        """
        journal = StoredJournal.of(self.journal)
        seen: Observation[C] = run(self.task.observed(journal), start=self.at + downtime)
        return seen


@overload
def crash(
    pipeline: Observable[C, object],
    ctx: C,
    /,
    *,
    before: int | None = ...,
    after: int | None = ...,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    start: float = ...,
) -> Remains[C]: ...
@overload
def crash(
    pipeline: Observable[C, E],
    ctx: C,
    env: E,
    /,
    *,
    before: int | None = ...,
    after: int | None = ...,
    journal: MemoryJournal | None = ...,
    task_id: str = ...,
    start: float = ...,
) -> Remains[C]: ...
def crash(
    pipeline: Observable[Any, Any],
    ctx: Any,
    env: Any = None,
    /,
    *,
    before: int | None = None,
    after: int | None = None,
    journal: MemoryJournal | None = None,
    task_id: str = "observed",
    start: float = 0.0,
) -> Remains[Any]:
    """Run *pipeline* on *ctx* and *env*, and kill it around an entry of its journal.

    Nothing runs from then on: nothing is undone, no task goes on, and nothing is recorded. Python
    runs the `finally` blocks of what is thrown away; a `Recorder` does not listen to them.

    Args:
        pipeline: A pipeline or a workflow.
        ctx: The context to start from.
        env: Its environment, which lives on.
        before: Kill it when this entry, counted from 1, is about to be written: the step has run,
            and nobody knows.
        after: Kill it as soon as this entry is safe.
        journal: What an earlier process left; it is copied.
        task_id: Names the task, and so decides on tokens and jitter.
        start: What the clock shows at the beginning, in seconds.

    Raises:
        ValueError: Not exactly one of *before* and *after* is given, or there are fewer entries.

    >>> from dara_fp import Outcome, StepContext, Success, step
    >>> from dara_fp.testing import Recorder
    >>> @step
    ... async def send(ctx: StepContext, env: Recorder) -> Outcome[StepContext]:
    ...     env.note("sent")
    ...     return Success(ctx)
    >>> left = crash(send, StepContext(), Recorder(), before=1)
    >>> left.point, left.effects[0].at
    ("before 'send' was recorded", 0.0)
    >>> left.resume(downtime=60).effects[0].at
    60.0
    """
    if (before is None) == (after is None):
        raise ValueError("say either before=... or after=... which entry the run is killed")
    when: When = "after" if before is None else "before"
    number = after if before is None else before
    dying = _Dying(VirtualTimeLoop(start), journal, when, number or 0)
    left = _killed(Task(pipeline, ctx, env, task_id, 1), dying)
    if left is None:
        raise ValueError(
            f"the run cannot be killed {when} entry {number}: it has {dying.written}, "
            "counted from 1"
        )
    return left


@overload
def crashes(
    pipeline: Observable[C, object], ctx: C, /
) -> Iterator[tuple[Remains[C], Observation[C]]]: ...
@overload
def crashes(
    pipeline: Observable[C, E], ctx: C, make_env: Callable[[], E], /
) -> Iterator[tuple[Remains[C], Observation[C]]]: ...
def crashes(
    pipeline: Observable[Any, Any], ctx: Any, make_env: Callable[[], Any] | None = None, /
) -> Iterator[tuple[Remains[Any], Observation[Any]]]:
    """Kill *pipeline* before and after each entry of its journal, and resume it at once each time.

    Args:
        pipeline: A pipeline or a workflow.
        ctx: The context to start from.
        make_env: Makes a new environment for each try, such as the class `Recorder`.

    Returns:
        What was left and what was seen after it, for each crash.

    >>> from dara_fp import Outcome, StepContext, Success, step
    >>> @step
    ... async def rest(ctx: StepContext) -> Outcome[StepContext]:
    ...     await asyncio.sleep(60)
    ...     return Success(ctx)
    >>> for left, seen in crashes(rest, StepContext()):
    ...     print(left.point, "and", seen.seconds, "s to go")
    before 'rest' was recorded and 60.0 s to go
    after 'rest' was recorded and 0.0 s to go
    """
    if make_env is not None and not callable(make_env):
        raise TypeError(f"each try wants an environment of its own: give a class, not {make_env!r}")
    whens: tuple[When, When] = ("before", "after")
    for number in itertools.count(1):
        for when in whens:
            task = Task(pipeline, ctx, None if make_env is None else make_env(), "observed", 1)
            left = _killed(task, _Dying(VirtualTimeLoop(), None, when, number))
            if left is None:
                return
            yield left, left.resume()


class _Dying(StoredJournal):
    """A journal whose process, which has one *loop*, is killed around one of its entries."""

    def __init__(
        self, loop: VirtualTimeLoop, earlier: MemoryJournal | None, when: When, number: int
    ) -> None:
        kept = earlier or MemoryJournal()
        super().__init__(kept.entries, waits=kept.waits, signals=kept.signals)
        self.loop = loop
        self.written = 0
        self.point = ""
        self._end = (when, number)

    async def record(self, path: Path, entry: Entry) -> None:
        await self._reach("before", self.written + 1, path)
        await super().record(path, entry)
        self.written += 1
        await self._reach("after", self.written, path)

    async def _reach(self, when: When, number: int, path: Path) -> None:
        if (when, number) == self._end:
            self.point = f"{when} {path!r} was recorded"
            self.loop.die()
            await self.loop.create_future()


def _killed(task: Task, dying: _Dying) -> Remains[Any] | None:
    """Give what is left of *task* when the process of *dying* ends, or None if the task ended."""
    loop, recorder = dying.loop, task.recorder
    earlier = len(recorder.notes)
    running = loop.create_task(task.outcome(dying))
    running.add_done_callback(lambda _: loop.stop())
    with _buried(loop, recorder):
        loop.run_forever()
        if running.done():
            running.result()
            return None
        return Remains(
            point=dying.point,
            journal=StoredJournal.of(dying),
            effects=tuple(recorder.notes[earlier:]),
            at=loop.time(),
            task=task,
        )


@contextmanager
def _buried(loop: VirtualTimeLoop, recorder: Recorder) -> Generator[None]:
    """Throw away at the end what is left in *loop*; *recorder* does not listen."""
    try:
        yield
    finally:
        recorder.deaf = True
        _bury(loop)
        recorder.deaf = False


def _bury(loop: VirtualTimeLoop) -> None:
    """Close *loop* and whatever still stands in it, whatever that says."""
    tasks = asyncio.all_tasks(loop)
    loop.set_exception_handler(_hear_nothing)
    loop.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as that a coroutine made meanwhile is never awaited
        for task in tasks:
            with suppress(Exception):
                _close(task.get_coro())


def _hear_nothing(_loop: asyncio.AbstractEventLoop, _said: object) -> None:
    """Take what asyncio says of tasks that nobody will ever finish."""


def _close(coroutine: Any) -> None:
    coroutine.close()
