"""How blocks of a picture stand in a row, or in as many rows as fit into a width."""

from collections.abc import Sequence
from itertools import accumulate

import attrs

from dara_fp.core.ink import Block, moved, wire

__all__ = ["GAP", "TURNS", "flow", "lead", "narrower"]

GAP = 26
"""How far blocks stand apart: the length of an arrow."""

_TURN = 18  # what a line takes that turns round at the end of a row
TURNS = 3 * _TURN
"""What the lines take that lead from row to row, and back from the last one."""

_ROW_GAP = 28
_NARROWEST = 300


def narrower(room: int, by: int) -> int:
    """Give the room inside of something that takes *by* of *room*, at least a usable one."""
    return max(_NARROWEST, room - by)


def flow(blocks: Sequence[Block], room: int, *, back: bool = True) -> Block:
    """Put *blocks* in a row, or in as many rows of about the same length as *room* asks for.

    Args:
        blocks: At least one.
        room: How wide a row may be.
        back: Whether the way out is on the level of the way in; else it stays in the last row.
    """
    rows = [_row(row) for row in _wrapped(blocks, room)]
    if len(rows) == 1:
        return rows[0]
    left = _TURN
    tops = list(accumulate((row.height + _ROW_GAP for row in rows), initial=0))
    width = left + max(row.width for row in rows) + _TURN
    ink = [moved(row.ink, left, top) for row, top in zip(rows, tops, strict=False)]
    ink += [lead(rows[0], 0, left, rows[0].axis)] if back else []
    for number, row in enumerate(rows[1:], 1):
        ink.append(_turn(rows[number - 1], row, tops[number - 1], tops[number]))
    height = tops[-1] - _ROW_GAP
    whole = Block(width=width, height=height, axis=rows[0].axis, ink="".join(ink), solid=False)
    return _back(whole, left + rows[-1].width, tops[-2] + rows[-1].axis) if back else whole


def lead(block: Block, start: int, end: int, level: int) -> str:
    """Draw the way to *block* from *start* to its left edge at *end*."""
    return wire("", [(start, level), (end, level)], arrow=block.solid)


def _wrapped(blocks: Sequence[Block], room: int) -> list[list[Block]]:
    rows = _greedy(blocks, room)
    if len(rows) == 1:
        return rows
    room -= TURNS
    count = len(_greedy(blocks, room))
    narrow, wide = max(block.width for block in blocks), max(room, 1)
    while narrow < wide:
        middle = (narrow + wide) // 2
        if len(_greedy(blocks, middle)) > count:
            narrow = middle + 1
        else:
            wide = middle
    return _greedy(blocks, max(narrow, wide))


def _greedy(blocks: Sequence[Block], room: int) -> list[list[Block]]:
    rows: list[list[Block]] = [[]]
    used = 0
    for block in blocks:
        if rows[-1] and used + GAP + block.width > room:
            rows.append([])
        used = used + GAP + block.width if rows[-1] else block.width
        rows[-1].append(block)
    return rows


def _row(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    axis = max(block.axis for block in blocks)
    x = 0
    ink: list[str] = []
    for block in blocks:
        ink += [lead(block, x - GAP, x, axis)] if x else []
        ink.append(moved(block.ink, x, axis - block.axis))
        x += block.width + GAP
    height = axis + max(block.height - block.axis for block in blocks)
    return Block(width=x - GAP, height=height, axis=axis, ink="".join(ink), solid=blocks[0].solid)


def _turn(row: Block, following: Block, top: int, next_top: int) -> str:
    right, middle = _TURN + row.width + 10, next_top - _ROW_GAP // 2
    points = [
        (_TURN + row.width, top + row.axis),
        (right, top + row.axis),
        (right, middle),
        (4, middle),
        (4, next_top + following.axis),
        (_TURN, next_top + following.axis),
    ]
    return wire("", points, arrow=following.solid)


def _back(whole: Block, end: int, level: int) -> Block:
    right = whole.width
    points = [(end, level), (right, level), (right, whole.axis), (right + _TURN, whole.axis)]
    return attrs.evolve(whole, width=right + _TURN, ink=whole.ink + wire("", points))
