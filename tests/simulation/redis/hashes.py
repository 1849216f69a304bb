"""Commands on hashes and sets, as a Redis server answers them."""

from collections.abc import Mapping
from typing import Final

from dara_fp.store.functions import Reply
from tests.simulation.redis.keyspace import Command, Hash, Keyspace, Members, Words

__all__ = ["COMMANDS"]


def _hset(space: Keyspace, words: Words) -> Reply:
    found, added = space.find(words[0], Hash), 0
    for field, value in zip(words[1::2], words[2::2], strict=True):
        before = found.get(field)
        found[field] = value
        added += before is None
        space.noted(words[0], field, before, value)
    space.keep(words[0], found)
    return added


def _hsetnx(space: Keyspace, words: Words) -> Reply:
    if words[1] in space.find(words[0], Hash):
        return 0
    return _hset(space, words)


def _hincrby(space: Keyspace, words: Words) -> Reply:
    total = int(space.find(words[0], Hash).get(words[1], b"0")) + int(words[2])
    _hset(space, (words[0], words[1], b"%d" % total))
    return total


def _hdel(space: Keyspace, words: Words) -> Reply:
    found, removed = space.find(words[0], Hash), 0
    for field in words[1:]:
        before = found.pop(field, None)
        if before is not None:
            removed += 1
            space.noted(words[0], field, before, None)
    if removed:
        space.keep(words[0], found)
    return removed


def _hget(space: Keyspace, words: Words) -> Reply:
    return space.find(words[0], Hash).get(words[1])


def _hmget(space: Keyspace, words: Words) -> Reply:
    found = space.find(words[0], Hash)
    return [found.get(field) for field in words[1:]]


def _hgetall(space: Keyspace, words: Words) -> Reply:
    return [part for row in space.find(words[0], Hash).items() for part in row]


def _hexists(space: Keyspace, words: Words) -> Reply:
    return int(words[1] in space.find(words[0], Hash))


def _hlen(space: Keyspace, words: Words) -> Reply:
    return len(space.find(words[0], Hash))


def _hkeys(space: Keyspace, words: Words) -> Reply:
    return list(space.find(words[0], Hash))


def _sadd(space: Keyspace, words: Words) -> Reply:
    found = space.find(words[0], Members)
    added = len([found.setdefault(each) for each in dict.fromkeys(words[1:]) if each not in found])
    if added:
        space.keep(words[0], found)
    return added


def _srem(space: Keyspace, words: Words) -> Reply:
    found, before = space.find(words[0], Members), len(space.find(words[0], Members))
    for each in words[1:]:
        found.pop(each, None)
    if len(found) < before:
        space.keep(words[0], found)
    return before - len(found)


def _smembers(space: Keyspace, words: Words) -> Reply:
    return list(space.find(words[0], Members))


def _sismember(space: Keyspace, words: Words) -> Reply:
    return int(words[1] in space.find(words[0], Members))


def _smismember(space: Keyspace, words: Words) -> Reply:
    found = space.find(words[0], Members)
    return [int(each in found) for each in words[1:]]


def _sinter(space: Keyspace, words: Words) -> Reply:
    first, *others = (space.find(key, Members) for key in words)
    return [each for each in first if all(each in other for other in others)]


def _scard(space: Keyspace, words: Words) -> Reply:
    return len(space.find(words[0], Members))


COMMANDS: Final[Mapping[bytes, Command]] = {
    b"HSET": _hset,
    b"HSETNX": _hsetnx,
    b"HINCRBY": _hincrby,
    b"HDEL": _hdel,
    b"HGET": _hget,
    b"HMGET": _hmget,
    b"HGETALL": _hgetall,
    b"HEXISTS": _hexists,
    b"HLEN": _hlen,
    b"HKEYS": _hkeys,
    b"SADD": _sadd,
    b"SREM": _srem,
    b"SMEMBERS": _smembers,
    b"SISMEMBER": _sismember,
    b"SMISMEMBER": _smismember,
    b"SINTER": _sinter,
    b"SCARD": _scard,
}
