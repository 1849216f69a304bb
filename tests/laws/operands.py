"""What the laws of `&`, `|` and the control nodes put together, and how they look at it."""

from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import attrs
from hypothesis import strategies as st

from dara_fp import Pipeline, StepContext, StepError, made, step, zoom
from dara_fp.core.shape import Form
from dara_fp.testing import Drawn, Note, Observation, Recorder, contexts, observe, pipelines
from dara_fp.testing.leaves import Change, Ending, Leaf, Piece, step_of
from dara_fp.testing.recorder import rounded
from dara_fp.testing.strategies import FORMS, WEIGHTS

__all__ = [
    "UNDOES_NOTHING",
    "Plain",
    "Trio",
    "Whole",
    "always",
    "anything",
    "at_once",
    "drawn_contexts",
    "ended",
    "endings",
    "known",
    "later",
    "leaf",
    "never",
    "on_part",
    "operands",
    "plain_contexts",
    "plain_operands",
    "seconds",
    "seen",
    "together",
    "trios",
    "writing",
]

C = TypeVar("C")

Whole: TypeAlias = Pipeline[Drawn, Recorder]

UNDOES_NOTHING: tuple[Form, ...] = tuple(
    form for form in FORMS if form not in {"compensate", "on_cancel"}
)
"""What a pipeline is drawn from if it is to do the same whatever becomes of those beside it."""

_SIZE = 4  # steps of an operand: a law puts up to three of them together


@attrs.frozen(kw_only=True)
class Plain(StepContext):
    """A context without merge rules."""

    number: int = 0
    text: str = ""
    mark: bool | None = made()


@attrs.frozen(kw_only=True)
class Trio(StepContext):
    """Three parts, so that three pipelines can change fields of their own."""

    a: Piece
    b: Piece
    c: Piece


drawn_contexts = contexts(Drawn)
plain_contexts = contexts(Plain)
trios = contexts(Trio)
seconds = st.integers(0, 5)
endings: st.SearchStrategy[Ending] = st.sampled_from(["succeed", "fail", "break"])


def anything(prefix: str) -> st.SearchStrategy[Whole]:
    """Draw any pipeline, also an empty one, whose steps' names begin with *prefix*."""
    return pipelines(prefix=f"{prefix}_", size=_SIZE)


def operands(prefix: str, forms: Sequence[Form] = FORMS) -> st.SearchStrategy[Whole]:
    """Draw a pipeline of nodes of *forms*, at least one, with steps' names that begin so."""
    return _filled(prefix, pipelines(prefix=f"{prefix}_", size=_SIZE, forms=forms))


def ended(prefix: str, forms: Sequence[Form] = FORMS) -> st.SearchStrategy[Whole]:
    """Draw a pipeline like `operands`, which as often fails, breaks and succeeds at its end."""
    last = endings.map(lambda ending: leaf(f"{prefix}_end", ending=ending))
    return st.builds(_then, operands(prefix, forms), last)


def plain_operands() -> st.SearchStrategy[Pipeline[Plain, Recorder]]:
    """Draw a pipeline like `operands` on a context without merge rules."""
    return _filled("a", pipelines(Plain, prefix="a_", size=_SIZE, forms=UNDOES_NOTHING))


def on_part(
    name: str, endings: Sequence[Ending] = tuple(WEIGHTS)
) -> st.SearchStrategy[Pipeline[Trio, Recorder]]:
    """Draw a pipeline that changes only the part *name*, whose steps end so."""

    def get(trio: Trio) -> Piece:
        part: Piece = getattr(trio, name)
        return part

    def into(trio: Trio, part: Piece) -> Trio:
        return trio.evolve(**{name: part})

    inside = pipelines(Piece, prefix=f"{name}_", size=_SIZE, forms=UNDOES_NOTHING, endings=endings)
    return _filled(name, inside).map(lambda body: zoom(get, body, into))


def _filled(
    prefix: str, bodies: st.SearchStrategy[Pipeline[C, Recorder]]
) -> st.SearchStrategy[Pipeline[C, Recorder]]:
    """Draw one of *bodies*, or a step where it would be empty, as many are in a large example."""
    change = Change(field="number", value=7)
    only = seconds.map(lambda after: leaf(f"{prefix}_only", seconds=after, changes=(change,)))
    return st.builds(_or_else, bodies, only)


def _or_else(body: Pipeline[C, Recorder], only: Pipeline[C, Recorder]) -> Pipeline[C, Recorder]:
    return body if body.steps else only


def _then(body: Whole, end: Whole) -> Whole:
    return body >> end


def leaf(name: str, **what: Any) -> Pipeline[Any, Recorder]:
    """Give the step *name* that does *what* a `Leaf` of these attributes says."""
    return step(step_of(Leaf(name=name, **what)))


def writing(name: str, field: str, value: object, after: int = 0) -> Pipeline[Any, Recorder]:
    """Give the step *name* that sets *field* to *value* after so many seconds."""
    return leaf(name, seconds=after, changes=(Change(field=field, value=value),))


def seen(pipeline: Pipeline[C, Recorder], ctx: C) -> Observation[C]:
    """Observe *pipeline* in a world of its own."""
    return observe(pipeline, ctx, Recorder())


def known(error: StepError | None) -> StepError:
    """Give the *error* that there has to be."""
    assert error is not None
    return error


def later(effects: Sequence[Note], delay: float) -> tuple[Note, ...]:
    """Give *effects* as they are if all begins *delay* seconds later."""
    return tuple(attrs.evolve(note, at=rounded(note.at + delay)) for note in effects)


def together(*observations: Observation[Any]) -> list[Note]:
    """Give all that was noted in *observations*, as if it had been one world."""
    return at_once([note for each in observations for note in each.effects])


def at_once(effects: Sequence[Note]) -> list[Note]:
    """Give *effects* in an order that does not tell which of one instant was first."""
    return sorted(effects, key=lambda note: (note.at, note.name))


def always(_ctx: object) -> bool:
    return True


def never(_ctx: object) -> bool:
    return False
