"""Lawful ways into a context and back, and pipelines on what they lead to."""

from collections.abc import Callable
from typing import Any

import attrs
from hypothesis import strategies as st

from dara_fp import Outcome, Pipeline, StepContext, Success, step, zoom
from dara_fp.testing import Drawn, Recorder, contexts, pipelines
from dara_fp.testing.leaves import Piece, titled
from tests.laws.batches import piece_of, put_piece


@attrs.frozen(kw_only=True)
class Face(StepContext):
    """Some fields of `Drawn`, laid out otherwise."""

    number: int = 0
    title: str = ""
    mark: bool | None = None


def face_of(ctx: Drawn) -> Face:
    return Face(number=ctx.number, title=ctx.text, mark=ctx.mark)


def put_face(ctx: Drawn, face: Face) -> Drawn:
    return ctx.evolve(number=face.number, text=face.title, mark=face.mark)


def whole_of(ctx: Drawn) -> Drawn:
    return ctx


def put_whole(_ctx: Drawn, made: Drawn) -> Drawn:
    return made


@attrs.frozen
class Lens:
    """A way into a `Drawn` context and back.

    Attributes:
        part: The class of what it leads to.
        get: Gives it.
        into: Puts it back.
    """

    part: Any
    get: Callable[[Drawn], Any]
    into: Callable[[Drawn, Any], Drawn]

    def zoom(self, body: Pipeline[Any, Recorder]) -> Pipeline[Drawn, Recorder]:
        """Run *body* on the part."""
        return zoom(self.get, body, self.into)

    def setting(self, name: str, value: Any) -> Pipeline[Drawn, Recorder]:
        """Replace the part by *value*."""

        async def replace(_ctx: Any, env: Recorder) -> Outcome[Any]:
            env.note(name, value)
            return Success(value)

        return self.zoom(step(titled(replace, name)))


PIECE = Lens(Piece, piece_of, put_piece)
FACE = Lens(Face, face_of, put_face)
WHOLE = Lens(Drawn, whole_of, put_whole)

lenses = st.sampled_from([PIECE, FACE, WHOLE])
flat_lenses = st.sampled_from([FACE, WHOLE])
"""Ways to parts whose fields are fields of the whole, so that `&` sees them change one by one."""


@st.composite
def bodies(draw: st.DrawFn, lens: Lens, number: int) -> tuple[Pipeline[Any, Recorder], ...]:
    """Draw pipelines on the part that *lens* leads to, whose steps are told apart."""
    prefixes = [f"{letter}_" for letter in "abc"[:number]]
    return tuple(draw(pipelines(lens.part, size=5, prefix=prefix)) for prefix in prefixes)


parts = {lens.part: contexts(lens.part) for lens in (PIECE, FACE, WHOLE)}
