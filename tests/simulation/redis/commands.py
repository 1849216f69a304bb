"""All commands that the store and its functions use, on a keyspace in memory."""

import fnmatch
from collections.abc import Mapping
from typing import Final

from dara_fp.store.functions import Reply
from tests.simulation.redis import hashes, ordered
from tests.simulation.redis.keyspace import Command, Keyspace, Words

__all__ = ["perform"]


def perform(space: Keyspace, words: Words) -> Reply:
    """Give the reply of *space* to the command *words*.

    Raises:
        KeyError: It is none of those the simulation knows.
        WrongType: Its key holds another kind of value.
    """
    return _COMMANDS[words[0].upper()](space, words[1:])


def _time(space: Keyspace, _words: Words) -> Reply:
    seconds, rest = divmod(round(space.clock() * 1_000_000), 1_000_000)
    return [b"%d" % seconds, b"%d" % rest]


def _del(space: Keyspace, words: Words) -> Reply:
    removed = sum(space.drop(key) for key in words if space.has(key))
    space.writes += removed
    return removed


def _exists(space: Keyspace, words: Words) -> Reply:
    return sum(space.has(key) for key in words)


def _pexpireat(space: Keyspace, words: Words) -> Reply:
    return space.expire(words[0], int(words[1]))


def _persist(space: Keyspace, words: Words) -> Reply:
    return space.persist(words[0])


def _keys(space: Keyspace, words: Words) -> Reply:
    pattern = words[0].decode()
    return [key for key in space.all_keys() if fnmatch.fnmatchcase(key.decode(), pattern)]


_COMMANDS: Final[Mapping[bytes, Command]] = {
    **hashes.COMMANDS,
    **ordered.COMMANDS,
    b"TIME": _time,
    b"DEL": _del,
    b"EXISTS": _exists,
    b"PEXPIREAT": _pexpireat,
    b"PERSIST": _persist,
    b"KEYS": _keys,
}
