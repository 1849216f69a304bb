"""Contexts drawn by hypothesis: every value can be stored and read back."""

import collections.abc
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dara_fp.core.codec import codec_of
from dara_fp.core.context import fields_of, given_fields
from dara_fp.core.errors import NotSerialisable

__all__ = ["contexts", "field_values", "hints_of"]

C = TypeVar("C")

Parts: TypeAlias = tuple[Any, ...]

_MOST = 5  # members of a drawn collection


def contexts(context: type[C], /, **fields: SearchStrategy[Any]) -> SearchStrategy[C]:
    """Draw contexts of the class *context*, as a caller could give them.

    What steps make is left at its default. Collections are small, numbers fit into 64 bits, and
    whatever would not survive being stored is not drawn.

    Args:
        context: A context class.
        fields: What to draw for a field, by its name, instead of anything its type allows.

    Raises:
        TypeError: *context* is not frozen attrs, or cannot be stored, or has no such field.

    >>> from hypothesis import find, strategies as st
    >>> from dara_fp import StepContext, made
    >>> @attrs.frozen(kw_only=True)
    ... class Order(StepContext):
    ...     amount: int
    ...     tags: tuple[str, ...] = ()
    ...     price: float | None = made()
    >>> find(contexts(Order, amount=st.integers(1, 9)), lambda order: len(order.tags) > 1)
    Order(amount=1, tags=('', ''), price=None)
    """
    names = {field.name: field.alias or field.name for field in fields_of(context)}
    if unknown := ", ".join(sorted(fields.keys() - names.keys())):
        raise TypeError(f"{context.__name__} has no field {unknown}; it has {', '.join(names)}")
    drawn = {name: field_values(context, name) for name in given_fields(context)} | fields
    return _made(context, {names[name]: values for name, values in drawn.items()})


def field_values(context: type[Any], name: str) -> SearchStrategy[Any]:
    """Draw what the field *name* of *context* can hold, and a journal can keep."""
    codec = codec_of(context)

    def survives(value: object) -> bool:
        try:
            codec.encode_changes({name: value})
        except NotSerialisable:
            return False
        return True

    return _of(hints_of(context)[name]).filter(survives)


def hints_of(record: type[Any]) -> dict[str, Any]:
    """Give the types of the fields of *record*, by name."""
    erased: Any = record  # a class can be hashed, whatever its type says
    return _hints(erased)


@cache
def _hints(record: Any) -> dict[str, Any]:
    return typing.get_type_hints(record, include_extras=True)


def _made(record: type[C], arguments: dict[str, SearchStrategy[Any]]) -> SearchStrategy[C]:
    """Draw a *record* from its *arguments*; a validator may refuse what their types allow."""

    def make(given: dict[str, Any]) -> C | None:
        try:
            return record(**given)
        except (TypeError, ValueError):
            return None

    made: SearchStrategy[Any] = st.fixed_dictionaries(arguments).map(make)
    return made.filter(_is_there)


def _is_there(made: object) -> bool:
    return made is not None


def _of(hint: Any) -> SearchStrategy[Any]:
    """Draw values of the type *hint*; what JSON cannot hold is left out where that is easy."""
    if hint in _NUMBERS:
        return _NUMBERS[hint]
    of_parts = _CONTAINERS.get(typing.get_origin(hint))
    if of_parts is not None:
        return of_parts(typing.get_args(hint))
    return _record(hint) if attrs.has(hint) else st.from_type(hint)


_NUMBERS: dict[Any, SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
}


def _record(record: type[Any]) -> SearchStrategy[Any]:
    fields = {
        field.alias or field.name: hints_of(record)[field.name] for field in fields_of(record)
    }
    return st.deferred(lambda: _made(record, {alias: _of(hint) for alias, hint in fields.items()}))


def _tuple(parts: Parts) -> SearchStrategy[Any]:
    if parts[1:] == (...,):
        return st.lists(_of(parts[0]), max_size=_MOST).map(tuple)
    return st.tuples(*map(_of, parts))


def _union(parts: Parts) -> SearchStrategy[Any]:
    none_first = sorted(parts, key=lambda part: part is not type(None))
    return st.one_of(*map(_of, none_first))


def _annotated(parts: Parts) -> SearchStrategy[Any]:
    return _of(parts[0])


def _set(parts: Parts) -> SearchStrategy[Any]:
    return st.frozensets(_of(parts[0]), max_size=_MOST)


def _mapping(parts: Parts) -> SearchStrategy[Any]:
    return st.dictionaries(_of(parts[0]), _of(parts[1]), max_size=_MOST)


_CONTAINERS: dict[Any, Callable[[Parts], SearchStrategy[Any]]] = {
    tuple: _tuple,
    frozenset: _set,
    collections.abc.Mapping: _mapping,
    typing.Union: _union,
    types.UnionType: _union,
    typing.Annotated: _annotated,
}
