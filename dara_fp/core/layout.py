"""How the blocks of a picture are put together: in rows, in frames, in lanes, one below another."""

from collections.abc import Sequence
from itertools import accumulate

import attrs

from dara_fp.core.ink import Block, Point, box, breadth, dot, group, icon, moved, text, wire

__all__ = [
    "TURNS",
    "Title",
    "bars",
    "below",
    "bypass",
    "enclose",
    "flow",
    "frame",
    "narrower",
    "rails",
]

_GAP = 26  # between blocks, the length of an arrow
_ROW_GAP = 28
_LANE_GAP = 16
_TURN = 18  # what a line takes that turns round at the end of a row
TURNS = 3 * _TURN
"""What the lines take that lead from row to row, and back from the last one."""

_PAD = 14
_BAR = 4
_HEADER = 32
_NARROWEST = 300
_CARD = 4
_SMALL = 11


@attrs.frozen(kw_only=True)
class Title:
    """What stands above the contents of a frame.

    Attributes:
        words: The text, short enough to be shown.
        icon: What stands before it.
        tone: The frame's colour.
        hint: What shows when one points at the frame.
    """

    words: str
    icon: str
    tone: str
    hint: str = ""


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
    ink += [_lead(rows[0], 0, left, rows[0].axis)] if back else []
    for number, row in enumerate(rows[1:], 1):
        ink.append(_turn(rows[number - 1], row, tops[number - 1], tops[number]))
    height = tops[-1] - _ROW_GAP
    whole = Block(width=width, height=height, axis=rows[0].axis, ink="".join(ink), solid=False)
    return _back(whole, left + rows[-1].width, tops[-2] + rows[-1].axis) if back else whole


def enclose(block: Block) -> Block:
    """Draw a faint line round *block* if it is more than one box."""
    if block.alone:
        return block
    width, height = block.width + 2 * _PAD, block.height + 2 * _PAD
    ink = [
        box("round", 0, 0, width, height),
        *_through(block, width, _PAD, _PAD),
    ]
    return Block(width=width, height=height, axis=block.axis + _PAD, ink="".join(ink), solid=False)


def frame(title: Title, body: Block, *, loop: bool = False, cards: int = 0) -> Block:
    """Draw a titled frame round *body*.

    Args:
        title: What stands above it.
        body: What is inside.
        loop: Whether a line leads from its end back to its beginning.
        cards: How many cards lie behind it.
    """
    side = _PAD + (_TURN if loop else 8)
    words = breadth(title.words, _SMALL) + 18
    width = max(body.width + 2 * side, words + 2 * _PAD)
    height = _HEADER + body.height + _PAD + (_PAD if loop else 0)
    x, axis = (width - body.width) // 2, _HEADER + body.axis
    behind = [_card(title.tone, _CARD * card, width, height) for card in range(cards, -1, -1)]
    ink = [
        *behind,
        icon(title.icon, title.tone, _PAD - 2, 10),
        text(f"title {title.tone}", title.words, _PAD + 15, 20),
        *_through(body, width + _CARD * cards, x, _HEADER),
        _loop(title.tone, body, x, axis) if loop else "",
    ]
    return Block(
        width=width + _CARD * cards,
        height=height + _CARD * cards,
        axis=axis,
        ink=group("part", title.hint, *ink),
        solid=False,
        alone=True,
    )


def bars(lanes: Sequence[Block], hint: str) -> Block:
    """Put *lanes* one below another, between a bar where they part and a bar where they meet."""
    tops, height = _stacked(lanes, _LANE_GAP)
    inner = max(lane.width for lane in lanes)
    width = inner + 2 * (_BAR + _GAP)
    levels = [top + lane.axis for top, lane in zip(tops, lanes, strict=True)]
    ink: list[str] = []
    for lane, top in zip(lanes, tops, strict=True):
        x, right = (width - lane.width) // 2, width - _BAR
        ink += [_lead(lane, _BAR, x, top + lane.axis), moved(lane.ink, x, top)]
        ink.append(wire("", [(x + lane.width, top + lane.axis), (right, top + lane.axis)]))
    top, tall = levels[0] - 14, levels[-1] - levels[0] + 28
    ink += [box("bar", x, top, _BAR, tall, 2) for x in (0, width - _BAR)]
    axis = (levels[0] + levels[-1]) // 2
    return Block(width=width, height=height, axis=axis, ink=group("part", hint, *ink))


def rails(lanes: Sequence[tuple[str, Block]], tone: str, *, centred: bool, start: int = 8) -> Block:
    """Put labelled *lanes* one below another, between a line that parts and one that meets.

    Args:
        lanes: Each with what is written on the way to it.
        tone: The class of the lines that lead to lanes off the way.
        centred: Whether the way in is halfway between the first and the last lane; else the first
            lane is on the way.
        start: Where the line parts.
    """
    blocks = [block for _, block in lanes]
    tops, height = _stacked(blocks, _LANE_GAP + (6 if any(label for label, _ in lanes) else 0))
    levels = [top + block.axis for top, block in zip(tops, blocks, strict=True)]
    axis = (levels[0] + levels[-1]) // 2 if centred else levels[0]
    x = start + _GAP + max(breadth(label, _SMALL) for label, _ in lanes)
    width = x + max(block.width for block in blocks) + _GAP
    meet = width - 8
    ink = [wire("", [(0, axis), (start, axis)]), wire("", [(meet, axis), (width, axis)])]
    for (label, block), top, level in zip(lanes, tops, levels, strict=True):
        way = "" if level == axis else tone
        end = x + block.width
        ink += [
            wire(way, _elbow((start, axis), (x, level)), arrow=block.solid),
            text(f"label {tone}", label, start + 12, level - 6) if label else "",
            moved(block.ink, x, top),
            wire("", _elbow((end, level), (meet, axis), late=True)),
        ]
    ink += [dot("dot", start, axis), dot("dot", meet, axis)]
    return Block(width=width, height=height, axis=axis, ink="".join(ink), solid=False)


def bypass(gate: Block, body: Block, label: str) -> Block:
    """Put *body* behind *gate*, and lead a line with a *label* round it."""
    x = gate.width + _GAP
    axis = max(gate.axis, body.axis)
    low = max(axis + gate.height - gate.axis, axis - body.axis + body.height) + 20
    end = x + body.width
    width, half = end + _GAP, gate.width // 2
    meet = width - 8
    under = axis - gate.axis + gate.height
    ink = [
        moved(gate.ink, 0, axis - gate.axis),
        _lead(body, gate.width, x, axis),
        moved(body.ink, x, axis - body.axis),
        wire("", [(end, axis), (width, axis)]),
        wire("teal dashed", [(half, under), (half, low), (meet, low), (meet, axis)]),
        text("label teal", label, half + 12, low - 5),
        dot("dot", meet, axis),
    ]
    return Block(width=width, height=low + 6, axis=axis, ink="".join(ink))


def below(body: Block, lower: Block, label: str, mark: str, *, returns: bool) -> Block:
    """Put *lower* under *body*, reached by a dashed line from its lower edge.

    Args:
        body: What is on the way.
        lower: What is not.
        label: What is written on the line between them.
        mark: The icon before it.
        returns: Whether a line leads from *lower* back to the way out.
    """
    down = 18
    x = down + 26 + breadth(label, _SMALL) + 14
    top = body.height + 22
    level = top + lower.axis
    inner = max(body.width, x + lower.width)
    width, meet = inner + (_GAP if returns else 0), inner + _GAP - 8
    ink = [
        moved(body.ink, 0, 0),
        wire("", [(body.width, body.axis), (width, body.axis)]) if width > body.width else "",
        wire("rose dashed", [(down, body.height), (down, level), (x, level)], arrow=lower.solid),
        icon(mark, "rose", down + 9, level - 17),
        text("label rose", label, down + 26, level - 7),
        moved(lower.ink, x, top),
    ]
    if returns:
        ink.append(wire("", _elbow((x + lower.width, level), (meet, body.axis), late=True)))
        ink.append(dot("dot", meet, body.axis))
    return Block(
        width=width,
        height=top + lower.height,
        axis=body.axis,
        ink="".join(ink),
        solid=body.solid,
    )


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
        if rows[-1] and used + _GAP + block.width > room:
            rows.append([])
        used = used + _GAP + block.width if rows[-1] else block.width
        rows[-1].append(block)
    return rows


def _row(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    axis = max(block.axis for block in blocks)
    x = 0
    ink: list[str] = []
    for block in blocks:
        ink += [_lead(block, x - _GAP, x, axis)] if x else []
        ink.append(moved(block.ink, x, axis - block.axis))
        x += block.width + _GAP
    height = axis + max(block.height - block.axis for block in blocks)
    return Block(width=x - _GAP, height=height, axis=axis, ink="".join(ink), solid=blocks[0].solid)


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


def _stacked(blocks: Sequence[Block], gap: int) -> tuple[list[int], int]:
    tops = list(accumulate((block.height + gap for block in blocks), initial=0))
    return tops[:-1], tops[-1] - gap


def _lead(block: Block, start: int, end: int, level: int) -> str:
    return wire("", [(start, level), (end, level)], arrow=block.solid)


def _through(body: Block, width: int, x: int, top: int) -> list[str]:
    level, end = top + body.axis, x + body.width
    out = wire("", [(end, level), (width, level)])
    return [_lead(body, 0, x, level), moved(body.ink, x, top), out]


def _elbow(start: Point, end: Point, *, late: bool = False) -> list[Point]:
    if start[1] == end[1]:
        return [start, end]
    return [start, (end[0], start[1]) if late else (start[0], end[1]), end]


def _card(tone: str, offset: int, width: int, height: int) -> str:
    paper = box("paper", offset, offset, width, height, 10)
    return paper + box(f"frame {tone}", offset, offset, width, height, 10)


def _loop(tone: str, body: Block, x: int, axis: int) -> str:
    left, right, low = x - 15, x + body.width + 12, _HEADER + body.height + 12
    points = [(right, axis), (right, low), (left, low), (left, axis)]
    return wire(f"{tone} dashed", points, arrow=True)
