"""The asynchronous class of an SDK class: made once a process, at first use."""

import __future__

import ast
import inspect
import sys
from collections.abc import Iterator
from threading import RLock
from typing import Any, cast

from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.sdk.failures import operation_failed, timed_out
from dara_fp.databricks.sdk.irregular import IRREGULAR, Irregular, Refused, missing
from dara_fp.databricks.sdk.rewriting import rewrite
from dara_fp.databricks.sdk.shapes import Shape, shapes_of
from dara_fp.databricks.sdk.sources import class_source
from dara_fp.databricks.sdk.waits import Clock, Operation, Wait, poll

__all__ = ["asynchronous", "asynchronous_namespace", "reaches_the_network"]

_made: dict[type, type] = {}
_shapes: dict[type, dict[str, Shape]] = {}
_namespaces: dict[str, dict[str, Any]] = {}
_lock = RLock()  # two threads may want the same class, and one needs others

# What stands in a rewritten class for the SDK's names and Python's.
_TWINS: dict[str, Any] = {
    "DatabricksError": DatabricksError,
    "OperationFailed": operation_failed,
    "TimeoutError": timed_out,
    "Wait": Wait,
    "poll": poll,
    "time": Clock,
}


def asynchronous(original: type) -> type:
    """Give the asynchronous twin of *original*, a service or operation of the SDK.

    It takes up to 80 ms for the largest, so call it in a thread.

    Raises:
        ImportError: There is no source to make it from.
    """
    with _lock:
        if original not in _made:
            _made[original] = _compiled(original)
        return _made[original]


def asynchronous_namespace(module: str) -> dict[str, Any]:
    """Give the names that rewritten classes of *module* see."""
    if module not in _namespaces:
        _namespaces[module] = {**vars(sys.modules[module]), **_TWINS}
    return _namespaces[module]


def reaches_the_network(value: object) -> bool:
    """Tell whether *value* is a class of the SDK that makes calls: a service or an operation."""
    if not inspect.isclass(value) or not value.__module__.startswith("databricks.sdk."):
        return False
    made = cast("Any", value).__init__
    code = getattr(made, "__code__", None)
    return code is not None and code.co_varnames[1:2] in {("api_client",), ("impl",)}


def _compiled(original: type) -> type:
    tree, file = class_source(original)
    irregular = IRREGULAR.get(original.__name__, Irregular())
    namespace = asynchronous_namespace(original.__module__)
    bases = {f"_dara_base_{at}": base for at, base in enumerate(_bases(original, irregular))}
    namespace |= bases
    inherited = _shapes.get(original.__bases__[0], {})
    _shapes[original] = shapes_of(tree, inherited)
    if irregular.only_base:
        tree.body = [ast.Pass(lineno=tree.lineno, col_offset=0)]
    rewrite(tree, _shapes[original], inherited, irregular.names)
    tree.bases = [ast.copy_location(ast.Name(id=name, ctx=ast.Load()), tree) for name in bases]
    module = ast.Module(body=[tree], type_ignores=[])
    flags = __future__.annotations.compiler_flag
    exec(compile(module, file, "exec", flags, dont_inherit=True), namespace)  # noqa: S102 - the installed SDK's own code
    made = cast("type", namespace[original.__name__])
    namespace |= {needed.__name__: _in_place_of(needed) for needed in _needed(made, original)}
    return made


def _bases(original: type, irregular: Irregular) -> Iterator[type]:
    if irregular.by_hand is not None:
        yield irregular.by_hand
    base = original.__bases__[0]
    if base is not object:
        yield asynchronous(base)
    else:
        yield Operation if "wait" in vars(original) else _Service


def _needed(made: type, original: type) -> Iterator[type]:
    """Give the other classes of its module that *made* makes: operations, or services of it."""
    own = vars(sys.modules[original.__module__])
    codes = [getattr(method, "__code__", None) for method in vars(made).values()]
    for name in {name for code in codes if code for name in code.co_names}:
        if reaches_the_network(own.get(name)) and own[name] not in _made:
            yield own[name]


def _in_place_of(original: type) -> Any:
    """Give the twin of *original*, or for an operation what makes it when it is begun.

    A service can have 30 operations, of which hardly ever one is used.
    """
    if "wait" not in vars(original):
        return asynchronous(original)

    def begun(*args: Any, **kwargs: Any) -> Any:
        return asynchronous(original)(*args, **kwargs)

    return begun


class _Service:
    """A service."""

    _api: Any

    def __getattr__(self, name: str) -> Any:
        kept = inspect.getattr_static(type(self), name, None)
        if isinstance(kept, Refused):
            kept.__get__(self, type(self))
        raise missing(type(self).__name__, name, dir(self))

    def __repr__(self) -> str:
        return f"<asynchronous {type(self).__name__} of {self._api._cfg.host}>"  # noqa: SLF001 - the SDK's name
