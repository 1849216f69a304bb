"""Where a run stands: what its nodes are given beside the context, and what they leave behind."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, Self

import attrs

from dara_fp.core.errors import Outcome
from dara_fp.core.scope import Entry, Journal, Path, Position, Scope

__all__ = ["Frame", "Undo", "Unrecorded", "Watch"]

_EFFECTS = count()


@attrs.frozen
class Undo:
    """What takes back one effect.

    Attributes:
        path: Where it is recorded.
        run: Does it, and gives how that went.
        effect: What it takes back: the same effect has the same, however often it is gone through.
        order: Which effect came before which: those that are only gone through again come first.
    """

    path: Path
    run: Callable[[], Coroutine[Any, Any, Outcome[Any]]] = attrs.field(eq=False)
    effect: object
    order: tuple[bool, int]


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
        live: Whether something of it runs now.
    """

    def __init__(self) -> None:
        """Start with nothing seen."""
        self.began: float | None = None
        self.ended = 0.0
        self.live = False

    def replay(self, entry: Entry) -> None:
        """Note that *entry* was found in the journal."""
        began = entry.started_at
        self.began = began if self.began is None else min(self.began, began)
        self.ended = max(self.ended, entry.finished_at)

    def start(self) -> None:
        """Note that something runs now."""
        self.live = True


class Frame:
    """The place of a node in a run; each level of nesting makes one of its own.

    Attributes:
        env: What the steps need beside the context.
        journal: Where steps are recorded, or None.
        prefix: What stands before a node's name in its path.
        undos: What the undo scope takes back if it fails, in the order it was done.
        watches: Who wants to know what is found in the journal and what runs now.
        closed: Whether nothing new may be done.
        caught: Whether something around it catches an expected failure.
        cancels: How often its asyncio task had been asked to end before the run began.
        given: The task, or None if nobody gave one.
        base: What stands in the path before the tries.
        tries: The numbers of the tries that this is in, the outermost first.
    """

    __slots__ = (
        "base",
        "cancels",
        "caught",
        "closed",
        "env",
        "given",
        "journal",
        "prefix",
        "tries",
        "undos",
        "watches",
    )

    def __init__(self, env: Any, scope: Scope | None) -> None:
        """Stand at the root of a run, in *scope* or a task of its own."""
        self.env = env
        self.journal: Journal | None = scope.journal if scope else None
        self.prefix = ""
        self.undos: list[Undo] = []
        self.watches: tuple[Watch, ...] = ()
        self.closed = False
        self.caught = False
        self.cancels: int | None = None
        self.given = scope
        self.base = ""
        self.tries: tuple[int, ...] = ()

    @property
    def scope(self) -> Scope:
        """The task; where none was given, one is made when it is first asked for."""
        if self.given is None:
            self.given = Scope()
        return self.given

    def position(self, name: str) -> Position:
        """Give the place of the step *name*, for the step itself."""
        return Position(path=self.prefix + name, scope=self.scope)

    def find(self, name: str, context: type[Any]) -> Entry | None:
        """Give what the journal holds under *name*."""
        return self.journal.find(self.prefix + name, context) if self.journal else None

    def saw(self, entry: Entry) -> None:
        """Tell the watches of an *entry* that was found."""
        for watch in self.watches:
            watch.replay(entry)

    def begin(self) -> None:
        """Tell the watches that something new is done.

        Raises:
            Unrecorded: Nothing new may be done.
        """
        if self.closed:
            raise Unrecorded
        for watch in self.watches:
            watch.start()

    def below(self, segment: str) -> Self:
        """Give the frame of a node whose path goes on with *segment*, which ends in `/`."""
        frame = self._copy()
        frame.prefix = frame.base = self.prefix + segment
        frame.tries = ()
        return frame

    def counted(self, count: int) -> Self:
        """Give the frame of the try number *count*, from 1.

        The first adds nothing to the path, so that wrapping a step in a retry does not move it.
        """
        frame = self._copy()
        frame.tries = (*self.tries, count)
        shown = list(frame.tries)
        while shown and shown[-1] == 1:
            shown.pop()
        frame.prefix = self.base + (".".join(map(str, shown)) + "/" if shown else "")
        return frame

    def watched(self, watch: Watch) -> Self:
        """Give the frame of a node that *watch* watches."""
        frame = self._copy()
        frame.watches = (*self.watches, watch)
        return frame

    def beside(self) -> Self:
        """Give the frame of an asyncio task of its own."""
        frame = self._copy()
        frame.cancels = None
        return frame

    def is_cancelled(self) -> bool:
        """Tell whether someone wants the run to end, not only something it waited for."""
        task = asyncio.current_task()
        return task is None or task.cancelling() > (self.cancels or 0)

    def can_undo(
        self, path: Path, effect: object, run: Callable[[], Coroutine[Any, Any, Outcome[Any]]]
    ) -> None:
        """Note that *run* takes back the *effect* that was just done."""
        order = (not self.closed, next(_EFFECTS))
        self.undos.append(Undo(path, run, (self.prefix, effect), order))

    def opened(self) -> Self:
        """Give the frame of an undo scope of its own."""
        frame = self._copy()
        frame.undos = []
        return frame

    def undoing(self) -> Self:
        """Give the frame of an undo, which is done whatever happened."""
        frame = self.opened()
        frame.closed = False
        frame.cancels = None
        return frame

    def _copy(self) -> Self:
        frame = self.__class__(self.env, self.scope)
        frame.prefix = self.prefix
        frame.undos = self.undos
        frame.watches = self.watches
        frame.closed = self.closed
        frame.caught = self.caught
        frame.cancels = self.cancels
        frame.base = self.base
        frame.tries = self.tries
        return frame
