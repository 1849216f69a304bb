"""The store's server-side functions: their source, and their calls in the Redis protocol.

All that changes a task happens in a function, so it happens as a whole and is fenced. The library's
name carries a digest of its source: two versions of DARA can share one server, and what is loaded
under a name never changes.
"""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import TypeAlias

import attrs

__all__ = ["LIBRARY", "SOURCE", "Call", "Refusal", "Reply", "call", "pack"]

Reply: TypeAlias = bytes | int | list["Reply"] | None
"""What a server answers."""


@attrs.frozen(kw_only=True)
class Refusal:
    """An answer that is an error: its *code*, the first word, and the whole *text*."""

    code: str
    text: str


_TEMPLATE = resources.files("dara_fp.store").joinpath("functions.lua").read_text(encoding="utf-8")

LIBRARY = f"dara_{hashlib.sha256(_TEMPLATE.encode()).hexdigest()[:12]}"
"""Name of the function library, and prefix of its functions."""

SOURCE = _TEMPLATE.replace("@library@", LIBRARY).encode()
"""What `FUNCTION LOAD` takes."""

_NAMES = {
    name: f"{LIBRARY}_{name}".encode()
    for name in (
        *("create", "take", "list", "read", "summary", "signal", "cancel", "resume"),
        *("look", "retire", "recount"),
        *("record", "report", "begin", "finish", "park", "hand_back"),
    )
}


def call(name: str, keys: Sequence[bytes], *arguments: bytes) -> bytes:
    """Give the packed call of function *name* on *keys* with *arguments*."""
    return pack(b"FCALL", _NAMES[name], b"%d" % len(keys), *keys, *arguments)


class Call:
    """Calls of one function that begin alike; what they share is packed once."""

    __slots__ = ("_count", "_start")

    def __init__(self, name: str, keys: Sequence[bytes], *arguments: bytes) -> None:
        """Call the function *name* on *keys* with *arguments* and whatever else is given later."""
        words = (b"FCALL", _NAMES[name], b"%d" % len(keys), *keys, *arguments)
        self._count = len(words)
        self._start = pack(*words).partition(b"\r\n")[2]

    def __call__(self, *arguments: bytes) -> bytes:
        """Give the packed call with these *arguments* more."""
        parts = [b"*%d\r\n%b" % (self._count + len(arguments), self._start)]
        parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in arguments]
        return b"".join(parts)


def pack(*words: bytes) -> bytes:
    r"""Give *words* as one command of the Redis protocol.

    >>> pack(b"GET", b"k")
    b'*2\r\n$3\r\nGET\r\n$1\r\nk\r\n'
    """
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]
    return b"".join(parts)
