"""Which context classes can be stored as JSON and read back, and why the others cannot."""

import collections.abc
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs

from dara_fp.core.context import fields_of

__all__ = ["NotSerialisable", "check_context"]


class NotSerialisable(TypeError):
    """A value or a type cannot be written as JSON and read back."""


def check_context(context: type[Any]) -> None:
    """Refuse the class *context* if it is not frozen attrs, or has fields that cannot be stored.

    Raises:
        TypeError: *context* is not frozen attrs.
        NotSerialisable: Names each field at fault, why, and what to write instead.
    """
    name = getattr(context, "__name__", repr(context))
    if not _is_frozen_attrs(context):
        raise TypeError(f"{name} is not frozen: decorate it with @attrs.frozen(kw_only=True)")
    problems = [f"{name}.{said}" for said in _faults(context)]
    if problems:
        raise NotSerialisable("; ".join(problems))


def _faults(record: type[Any]) -> Iterator[str]:
    hints = typing.get_type_hints(record, include_extras=True)
    for field in fields_of(record):
        if field.name.startswith("_"):
            yield f"{field.name} is private and would be dropped: name it without the underscore"
        elif not field.init:
            yield f"{field.name} has init=False and could not be restored: use a property"
        else:
            yield from (f"{field.name} {said}" for said in _unstorable(hints[field.name]))


_SCALARS = frozenset(
    {bool, int, float, str, bytes, type(None), datetime, date, time, timedelta, UUID, Decimal}
)
_MUTABLE = {
    list: "tuple[T, ...]",
    set: "frozenset[T]",
    dict: "collections.abc.Mapping[K, V]",
}
_UNIONS = frozenset({typing.Union, types.UnionType})
_CONTAINERS = frozenset({tuple, frozenset, collections.abc.Mapping, *_UNIONS})


def _unstorable(hint: Any) -> Iterator[str]:
    """Say why values of the type *hint* cannot be stored, or nothing."""
    origin = typing.get_origin(hint)
    if origin is None:
        yield from _unstorable_class(hint)
    elif origin is typing.Annotated:
        yield from _unstorable(typing.get_args(hint)[0])
    elif origin in _CONTAINERS:
        yield from _unstorable_parts(origin, typing.get_args(hint))
    elif origin is not typing.Literal:
        yield from _unstorable_class(origin)


def _unstorable_parts(origin: Any, parts: tuple[Any, ...]) -> Iterator[str]:
    if origin in _UNIONS and sum(map(_is_frozen_attrs, parts)) > 1:
        yield "is a union of records, which JSON cannot tell apart: use one record with a tag"
    for part in parts:
        if part is not Ellipsis:
            yield from _unstorable(part)


def _unstorable_class(hint: Any) -> Iterator[str]:
    name = getattr(hint, "__name__", str(hint))
    if hint in _MUTABLE:
        yield f"is a {name}, which can be changed in place: use {_MUTABLE[hint]}"
    elif _is_frozen_attrs(hint):
        yield from (f"({name}).{said}" for said in _faults(hint))
    elif hint not in _SCALARS and not (isinstance(hint, type) and issubclass(hint, Enum)):
        yield f"has the type {name}, which JSON cannot hold: use plain values or a frozen record"


def _is_frozen_attrs(hint: Any) -> bool:
    return isinstance(hint, type) and attrs.has(hint) and attrs.inspect(hint).is_frozen
