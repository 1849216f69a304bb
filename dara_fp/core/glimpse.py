"""How much of a pipeline a drawing shows: all of it, or its beginnings with the rest counted."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

import attrs

from dara_fp.core.shape import Node, Part, Role, Shape

__all__ = ["Item", "Lane", "More", "Seen", "glimpse"]

T = TypeVar("T")

_INSIDE = 1000  # pipelines that repeat themselves can have 2**n nodes: counting has to end


@attrs.frozen(kw_only=True)
class More:
    """Steps that are left out.

    Attributes:
        steps: How many.
        nodes: How many nodes hold them.
        exact: Whether that is all of them; otherwise counting them has been given up.
    """

    steps: int
    nodes: int = 1
    exact: bool = True

    def __str__(self) -> str:
        """Say how many steps are left out, as in `… 9,950 more steps`."""
        count = f"{self.steps:,}" if self.exact else f"over {self.steps:,}"
        return f"… {count} more step{'' if self.steps == 1 else 's'}"


@attrs.frozen(kw_only=True)
class Lane:
    """What is shown of a part of a node.

    Attributes:
        items: Its nodes, in order.
        label: What leads to it.
        role: What it is for.
    """

    items: "tuple[Item, ...]"
    label: str = ""
    role: Role = "body"


@attrs.frozen(kw_only=True)
class Seen:
    """A node that is shown.

    Attributes:
        shape: What it looks like.
        lanes: What is shown of its parts.
    """

    shape: Shape
    lanes: tuple[Lane, ...] = ()


Item: TypeAlias = Seen | More


def glimpse(nodes: Sequence[Node], most: int, deepest: int) -> tuple[Item, ...]:
    """Give what a drawing of about *most* nodes shows of *nodes*.

    Where there are more, every pipeline and every node keeps its first parts and its last one, as
    many as fit, and what is between them is counted.

    Args:
        nodes: The pipeline.
        most: How many nodes are drawn at most, or a few more.
        deepest: How many nodes may stand inside one another.

    Returns:
        The nodes as plain data of bounded size.
    """
    widths = (sys.maxsize, *(most // 4 >> halved for halved in range(most.bit_length() - 2)))
    fits = (width for width in widths if _fits(nodes, width, deepest, most))
    return _sequence(nodes, next(fits, 1), deepest)


def _fits(nodes: Sequence[Node], width: int, deepest: int, most: int) -> bool:
    return sum(1 for _ in islice(_kept(nodes, width, deepest), most + 1)) <= most


def _kept(nodes: Sequence[Node], width: int, deepest: int) -> Iterator[Node]:
    first, _, last = _cut(nodes, width)
    for node in [*first, *last]:
        yield node
        for part in _lanes_kept(node, width, deepest):
            yield from _kept(part.nodes, width, deepest - 1)


def _lanes_kept(node: Node, width: int, deepest: int) -> Sequence[Part]:
    first, _, last = _cut(node.shape.parts if deepest else (), width)
    return [*first, *last]


def _sequence(nodes: Sequence[Node], width: int, deepest: int) -> tuple[Item, ...]:
    first, hidden, last = _cut(nodes, width)
    shown = [_seen(node, width, deepest) for node in (*first, *last)]
    between = [_count(hidden)] if hidden else []
    return (*shown[: len(first)], *between, *shown[len(first) :])


def _seen(node: Node, width: int, deepest: int) -> Seen:
    shape = node.shape
    if not deepest and shape.parts:
        return Seen(shape=shape, lanes=(Lane(items=(_count_parts(shape.parts),)),))
    first, hidden, last = _cut(shape.parts, width)
    lanes = [_lane(part, width, deepest) for part in (*first, *last)]
    between = [Lane(items=(_count_parts(hidden),))] if hidden else []
    return Seen(shape=shape, lanes=(*lanes[: len(first)], *between, *lanes[len(first) :]))


def _lane(part: Part, width: int, deepest: int) -> Lane:
    items = _sequence(part.nodes, width, deepest - 1)
    return Lane(items=items, label=part.label, role=part.role)


def _cut(items: Sequence[T], width: int) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    if len(items) <= width:
        return items, (), ()
    end = len(items) - (1 if width > 1 else 0)
    start = width - (len(items) - end)
    return items[:start], items[start:end], items[end:]


def _count_parts(parts: Sequence[Part]) -> More:
    return _count([node for part in parts for node in part.nodes])


def _count(nodes: Sequence[Node]) -> More:
    most = len(nodes) + _INSIDE
    counted = list(islice(_leaves_and_others(nodes), most + 1))
    exact = len(counted) <= most
    return More(steps=sum(counted), nodes=len(nodes), exact=exact)


def _leaves_and_others(nodes: Sequence[Node]) -> Iterator[bool]:
    waiting = [iter(nodes)]
    while waiting:
        for node in waiting[-1]:
            parts = node.shape.parts
            yield not parts
            waiting.extend(iter(part.nodes) for part in parts)
            break
        else:
            waiting.pop()
