"""Commands on sorted sets and streams, as a Redis server answers them."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from dara_fp.store.functions import Reply
from tests.simulation.redis.keyspace import Command, Keyspace, Sorted, Stream, Words

__all__ = ["COMMANDS"]


def _zadd(space: Keyspace, words: Words) -> Reply:
    found, added, changed = space.find(words[0], Sorted), 0, False
    flags, pairs = _flags(words[1:])
    for score, member in zip(pairs[::2], pairs[1::2], strict=True):
        known = member in found
        if known if b"NX" in flags else not known and b"XX" in flags:
            continue
        added += not known
        changed = changed or found.get(member) != float(score)
        found[member] = float(score)
    if changed:
        space.keep(words[0], found)
    return added


def _flags(words: Words) -> tuple[frozenset[bytes], Words]:
    for place, word in enumerate(words):
        if word.upper() not in {b"NX", b"XX"}:
            return frozenset(each.upper() for each in words[:place]), words[place:]
    return frozenset(), ()


def _zrem(space: Keyspace, words: Words) -> Reply:
    found = space.find(words[0], Sorted)
    removed = len([found.pop(each) for each in dict.fromkeys(words[1:]) if each in found])
    if removed:
        space.keep(words[0], found)
    return removed


def _zscore(space: Keyspace, words: Words) -> Reply:
    score = space.find(words[0], Sorted).get(words[1])
    return None if score is None else _number(score)


def _zcard(space: Keyspace, words: Words) -> Reply:
    return len(space.find(words[0], Sorted))


def _zpopmin(space: Keyspace, words: Words) -> Reply:
    found = space.find(words[0], Sorted)
    first = found.rows()[: int(words[1]) if len(words) > 1 else 1]
    for _, member in first:
        del found[member]
    if first:
        space.keep(words[0], found)
    return _shown(first, scores=True)


def _zrange(space: Keyspace, words: Words) -> Reply:
    rows = space.find(words[0], Sorted).rows()
    first, last = (int(word) + len(rows) * (int(word) < 0) for word in words[1:3])
    return _shown(rows[max(first, 0) : last + 1], scores=b"WITHSCORES" in _upper(words[3:]))


def _zrangebyscore(space: Keyspace, words: Words) -> Reply:
    return _between(space, words[0], words[1], words[2], words[3:])


def _zrevrangebyscore(space: Keyspace, words: Words) -> Reply:
    return _between(space, words[0], words[2], words[1], words[3:], step=-1)


def _zcount(space: Keyspace, words: Words) -> Reply:
    return len(_rows_between(space, *words[:3]))


def _between(
    space: Keyspace, key: bytes, least: bytes, most: bytes, options: Words, *, step: int = 1
) -> Reply:
    rows = _rows_between(space, key, least, most)[::step]
    said = _upper(options)
    if b"LIMIT" in said:
        place = said.index(b"LIMIT")
        offset, count = int(options[place + 1]), int(options[place + 2])
        rows = rows[offset:] if count < 0 else rows[offset : offset + count]
    return _shown(rows, scores=b"WITHSCORES" in said)


def _rows_between(
    space: Keyspace, key: bytes, least: bytes, most: bytes
) -> list[tuple[float, bytes]]:
    low, high = _bound(least, 1), _bound(most, -1)
    return [row for row in space.find(key, Sorted).rows() if low <= row[0] <= high]


def _bound(word: bytes, inward: int) -> float:
    if word.startswith(b"("):
        return math.nextafter(float(word[1:]), inward * math.inf)
    return float(word)


def _shown(rows: Sequence[tuple[float, bytes]], *, scores: bool) -> Reply:
    if not scores:
        return [member for _, member in rows]
    return [part for score, member in rows for part in (member, _number(score))]


def _number(score: float) -> bytes:
    return (b"%d" % score) if score.is_integer() else repr(score).encode()


def _upper(words: Words) -> list[bytes]:
    return [word.upper() for word in words]


def _xadd(space: Keyspace, words: Words) -> Reply:
    found, rest = space.find(words[0], Stream), list(words[1:])
    most = None
    if rest[0].upper() == b"MAXLEN":
        most = int(rest[2] if rest[1] in {b"~", b"="} else rest[1])
        rest = rest[3:] if rest[1] in {b"~", b"="} else rest[2:]
    number = _row_number(rest[0], 0)
    if number <= found.last:
        raise ValueError(f"the id {rest[0]!r} is not above {found.last}")
    found.add(number, tuple(rest[1:]))
    if most is not None:
        del found.rows[: max(0, len(found.rows) - most)]
    space.keep(words[0], found)
    return rest[0]


def _xrange(space: Keyspace, words: Words) -> Reply:
    first = _row_number(words[1], 0) if words[1] != b"-" else (0, 0)
    last = _row_number(words[2], 2**64) if words[2] != b"+" else (2**64, 2**64)
    count = int(words[4]) if len(words) > 3 else None
    rows = [row for row in space.find(words[0], Stream).rows if first <= row[0] <= last]
    return [[b"%d-%d" % number, list(fields)] for number, fields in rows[:count]]


def _xlen(space: Keyspace, words: Words) -> Reply:
    return len(space.find(words[0], Stream).rows)


def _row_number(word: bytes, rest: int) -> tuple[int, int]:
    first, dash, second = word.partition(b"-")
    return int(first), int(second) if dash else rest


COMMANDS: Final[Mapping[bytes, Command]] = {
    b"ZADD": _zadd,
    b"ZREM": _zrem,
    b"ZSCORE": _zscore,
    b"ZCARD": _zcard,
    b"ZPOPMIN": _zpopmin,
    b"ZRANGE": _zrange,
    b"ZRANGEBYSCORE": _zrangebyscore,
    b"ZREVRANGEBYSCORE": _zrevrangebyscore,
    b"ZCOUNT": _zcount,
    b"XADD": _xadd,
    b"XRANGE": _xrange,
    b"XLEN": _xlen,
}
