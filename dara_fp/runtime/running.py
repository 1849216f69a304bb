"""A claimed task while it runs: where it is, whether it is to be cancelled, who is told."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dara_fp.core.scope import Entry, Path
from dara_fp.core.shape import is_verdict
from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import Fenced
from dara_fp.telemetry.observer import Observer
from dara_fp.telemetry.running import Running

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["Run"]


class Run:
    """One delivery of a task.

    Attributes:
        claimed: The task, as this process owns it.
        cancelling: Whether it runs to be cancelled, not only handed back, when it is cut.
        handing_back: Whether it is cut because its worker stops.
        told: The same for whoever observes.
        observer: Who observes, or None.
    """

    def __init__(self, claimed: Claimed, observer: Observer | None) -> None:
        """Run *claimed*, and tell *observer*."""
        task = claimed.history.task
        self.claimed = claimed
        self.cancelling = task.cancelling
        self.handing_back = False
        self.observer = observer
        self.told = Running(
            task_id=task.task_id,
            workflow=task.workflow,
            attempt=task.attempt,
            epoch=task.epoch,
            owner=task.owner,
            trace=task.trace,
        )
        # The server's clock, so that all workers mean the same moment.
        self._ahead = (task.claimed_at or time.time()) - time.time()
        self._live: dict[Path, float] = {}
        self._seen: set[Path] = set()
        self._told: set[Path] = set()
        self._doing: Task[int] | None = None

    def works_in(self, doing: "Task[int]") -> None:
        """Note that *doing* does the work."""
        self._doing = doing

    def ended(self) -> None:
        """Note that only the end has to be recorded: nothing cuts that."""
        self._doing = None

    def cancel(self) -> None:
        """Have the run undo what it did."""
        if not self.cancelling:
            self.cancelling = True
            self.cut()

    def hand_back(self) -> bool:
        """Have the run end where it is, to go on elsewhere; say whether it had not ended."""
        self.handing_back = True
        return self.cut()

    def cut(self) -> bool:
        """Have the run end where it is, and say whether it had not ended by itself."""
        return self._doing is not None and self._doing.cancel()

    def clock(self) -> float:
        """Give the time in epoch seconds, as the server of the store has it."""
        return time.time() + self._ahead

    def reached(self, path: Path) -> None:
        """Note that the run came to *path*, of which nothing is recorded."""
        self._live[path] = self.clock()
        if self.observer is not None and not is_verdict(path):
            self.observer.step_reached(self.told, path)

    def recorded(self, path: Path, entry: Entry) -> None:
        """Note that *entry* is safe at *path*."""
        self._live.pop(path, None)
        if self.observer is not None:
            self.observer.step_recorded(self.told, path, entry)

    async def tell_slow_steps(self) -> None:
        """Note in the store what ran already when this was called last, once each.

        So nothing has to be written when a step starts, and who watches a slow one sees it run.
        """
        slow = {path: self._live[path] for path in self._seen & self._live.keys()}
        self._told |= slow.keys()
        self._seen = {path for path in self._live if not is_verdict(path)} - self._told
        if slow:
            # It hears of it at its next step, and of a path that is too long when that is recorded.
            with suppress(Fenced, ValueError):
                await self.claimed.begin(slow)
