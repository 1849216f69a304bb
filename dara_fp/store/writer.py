"""Group commit: one task a connection sends what all callers of a tick want, and hands out answers.

Callers never touch the connection. They hold a future, so that a cancelled caller cannot cut a
command in half; the writer alone sends, reads, reconnects and sends again.
"""

import asyncio
import random
from collections.abc import Hashable
from typing import Final

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.functions import Refusal, Reply
from dara_fp.store.link import Link, LinkLost
from dara_fp.store.pending import Command, Pending

__all__ = ["Writer"]

# How long a batch may take: some seconds, and as much as its bytes need on the slowest of links.
ANSWER_SECONDS: Final = 10.0
SLOWEST_BYTES_A_SECOND: Final = 64 * 2**10
# The size of the answers is not known before, so each try in a row that was too short allows twice
# the seconds, up to so many times as much.
MOST_PATIENCE: Final = 64
CLOSE_SECONDS: Final = 3.0
# So many answers are handed out before those who got them have their turn.
TURN: Final = 20
FIRST_DELAY: Final = 0.05
LAST_DELAY: Final = 1.0

# What a server answers while it cannot, not because it will not: the command is sent again.
_PASSING: Final = frozenset(
    {"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS"}
    | {"OOM", "READONLY", "TRYAGAIN"}
)
_CLOSED = "this process has closed it"
_NO_FUNCTION = "Function not found"


class Writer:
    """The one user of a *link*: `open` it, `ask` it, and `close` it whatever `open` said."""

    def __init__(self, link: Link) -> None:
        """Write to *link*."""
        self._link = link
        self._pending = Pending()
        self._reason = "it has not answered yet"
        self._patience = 1
        self._abandoned = False
        self._closed: str | None = None  # why nothing is sent any more
        self._task: asyncio.Task[None] | None = None

    async def open(self, timeout: float) -> None:  # noqa: ASYNC109 - part of the contract of open
        """Connect within *timeout* seconds and start.

        A server that is not there is reported at once, one that loads its data is waited for.

        Raises:
            StoreUnavailable: The server is away, too old, refuses us, or takes longer.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._first_connect()
        except (LinkLost, TimeoutError) as error:
            raise self._unavailable(str(error) or f"no answer in {timeout:g} s") from error
        self._task = asyncio.create_task(self._run(), name="dara-store-writer")
        self._task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Send what is pending, for at most `CLOSE_SECONDS`, and disconnect.

        Nothing is waited for any more once that was given up by `abandon`.
        """
        self._closed = self._closed or _CLOSED
        try:
            async with asyncio.timeout(0 if self._abandoned else CLOSE_SECONDS):
                await self._pending.idle.wait()
        except TimeoutError:
            pass  # `_ended` answers what is left
        finally:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])
            await self._link.close()

    async def ask(
        self,
        packed: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - each command has a deadline of its own
        *,
        newest: Hashable | None = None,
    ) -> Reply:
        """Send *packed* and give its reply.

        Args:
            packed: One command.
            timeout: Seconds after which the caller gives up; None waits as long as it takes, and
                the command is sent even when its caller is cancelled.
            newest: A later command of the same key replaces this one while it waits; this one is
                then answered with None.

        Raises:
            StoreUnavailable: No answer in time, the server refused the command, or we are closed.
        """
        if timeout is None:
            if not self._pending.room.is_set():
                await self._room()
            return await self.post(packed, durable=True, newest=newest)
        try:
            async with asyncio.timeout(timeout):
                await self._room()
                return await self.post(packed)
        except TimeoutError:
            raise self._unavailable(f"no answer in {timeout:g} s; {self._reason}") from None

    def abandon(self) -> None:
        """Have nobody wait for an answer any longer; durable commands are still sent, if ever."""
        self._abandoned = True
        for command in self._pending:
            command.fail(self._unavailable(self._reason))

    def post(
        self, packed: bytes, *, durable: bool = False, newest: Hashable | None = None
    ) -> "asyncio.Future[Reply]":
        """Queue *packed*, and give the future of its reply; see `ask`."""
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        command = Command(packed=packed, answer=answer, durable=durable, newest=newest)
        if self._closed:
            command.fail(self._unavailable(self._closed))
        else:
            self._pending.add(command)
        return answer

    async def _room(self) -> None:
        # In a loop: of many that wait, the first to go on may take the room.
        while not self._pending.room.is_set():
            await self._pending.room.wait()

    async def _first_connect(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                return await self._link.connect()
            except LinkLost as lost:
                if not lost.loading:
                    raise
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_DELAY)

    async def _run(self) -> None:
        delay = FIRST_DELAY
        while True:
            await self._pending.work.wait()
            try:
                await self._exchange()
                delay = FIRST_DELAY
                self._patience = 1
                self._abandoned = False
            except (LinkLost, TimeoutError) as lost:
                self._reason = str(lost) or "it answered too late"
                if isinstance(lost, TimeoutError):
                    self._patience = min(2 * self._patience, MOST_PATIENCE)
                self._pending.put_back()
                delay = await self._reconnect(delay)

    async def _exchange(self) -> None:
        """Send what waits, and settle each command by its reply.

        Whoever has an answer goes on before all have, and what they want next is sent meanwhile:
        so server and client work at the same time, not in turns.
        """
        passing = ""
        async with asyncio.timeout(None) as limit:
            left, answered = await self._send(limit), 0
            while left:
                reply = await self._link.receive()
                left, answered = left - 1, answered + 1
                if isinstance(reply, Refusal) and _passes(reply):
                    passing = f"{reply.code} {reply.text}"
                    self._pending.go_around()
                else:
                    self._settle(self._pending.land(), reply)
                if not answered % TURN and not passing:
                    await asyncio.sleep(0)
                    left += await self._send(limit) if self._pending.work.is_set() else 0
        if passing:
            # A new connection finds the new primary after a failover, and loads the functions.
            raise LinkLost(passing)
        self._pending.rest()

    async def _send(self, limit: asyncio.Timeout) -> int:
        """Send a batch, give it the time it needs, and give how many commands are in it."""
        batch = self._pending.take()
        sending = sum(map(len, batch)) / SLOWEST_BYTES_A_SECOND
        now = asyncio.get_running_loop().time()
        limit.reschedule(now + self._patience * ANSWER_SECONDS + sending)
        await self._link.send(batch)
        return len(batch)

    def _settle(self, command: Command, reply: Reply | Refusal) -> None:
        if isinstance(reply, Refusal):
            command.fail(self._unavailable(f"it refused a command: {reply.code} {reply.text}"))
        else:
            command.settle(reply)

    async def _reconnect(self, delay: float) -> float:
        """Connect again, however long it takes, and give the delay before the next attempt."""
        while True:
            # Half of it at random, so that many processes do not come back in step.
            await asyncio.sleep(delay * random.uniform(0.5, 1))  # noqa: S311 - no secret depends on it
            delay = min(2 * delay, LAST_DELAY)
            self._pending.drop_abandoned()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._link.connect()
            except (LinkLost, TimeoutError) as lost:
                self._reason = str(lost) or f"no connection in {ANSWER_SECONDS:g} s"
            else:
                self._reason = "it answers too slowly"
                return delay

    def _ended(self, task: "asyncio.Task[None]") -> None:
        """Answer whoever still waits, so that no caller hangs on a writer that is gone."""
        bug = None if task.cancelled() else task.exception()
        if bug is not None:
            self._closed = f"the writer failed, start this process anew: {bug!r}"
        self._closed = self._closed or _CLOSED
        for command in self._pending:
            command.fail(self._unavailable(f"{self._closed}; before that: {self._reason}"))
        self._pending.room.set()
        self._pending.idle.set()

    def _unavailable(self, reason: str) -> StoreUnavailable:
        return StoreUnavailable(
            f"the store at {self._link.address} is not available ({reason}): {self._link.remedy}"
        )


def _passes(refusal: Refusal) -> bool:
    return refusal.code in _PASSING or _NO_FUNCTION in refusal.text
