"""Pipelines as pictures: one self-contained SVG, in light and dark, laid out by a fold."""

import hashlib
from collections.abc import Callable, Sequence
from html import escape

import attrs

from dara_fp.core.draw import outline, words
from dara_fp.core.glimpse import Item, Lane, More, Seen, glimpse
from dara_fp.core.ink import (
    Block,
    box,
    breadth,
    group,
    icon,
    moved,
    shorten,
    text,
    tidy,
    wire,
)
from dara_fp.core.layout import Title, bars, below, bypass, enclose, frame, rails
from dara_fp.core.paint import stylesheet
from dara_fp.core.rows import TURNS, flow, narrower
from dara_fp.core.shape import Form, Node

__all__ = ["html", "svg"]

_MOST = 200
_DEEPEST = 12
_ROOM = 950
_MARGIN = 18
_BOX = 36
_NOTE = 26
_DESCRIBED = 50
_DESCRIPTION = 2000


def svg(nodes: Sequence[Node], head: str) -> str:
    """Draw *nodes* as one `<svg>` element that needs nothing beside it.

    Hovering over a box shows what its step does. Long pipelines wrap; of very long ones the
    picture shows the beginning and the end, and says how many steps are left out.

    Args:
        nodes: The pipeline.
        head: What it takes: the name of its context class.

    Returns:
        The picture, in the colours of the reader's light or dark scheme; the same pipeline always
        gives the same text.
    """
    items = [_lay(item, _ROOM - TURNS) for item in glimpse(nodes, _MOST, _DEEPEST)]
    whole = flow([_pill(head), *items, _pill("Outcome")], _ROOM, back=False)
    width, height = whole.width + 2 * _MARGIN, whole.height + 2 * _MARGIN
    marks = [
        f"<title>{escape(tidy(f'Pipeline over {head}'))}</title>",
        f"<desc>{escape(_described(nodes, head))}</desc>",
        box("ground", 0, 0, width, height, 12),
        moved(whole.ink, _MARGIN, _MARGIN),
    ]
    name = f"dara-{hashlib.sha256(''.join(marks).encode()).hexdigest()[:12]}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" role="img" {size}>'
        f"<style>{stylesheet(name)}</style>{''.join(marks)}</svg>"
    )


def html(nodes: Sequence[Node], head: str) -> str:
    """Draw *nodes* as a piece of HTML for a notebook: the picture, to be scrolled if it is wide."""
    style = "overflow-x:auto;max-width:100%;margin:4px 0"
    return f'<div style="{style}">{svg(nodes, head)}</div>'


def _described(nodes: Sequence[Node], head: str) -> str:
    lines = outline(nodes, head, _DESCRIBED)
    return tidy(lines[:_DESCRIPTION]) + ("…" if len(lines) > _DESCRIPTION else "")


def _lay(item: Item, room: int) -> Block:
    if isinstance(item, More):
        return _boxed(str(item), "more", str(item))
    block = _FORMS[item.shape.form](item, room)
    return attrs.evolve(block, ink=group("part", _hint(item), block.ink)) if item.lanes else block


def _sequence(items: Sequence[Item], room: int) -> Block:
    if not items:
        return _nothing()
    return flow([_lay(item, narrower(room, TURNS)) for item in items], room)


def _body(seen: Seen, room: int) -> Block:
    return _sequence([item for lane in _lanes(seen, "body") for item in lane.items], room)


def _lanes(seen: Seen, *roles: str) -> list[Lane]:
    return [lane for lane in seen.lanes if lane.role in roles]


def _hint(seen: Seen) -> str:
    said = words(seen.shape)
    return f"{said}: {seen.shape.summary}" if seen.shape.summary else said


def _step(seen: Seen, room: int) -> Block:
    del room  # a step is as wide as its name
    return _boxed(seen.shape.label, "step", _hint(seen))


def _boxed(label: str, name: str, hint: str) -> Block:
    label = shorten(label)
    width = max(breadth(label) + 28, 64)
    ink = group(name, hint, box("box", 0, 0, width, _BOX), text("name", label, width // 2, 23))
    return Block(width=width, height=_BOX, axis=_BOX // 2, ink=ink, alone=True)


def _pill(label: str) -> Block:
    label = shorten(label)
    width = breadth(label) + 32
    ink = box("box", 0, 0, width, _BOX, _BOX // 2) + text("name", label, width // 2, 23)
    return Block(width=width, height=_BOX, axis=_BOX // 2, ink=group("pill", "", ink))


def _nothing() -> Block:
    label, width = "nothing", 60
    ink = wire("", [(0, 18), (width, 18)]) + text("label muted middle", label, width // 2, 12)
    return Block(width=width, height=_BOX, axis=_BOX // 2, ink=ink, solid=False)


def _tap(seen: Seen, room: int) -> Block:
    del room  # a note is as wide as its name
    label = shorten(seen.shape.label)
    width, top = breadth(label, 11) + 22, _BOX - 4
    middle = width // 2
    ink = group(
        "tap",
        _hint(seen),
        wire("", [(0, 18), (width, 18)]),
        f'<path class="line dotted" d="M{middle} 18V{top}"/>',
        f'<circle class="dot" cx="{middle}" cy="18" r="3"/>',
        f'<path class="note" d="M0 {top}H{width - 7}L{width} {top + 7}V{top + _NOTE}H0z"/>',
        text("label middle", label, middle, top + 17),
    )
    return Block(width=width, height=top + _NOTE, axis=18, ink=ink, solid=False)


def _gate(label: str, mark: str, hint: str) -> Block:
    label = shorten(label)
    width, middle = breadth(label, 12) + 52, _BOX // 2
    corners = f"0,{middle} 12,0 {width - 12},0 {width},{middle} {width - 12},{_BOX} 12,{_BOX}"
    ink = group(
        "gate",
        hint,
        f'<polygon class="box" points="{corners}"/>',
        icon(mark, "teal", 16, 12),
        text("ask middle", label, (width + 18) // 2, 22),
    )
    return Block(width=width, height=_BOX, axis=middle, ink=ink, alone=True)


def _ensure(seen: Seen, room: int) -> Block:
    del room  # a guard is as wide as what it asks
    return _gate(seen.shape.label, "check", _hint(seen))


def _when(seen: Seen, room: int) -> Block:
    gate = _gate(seen.shape.label, "question", _hint(seen))
    return bypass(gate, _body(seen, narrower(room, gate.width + 60)), "else")


def _branch(seen: Seen, room: int) -> Block:
    gate = _gate(seen.shape.label, "fork", _hint(seen))
    cases = seen.lanes or (Lane(items=()),)
    labels = [shorten(lane.label, 18) for lane in cases]
    taken = gate.width + 80 + max(breadth(label, 11) for label in labels)
    lanes = [_sequence(lane.items, narrower(room, taken)) for lane in cases]
    spread = rails(list(zip(labels, lanes, strict=True)), "teal", centred=True)
    return flow([gate, spread], gate.width + spread.width + _ROOM)


def _wait(seen: Seen, room: int) -> Block:
    del room  # it is as wide as what it waits for
    label = shorten(seen.shape.label)
    width, middle = breadth(label, 12) + 46, _BOX // 2
    mark = "bell" if seen.shape.signal else "clock"
    ink = group(
        "wait",
        _hint(seen),
        box("box", 0, 0, width, _BOX, middle),
        icon(mark, "amber", 14, 12),
        text("ask middle", label, (width + 18) // 2, 22),
    )
    return Block(width=width, height=_BOX, axis=middle, ink=ink, alone=True)


def _all(seen: Seen, room: int) -> Block:
    lanes = [_sequence(lane.items, narrower(room, 60)) for lane in seen.lanes]
    return bars(lanes)


def _any(seen: Seen, room: int) -> Block:
    labels = ["", *("else" for _ in seen.lanes[1:])]
    lanes = [_sequence(lane.items, narrower(room, 90)) for lane in seen.lanes]
    return rails(list(zip(labels, lanes, strict=True)), "rose dashed", centred=False)


def _recover(seen: Seen, room: int) -> Block:
    body = enclose(_body(seen, narrower(room, 60)))
    return below(body, _off_way(seen, room), "on failure", "cross", returns=True)


def _compensate(seen: Seen, room: int) -> Block:
    body = enclose(_body(seen, narrower(room, 60)))
    return below(body, _off_way(seen, room), "undo", "undo", returns=False)


def _on_cancel(seen: Seen, room: int) -> Block:
    body = enclose(_body(seen, narrower(room, 60)))
    return below(body, _off_way(seen, room), "if cut", "undo", returns=False)


def _off_way(seen: Seen, room: int) -> Block:
    lanes = _lanes(seen, "handler", "undo")
    return _sequence([item for lane in lanes for item in lane.items], narrower(room, 150))


def _framed(name: str, tone: str, *, loop: bool = False, cards: int = 0) -> "_Lay":
    def lay(seen: Seen, room: int) -> Block:
        title = Title(words=shorten(words(seen.shape), 60), icon=name, tone=tone)
        body = _body(seen, narrower(room, 100 if loop else 60))
        return frame(title, body, loop=loop, cards=cards)

    return lay


_Lay = Callable[[Seen, int], Block]

_FORMS: dict[Form, _Lay] = {
    "step": _step,
    "tap": _tap,
    "ensure": _ensure,
    "named": _framed("tag", "muted"),
    "when": _when,
    "branch": _branch,
    "zoom": _framed("lens", "violet"),
    "all": _all,
    "any": _any,
    "recover": _recover,
    "retry": _framed("loop", "amber", loop=True),
    "timeout": _framed("clock", "amber"),
    "repeat": _framed("loop", "amber", loop=True),
    "for_each": _framed("cards", "blue", cards=2),
    "compensate": _compensate,
    "on_cancel": _on_cancel,
    "wait": _wait,
}
