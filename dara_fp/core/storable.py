"""Which context classes can be stored as JSON and read back, and why the others cannot."""

import collections.abc
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import attrs
import msgspec

from dara_fp.core.context import fields_of
from dara_fp.core.errors import NotSerialisable

__all__ = ["check_context"]


def check_context(context: type[Any]) -> None:
    """Refuse the class *context* if it is not frozen attrs, or has fields that cannot be stored.

    Raises:
        TypeError: *context* is not frozen attrs.
        NotSerialisable: Names each field at fault, why, and what to write instead.
    """
    name = getattr(context, "__name__", repr(context))
    if not _is_frozen_attrs(context):
        raise TypeError(f"{name} is not frozen: decorate it with @attrs.frozen(kw_only=True)")
    problems = [f"{name}.{said}" for said in _faults(context, set())]
    if problems:
        raise NotSerialisable("; ".join(problems))


_SCALARS = frozenset(
    {bool, int, float, str, bytes, type(None), datetime, date, time, timedelta, UUID, Decimal}
)
_MUTABLE = {
    list: "tuple[T, ...]",
    set: "frozenset[T]",
    dict: "collections.abc.Mapping[K, V]",
}
_KEYS = _SCALARS - {bool, type(None)}
_UNIONS = frozenset({typing.Union, types.UnionType})
_CONTAINERS = frozenset({tuple, frozenset, collections.abc.Mapping, *_UNIONS})


def _faults(record: type[Any], seen: set[type[Any]]) -> Iterator[str]:
    """Say what is wrong with the fields of *record*, unless it was *seen*: it may hold itself."""
    if record in seen:
        return
    seen.add(record)
    hints = _hints(record)
    for field in fields_of(record):
        said = _unrestorable(field, hints)
        faults = [said] if said else list(_unstorable(hints[field.name], seen))
        faults = faults or list(_unreadable(hints[field.name]))
        yield from (f"{field.name} {said}" for said in faults)


def _hints(record: type[Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(record, include_extras=True)
    except NameError as error:
        raise NotSerialisable(
            f"the annotations of {record.__qualname__} cannot be read, because {error}: "
            "define what they name at the top of a module, and import it outside TYPE_CHECKING"
        ) from error


def _unrestorable(field: "attrs.Attribute[Any]", hints: Mapping[str, Any]) -> str | None:
    if field.name.startswith("_"):
        return "is private and would be dropped: name it without the underscore"
    if not field.init:
        return "has init=False and could not be restored: use a property"
    if field.name not in hints:
        return "has no type: annotate it"
    return None


def _unreadable(hint: Any) -> Iterator[str]:
    """Say why msgspec refuses the type *hint*, such as a union of two types that JSON writes alike.

    A frozen record with a fault is refused too, though it was named where it was first seen.
    """
    try:
        msgspec.json.Decoder(hint)
    except TypeError as error:
        yield f"could not be read back: {error}: use one plain type, or a record for each"


def _unstorable(hint: Any, seen: set[type[Any]]) -> Iterator[str]:
    """Say why values of the type *hint* cannot be stored, or nothing."""
    origin = typing.get_origin(hint)
    if origin is None:
        yield from _unstorable_class(hint, seen)
    elif origin is typing.Annotated:
        yield from _unstorable(typing.get_args(hint)[0], seen)
    elif origin in _CONTAINERS:
        yield from _unstorable_parts(hint, origin, seen)
    elif origin is not typing.Literal:
        yield from _unstorable_class(origin, seen)


def _unstorable_parts(hint: Any, origin: Any, seen: set[type[Any]]) -> Iterator[str]:
    parts = typing.get_args(hint)
    if not parts and hint != tuple[()]:
        yield f"is {hint} of anything: say of what, in brackets"
    if origin in _UNIONS and sum(map(_is_frozen_attrs, parts)) > 1:
        yield "is a union of records, which JSON cannot tell apart: use one record with a tag"
    if origin is collections.abc.Mapping and parts and not _is_key(parts[0]):
        yield f"has {_name(parts[0])} keys, which JSON cannot hold: use str or a tuple of records"
    for part in parts:
        if part is not Ellipsis:
            yield from _unstorable(part, seen)


def _unstorable_class(hint: Any, seen: set[type[Any]]) -> Iterator[str]:
    if hint in _MUTABLE:
        yield f"is a {_name(hint)}, which can be changed in place: use {_MUTABLE[hint]}"
    elif _is_frozen_attrs(hint):
        yield from (f"({_name(hint)}).{said}" for said in _faults(hint, seen))
    elif hint not in _SCALARS and not _is_enum(hint):
        yield (
            f"has the type {_name(hint)}, which JSON cannot hold: "
            "use plain values or a frozen record"
        )


def _is_key(hint: Any) -> bool:
    """Tell whether JSON objects can have keys of the type *hint*."""
    parts = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _is_key(parts[0])
    if origin in _UNIONS:
        return all(map(_is_key, parts))
    return origin is typing.Literal or hint in _KEYS or _is_enum(hint)


def _is_enum(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _is_frozen_attrs(hint: Any) -> bool:
    """Tell whether *hint* itself was decorated; a bare subclass would lose its own fields."""
    decorated = isinstance(hint, type) and "__attrs_attrs__" in vars(hint)
    return decorated and attrs.inspect(hint).is_frozen


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))
