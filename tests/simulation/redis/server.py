"""A Redis server: a keyspace with functions that can be away, be loading, or refuse."""

from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs

from dara_fp.store.functions import Refusal, Reply
from tests.simulation.redis.commands import perform
from tests.simulation.redis.keyspace import Keyspace, Words
from tests.simulation.redis.script import Functions, functions_of

__all__ = ["Call", "Heard", "Server", "unpack"]

_WHILE_LOADING = frozenset({b"INFO", b"CLIENT"})


@attrs.frozen(kw_only=True)
class Call:
    """One call that the server executed.

    Attributes:
        who: The process that sent it.
        name: The function without its library, or the command.
        words: The whole command.
        reply: What it answered.
        writes: How many commands in it changed something.
    """

    who: str
    name: str
    words: Words
    reply: Reply | Refusal
    writes: int


Heard: TypeAlias = Callable[[Call], None]


def _unheard(call: Call) -> None:
    """Hear nothing."""


class Server:
    """One server with an append-only file that is written before it answers.

    Attributes:
        space: Its data.
        state: Whether it answers.
        heard: Hears of each call that was executed.
    """

    def __init__(self, space: Keyspace, change: Callable[[bytes], bytes]) -> None:
        """Serve *space*; *change* is made to the source of the functions."""
        self.space = space
        self.state: Literal["up", "away", "loading"] = "up"
        self.heard: Heard = _unheard
        self._change = change
        self._functions: Functions | None = None
        self._connections = 0
        self._killed: set[bytes] = set()

    def forget_functions(self) -> None:
        """Be another server with the same data: the functions have to be loaded again."""
        self._functions = None

    def admit(self) -> bytes:
        """Give the number of a new connection."""
        self._connections += 1
        return b"%d" % self._connections

    def answer(self, connection: bytes, who: str, words: Words) -> Reply | Refusal:
        """Execute *words*, sent by *who* on *connection*."""
        name = words[0].upper()
        if self.state == "loading" and name not in _WHILE_LOADING:
            return Refusal(code="LOADING", text="Redis is loading the dataset in memory")
        if name == b"FCALL":
            return self._call(who, words)
        return self._plain(connection, name, words)

    def is_killed(self, connection: bytes) -> bool:
        """Tell whether somebody had the server close *connection*."""
        return connection in self._killed

    def _call(self, who: str, words: Words) -> Reply | Refusal:
        before = self.space.writes
        if self._functions is None:
            return Refusal(code="ERR", text="Function not found")
        reply = self._functions.run(self.space, words[1:])
        name = words[1].decode().removeprefix(self._functions.name + "_")
        writes = self.space.writes - before
        self.heard(Call(who=who, name=name, words=words, reply=reply, writes=writes))
        return reply

    def _plain(self, connection: bytes, name: bytes, words: Words) -> Reply | Refusal:
        if name == b"PING":
            return b"PONG"
        if name == b"INFO":
            return b"# Server\r\nredis_version:7.2.4\r\n"
        if name == b"FUNCTION":
            return self._load(words[-1])
        if name == b"CLIENT":
            return self._client(connection, words)
        return perform(self.space, words)

    def _load(self, source: bytes) -> Reply | Refusal:
        if self._functions is not None:
            return Refusal(code="ERR", text=f"Library '{self._functions.name}' already exists")
        self._functions = functions_of(self._change(source))
        return self._functions.name.encode()

    def _client(self, connection: bytes, words: Words) -> Reply:
        if words[1].upper() == b"ID":
            return int(connection)
        if words[1].upper() == b"KILL":
            self._killed.add(words[-1])
            return 1
        return b"OK"


def unpack(packed: bytes) -> list[bytes]:
    r"""Give the words of a command in the Redis protocol.

    >>> unpack(b'*2\r\n$3\r\nGET\r\n$1\r\nk\r\n')
    [b'GET', b'k']
    """
    end = packed.index(b"\r\n")
    words: list[bytes] = []
    for _ in range(int(packed[1:end])):
        begin = packed.index(b"\r\n", end + 2) + 2
        size = int(packed[end + 3 : begin - 2])
        words.append(packed[begin : begin + size])
        end = begin + size
    return words
