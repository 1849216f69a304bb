"""Connections to the simulated server, in the place of redis-py's: they can break at any moment."""

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import attrs
from redis.exceptions import BusyLoadingError, ResponseError
from redis.exceptions import ConnectionError as NotConnected

from dara_fp.store.functions import Refusal, Reply
from tests.simulation.chance import Chance
from tests.simulation.processes import Process
from tests.simulation.redis.keyspace import Words
from tests.simulation.redis.server import Server, unpack
from tests.simulation.weather import Weather

__all__ = ["Network", "Wire"]

Answer: TypeAlias = Reply | Refusal

_QUICK = 0.001
_REFUSALS = ("OOM command not allowed", "MISCONF cannot write", "READONLY you can't write")


@attrs.frozen(kw_only=True)
class Network:
    """What is between the processes and their *server*.

    Attributes:
        weather: Gives how bad it is now.
        say: Takes what happened, for the trace.
        learned: Hears of each reply that a process has read: its name, the command, the reply.
    """

    server: Server
    chance: Chance
    weather: Callable[[], Weather]
    say: Callable[[str, str], None]
    learned: Callable[[str, Words, Answer], None]


@attrs.define(eq=False)
class _Connection:
    """One connection as the client sees it: its replies, and why it broke."""

    number: bytes
    replies: deque[tuple[Words, Answer]] = attrs.field(factory=deque[tuple[Words, Answer]])
    broken: bool = False
    news: asyncio.Event = attrs.field(factory=asyncio.Event)

    def bring(self, replies: Iterable[tuple[Words, Answer]], *, broken: bool = False) -> None:
        self.replies.extend(replies)
        self.broken = self.broken or broken
        self.news.set()


class Wire:
    """What `Link` takes for redis-py's connection; it belongs to a process."""

    def __init__(self, network: Network, process: Process) -> None:
        """Belong to *process*, not connected yet."""
        self._network = network
        self._process = process
        self._who = process.name
        self._connection: _Connection | None = None

    async def connect(self) -> None:
        """Connect.

        Raises:
            NotConnected: The server is away.
        """
        await asyncio.sleep(_QUICK)
        if self._network.server.state == "away":
            raise NotConnected("Connection refused")
        self._connection = _Connection(self._network.server.admit())

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002 - redis-py's
        """Disconnect; what was sent may still arrive."""
        self._connection = None

    async def send_packed_command(self, command: Iterable[bytes]) -> None:
        """Send the commands of *command*, which meet their fate.

        Raises:
            NotConnected: The connection broke.
        """
        connection = self._open()
        batch = [unpack(packed) for packed in command]
        seconds, happens = self._fate(connection, batch)
        later: Any = asyncio.get_running_loop().call_later
        # The server is no part of the process: what was sent arrives even when that is dead.
        contextvars.Context().run(later, seconds, happens)

    async def read_response(self, disable_decoding: bool = False) -> Reply:  # noqa: FBT001, FBT002 - redis-py's
        """Give the next reply.

        Raises:
            NotConnected: The connection broke, or the server is loading.
            ResponseError: The server refused the command.
        """
        connection = self._open()
        while not connection.replies:
            if connection.broken:
                raise NotConnected("Connection reset by peer")
            connection.news.clear()
            await connection.news.wait()
        words, reply = connection.replies.popleft()
        self._network.learned(self._who, words, reply)
        if not isinstance(reply, Refusal):
            return reply
        if reply.code == "LOADING":
            raise BusyLoadingError(reply.text)
        raise ResponseError(f"{reply.code} {reply.text}")

    def _open(self) -> _Connection:
        if self._connection is None:
            raise NotConnected("not connected")
        return self._connection

    def _fate(
        self, connection: _Connection, batch: list[list[bytes]]
    ) -> tuple[float, Callable[[], None]]:
        """Decide when *batch* is executed, and how."""
        chance, weather = self._network.chance, self._network.weather()
        if chance.happens(weather.cut):
            done = chance.number(0, len(batch))
            seen = chance.number(0, done)
            self._say(f"is cut after {done} of {len(batch)} commands and {seen} answers")
            return _QUICK, lambda: self._execute(connection, batch[:done], seen)
        if chance.happens(weather.late):
            seconds = chance.between(0.1, 30)
            self._say(f"hears nothing; its {len(batch)} commands arrive in {seconds:.3f} s")
            return seconds, lambda: self._execute(connection, batch, 0, silent=True)
        if chance.happens(weather.refused):
            refused = chance.number(0, len(batch) - 1)
            return _QUICK, lambda: self._execute(connection, batch, refused=refused)
        seconds = chance.between(0, 6) if chance.happens(weather.slow) else _QUICK
        return seconds, lambda: self._execute(connection, batch)

    def _execute(
        self,
        connection: _Connection,
        batch: list[list[bytes]],
        seen: int | None = None,
        *,
        silent: bool = False,
        refused: int | None = None,
    ) -> None:
        """Execute *batch* and bring its answers, or only the first so many as are *seen*."""
        server = self._network.server
        if server.state == "away" or server.is_killed(connection.number):
            connection.bring((), broken=True)
            return
        number, who = connection.number, self._who
        answers = [
            (words, self._refusal() if place == refused else server.answer(number, who, words))
            for place, words in enumerate(batch)
        ]
        if batch and batch[0][0] == b"FCALL":
            self._process.reach("store", self._network.chance.number(1, 5))
        if not silent:
            connection.bring(answers[:seen], broken=seen is not None)

    def _refusal(self) -> Refusal:
        code, _, text = self._network.chance.one(_REFUSALS).partition(" ")
        self._say(f"has a command refused: {code}")
        return Refusal(code=code, text=text)

    def _say(self, what: str) -> None:
        self._network.say(self._who, f"connection {what}")
