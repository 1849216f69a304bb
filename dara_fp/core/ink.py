"""The marks a picture is made of: text that is measured, lines with round corners, boxes, icons."""

import math
import re
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import TypeAlias

import attrs

__all__ = [
    "Block",
    "Point",
    "box",
    "breadth",
    "dot",
    "group",
    "icon",
    "moved",
    "shorten",
    "text",
    "tidy",
    "tip",
    "wire",
]

Point: TypeAlias = tuple[int, int]

_LONGEST = 34
_ROUND = 8
_TIP = 7

# The widest of the usual sans-serif fonts (Verdana, DejaVu Sans) are wider than these pictures'
# usual ones, so that a text may leave room but never overflows. In em.
_WIDTHS = {
    **dict.fromkeys("ijlI.,:;'|! ", 0.38),
    **dict.fromkeys('tfr()[]{}/\\-"sczJ', 0.55),
    **dict.fromkeys("mwMWOQ@%…", 1.0),
    **dict.fromkeys("ABCDEFGHKLNPRSTUVXYZ+=<>~#&^", 0.8),
}
_ASCII_WIDTH = 0.64
_OTHER_WIDTH = 1.1

# No XML document may hold these, not even escaped.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_ICONS = {
    "loop": "M11 6.5a4.5 4.5 0 1 1-1.6-3.4M11 .8v2.9H8.1",
    "clock": "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1M6 3.2V6l2 1.4",
    "cards": "M1 5h7v6H1zM3.2 5V3h7v6H8M5.4 3V1h6v6h-1.2",
    "lens": "M5 1a4 4 0 1 0 0 8A4 4 0 1 0 5 1M8 8l3.2 3.2",
    "tag": "M1 1h5l5 5-5 5-5-5zM3.6 3.6h.1",
    "undo": "M4 1 1.2 3.8 4 6.6M1.2 3.8h6a3.4 3.4 0 0 1 0 6.8H3.4",
    "cross": "M2.5 2.5l7 7M9.5 2.5l-7 7",
    "bell": "M2 9h8L9 7.4V5a3 3 0 0 0-6 0v2.4zM5 11h2",
    "check": "M1.5 6.5 4.8 9.6 10.5 2.6",
    "fork": "M1 6h2.5L8 2.2h3M3.5 6 8 9.8h3",
    "question": "M3.4 4a2.6 2.6 0 1 1 3.9 2.3C6.3 6.9 6 7.3 6 8.1M6 10.6v.1",
}


@attrs.frozen(kw_only=True)
class Block:
    """A part of a picture, with its own origin at its upper left.

    Attributes:
        width: In pixels.
        height: In pixels.
        axis: How far below its top the way through it enters on the left and leaves on the right.
        ink: Its marks as SVG.
        solid: Whether an arrow may point at its left edge; else the line goes on inside.
        alone: Whether it is one box, which needs no frame to be seen as one thing.
    """

    width: int
    height: int
    axis: int
    ink: str
    solid: bool = True
    alone: bool = False


def breadth(words: str, size: float = 13) -> int:
    """Give how many pixels *words* take at most at a font of *size* pixels."""
    return math.ceil(size * sum(_width(letter) for letter in words))


def tidy(words: str) -> str:
    """Put *words* on one line, without what XML cannot hold."""
    return " ".join(_UNPRINTABLE.sub("\ufffd", words).split())


def shorten(words: str, longest: int = _LONGEST) -> str:
    """Give *words* on one line, cut to *longest* letters."""
    line = tidy(words[: longest * 8])
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def group(name: str, title: str, *marks: str) -> str:
    """Put *marks* together as a *name*, with a *title* that shows when one points at them."""
    told = f"<title>{escape(tidy(title))}</title>" if title else ""
    return f'<g class="{name}">{told}{"".join(marks)}</g>'


def moved(ink: str, x: int, y: int) -> str:
    """Put *ink* with its origin at *x*, *y*."""
    return f'<g transform="translate({x} {y})">{ink}</g>' if x or y else ink


def text(name: str, words: str, x: int, y: int) -> str:
    """Write *words* from the baseline *x*, *y*, as they are."""
    return f'<text class="{name}" x="{x}" y="{y}">{escape(words)}</text>'


def box(name: str, x: int, y: int, width: int, height: int, corner: int = _ROUND) -> str:
    """Draw a rectangle with round corners."""
    place = f'x="{x}" y="{y}" width="{width}" height="{height}"'
    return f'<rect class="{name}" {place} rx="{corner}"/>'


def dot(name: str, x: int, y: int) -> str:
    """Mark where ways part or meet."""
    return f'<circle class="{name}" cx="{x}" cy="{y}" r="3"/>'


def icon(name: str, tone: str, x: int, y: int) -> str:
    """Draw the icon *name*, 12 pixels high."""
    return f'<path class="icon {tone}" transform="translate({x} {y})" d="{_ICONS[name]}"/>'


def wire(name: str, points: Sequence[Point], *, arrow: bool = False) -> str:
    """Draw a line of level and upright pieces through *points*, with round corners.

    Args:
        name: The class of the line.
        points: At least two, each level with or right above or below the one before it.
        arrow: Whether it ends in a tip.
    """
    bends = [_bend(*three) for three in zip(points, points[1:], points[2:], strict=False)]
    (x, y), (end_x, end_y) = points[0], _before(points[-2], points[-1], 3 if arrow else 0)
    path = f"M{x} {y}{''.join(bends)}L{end_x} {end_y}"
    line = f'<path class="line {name}" d="{path}"/>'
    return line + tip(name, points[-2], points[-1]) if arrow else line


def tip(name: str, before: Point, at: Point) -> str:
    """Draw the tip of an arrow that comes from *before* and points *at* something."""
    x, y = at
    dx, dy = (_TIP * _sign(before[0] - x), _TIP * _sign(before[1] - y))
    wide, high = (4 if dy else 0, 4 if dx else 0)
    path = f"M{x} {y}L{x + dx - wide} {y + dy - high}L{x + dx + wide} {y + dy + high}z"
    return f'<path class="tip {name}" d="{path}"/>'


def _bend(before: Point, at: Point, after: Point) -> str:
    (start_x, start_y), (end_x, end_y) = _toward(at, before), _toward(at, after)
    return f"L{start_x} {start_y}Q{at[0]} {at[1]} {end_x} {end_y}"


def _toward(at: Point, other: Point) -> Point:
    dx, dy = other[0] - at[0], other[1] - at[1]
    reach = min(_ROUND, (abs(dx) + abs(dy)) // 2)
    return at[0] + reach * _sign(dx), at[1] + reach * _sign(dy)


def _before(start: Point, end: Point, gap: int) -> Point:
    dx, dy = _sign(start[0] - end[0]), _sign(start[1] - end[1])
    return end[0] + gap * dx, end[1] + gap * dy


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _width(letter: str) -> float:
    if letter.isascii():
        return _WIDTHS.get(letter, _ASCII_WIDTH)
    if unicodedata.combining(letter):
        return 0.0
    return _WIDTHS.get(letter, _OTHER_WIDTH)
