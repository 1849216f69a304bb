"""How a type of the SDK is written in a stub."""

import inspect
import types
import typing
from typing import Any, Union

from dara_fp.databricks.sdk.classes import reaches_the_network
from dara_fp.databricks.sdk.streams import Stream
from dara_fp.databricks.sdk.waits import Wait

__all__ = ["Spelling", "home"]

_UNIONS = (Union, types.UnionType)
_SERVICES = "databricks.sdk.service"
_TYPED = "dara_fp.databricks.sdk.typed"


class Spelling:
    """Spells types for one stub, and gathers the imports they need.

    Attributes:
        imports: Lines to import what was spelled.
    """

    def __init__(self, module: str = "") -> None:
        """Spell for the stub of the SDK's *module*; classes that live there need no import."""
        self.imports: set[str] = set()
        self._module = module

    def of(self, kind: Any, shadowed: frozenset[str] = frozenset()) -> str:
        """Spell *kind* where the names in *shadowed* mean something else."""
        origin, parts = typing.get_origin(kind), typing.get_args(kind)
        if origin is not None:
            return self._compound(origin, [self._part(part, shadowed) for part in parts], shadowed)
        return self._simple(kind, shadowed)

    def _part(self, part: Any, shadowed: frozenset[str]) -> str:
        match part:
            case [*parameters]:  # those of a callable
                return f"[{', '.join(self.of(each, shadowed) for each in parameters)}]"
            case _:
                return "..." if part is ... else self.of(part, shadowed)

    def _compound(self, origin: Any, parts: list[str], shadowed: frozenset[str]) -> str:
        if origin in _UNIONS:
            return " | ".join(dict.fromkeys(parts))
        if origin.__name__ == "Callable":
            self.imports.add("from collections.abc import Callable")
            return f"Callable[{', '.join(parts)}]"
        if origin.__name__ == "Iterator":
            self.imports.add("from collections.abc import AsyncIterator")
            return f"AsyncIterator[{', '.join(parts)}]"
        return f"{self._simple(origin, shadowed, bare='')}[{', '.join(parts)}]"

    def _simple(self, kind: Any, shadowed: frozenset[str], bare: str = "[Any]") -> str:
        if kind is None or kind is type(None):
            return "None"
        if kind in {list, dict}:
            full = {dict: "[str, Any]", list: "[Any]"}[kind] if bare else ""
            return self._builtin(kind.__name__, shadowed) + self._with_any(full)
        if not inspect.isclass(kind) or kind is inspect.Parameter.empty or _is_untyped(kind):
            return self._with_any("Any")
        return self._named(_TWINS.get(f"{kind.__module__}.{kind.__qualname__}", kind), shadowed)

    def _named(self, kind: type, shadowed: frozenset[str]) -> str:
        if kind.__module__ == "builtins":
            return self._builtin(kind.__name__, shadowed)
        if reaches_the_network(kind):
            return self._service(kind)
        package, _, module = kind.__module__.rpartition(".")
        if package == _SERVICES:
            self.imports.add(f"from {package} import {module} as _{module}")
            return f"_{module}.{kind.__qualname__}"
        self.imports.add(f"from {kind.__module__} import {kind.__qualname__}")
        return kind.__qualname__

    def _service(self, kind: type) -> str:
        module = home(kind)
        if module == self._module:
            return kind.__name__
        self.imports.add(f"from {_TYPED} import {module} as _{module}")
        return f"_{module}.{kind.__name__}"

    def _builtin(self, name: str, shadowed: frozenset[str]) -> str:
        if name not in shadowed:
            return name
        self.imports.add("import builtins")
        return f"builtins.{name}"

    def _with_any(self, spelled: str) -> str:
        if spelled:
            self.imports.add("from typing import Any")
        return spelled


def home(kind: type) -> str:
    """Name the SDK's module that the service *kind* comes from; mixins belong to their base's."""
    generated = [
        one for one in kind.__mro__ if one.__module__.startswith("databricks.sdk.service.")
    ]
    return generated[0].__module__.rpartition(".")[2]


def _is_untyped(kind: type) -> bool:
    """Tell whether type checkers know *kind* only with stubs that few have."""
    return kind.__module__.startswith("google.") or kind.__module__.startswith("requests")


_TWINS: dict[str, type] = {
    "databricks.sdk.service._internal.Wait": Wait,
    "typing.BinaryIO": Stream,
}
