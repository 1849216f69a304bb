"""A Redis keyspace in memory: typed values by key, with expiry, on the clock of the simulation."""

from bisect import insort
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import attrs

from dara_fp.store.functions import Reply

__all__ = [
    "Command",
    "Hash",
    "Kept",
    "Keyspace",
    "Members",
    "Noted",
    "Sorted",
    "Stream",
    "Words",
    "WrongType",
]

Noted: TypeAlias = Callable[[bytes, bytes, bytes | None, bytes | None], None]
"""Hears of a changed field of a hash: key, field, value before and value now."""


class WrongType(Exception):
    """A command was given a key that holds another kind of value."""


class Hash(dict[bytes, bytes]):
    """Fields and values."""


class Members(dict[bytes, None]):
    """A set, in the order of adding: a set of Python's would make the order depend on chance."""


class Sorted(dict[bytes, float]):
    """Members and their scores."""

    def rows(self) -> list[tuple[float, bytes]]:
        """Give scores and members in order."""
        return sorted((score, member) for member, score in self.items())


@attrs.define
class Stream:
    """Rows by number, and the number of the last one there was."""

    rows: list[tuple[tuple[int, int], tuple[bytes, ...]]] = attrs.field(
        factory=list[tuple[tuple[int, int], tuple[bytes, ...]]]
    )
    last: tuple[int, int] = (0, 0)

    def add(self, number: tuple[int, int], fields: tuple[bytes, ...]) -> None:
        """Add a row."""
        insort(self.rows, (number, fields))
        self.last = number


Kept: TypeAlias = Hash | Members | Sorted | Stream

K = TypeVar("K", Hash, Members, Sorted, Stream)


def _unheard(key: bytes, field: bytes, before: bytes | None, now: bytes | None) -> None:
    """Hear nothing."""


@attrs.define(kw_only=True, eq=False)
class Keyspace:
    """The data of one server, all of it in one database.

    Attributes:
        clock: Gives seconds since 1970.
        noted: Hears of each field of a hash that changes.
        writes: How many commands changed something.
    """

    clock: Callable[[], float]
    noted: Noted = _unheard
    writes: int = 0
    _kept: dict[bytes, Kept] = attrs.field(factory=dict[bytes, Kept])
    _gone_at: dict[bytes, int] = attrs.field(factory=dict[bytes, int])

    def all_keys(self) -> list[bytes]:
        """Give the keys there are, in order."""
        return sorted(key for key in tuple(self._kept) if self.has(key))

    def shown(self, key: bytes) -> str:
        """Give what is at *key* as text."""
        return repr(self._kept.get(key))

    def has(self, key: bytes) -> bool:
        """Tell whether there is something at *key* that has not expired."""
        gone_at = self._gone_at.get(key)
        if gone_at is not None and gone_at <= self.clock() * 1000:
            self.drop(key)
        return key in self._kept

    def find(self, key: bytes, kind: type[K]) -> K:
        """Give what is at *key*, or an empty value of that *kind* that is not kept yet.

        Raises:
            WrongType: Something else is there.
        """
        found = self._kept[key] if self.has(key) else kind()
        if not isinstance(found, kind):
            raise WrongType(f"{key!r} is no {kind.__name__}")
        return found

    def keep(self, key: bytes, value: Kept) -> None:
        """Keep the changed *value* at *key*; only a stream may be empty."""
        self.writes += 1
        if isinstance(value, Stream) or value:
            self._kept[key] = value
        else:
            self.drop(key)

    def drop(self, key: bytes) -> int:
        """Forget *key*, and give how many there were of it."""
        self._gone_at.pop(key, None)
        return int(self._kept.pop(key, None) is not None)

    def expire(self, key: bytes, milliseconds: int) -> int:
        """Let *key* be gone at *milliseconds* since 1970."""
        found = self.has(key)
        if found:
            self.writes += 1
            self._gone_at[key] = milliseconds
        return int(found)

    def persist(self, key: bytes) -> int:
        """Let *key* never be gone."""
        found = self.has(key) and self._gone_at.pop(key, None) is not None
        self.writes += found
        return int(found)


Words: TypeAlias = Sequence[bytes]
"""A command or its arguments."""

Command: TypeAlias = Callable[[Keyspace, Words], Reply]
"""What answers one kind of command."""
