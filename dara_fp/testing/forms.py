"""How a node of each kind is drawn: with what it needs to end, and to end the same each time."""

from collections.abc import Callable, Sequence
from typing import Any, get_args, get_origin

import attrs
from hypothesis import strategies as st

from dara_fp.core.context import evolved
from dara_fp.core.control import branch, ensure, named, tap, when
from dara_fp.core.fanout import for_each, zoom
from dara_fp.core.limit import timeout
from dara_fp.core.pipeline import start, step
from dara_fp.core.saga import compensate, on_cancel, recover
from dara_fp.core.shape import Form
from dara_fp.core.signals import pause, wait_for
from dara_fp.core.timing import Backoff, repeat, retry
from dara_fp.testing.drawing import Builder, Drawing, Place, Whole
from dara_fp.testing.leaves import Change, Ending, Leaf, handler_of, step_of, tap_of, titled
from dara_fp.testing.recorder import Recorder
from dara_fp.testing.values import hints_of

__all__ = ["BUILDERS"]

_BACKOFFS = (
    Backoff(initial=0, jitter=0),
    Backoff(initial=1, jitter=0),
    Backoff(initial=2, factor=3, longest=10, jitter=0),
)
_MOSTLY_SUCCEED: tuple[Ending, ...] = ("succeed",) * 5 + ("fail", "break")


def _step(drawing: Drawing, place: Place) -> Whole:
    return step(step_of(drawing.leaf(place)))


def _tap(drawing: Drawing, place: Place) -> Whole:
    leaf = drawing.leaf(place.idle(), _MOSTLY_SUCCEED)
    return tap(tap_of(leaf, plain=drawing.draw(st.booleans())))


def _ensure(drawing: Drawing, place: Place) -> Whole:
    return ensure(_claim(drawing, place), "as drawn")


def _named(drawing: Drawing, place: Place) -> Whole:
    return named(drawing.name("part"), drawing.body(place.inside()))


def _when(drawing: Drawing, place: Place) -> Whole:
    return when(_claim(drawing, place), drawing.body(place.inside()))


def _branch(drawing: Drawing, place: Place) -> Whole:
    cases = {value: drawing.body(place.inside()) for value in range(drawing.one_of(1, 2, 3))}
    return branch(_rest(drawing, place, drawing.one_of(1, 2, 3)), cases)


def _zoom(drawing: Drawing, place: Place) -> Whole:
    lens = drawing.one_of(*_parts(place))
    return zoom(lens.get, drawing.body(lens.inside(place)), lens.put)


def _for_each(drawing: Drawing, place: Place) -> Whole:
    lens = drawing.one_of(*_items(place))
    body = drawing.body(lens.inside(place))
    return for_each(lens.get, body, lens.put, limit=drawing.one_of(10, 1, 2))


def _all(drawing: Drawing, place: Place) -> Whole:
    """Draw branches, half of them such that all change one field in the end."""
    lanes = _lanes(drawing, place)
    if drawing.draw(st.booleans()) and place.free:
        field = drawing.one_of(*place.free)
        lanes = [lane >> step(step_of(drawing.changing(place, field))) for lane in lanes]
    whole, *others = lanes
    for lane in others:
        whole = whole & lane
    return whole


def _any(drawing: Drawing, place: Place) -> Whole:
    """Draw alternatives, under names where what is caught of two could not be told apart."""
    lanes = _lanes(drawing, place)
    whole = _either(lanes)
    return (
        _either([named(drawing.name("lane"), each) for each in lanes]) if whole.ambiguous else whole
    )


def _either(lanes: Sequence[Whole]) -> Whole:
    whole, *others = lanes
    for lane in others:
        whole = whole | lane
    return whole


def _lanes(drawing: Drawing, place: Place) -> list[Whole]:
    return [drawing.body(place.inside()) for _ in range(drawing.one_of(2, 3))]


def _recover(drawing: Drawing, place: Place) -> Whole:
    handler = drawing.leaf(place, _MOSTLY_SUCCEED)
    return recover(drawing.body(place.inside()), handler_of(handler))


def _retry(drawing: Drawing, place: Place) -> Whole:
    modifier = retry(drawing.one_of(1, 2, 0), drawing.one_of(*_BACKOFFS))
    return modifier(drawing.body(place.inside()))


def _timeout(drawing: Drawing, place: Place) -> Whole:
    """Draw a limit shorter than those around it, and longer than those inside."""
    *shorter, limit = place.limits
    body = drawing.body(place.inside(limits=tuple(shorter)))
    return timeout(limit)(body)


def _repeat(drawing: Drawing, place: Place) -> Whole:
    """Draw a body that counts at its end, and otherwise leaves the counter alone."""
    field = drawing.counter(place)
    backoff = drawing.one_of(*_BACKOFFS)
    if field is None:
        return repeat(drawing.body(place.inside()), always, backoff)
    count = Leaf(name=drawing.name("count"), changes=(Change(field=field, value=1, adds=True),))
    body = drawing.body(place.inside(kept=place.kept | {field})) >> step(step_of(count))
    return repeat(body, _divides(drawing.one_of(1, 2, 3), field), backoff)


def _compensate(drawing: Drawing, place: Place) -> Whole:
    undo = drawing.leaf(place.idle(), _MOSTLY_SUCCEED)
    return compensate(drawing.body(place.inside()), step(step_of(undo)))


def _on_cancel(drawing: Drawing, place: Place) -> Whole:
    cleanup = drawing.leaf(place.idle(), ("succeed",))
    return on_cancel(drawing.body(place.inside()), step(step_of(cleanup)))


def _wait(drawing: Drawing, place: Place) -> Whole:
    """Draw waiting for a signal that makes a number, or a pause under a name of its own."""
    whole: Whole = start(place.context, Recorder)
    field = drawing.counter(place)
    signal = drawing.signal() if field is not None else None
    if field is not None and signal is not None:
        return whole >> wait_for(signal[0], field, signal[1])
    return whole >> named(drawing.name("rest"), pause(drawing.one_of(1, 2, 5)))


BUILDERS: dict[Form, Builder] = {
    "step": _step,
    "tap": _tap,
    "ensure": _ensure,
    "named": _named,
    "when": _when,
    "branch": _branch,
    "zoom": _zoom,
    "all": _all,
    "any": _any,
    "recover": _recover,
    "retry": _retry,
    "timeout": _timeout,
    "repeat": _repeat,
    "for_each": _for_each,
    "compensate": _compensate,
    "on_cancel": _on_cancel,
    "wait": _wait,
}


def _claim(drawing: Drawing, place: Place) -> Callable[[Any], bool]:
    """Draw a predicate of the context."""
    rest = _rest(drawing, place, 2)

    def is_odd(ctx: Any) -> bool:
        return rest(ctx) == 1

    return drawing.one_of(
        always,
        always,
        always,
        never,
        titled(is_odd, f"{rest.__name__}_is_1"),
    )


def always(_ctx: object) -> bool:
    return True


def never(_ctx: object) -> bool:
    return False


def _divides(number: int, field: str) -> Callable[[Any], bool]:
    def divides(ctx: Any) -> bool:
        return int(getattr(ctx, field)) % number == 0

    return titled(divides, f"{field}_is_a_multiple_of_{number}")


def _rest(drawing: Drawing, place: Place, number: int) -> Callable[[Any], int]:
    """Draw a function that gives a number below *number*."""
    field = drawing.counter(attrs.evolve(place, kept=frozenset()))

    def rest(ctx: Any) -> int:
        return int(getattr(ctx, field)) % number if field else 0

    return titled(rest, f"{field or 'nothing'}_modulo_{number}")


@attrs.frozen
class _Lens:
    """A way to contexts inside a context, and back.

    Attributes:
        context: Their class.
        get: Gives them.
        put: Puts them back.
        is_whole: Whether they are copies of the context itself.
    """

    context: type[Any]
    get: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]
    is_whole: bool = False

    def inside(self, place: Place) -> Place:
        """Give the place of a pipeline on them."""
        kept: frozenset[str] = place.kept if self.is_whole else frozenset()
        return place.inside(context=self.context, kept=kept)


def _parts(place: Place) -> list[_Lens]:
    """Give the ways to one context: each field that is a record, and the context itself."""
    fields = _free(place).items()
    whole = _Lens(place.context, itself, replaced, is_whole=True)
    return [*(_field(name, hint) for name, hint in fields if _is_record(hint)), whole]


def _items(place: Place) -> list[_Lens]:
    """Give the ways to several contexts: each field that has records, and copies of the context."""
    found = [
        _field(name, get_args(hint)[0])
        for name, hint in _free(place).items()
        if get_origin(hint) is tuple
        and get_args(hint)[1:] == (...,)
        and _is_record(get_args(hint)[0])
    ]
    return [*found, _Lens(place.context, twice, last, is_whole=True)]


def _free(place: Place) -> dict[str, Any]:
    return {name: hint for name, hint in hints_of(place.context).items() if name not in place.kept}


def _is_record(hint: Any) -> bool:
    return isinstance(hint, type) and attrs.has(hint)


def _field(name: str, context: type[Any]) -> _Lens:
    def get(ctx: Any) -> Any:
        return getattr(ctx, name)

    def put(ctx: Any, made: Any) -> Any:
        return evolved(ctx, {name: made})

    return _Lens(context, titled(get, name), titled(put, f"put_{name}"))


def itself(ctx: Any) -> Any:
    return ctx


def replaced(_ctx: Any, made: Any) -> Any:
    return made


def twice(ctx: Any) -> Any:
    return (ctx, ctx)


def last(_ctx: Any, made: Any) -> Any:
    return made[-1]
