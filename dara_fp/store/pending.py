"""The commands on their way to the server: bounded, and kept in order across lost connections."""

import asyncio
from collections import deque
from collections.abc import Hashable, Iterator
from typing import Final

import attrs

from dara_fp.store.functions import Reply

__all__ = ["Command", "Pending"]

BATCH_BYTES: Final = 4 * 2**20
MAX_BYTES: Final = 64 * 2**20
MAX_COMMANDS: Final = 20_000


@attrs.define(kw_only=True, eq=False)
class Command:
    """One command on its way.

    Attributes:
        packed: The command in the Redis protocol.
        answer: What its caller waits for; a caller that gives up cancels it.
        durable: Sent even when nobody waits for its answer any more.
        newest: Of the commands of one such key, only the newest waits to be sent.
    """

    packed: bytes
    answer: "asyncio.Future[Reply]"
    durable: bool = False
    newest: Hashable | None = None

    @property
    def abandoned(self) -> bool:
        """Whether sending it has no use any more."""
        return not self.durable and self.answer.cancelled()

    def give_way(self, newer: "Command") -> None:
        """Become *newer*, at the place of this one, whose caller is answered with None."""
        self.settle(None)
        self.packed, self.answer, self.durable = newer.packed, newer.answer, newer.durable

    def settle(self, reply: Reply) -> None:
        """Answer *reply*."""
        if not self.answer.done():
            self.answer.set_result(reply)

    def fail(self, error: Exception) -> None:
        """Answer *error*."""
        if self.answer.done():
            return
        self.answer.set_exception(error)
        # A caller may be gone; a future nobody asks must not complain when it is collected.
        self.answer.exception()


class Pending:
    """Commands that wait, and those of them that fly: sent, but not answered yet.

    Attributes:
        work: Set while a command waits.
        room: Set while one more command may be added.
        idle: Set while there is no command at all.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self.work = asyncio.Event()
        self.room = asyncio.Event()
        self.idle = asyncio.Event()
        self._waiting: deque[Command] = deque()
        self._flying: deque[Command] = deque()
        self._again: list[Command] = []
        self._newest: dict[Hashable, Command] = {}
        self._bytes = 0
        self._note()

    def __iter__(self) -> Iterator[Command]:
        """Go through all commands, oldest first."""
        yield from self._again
        yield from self._flying
        yield from self._waiting

    def add(self, command: Command) -> None:
        """Let *command* wait, at the place of an older one with the same key where there is one."""
        older = self._newest.get(command.newest)
        if older is None:
            self._wait_last(command)
        else:
            self._bytes += len(command.packed) - len(older.packed)
            older.give_way(command)
        if not self.work.is_set() or self._bytes >= MAX_BYTES or self._count() >= MAX_COMMANDS:
            self._note()

    def take(self) -> list[bytes]:
        """Let the next batch fly, and give its commands."""
        batch: list[bytes] = []
        size = 0
        while self._waiting and size < BATCH_BYTES:
            command = self._waiting.popleft()
            if command.newest is not None:
                del self._newest[command.newest]
            if command.abandoned:
                self._leave(command)
                continue
            self._flying.append(command)
            batch.append(command.packed)
            size += len(command.packed)
        self._note()
        return batch

    def land(self) -> Command:
        """Give the command that the next reply belongs to; it is done."""
        command = self._flying.popleft()
        self._bytes -= len(command.packed)
        return command

    def go_around(self) -> None:
        """Keep the command that the next reply belongs to, for `put_back`."""
        self._again.append(self._flying.popleft())

    def put_back(self) -> None:
        """Let all that flew and was not done wait again, before the others and in their order.

        Sending a command a second time is safe: the functions compare token, epoch and path.
        """
        for command in reversed([*self._again, *self._flying]):
            if command.abandoned or command.newest in self._newest:
                self._leave(command)
                continue
            self._waiting.appendleft(command)
            if command.newest is not None:
                self._newest[command.newest] = command
        self._again.clear()
        self._flying.clear()
        self._note()

    def drop_abandoned(self) -> None:
        """Free what nobody waits for any more; while the server is away, nothing else would."""
        kept = deque(command for command in self._waiting if not command.abandoned)
        for command in self._waiting:
            if command.abandoned:
                self._leave(command)
        self._waiting = kept
        self._note()

    def rest(self) -> None:
        """Note that a batch is done."""
        self._note()

    def _wait_last(self, command: Command) -> None:
        self._waiting.append(command)
        self._bytes += len(command.packed)
        if command.newest is not None:
            self._newest[command.newest] = command

    def _leave(self, command: Command) -> None:
        self._bytes -= len(command.packed)
        command.settle(None)

    def _count(self) -> int:
        return len(self._waiting) + len(self._flying) + len(self._again)

    def _note(self) -> None:
        count = self._count()
        _show(self.work, on=bool(self._waiting))
        _show(self.idle, on=count == 0)
        _show(self.room, on=self._bytes < MAX_BYTES and count < MAX_COMMANDS)


def _show(event: asyncio.Event, *, on: bool) -> None:
    if on:
        event.set()
    else:
        event.clear()
