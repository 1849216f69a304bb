"""The laws of `zoom`: it is a homomorphism, and as lawful as its lens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import Kind, MemoryJournal, Outcome, Success, retry, start, step, timeout, zoom
from dara_fp.testing import Drawn, Observation, Recorder, crash, observe
from dara_fp.testing.leaves import Piece, titled
from tests.laws.batches import on_pieces, piece_of, put_piece
from tests.laws.clocked import AT_ONCE, assert_is_defect, deeds, starts, times, work
from tests.laws.lenses import PIECE, Lens, bodies, flat_lenses, lenses, parts


@given(lenses, starts, st.data())
def test_zoom_keeps_sequences(lens: Lens, ctx: Drawn, data: st.DataObject) -> None:
    """zoom(a >> b) == zoom(a) >> zoom(b)."""
    a, b = data.draw(bodies(lens, 2))
    together = observe(lens.zoom(a >> b), ctx, Recorder())
    assert together == observe(lens.zoom(a) >> lens.zoom(b), ctx, Recorder())


@given(lenses, starts, st.data())
def test_zoom_keeps_alternatives(lens: Lens, ctx: Drawn, data: st.DataObject) -> None:
    """zoom(a | b) == zoom(a) | zoom(b)."""
    a, b = data.draw(bodies(lens, 2))
    together = observe(lens.zoom(a | b), ctx, Recorder())
    assert together == observe(lens.zoom(a) | lens.zoom(b), ctx, Recorder())


@given(flat_lenses, starts, st.data())
def test_zoom_keeps_branches_where_the_fields_stay_fields(
    lens: Lens, ctx: Drawn, data: st.DataObject
) -> None:
    """zoom(a & b) == zoom(a) & zoom(b), but for the words of a conflict."""
    a, b = data.draw(bodies(lens, 2))
    together = observe(lens.zoom(a & b), ctx, Recorder())
    apart = observe(lens.zoom(a) & lens.zoom(b), ctx, Recorder())
    assert wordless(together) == wordless(apart)


@given(on_pieces, starts)
def test_zoom_keeps_branches_of_which_one_changes_the_part(a: Any, ctx: Drawn) -> None:
    """zoom(a & step(look)) == zoom(a) & zoom(look) if look changes nothing."""
    together = observe(PIECE.zoom(a & step(look)), ctx, Recorder())
    apart = observe(PIECE.zoom(a) & PIECE.zoom(step(look)), ctx, Recorder())
    assert wordless(together) == wordless(apart)


@given(lenses, starts, st.integers(0, 2), st.data())
def test_zoom_keeps_retries(lens: Lens, ctx: Drawn, n: int, data: st.DataObject) -> None:
    """zoom(retry(n)(a)) == retry(n)(zoom(a))."""
    (a,) = data.draw(bodies(lens, 1))
    inside = observe(lens.zoom(retry(n, AT_ONCE)(a)), ctx, Recorder())
    assert inside == observe(retry(n, AT_ONCE)(lens.zoom(a)), ctx, Recorder())


@given(lenses, starts, st.integers(1, 12), st.data())
def test_zoom_keeps_limits(lens: Lens, ctx: Drawn, limit: int, data: st.DataObject) -> None:
    """zoom(timeout(l)(a)) == timeout(l)(zoom(a)), but for the words."""
    (a,) = data.draw(bodies(lens, 1))
    inside = observe(lens.zoom(timeout(limit)(a)), ctx, Recorder())
    assert wordless(inside) == wordless(observe(timeout(limit)(lens.zoom(a)), ctx, Recorder()))


@given(lenses, starts)
def test_nothing_on_a_part_is_nothing(lens: Lens, ctx: Drawn) -> None:
    """zoom(start(D)) == start(C): putting back what was got changes nothing."""
    assert observe(lens.zoom(start(lens.part, Recorder)), ctx, Recorder()).context == ctx


@given(lenses, starts, st.data())
def test_what_was_put_is_got(lens: Lens, ctx: Drawn, data: st.DataObject) -> None:
    """get((zoom(set d))(x)) == d, and a zoom that comes later sees it."""
    part = data.draw(parts[lens.part])
    whole = lens.setting("put", part) >> lens.zoom(step(look))
    seen = observe(whole, ctx, Recorder())
    assert lens.get(seen.context) == part
    assert deeds(seen.effects) == [part, part]


@given(lenses, starts, st.data())
def test_what_is_put_last_counts(lens: Lens, ctx: Drawn, data: st.DataObject) -> None:
    """zoom(set d) >> zoom(set e) == zoom(set e), but for the effects."""
    one, other = (data.draw(parts[lens.part]) for _ in range(2))
    twice = observe(lens.setting("one", one) >> lens.setting("other", other), ctx, Recorder())
    assert twice.context == observe(lens.setting("other", other), ctx, Recorder()).context


@given(on_pieces, starts)
def test_a_part_of_a_part_is_a_part(a: Any, ctx: Drawn) -> None:
    """zoom(get, zoom(f, a, g), into) == zoom(f . get, a, g and into), here with f the identity."""
    nested = PIECE.zoom(zoom(same, a, last))
    assert observe(nested, ctx, Recorder()) == observe(PIECE.zoom(a), ctx, Recorder())


@given(lenses, starts, st.data())
def test_a_failure_passes_as_it_is(lens: Lens, ctx: Drawn, data: st.DataObject) -> None:
    """zoom(get, a, into)(x) == a(get(x)) if that fails, and into is not called."""
    (a,) = data.draw(bodies(lens, 1))
    alone: Observation[Any] = observe(a, lens.get(ctx), Recorder())
    put: list[object] = []

    def into(now: Drawn, part: Any) -> Drawn:
        put.append(part)
        return lens.into(now, part)

    seen = observe(zoom(lens.get, a, into), ctx, Recorder())
    assert (seen.error is None) == (alone.error is None) == bool(put)
    assert (seen.seconds, seen.effects) == (alone.seconds, alone.effects)
    if alone.error is None:
        assert seen.context == lens.into(ctx, alone.context)
    else:
        assert seen.result == alone.result


@given(starts, on_pieces)
def test_what_is_recorded_is_not_put_again(ctx: Drawn, a: Any) -> None:
    """zoom(a), killed after it is recorded and resumed, goes on with the context it made."""
    whole = PIECE.zoom(a) >> work("after", 3)
    seen = observe(whole, ctx, Recorder(), journal=MemoryJournal())
    if seen.error is None:
        left = crash(whole, ctx, Recorder(), after=len(seen.journal.entries) - 1)
        rest = left.resume()
        assert rest.result == seen.result
        assert times(rest.effects) == [left.at]
        assert list(seen.journal.entries)[-1] == "after"


@given(st.sampled_from(["get", "into"]), starts, st.integers(0, 2))
def test_a_function_that_raises_is_a_defect_with_its_name(name: str, ctx: Drawn, n: int) -> None:
    """retry(n)(zoom(get, a, into)) is a defect of get or into if that raises, and not retried."""

    def raising(*_given: object) -> Any:
        raise LookupError("broken")

    broken = titled(raising, name)
    wholes = {
        "get": zoom(broken, step(look), put_piece),
        "into": zoom(piece_of, step(look), broken),
    }
    seen = observe(retry(n)(wholes[name]), ctx, Recorder(), journal=MemoryJournal())
    assert_is_defect(seen, name, "LookupError: broken")
    assert len(seen.effects) == (name == "into")


@given(starts, st.sampled_from(["a part", "nothing", "an outcome"]))
def test_what_into_makes_has_to_be_of_the_same_class(ctx: Drawn, made: str) -> None:
    """zoom(get, a, into) is a defect of an into that gives anything but a context of its class."""
    given_back: dict[str, Any] = {"a part": Piece(), "nothing": None, "an outcome": Success(ctx)}

    def into(_ctx: Drawn, _part: Piece) -> Any:
        return given_back[made]

    seen = observe(zoom(piece_of, step(look), into), ctx, Recorder())
    assert_is_defect(seen, "into", "expected Success(Drawn)")


def test_async_functions_are_refused() -> None:
    """zoom(get, a, into) raises for an async get or into."""
    impure: Any = look
    with pytest.raises(TypeError, match="look is async"):
        zoom(impure, start(Piece, Recorder), put_piece)
    with pytest.raises(TypeError, match="look is async"):
        zoom(piece_of, start(Piece, Recorder), impure)


def wordless(seen: Observation[Drawn]) -> object:
    """Give what was seen but for the words of an error, and the order within one instant."""
    error = seen.error
    # What could not be undone quotes the failure before it, and that names where it stood.
    quotes = error and (
        error.kind in {Kind.CONFLICT, Kind.TIMEOUT}
        or "timeout(" in error.message
        or ": branches of " in error.message
    )
    said = error.kind if error and quotes else seen.result
    return said, seen.seconds, sorted(seen.effects, key=lambda note: (note.at, repr(note)))


def same(part: Piece) -> Piece:
    return part


def last(_part: Piece, made: Piece) -> Piece:
    return made


async def look(ctx: Any, env: Recorder) -> Outcome[Any]:
    env.note("look", ctx)
    return Success(ctx)
