"""The immutable state a workflow carries from step to step."""

import linecache
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Protocol, Self, TypeAlias, TypeVar

import attrs
import msgspec

from dara_fp.core.errors import NotSerialisable

__all__ = [
    "Comparer",
    "Evolves",
    "MergeRule",
    "StepContext",
    "changes",
    "comparer",
    "differ",
    "diverged",
    "evolved",
    "fields_of",
    "given_fields",
    "made",
    "made_fields",
    "merge_rule",
]

C = TypeVar("C")

MergeRule: TypeAlias = Callable[[Any, Any, Any], Any]
"""How two branches of `&` agree on a field: (value before, left value, right value) -> value."""

Comparer: TypeAlias = Callable[[Any, Any], Mapping[str, object]]
"""Gives the fields that the second instance changed since the first."""

_MADE = "dara_fp.made"
_MERGE = "dara_fp.merge"


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

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        """Give the class an `evolve` written for its fields, unless it has one of its own."""
        inherited: Any = cls.evolve
        if inherited is StepContext.evolve or hasattr(inherited, "written_for"):
            made_for: Any = cls
            cls.evolve = _evolver(made_for)  # type: ignore[method-assign] # it takes its fields


def made(default: Any = None, *, merge: MergeRule | None = None) -> Any:
    """Declare a field that no caller may give: a step makes it, or the workflow fixes it.

    Args:
        default: What the field holds until a step makes it, or what is fixed; immutable.
        merge: What becomes of it when several branches of `&` changed it: a pure function of
            (value before, left value, right value). Without one, different values are a conflict.

    >>> def both(before: int, left: int, right: int) -> int:
    ...     return left + right - before
    >>> @attrs.frozen(kw_only=True)
    ... class Count(StepContext):
    ...     words: int = made(0, merge=both)
    """
    return attrs.field(default=default, metadata={_MADE: True, _MERGE: merge})


def merge_rule(context: type[Any], name: str) -> MergeRule | None:
    """Give the merge rule of the field *name* of the class *context*, or None."""
    rule: MergeRule | None = getattr(attrs.fields(context), name).metadata.get(_MERGE)
    return rule


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
    cls: Any = ctx.__class__
    copy: C = _evolver(cls)(ctx, **changes)
    return copy


def changes(before: object, after: object) -> Mapping[str, object]:
    """Give the fields of *after* that differ from *before*, an instance of the same class.

    Raises:
        NotSerialisable: They are no attrs instances, so nobody knows their fields.
    """
    cls: Any = after.__class__
    return comparer(cls)(before, after)


def diverged(base: object, tips: Sequence[object]) -> Mapping[str, list[object]]:
    """Give, by field, the values that *tips* gave those they changed since *base*, in order."""
    values: dict[str, list[object]] = {}
    for tip in tips:
        for name, value in changes(base, tip).items():
            values.setdefault(name, []).append(value)
    return values


def differ(old: object, new: object) -> bool:
    """Tell whether *new* is written otherwise than *old*.

    Python's own comparison is of no use: 1, 1.0 and True are equal to it, and may be hidden in a
    tuple or a record, and some values refuse to be compared.
    """
    if new is old:
        return False
    if type(new) is type(old) and type(new) in _COMPARABLE:
        return new != old
    return _written(new) != _written(old)


_COMPARABLE = frozenset({str, int, bool})


def _written(value: object) -> object:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError):
        return object()  # what cannot be written differs from everything; the codec says why


@cache
def comparer(cls: Any) -> Comparer:
    """Write the function that gives the `changes` between two instances of *cls*."""
    if not attrs.has(cls):
        return _incomparable
    names = [field.name for field in fields_of(cls)]
    lines = ["def compare(__before__, __after__, /):", "    __changes__ = {}"]
    for name in names:
        lines += [
            f"    __old__, __new__ = __before__.{name}, __after__.{name}",
            "    if __new__ is not __old__ and (",
            "        __new__ != __old__",
            "        if __new__.__class__ is __old__.__class__ in __comparable__",
            "        else __differ__(__old__, __new__)",
            "    ):",
            f"        __changes__[{name!r}] = __new__",
        ]
    lines.append("    return __changes__")
    return _compiled(cls, "compare", lines, {"__differ__": differ, "__comparable__": _COMPARABLE})


def _incomparable(_before: object, after: object) -> Mapping[str, object]:
    raise NotSerialisable(
        f"{type(after).__name__} is no attrs class, so what a step changed in it cannot be "
        "recorded: decorate it with @attrs.frozen(kw_only=True)"
    )


@cache
def _evolver(cls: Any) -> Callable[..., Any]:
    """Write the evolve function of *cls*, without a loop over its fields.

    attrs.evolve spends most of its time on introspection at each call. The names of its own have
    underscores, because a field may be called ctx, cls or keep.
    """
    fields = [field for field in fields_of(cls) if field.init]
    parameters = "".join(f", {field.name}=__keep__" for field in fields)
    given = ", ".join(f"{field.name!r}: {field.name}" for field in fields)
    keep = object()
    lines = [
        f"def evolve(__ctx__, /{', *' if fields else ''}{parameters}, **__unknown__):",
        "    if __unknown__:",
        "        __refuse__(__cls__, __unknown__)",
        "    if __ctx__.__class__ is not __cls__:",
        f"        return __otherwise__(__ctx__, {{{given}}})",
        *(_by_slots(fields) if _has_only_slots(cls) else _by_constructor(fields)),
    ]
    names: dict[str, Any] = {"__cls__": cls, "__keep__": keep, "__new__": object.__new__}
    names |= {"__refuse__": _refuse, "__otherwise__": partial(_evolved_otherwise, keep)}
    names |= {f"__set_{field.name}__": _setter(cls, field.name) for field in fields}
    evolve: Any = _compiled(cls, "evolve", lines, names)
    evolve.written_for = cls
    return evolve  # type: ignore[no-any-return] # compiled just now


def _evolved_otherwise(keep: object, ctx: Any, values: Mapping[str, object]) -> Any:
    """Evolve *ctx*, whose class only inherits the function that was called."""
    return evolved(ctx, {name: value for name, value in values.items() if value is not keep})


def _by_constructor(fields: Sequence["attrs.Attribute[Any]"]) -> list[str]:
    """Call the constructor, so that validators, converters and what else there is are run."""
    arguments = ", ".join(f"{field.alias}={_chosen(field.name)}" for field in fields)
    return [f"    return __cls__({arguments})"]


def _by_slots(fields: Sequence["attrs.Attribute[Any]"]) -> list[str]:
    """Fill the slots of a new instance, which takes half the time of a frozen constructor."""
    lines = [f"    __set_{field.name}__(__copy__, {_chosen(field.name)})" for field in fields]
    return ["    __copy__ = __new__(__cls__)", *lines, "    return __copy__"]


def _chosen(name: str) -> str:
    return f"__ctx__.{name} if {name} is __keep__ else {name}"


def _setter(cls: Any, name: str) -> Any:
    return getattr(getattr(cls, name, None), "__set__", None)


def _has_only_slots(cls: Any) -> bool:
    """Tell whether an instance of *cls* is nothing but the values of its fields.

    Then its constructor only assigns them; validators and the like ask for the constructor.
    """
    if "__attrs_attrs__" not in vars(cls):
        return False  # it only inherits
    built = attrs.inspect(cls)
    fields = fields_of(cls)
    bases: Sequence[type[Any]] = cls.__mro__[:-1]
    slots = {slot for base in bases for slot in _slots(base)}
    return (
        built.added_init
        and slots - {"__weakref__"} == {field.name for field in fields}
        and not hasattr(cls, "__attrs_pre_init__")
        and not hasattr(cls, "__attrs_post_init__")
        and all(field.init and field.validator is None for field in fields)
        and not any(map(_converts, fields))
    )


def _slots(cls: type[Any]) -> Sequence[str]:
    without: Sequence[str] = ("its dictionary",)
    return cls.__slots__ if "__slots__" in vars(cls) else without


def _converts(field: Any) -> bool:
    return field.converter is not None


def _refuse(cls: Any, unknown: Mapping[str, object]) -> None:
    given = ", ".join(map(repr, sorted(unknown)))
    has = ", ".join(field.name for field in fields_of(cls) if field.init) or "none"
    raise TypeError(f"{cls.__name__} has no field {given}; it has {has}")


def _compiled(
    cls: Any, name: str, lines: Sequence[str], names: dict[str, Any]
) -> Callable[..., Any]:
    """Compile the function *name* from *lines*, shown like any other source in a traceback."""
    source = "\n".join(lines) + "\n"
    filename = f"<generated {name} of {cls.__module__}.{cls.__qualname__}>"
    exec(compile(source, filename, "exec"), names)  # noqa: S102 - names come from attrs fields
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    function: Callable[..., Any] = names[name]
    return function
