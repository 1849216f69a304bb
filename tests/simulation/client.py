"""Clients: they start, signal, cancel and resume tasks, and ask again with the same ids."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import attrs

from dara_fp import WorkflowExecutor
from dara_fp.runtime.errors import NotResumable, QueueFull, SignalRefused
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.errors import StoreUnavailable
from tests.simulation.chance import Chance
from tests.simulation.drawing import SIGNAL, Drawing
from tests.simulation.errands import Errand
from tests.simulation.fleet import Fleet
from tests.simulation.watch import FINAL, Watch

__all__ = ["Client"]

T = TypeVar("T")

_PATIENCE: Final = 8.0


@attrs.define(kw_only=True, eq=False)
class Client:
    """Somebody who wants one task done.

    Attributes:
        task_id: Its id, chosen here.
        drawing: Its workflow.
        context: What it begins with.
        owner: Who it is for.
        accepted: Whether a process said that it was accepted.
        cancelled: Whether cancelling it was asked for.
        seen: Its status when its first attempt had ended.
    """

    task_id: str
    drawing: Drawing
    context: Errand
    owner: str | None
    fleet: Fleet
    chance: Chance
    watch: Watch
    say: Callable[[str, str], None]
    accepted: bool = False
    cancelled: bool = False
    seen: TaskStatus | None = None

    async def live(self) -> None:
        """Start the task, and see it through to its end."""
        await asyncio.sleep(self.chance.between(0, 15))
        await self._insist("start", self._start)
        self.accepted = True
        self.say("client", f"{self.task_id} is accepted")
        doing = [self._signals()] if self.drawing.waits else []
        if self.chance.happens(0.2):
            doing.append(self._cancels())
        await asyncio.gather(*doing)
        state = await self.watch.ended(self.task_id)
        self.seen = await self._insist("status", lambda e: e.status(self.task_id))
        if state == "failed" and self.chance.happens(0.5):
            await self._resumes()

    async def stay(self) -> None:
        """See the task through to its end again, if somebody began it once more."""
        if self.watch.state(self.task_id) in FINAL:
            return
        if self.drawing.waits:
            await self._signals()
        await self.watch.ended(self.task_id)

    async def _start(self, executor: WorkflowExecutor) -> None:
        name = self.drawing.workflow.name
        await executor.start(name, self.context, task_id=self.task_id, owner=self.owner)

    async def _signals(self) -> None:
        await asyncio.sleep(self.chance.between(0, 40))
        body = f'"to {self.task_id}"'.encode()
        try:
            await self._insist("signal", lambda e: e.signal(self.task_id, SIGNAL, body))
        except SignalRefused as refused:
            self.say("client", f"{self.task_id} takes no signal: {refused}")

    async def _cancels(self) -> None:
        await asyncio.sleep(self.chance.between(0, 30))
        self.cancelled = True
        await self._insist("cancel", lambda e: e.cancel(self.task_id))

    async def _resumes(self) -> None:
        """Resume the task, and wait for its end again."""
        await asyncio.sleep(self.chance.between(0, 10))
        try:
            await self._insist("resume", lambda e: e.resume(self.task_id))
        except NotResumable as refused:
            self.say("client", f"{self.task_id} is not resumed: {refused}")
        if self.drawing.waits:
            await self._signals()  # whoever goes back behind an approval asks for it again
        await self.watch.ended(self.task_id)

    async def _insist(self, what: str, call: Callable[[WorkflowExecutor], Awaitable[T]]) -> T:
        """Ask again and again until somebody answers."""
        while True:
            try:
                answer = await self.fleet.ask(call, _PATIENCE)
            except (StoreUnavailable, QueueFull, TimeoutError) as error:
                self.say("client", f"{what} {self.task_id}: no answer: {type(error).__name__}")
                await asyncio.sleep(self.chance.between(0.5, 2))
            else:
                said = answer.state if isinstance(answer, TaskStatus) else answer
                self.say("client", f"{what} {self.task_id}: {said}")
                return answer
