"""Where a run stands: what its nodes are given beside the context, and what they leave behind."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Self

import attrs

from dara_fp.core.errors import Outcome, StepError, gravity
from dara_fp.core.scope import Entry, Journal, Path, Position, Scope

__all__ = ["NO_UNDOS", "Frame", "Level", "Undo", "Unrecorded", "Watch"]

_EFFECTS = count()


@attrs.frozen
class Undo:
    """What takes back one effect.

    Attributes:
        path: Where it is recorded.
        run: Does it, and gives how that went.
        effect: What it takes back: the same effect has the same, however often it is gone through.
        order: When it was done: what was found in the journal before what was done since, that by
            the time it ended, and the rest by a number.
    """

    path: Path
    run: Callable[[], Coroutine[Any, Any, Outcome[Any]]] = attrs.field(eq=False)
    effect: object
    order: tuple[bool, float, int]


class Unrecorded(BaseException):
    """A closed run came to what its journal does not hold.

    A run is closed when the journal says that it ended in a failure: what was done is gone through
    again to know what to undo, and nothing new is done. It is no `Exception`, since no step may
    catch it.
    """


class Watch:
    """When the watched part of a run began and last ended, as far as that was before a crash.

    Attributes:
        began: When its first step was started, or None if none was found in the journal.
        ended: When the last step that was found in the journal ended.
        seen: How many entries were found, until whoever watches counts anew.
        live: Whether something of it runs now.
        grave: The bug, or else the failure in doubt, that was there before a cut, which may not
            hide it; or None.
        hears_undo: Whether undoing is a part of it.
    """

    hears_undo = True

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.began: float | None = None
        self.ended = 0.0
        self.seen = 0
        self.live = False
        self.grave: Outcome[Any] | None = None

    def replay(self, entry: Entry) -> None:
        """Note that *entry* was found in the journal."""
        began = entry.started_at
        self.began = began if self.began is None else min(self.began, began)
        self.ended = max(self.ended, entry.finished_at)
        self.seen += 1

    def start(self) -> None:
        """Note that something runs now."""
        self.live = True

    def hear(self, outcome: Outcome[Any]) -> None:
        """Keep *outcome* if a cut may not hide it."""
        if gravity(outcome) > gravity(self.grave):
            self.grave = outcome

    def forget(self, outcome: Outcome[Any] | None) -> None:
        """Keep no longer what is told otherwise."""
        if self.grave is outcome:
            self.grave = None

    def is_over(self) -> bool:
        """Tell whether what waits now cannot make it any more."""
        return False


@attrs.frozen
class Level:
    """What nesting adds to the place of a node; at the root it is the same for every run.

    Attributes:
        prefix: What stands before a node's name in its path.
        base: What stands in the path before the tries.
        tries: The numbers of the tries that this is in, the outermost first.
        watches: Who wants to know what is found in the journal and what runs now.
        closed: Whether nothing new may be done.
        known: How the innermost part of a closed run that failed by itself did so, or None if it
            was cut.
        caught: Whether something around it catches an expected failure.
        settled: Whether something around it catches one that is in doubt, too.
        inside: Whether the context is an item or a part of another one.
    """

    prefix: Path = ""
    base: Path = ""
    tries: tuple[int, ...] = ()
    watches: tuple[Watch, ...] = ()
    closed: bool = False
    known: StepError | None = None
    caught: bool = False
    settled: bool = False
    inside: bool = False


ROOT = Level()

NO_UNDOS: list[Undo] = []
"""Of a run in which nothing can be undone: nobody adds to it."""


class Frame:
    """The place of a node in a run; each level of nesting makes one of its own.

    Attributes:
        env: What the steps need beside the context.
        journal: Where steps are recorded, or None.
        level: What nesting adds.
        undos: What the undo scope takes back if it fails, in the order it was done.
        cancels: How often its asyncio task had been asked to end before the run began.
    """

    __slots__ = ("_scope", "cancels", "env", "journal", "level", "undos")

    def __init__(
        self, env: Any, scope: Scope | None, undos: list[Undo], level: Level = ROOT
    ) -> None:
        """Stand at *level* of a run, in *scope* or a task of its own."""
        self.env = env
        self.journal: Journal | None = scope.journal if scope else None
        self.level = level
        self.undos = undos
        self.cancels: int | None = None
        self._scope = scope

    @property
    def scope(self) -> Scope:
        """The task; where none was given, one is made when it is first asked for."""
        if self._scope is None:
            self._scope = Scope()
        return self._scope

    @property
    def prefix(self) -> Path:
        """What stands before a node's name in its path."""
        return self.level.prefix

    def position(self, name: str) -> Position:
        """Give the place of the step *name*, for the step itself."""
        return Position(path=self.prefix + name, scope=self.scope)

    def find(self, name: str, context: type[Any]) -> Entry | None:
        """Give what the journal holds under *name*."""
        return self.journal.find(self.prefix + name, context) if self.journal else None

    def saw(self, entry: Entry) -> None:
        """Tell the watches of an *entry* that was found."""
        for watch in self.level.watches:
            watch.replay(entry)

    def begin(self) -> None:
        """Tell the watches that something new is done.

        Raises:
            Unrecorded: Nothing new may be done.
        """
        if self.level.closed:
            raise Unrecorded
        for watch in self.level.watches:
            watch.start()

    def tell(self, outcome: Outcome[Any]) -> None:
        """Tell the watches of an *outcome* that was there before a cut."""
        for watch in self.level.watches:
            watch.hear(outcome)

    def is_cancelled(self) -> bool:
        """Tell whether someone wants the run to end, not only something it waited for."""
        task = asyncio.current_task()
        return task is None or task.cancelling() > (self.cancels or 0)

    def can_undo(
        self,
        path: Path,
        effect: object,
        watch: Watch,
        run: Callable[[], Coroutine[Any, Any, Outcome[Any]]],
    ) -> None:
        """Note that *run* takes back the *effect* that was just done, as *watch* saw."""
        found = watch.began is not None and not watch.live
        order = (not found, watch.ended if found else 0.0, next(_EFFECTS))
        self.undos.append(Undo(path, run, (self.prefix, effect), order))

    def below(self, segment: str) -> Self:
        """Give the frame of a node whose path goes on with *segment*, which ends in `/`."""
        prefix = self.prefix + segment
        return self._at(prefix=prefix, base=prefix, tries=())

    def within(self) -> Self:
        """Give the frame of a node whose context is an item or a part of another one."""
        return self._at(inside=True)

    def counted(self, number: int) -> Self:
        """Give the frame of the try of that *number*, from 1.

        The first adds nothing to the path, so that wrapping a step in a retry does not move it.
        """
        tries = (*self.level.tries, number)
        shown = list(tries)
        while shown and shown[-1] == 1:
            shown.pop()
        segment = ".".join(map(str, shown)) + "/" if shown else ""
        return self._at(prefix=self.level.base + segment, tries=tries)

    def watched(self, watch: Watch) -> Self:
        """Give the frame of a node that *watch* watches."""
        return self._at(watches=(*self.level.watches, watch))

    def opened(self, *, catches: bool, settles: bool) -> Self:
        """Give the frame of an undo scope, which *catches* an expected failure or does not.

        Whether it does so where that is in doubt, too, *settles* tells.
        """
        frame = self._at(caught=self.level.caught or catches, settled=self.level.settled or settles)
        frame.undos = []
        return frame

    def closed(self, known: StepError | None = None) -> Self:
        """Give the frame of going through again what was done: nothing new may be.

        How that ended is *known*, or it was cut.
        """
        return self._at(closed=True, known=known)

    def beside(self) -> Self:
        """Give the frame of an asyncio task of its own."""
        frame = self._at()
        frame.cancels = None
        return frame

    def undoing(self) -> Self:
        """Give the frame of an undo, which is done whatever happened."""
        watches = tuple(watch for watch in self.level.watches if watch.hears_undo)
        frame = self._at(closed=False, known=None, watches=watches)
        frame.undos = []
        frame.cancels = None
        return frame

    def _at(self, **changes: Any) -> Self:
        level = attrs.evolve(self.level, **changes)
        frame = self.__class__(self.env, self.scope, self.undos, level)
        frame.cancels = self.cancels
        return frame
