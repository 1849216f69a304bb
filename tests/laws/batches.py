"""Contexts that have parts and items, ways into them and back, and what is done to an item."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Literal

import attrs
from hypothesis import strategies as st

from dara_fp import Outcome, Pipeline, Position, StepContext, Success, fail, for_each, step
from dara_fp.testing import Drawn, Observation, Recorder, pipelines
from dara_fp.testing.leaves import Piece


@attrs.frozen(kw_only=True)
class Item(StepContext):
    """One item: what it is called, how long it takes, and how it ends."""

    name: str = "item"
    seconds: int = 0
    ending: Literal["succeed", "fail", "break"] = "succeed"
    runs: int = 0


@attrs.frozen(kw_only=True)
class Batch(StepContext):
    items: tuple[Item, ...] = ()


@attrs.frozen(kw_only=True)
class Table(StepContext):
    rows: tuple[Batch, ...] = ()


@step
async def work(ctx: Item, env: Recorder, at: Position) -> Outcome[Item]:
    env.note("begin", at.path)
    await asyncio.sleep(ctx.seconds)
    env.note("end", at.path)
    if ctx.ending == "break":
        raise LookupError(ctx.name)
    return fail(ctx.name) if ctx.ending == "fail" else Success(ctx.evolve(runs=ctx.runs + 1))


def items_of(ctx: Batch) -> tuple[Item, ...]:
    return ctx.items


def put_items(ctx: Batch, items: Sequence[Item]) -> Batch:
    return ctx.evolve(items=tuple(items))


def rows_of(ctx: Table) -> tuple[Batch, ...]:
    return ctx.rows


def put_rows(ctx: Table, rows: Sequence[Batch]) -> Table:
    return ctx.evolve(rows=tuple(rows))


def piece_of(ctx: Drawn) -> Piece:
    return ctx.piece


def put_piece(ctx: Drawn, piece: Piece) -> Drawn:
    return ctx.evolve(piece=piece)


def pieces_of(ctx: Drawn) -> tuple[Piece, ...]:
    return ctx.pieces


def put_pieces(ctx: Drawn, pieces: Sequence[Piece]) -> Drawn:
    return ctx.evolve(pieces=tuple(pieces))


def each(
    body: Pipeline[Item, Recorder] = work,
    *,
    limit: int = 100,
    key: Callable[[Item], str] | None = None,
) -> Pipeline[Batch, Recorder]:
    """Run *body* on every item of a batch."""
    return for_each(items_of, body, put_items, limit=limit, key=key)


def paths(seen: Observation[Batch], name: str) -> list[object]:
    """Give the paths at which *name* was noted."""
    return [note.what for note in seen.effects if note.name == name]


on_pieces = pipelines(Piece, size=6)
alike_on_pieces = pipelines(Piece, size=6, endings=("succeed", "fail", "break"))
"""Pipelines that do the same at every path."""

timed = st.builds(Item, name=st.text(max_size=3), seconds=st.integers(0, 9))
batches = st.lists(timed, max_size=7).map(lambda items: Batch(items=tuple(items)))
_ending = st.sampled_from(["succeed", "fail", "break"])
_items = st.lists(st.builds(Item, seconds=st.integers(0, 9), ending=_ending), max_size=7)
mixed_batches = _items.map(lambda items: Batch(items=tuple(items)))
"""Batches with items that fail or raise."""
