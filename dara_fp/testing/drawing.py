"""Drawing one pipeline: where in it something stands, and what may stand there."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import attrs
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from dara_fp.core.context import merge_rule
from dara_fp.core.errors import Kind
from dara_fp.core.pipeline import Pipeline, start
from dara_fp.core.shape import Form, first_name
from dara_fp.testing.leaves import Change, Ending, Leaf
from dara_fp.testing.recorder import Recorder
from dara_fp.testing.values import field_values, hints_of

__all__ = ["Builder", "Drawing", "Place", "Style", "Whole"]

T = TypeVar("T")

Whole: TypeAlias = Pipeline[Any, Recorder]
Builder: TypeAlias = Callable[["Drawing", "Place"], Whole]

_DEEPEST = 4
_LONGEST_CHAIN = 3
_LONGEST_STEP = 5  # seconds
_LIMITS = (10.0**6, 10.0**10)  # seconds; whatever ends by itself does so much earlier
_LEAVES: frozenset[Form] = frozenset({"step", "tap", "ensure", "wait"})
_KINDS = tuple(kind for kind in Kind if kind is not Kind.DEFECT)


@attrs.frozen
class Style:
    """What a pipeline is drawn from.

    Attributes:
        prefix: Begins the names of its steps.
        size: About how many steps it has at most.
        forms: The kinds of its nodes.
        endings: The ways its steps may end, the likely ones more than once.
        signals: What it may wait for: how long, in seconds, by the name of a signal.
    """

    prefix: str
    size: int
    forms: tuple[Form, ...]
    endings: tuple[Ending, ...]
    signals: Mapping[str, float | None] = attrs.field(factory=dict[str, float | None])


@attrs.frozen(kw_only=True)
class Place:
    """Where in a pipeline something is drawn.

    Attributes:
        context: The class of the contexts there.
        depth: How many nodes may still stand inside one another.
        limits: The time limits that may still be set there, the longest last.
        kept: The fields that nothing may change there.
    """

    context: type[Any]
    depth: int = _DEEPEST
    limits: tuple[float, ...] = _LIMITS
    kept: frozenset[str] = frozenset()

    @property
    def is_limited(self) -> bool:
        """Whether there is a time limit around it, so that a step may hang."""
        return self.limits != _LIMITS

    @property
    def free(self) -> tuple[str, ...]:
        """The fields that may change there; those with a merge rule more often, as they are few."""
        names = [name for name in hints_of(self.context) if name not in self.kept]
        merged = [name for name in names if merge_rule(self.context, name)]
        return (*names, *merged, *merged)

    def allows(self, form: Form) -> bool:
        """Tell whether a node of the kind *form* may stand there."""
        return (form in _LEAVES or self.depth > 0) and (form != "timeout" or bool(self.limits))

    def idle(self) -> "Place":
        """Give the place, but for steps whose context nobody takes over: they change nothing."""
        return attrs.evolve(self, kept=frozenset(hints_of(self.context)))

    def inside(self, **changes: Any) -> "Place":
        """Give the place inside a node that stands there, but for *changes*."""
        return attrs.evolve(self, depth=self.depth - 1, **changes)


class Drawing:
    """One pipeline that is being drawn, with what builds a node of each kind."""

    def __init__(self, draw: st.DrawFn, style: Style, builders: Mapping[Form, Builder]) -> None:
        """Start with nothing drawn."""
        self._draw = draw
        self._style = style
        self._builders = builders
        self._names = 0
        self._signals = list(style.signals.items())

    def draw(self, values: SearchStrategy[T]) -> T:
        """Draw one of *values*."""
        return self._draw(values)

    def one_of(self, *values: T) -> T:
        """Draw one of *values*, the simplest first."""
        return self._draw(st.sampled_from(values))

    def name(self, what: str) -> str:
        """Give a name that occurs once, and says *what* it is for."""
        self._names += 1
        return f"{self._style.prefix}{what}_{self._names}"

    def signal(self) -> tuple[str, float | None] | None:
        """Give the name of a signal and how long to wait for it, or None; each is given once."""
        wanted = bool(self._signals) and self.draw(st.booleans())
        return self._signals.pop() if wanted else None

    def body(self, place: Place) -> Whole:
        """Draw some nodes in a row that have a name: what surrounds them is recorded under it."""
        whole = self.chain(place, least=1)
        return whole if first_name(whole.steps) else whole >> self._builders["step"](self, place)

    def chain(self, place: Place, least: int) -> Whole:
        """Draw some nodes in a row, *least* or more."""
        most = 1 if self._names >= self._style.size else _LONGEST_CHAIN
        whole: Whole = start(place.context, Recorder)
        for _ in range(self.draw(st.integers(least, most))):
            whole = whole >> self._node(place)
        return whole

    def _node(self, place: Place) -> Whole:
        full = self._names >= self._style.size
        possible: list[Form] = [form for form in self._style.forms if place.allows(form)]
        simple: list[Form] = [form for form in possible if form in _LEAVES]
        # More steps than others, or nothing would come to an end.
        form: Form = self.one_of("step", "step", "step", *(simple if full else possible))
        return self._builders[form](self, place)

    def leaf(self, place: Place, endings: tuple[Ending, ...] = ()) -> Leaf:
        """Draw a step that ends in one of *endings*, or as any other."""
        wanted = endings or self._style.endings
        possible: list[Ending] = [each for each in wanted if each in self._style.endings]
        if not place.is_limited:
            possible = [each for each in possible if each != "hang"]
        ending: Ending = self.one_of(*possible)
        changes: tuple[Change, ...] = ()
        if ending in {"succeed", "flake"}:
            context: Any = place.context
            changes = self.draw(_changes(context, place.free))
        return Leaf(
            name=self.name(_verb(ending, changes)),
            seconds=self.draw(st.integers(0, _LONGEST_STEP)),
            changes=changes,
            ending=ending,
            kind=self.one_of(*_KINDS) if ending in {"fail", "flake"} else Kind.FAILED,
        )

    def changing(self, place: Place, field: str) -> Leaf:
        """Draw a step that changes *field* and nothing else."""
        context: Any = place.context
        change = self.draw(_change(context, field))
        seconds = self.draw(st.integers(0, _LONGEST_STEP))
        return Leaf(name=self.name(f"change_{field}"), seconds=seconds, changes=(change,))

    def counter(self, place: Place) -> str | None:
        """Draw a field that counts, or None if there is none that may change."""
        hints = hints_of(place.context)
        numbers = [name for name, hint in hints.items() if hint is int and name not in place.kept]
        return self.one_of(*numbers) if numbers else None


def _verb(ending: Ending, changes: tuple[Change, ...]) -> str:
    if ending == "succeed":
        return "_".join(["change", *(change.field for change in changes)]) if changes else "keep"
    return ending


@lru_cache
def _changes(context: Any, fields: tuple[str, ...]) -> SearchStrategy[tuple[Change, ...]]:
    """Draw what a step does to up to two *fields* of *context*."""
    if not fields:
        return st.just(())
    change = st.sampled_from(fields).flatmap(lambda name: _change(context, name))
    return st.lists(change, max_size=2, unique_by=lambda each: each.field).map(tuple)


@lru_cache
def _change(context: Any, name: str) -> SearchStrategy[Change]:
    values = field_values(context, name)
    sets = st.builds(Change, field=st.just(name), value=values)
    more = _more(hints_of(context)[name], values)
    if more is None:
        return sets
    return st.builds(Change, field=st.just(name), value=more, adds=st.just(value=True)) | sets


def _more(hint: Any, values: SearchStrategy[Any]) -> SearchStrategy[Any] | None:
    """Draw what makes a value of the type *hint* another one if it is added, or give None."""
    if hint is int:
        return st.integers(1, 5)
    if hint is str or getattr(hint, "__args__", ())[1:] == (...,):
        return values.filter(bool)
    return None
