"""How the blocks of a picture stand together: in frames, in lanes, one below another."""

from collections.abc import Sequence
from itertools import accumulate

import attrs

from dara_fp.core.ink import Block, Point, box, breadth, dot, icon, moved, text, wire
from dara_fp.core.rows import GAP, lead

__all__ = ["Title", "bars", "below", "bypass", "enclose", "frame", "rails"]

_LANE_GAP = 16
_SIDE = 18  # what the line takes that leads back from the end of a loop
_PAD = 14
_BAR = 4
_HEADER = 32
_CARD = 4
_SMALL = 11


@attrs.frozen(kw_only=True)
class Title:
    """What stands above the contents of a frame.

    Attributes:
        words: The text, short enough to be shown.
        icon: What stands before it.
        tone: The frame's colour.
    """

    words: str
    icon: str
    tone: str


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
    side = _PAD + (_SIDE if loop else 8)
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
        ink="".join(ink),
        solid=False,
        alone=True,
    )


def bars(lanes: Sequence[Block]) -> Block:
    """Put *lanes* one below another, between a bar where they part and a bar where they meet."""
    tops, height = _stacked(lanes, _LANE_GAP)
    inner = max(lane.width for lane in lanes)
    width = inner + 2 * (_BAR + GAP)
    levels = [top + lane.axis for top, lane in zip(tops, lanes, strict=True)]
    ink: list[str] = []
    for lane, top in zip(lanes, tops, strict=True):
        x, right = (width - lane.width) // 2, width - _BAR
        ink += [lead(lane, _BAR, x, top + lane.axis), moved(lane.ink, x, top)]
        ink.append(wire("", [(x + lane.width, top + lane.axis), (right, top + lane.axis)]))
    top, tall = levels[0] - 14, levels[-1] - levels[0] + 28
    ink += [box("bar", x, top, _BAR, tall, 2) for x in (0, width - _BAR)]
    axis = (levels[0] + levels[-1]) // 2
    return Block(width=width, height=height, axis=axis, ink="".join(ink))


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
    x = start + GAP + max(breadth(label, _SMALL) for label, _ in lanes)
    width = x + max(block.width for block in blocks) + GAP
    meet = width - 8
    ink = [wire("", [(0, axis), (start, axis)]), wire("", [(meet, axis), (width, axis)])]
    for (label, block), top, level in zip(lanes, tops, levels, strict=True):
        way = tone if centred or level != axis else ""
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
    x = gate.width + GAP
    axis = max(gate.axis, body.axis)
    low = max(axis + gate.height - gate.axis, axis - body.axis + body.height) + 20
    end = x + body.width
    width, half = end + GAP, gate.width // 2
    meet = width - 8
    under = axis - gate.axis + gate.height
    ink = [
        moved(gate.ink, 0, axis - gate.axis),
        lead(body, gate.width, x, axis),
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
    width, meet = inner + (GAP if returns else 0), inner + GAP - 8
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


def _stacked(blocks: Sequence[Block], gap: int) -> tuple[list[int], int]:
    tops = list(accumulate((block.height + gap for block in blocks), initial=0))
    return tops[:-1], tops[-1] - gap


def _through(body: Block, width: int, x: int, top: int) -> list[str]:
    level, end = top + body.axis, x + body.width
    out = wire("", [(end, level), (width, level)])
    return [lead(body, 0, x, level), moved(body.ink, x, top), out]


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
