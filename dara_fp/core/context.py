"""The immutable state a workflow carries from step to step."""

import linecache
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, Self, TypeVar

import attrs
import msgspec

__all__ = [
    "Evolves",
    "StepContext",
    "changes",
    "evolved",
    "fields_of",
    "given_fields",
    "made",
    "made_fields",
]

C = TypeVar("C")

_MADE = "dara_fp.made"


class Evolves(Protocol):
    """What every context can do; shared steps extend it with the fields they need.

    >>> class HasPath(Evolves, Protocol):
    ...     @property
    ...     def path(self) -> str: ...
    """

    def evolve(self, **changes: object) -> Self:
        """Give a copy of the context with *changes* applied."""
        ...


@attrs.frozen(kw_only=True)
class StepContext:
    """Base of all contexts: frozen, keyword-only, JSON-serialisable.

    A field without a default is required of the caller, one with a default is optional, and one
    declared with `made` is filled in by a step and refused from outside.

    >>> @attrs.frozen(kw_only=True)
    ... class Count(StepContext):
    ...     text: str
    ...     words: int | None = made()
    >>> Count(text="to be").evolve(words=2)
    Count(text='to be', words=2)
    """

    def evolve(self, **changes: object) -> Self:
        """Give a copy of the context with *changes* applied; the context itself stays as it is.

        Args:
            changes: New values by field name.

        Raises:
            TypeError: A name in *changes* is no field of the context.
        """
        return evolved(self, changes)


def made(default: Any = None) -> Any:
    """Declare a field that no caller may give: a step makes it, or the workflow fixes it.

    Args:
        default: What the field holds until a step makes it, or what is fixed; immutable.
    """
    return attrs.field(default=default, metadata={_MADE: True})


def fields_of(context: type[Any]) -> tuple["attrs.Attribute[Any]", ...]:
    """Give the attrs fields of the class *context*."""
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(context)
    return fields


def made_fields(context: type[Any]) -> tuple[str, ...]:
    """Name the fields of *context* that steps make."""
    return tuple(field.name for field in fields_of(context) if field.metadata.get(_MADE))


def given_fields(context: type[Any]) -> tuple[str, ...]:
    """Name the fields of *context* that its caller gives."""
    return tuple(field.name for field in fields_of(context) if not field.metadata.get(_MADE))


def evolved(ctx: C, changes: Mapping[str, object]) -> C:
    """Give a copy of the attrs instance *ctx* with *changes* applied, by field name.

    Raises:
        TypeError: A name in *changes* is no field of *ctx*.
    """
    cls: Any = type(ctx)
    try:
        copy: C = _evolver(cls)(ctx, **changes)
    except TypeError as error:
        names = [field.name for field in fields_of(cls) if field.init]
        unknown = sorted(set(changes) - set(names))
        if not unknown:
            raise
        given = ", ".join(map(repr, unknown))
        has = ", ".join(names) or "none"
        raise TypeError(f"{cls.__name__} has no field {given}; it has {has}") from error
    return copy


def changes(before: object, after: object) -> Mapping[str, object]:
    """Give the fields of *after* that differ from *before*, an instance of the same class."""
    cls: Any = after.__class__
    return {
        name: new
        for name in _names(cls)
        if _differ(getattr(before, name), new := getattr(after, name))
    }


def _differ(old: object, new: object) -> bool:
    """Tell whether *new* is written otherwise than *old*.

    Python's own comparison is of no use: 1, 1.0 and True are equal to it, and may be hidden in a
    tuple or a record, and some values refuse to be compared.
    """
    if new is old:
        return False
    if type(new) is str and type(old) is str:
        return new != old
    return _written(new) != _written(old)


def _written(value: object) -> object:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return object()  # what cannot be written differs from everything; the codec says why


@cache
def _names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields_of(cls))


@cache
def _evolver(cls: type[Any]) -> Callable[..., Any]:
    """Write the evolve function of *cls*: one constructor call, no loop over fields.

    attrs.evolve spends most of its time on introspection at each call. The names of its own have
    underscores, because a field may be called ctx, cls or keep.
    """
    fields = [field for field in fields_of(cls) if field.init]
    parameters = "".join(f", {field.name}=__keep__" for field in fields)
    arguments = ", ".join(
        f"{field.alias}=__ctx__.{field.name} if {field.name} is __keep__ else {field.name}"
        for field in fields
    )
    star = ", *" if fields else ""
    source = f"def evolve(__ctx__, /{star}{parameters}):\n    return __cls__({arguments})\n"
    filename = f"<generated evolve of {cls.__module__}.{cls.__qualname__}>"
    namespace: dict[str, Any] = {"__cls__": cls, "__keep__": object()}
    exec(compile(source, filename, "exec"), namespace)  # noqa: S102 - names come from attrs fields
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    evolve: Callable[..., Any] = namespace["evolve"]
    return evolve
