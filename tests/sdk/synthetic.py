"""Arguments and answers made up from what the SDK's annotations and code say."""

import dataclasses
import inspect
import sys
import types
import typing
from collections import abc
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any, BinaryIO, cast

__all__ = ["NotMadeUp", "answers", "arguments", "made_up"]

_DEEPEST = 2
_TEXT = "a b/ü+1"
_NUMBERS: dict[Any, Any] = {
    int: 7,
    float: 1.5,
    bool: True,
    timedelta: timedelta(seconds=90),
    object: {"any": [1, "x", None]},
}


class NotMadeUp(Exception):
    """There is no value for a type."""


def arguments(method: Callable[..., Any], *, optional: bool) -> dict[str, Any]:
    """Make up arguments for all parameters of *method*, or for those it needs."""
    kinds = annotations(method)
    return {
        each.name: made_up(kinds.get(each.name, type(each.default)), each.name)
        for each in inspect.signature(method).parameters.values()
        if each.name not in {"self", "timeout", "callback", "opts"}
        and each.kind not in {each.VAR_KEYWORD, each.VAR_POSITIONAL}
        and (optional or each.default is each.empty)
    }


def annotations(method: Callable[..., Any]) -> dict[str, Any]:
    """Give the types that *method* names."""
    return inspect.get_annotations(method, eval_str=True)


def made_up(kind: Any, name: str = "", depth: int = 0) -> Any:
    """Make up a value of *kind*; a text tells *name*.

    Raises:
        NotMadeUp: It is of no kind known here.
    """
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in {typing.Union, types.UnionType}:
        return made_up(next(part for part in parts if part is not type(None)), name, depth)
    if origin is dict or kind is dict:
        return {f"{name} key": made_up(parts[1] if parts else str, name, depth)}
    if origin is not None or kind is list:
        return [made_up(parts[0] if parts else str, name, depth) for _ in range(2)]
    if kind is str:
        return f"{name} {_TEXT}"
    if kind is Any or not inspect.isclass(kind):
        return _NUMBERS[object]
    return _simple(kind, depth)


def _simple(kind: Any, depth: int) -> Any:
    if kind in _NUMBERS:
        return _NUMBERS[kind]
    if issubclass(kind, Enum):
        return next(iter(kind))
    if dataclasses.is_dataclass(kind):
        return _record(cast("type", kind), depth)
    return _protobuf(kind)


def _record(kind: type, depth: int) -> Any:
    fields = dataclasses.fields(cast("Any", kind))
    kinds = _fields(kind)
    wanted = [each for each in fields if depth < _DEEPEST or _is_needed(each)]
    return kind(**{each.name: made_up(kinds[each.name], each.name, depth + 1) for each in wanted})


def _is_needed(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


@cache
def _fields(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _protobuf(kind: type) -> Any:
    made: Any = kind()
    said = {"Timestamp": "2026-01-02T03:04:05Z", "Duration": "90s", "FieldMask": "name,state"}
    if kind.__name__ not in said:
        raise NotMadeUp(kind)
    made.FromJsonString(said[kind.__name__])
    return made


def answers(method: Callable[..., Any]) -> list[Any]:
    """Make up what the workspace answers to the first, second and later requests of *method*."""
    content = _contents(method)
    if not inspect.isgeneratorfunction(method):
        return [[content, content] if _reads_a_list(method) else content]
    # Every word in the code may be the key of a page's items: the wrong ones do no harm.
    keys = [word for word in _words(method) if word.isidentifier()]
    tokens = {"next_page_token": "page 2", "next_page": 2}
    first = {key: [content, content] for key in keys}
    second = {key: [content] for key in keys}
    return [{**first, **tokens}, {**second, **dict.fromkeys(tokens)}, {}]


def _contents(method: Callable[..., Any]) -> dict[str, Any]:
    """Merge the answers of all records that *method* reads."""
    names = vars(sys.modules[method.__module__])
    content: dict[str, Any] = {}
    for name in _names(method.__code__):
        if dataclasses.is_dataclass(kind := names.get(name)) and hasattr(kind, "from_dict"):
            content |= _as_answer(cast("type", kind))
    return content


def _reads_a_list(method: Callable[..., Any]) -> bool:
    returned = annotations(method).get("return")
    if typing.get_origin(returned) is not abc.Iterator:
        return False
    (item,) = typing.get_args(returned)
    return item.__name__ in _names(method.__code__)


def _names(code: types.CodeType) -> list[str]:
    # What a comprehension reads is in a code of its own before Python 3.12.
    inner = [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return [*code.co_names, *(name for each in inner for name in _names(each))]


@cache
def _as_answer(kind: type) -> Mapping[str, Any]:
    record: Any = _record(kind, 0)
    content: Mapping[str, Any] = record.as_dict()
    return content


def _words(method: Callable[..., Any]) -> list[str]:
    known = {"next_page_token", "next_page"}
    constants = method.__code__.co_consts
    return [each for each in constants if isinstance(each, str) and each not in known]


_NUMBERS[BinaryIO] = b"bytes"
