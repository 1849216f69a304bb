"""The laws of `for_each`."""

import math
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import (
    Kind,
    MemoryJournal,
    Pipeline,
    for_each,
    retry,
    zoom,
)
from dara_fp.testing import Drawn, Observation, Recorder, observe
from dara_fp.testing.leaves import Piece, titled
from tests.laws.batches import (
    Batch,
    Item,
    alike_on_pieces,
    batches,
    each,
    items_of,
    mixed_batches,
    on_pieces,
    paths,
    piece_of,
    pieces_of,
    put_items,
    put_piece,
    put_pieces,
    timed,
    work,
)
from tests.laws.clocked import (
    assert_is_defect,
    recorded,
    starts,
    unplaced,
)

limits = st.integers(1, 5)
odd = st.sampled_from(["/", "%", "%2F", "a/b", "a%2Fb", "[0]", "]/[", "..", "ü", "x" * 200])
keys = st.lists(odd | st.text("ab/%[]. ", min_size=1, max_size=9), max_size=6, unique=True)


@given(on_pieces, starts, limits, limits)
def test_the_limit_changes_time_only(
    a: Pipeline[Piece, Recorder], ctx: Drawn, one: int, other: int
) -> None:
    """for_each(a, limit=m) == for_each(a, limit=n) in outcome, effects and entries.

    What is undone is undone last effect first, and that is a matter of time.
    """
    seen, again = (
        observe(
            for_each(pieces_of, a, put_pieces, limit=limit),
            ctx,
            Recorder(),
            journal=MemoryJournal(),
        )
        for limit in (one, other)
    )
    assert outcome(seen) == outcome(again)
    assert sorted((note.name, repr(note.what)) for note in seen.effects) == sorted(
        (note.name, repr(note.what)) for note in again.effects
    )
    assert recorded(seen) == recorded(again)


@given(batches, limits)
def test_never_more_than_the_limit_are_worked_on_at_a_time(ctx: Batch, limit: int) -> None:
    """for_each(a, limit=n) begins the items in order, and has n of them in hand until few are left.

    Greedily: the next one is begun as soon as one has ended.
    """
    seen = observe(each(limit=limit), ctx, Recorder())
    in_hand = 0
    for note in seen.effects:
        in_hand += 1 if note.name == "begin" else -1
        assert 0 <= in_hand <= limit
    hands = [0.0] * limit
    begun: list[float] = []
    for item in ctx.items:
        first = min(range(limit), key=hands.__getitem__)
        begun.append(hands[first])
        hands[first] += item.seconds
    assert [note.at for note in seen.effects if note.name == "begin"] == begun
    assert seen.seconds == max(hands)


@given(st.integers(0, 12), limits, st.integers(1, 9))
def test_equal_items_take_as_many_rounds_as_the_limit_makes(n: int, limit: int, d: int) -> None:
    """for_each(a, limit=l) of n items of d seconds takes ceil(n / l) * d."""
    ctx = Batch(items=(Item(seconds=d),) * n)
    assert observe(each(limit=limit), ctx, Recorder()).seconds == math.ceil(n / limit) * d


@given(batches, limits)
def test_the_order_is_kept(ctx: Batch, limit: int) -> None:
    """for_each(a)(x) joins a(x[0]), a(x[1]), ... in this order, whoever is done first."""
    expected = Batch(items=tuple(item.evolve(runs=item.runs + 1) for item in ctx.items))
    assert observe(each(limit=limit), ctx, Recorder()).context == expected


@given(starts)
def test_no_items_are_joined_at_once(ctx: Drawn) -> None:
    """for_each(a)(x) == join(x, ()) if there are no items."""
    calls: list[object] = []

    def join(now: Drawn, items: tuple[Item, ...]) -> Drawn:
        calls.append(items)
        return now.evolve(text="joined")

    def nothing(_ctx: Drawn) -> tuple[Item, ...]:
        return ()

    seen = observe(for_each(nothing, work, join), ctx, Recorder())
    assert (seen.context, seen.seconds) == (ctx.evolve(text="joined"), 0.0)
    assert (calls, seen.effects) == ([()], ())


@given(mixed_batches, limits)
def test_all_settle_and_the_first_in_order_is_reported(ctx: Batch, limit: int) -> None:
    """for_each(a) runs all items, and fails with the first defect, or else the first failure."""
    seen = observe(each(limit=limit), ctx, Recorder())
    assert len(paths(seen, "end")) == len(ctx.items)
    broken = [number for number, item in enumerate(ctx.items) if item.ending == "break"]
    failed = [number for number, item in enumerate(ctx.items) if item.ending == "fail"]
    expected = [f"[{number}]/work" for number in (*broken, *failed)][:1]
    assert ([] if seen.error is None else [seen.error.step]) == expected
    assert (seen.error is not None and seen.error.kind is Kind.DEFECT) == bool(broken)


def name_of(item: Item) -> str:
    return item.name


def only_piece(ctx: Drawn) -> list[Piece]:
    return [ctx.piece]


def put_only_piece(ctx: Drawn, pieces: tuple[Piece, ...]) -> Drawn:
    return put_piece(ctx, *pieces)


@given(keys)
def test_the_keys_name_the_entries(names: list[str]) -> None:
    """for_each(a, key=k) records item x under [k(x)]/a, so that no two keys meet in one path."""
    ctx = Batch(items=tuple(Item(name=name) for name in names))
    seen = observe(each(key=name_of), ctx, Recorder(), journal=MemoryJournal())
    *places, last = seen.journal.entries
    assert last == "for_each(work)"
    assert [place.removesuffix("/work").count("/") for place in places] == [0] * len(names)
    assert [unquote(place.removesuffix("]/work")[1:]) for place in places] == names


@given(st.lists(timed, min_size=1, max_size=4), st.integers(0, 3), st.data())
def test_keys_that_do_not_fit_are_a_defect_before_anything_is_done(
    items: list[Item], at: int, data: st.DataObject
) -> None:
    """for_each(a, key=k) is a defect of k for keys that are empty, no text, too long or equal."""
    names: list[object] = [str(number) for number in range(len(items))]
    wrong: list[object] = ["", None, 7, b"x", "x" * 201, "\ud800", "x\n", "\0"]
    names.insert(at, data.draw(st.sampled_from([*wrong, *names])))
    left = iter(names)

    def key(_item: Item) -> str:
        return next(left)  # type: ignore[return-value] # that is what is refused

    seen = observe(each(key=key), Batch(items=(Item(), *items)), Recorder())
    assert_is_defect(seen, "key", "key ")
    assert seen.effects == ()


@given(st.sampled_from(["split", "join", "key"]), batches, st.integers(0, 2))
def test_a_function_that_raises_is_a_defect_with_its_name(name: str, ctx: Batch, n: int) -> None:
    """retry(n)(for_each(a)) is a defect of split, join or key if that raises, and not retried."""

    def raising(*_given: object) -> Any:
        raise LookupError("broken")

    wholes = {
        "split": for_each(titled(raising, name), work, put_items),
        "join": for_each(items_of, work, titled(raising, name)),
        "key": each(key=titled(raising, name)),
    }
    filled = Batch(items=(Item(), *ctx.items))
    seen = observe(retry(n)(wholes[name]), filled, Recorder(), journal=MemoryJournal())
    assert_is_defect(seen, name, "LookupError: broken")
    assert len(seen.effects) == (2 * len(filled.items) if name == "join" else 0)


@given(batches)
def test_what_join_makes_has_to_be_of_the_same_class(ctx: Batch) -> None:
    """for_each(a, join) is a defect of a join that gives anything but a context of its class."""

    def join(_ctx: Batch, items: tuple[Item, ...]) -> Any:
        return items

    seen = observe(for_each(items_of, work, join), ctx, Recorder())
    assert_is_defect(seen, "join", "expected Success(Batch)")


@given(alike_on_pieces, starts)
def test_one_item_is_a_part(a: Pipeline[Piece, Recorder], ctx: Drawn) -> None:
    """for_each(x -> [get(x)], a, (x, [y]) -> into(x, y)) == zoom(get, a, into), but for paths."""
    items = for_each(only_piece, a, put_only_piece)
    part = zoom(piece_of, a, put_piece)
    assert unplaced(observe(items, ctx, Recorder())) == unplaced(observe(part, ctx, Recorder()))


def outcome(seen: Observation[Drawn]) -> object:
    """Give how it ended, but for the order in which a failure names what could not be undone."""
    if seen.error is not None and seen.error.message.startswith("could not undo"):
        return seen.error.kind
    return seen.result


@given(st.integers(max_value=0))
def test_a_limit_below_one_is_refused_by_value(limit: int) -> None:
    """for_each(a, limit=0) raises, and says what it was given."""
    with pytest.raises(ValueError, match=f"limit is {limit}: give how many items"):
        each(limit=limit)
