"""The store's Lua functions, run in this process by the Lua that Redis has, version 5.1."""

import importlib
from typing import Any, Final

import attrs

from dara_fp.store.functions import Refusal, Reply
from tests.simulation.redis.commands import perform
from tests.simulation.redis.keyspace import Keyspace, Words

__all__ = ["Functions", "functions_of"]

# lupa has no types, and its modules are compiled.
_LUA: Final[Any] = importlib.import_module("lupa.lua51")
_LOADED: Final[dict[bytes, "Functions"]] = {}


@attrs.frozen
class _Function:
    callback: Any
    reads_only: bool


class Functions:
    """A function library, loaded; it keeps nothing between two calls.

    Attributes:
        name: The library's name.
    """

    def __init__(self, source: bytes) -> None:
        """Load *source*, which begins with `#!lua name=...`."""
        first, _, rest = source.partition(b"\n")
        self.name = first.partition(b"name=")[2].strip().decode()
        self._functions: dict[bytes, _Function] = {}
        self._space: Any = None
        self._lua: Any = _LUA.LuaRuntime(
            encoding=None, register_eval=False, register_builtins=False
        )
        self._lua.globals()[b"redis"] = self._lua.table_from(
            {b"call": self._call, b"register_function": self._register}
        )
        self._lua.execute(b"\n" + rest)

    def run(self, space: Keyspace, words: Words) -> Reply | Refusal:
        """Give what `FCALL` with *words* answers on *space*."""
        function = self._functions.get(words[0])
        if function is None:
            return Refusal(code="ERR", text="Function not found")
        count, self._space, before = int(words[1]), space, space.writes
        keys, arguments = self._lua.table_from(words[2 : 2 + count]), words[2 + count :]
        try:
            value = function.callback(keys, self._lua.table_from(arguments))
        except _LUA.LuaError as error:
            return Refusal(code="ERR", text=str(error))
        if function.reads_only and space.writes != before:
            raise AssertionError(f"{words[0]!r} is said to write nothing, and wrote")
        return self._reply(value)

    def _register(self, given: Any, callback: Any = None) -> None:
        if callback is not None:
            self._functions[given] = _Function(callback, reads_only=False)
            return
        flags = given[b"flags"]
        reads_only = flags is not None and b"no-writes" in list(flags.values())
        self._functions[given[b"function_name"]] = _Function(given[b"callback"], reads_only)

    def _call(self, *words: object) -> object:
        return self._value(perform(self._space, [_word(each) for each in words]))

    def _value(self, reply: Reply) -> object:
        """Give *reply* as a script sees it: nothing is false."""
        if reply is None:
            return False
        if isinstance(reply, list):
            return self._lua.table_from([self._value(each) for each in reply])
        return reply

    def _reply(self, value: Any) -> Reply | Refusal:
        """Give the *value* that a script returned as a client sees it."""
        if value is None or value is False:
            return None
        if isinstance(value, (bytes, int, float)):
            return value if isinstance(value, bytes) else int(value)
        if value[b"err"] is not None:
            code, _, text = value[b"err"].decode().partition(" ")
            return Refusal(code=code, text=text)
        said: Reply = value[b"ok"]
        return self._rows(value) if said is None else said

    def _rows(self, table: Any) -> Reply:
        rows: list[Reply] = []
        while (value := table[len(rows) + 1]) is not None:
            row = self._reply(value)
            rows.append(None if isinstance(row, Refusal) else row)
        return rows


def functions_of(source: bytes) -> Functions:
    """Give the functions of *source*, loaded at its first use."""
    if source not in _LOADED:
        _LOADED[source] = Functions(source)
    return _LOADED[source]


def _word(value: object) -> bytes:
    """Give *value* as `redis.call` sends it."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, float):
        return b"%.17g" % value
    if isinstance(value, int) and not isinstance(value, bool):
        return b"%d" % value
    raise TypeError(f"redis.call takes texts and numbers, not {value!r}")
