"""Pipelines as text that people look at: an outline and a mermaid diagram."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

from dara_fp.core.glimpse import Item, Lane, More, Seen, glimpse
from dara_fp.core.ink import shorten, tidy
from dara_fp.core.shape import Form, Node, Role, Shape

__all__ = ["mermaid", "outline", "words"]

_NODES = 200  # mermaid itself refuses more than 500 edges
_DEEPEST = 12
_WIDEST = 60

_WORDS: dict[Form, str] = {
    "tap": "tap {}",
    "ensure": "ensure {}",
    "when": "when {}",
    "branch": "branch on {}",
    "zoom": "zoom {}",
    "all": "all of",
    "any": "first of",
    "recover": "recover",
    "retry": "retry at most {}",
    "timeout": "at most {}",
    "repeat": "repeat until {}",
    "for_each": "for each of {}",
    "compensate": "with undo",
    "on_cancel": "cleaned up if cut",
    "wait": "wait for {}",
}

_ELSE: dict[Form, str] = {
    "any": "else",
    "recover": "on failure",
    "compensate": "undo",
    "on_cancel": "if cut",
}
_SHAPES = {"tap": (">", "]"), "ensure": ("{{", "}}"), "wait": ("[/", "/]"), "more": ("([", "])")}

# What mermaid reads as its own, or as Markdown or HTML, even between quotes.
_SPECIAL = re.compile(r"[^\w .,:!?()+='/…-]|(?<=\d)\.(?= )|^[-+](?= )")

_TITLES: dict[Role, str] = {"body": "", "handler": "on failure", "undo": "undo"}


def words(shape: Shape) -> str:
    """Say what a node of *shape* does, as in `retry at most 3 more times`."""
    if shape.label == shape.form:  # the name of a lambda
        return shape.label
    return tidy(_WORDS.get(shape.form, "{}").format(shape.label))


def outline(nodes: Sequence[Node], head: str, most: int = 2000) -> str:
    """Write *nodes* as a numbered list, each step with the first line of its docstring.

    What is inside a node stands below it, indented.

    Args:
        nodes: The pipeline.
        head: What it takes and gives: the name of its context class.
        most: How many nodes are listed at most, or a few more.

    Returns:
        Lines of text; where there are too many they say how many steps are left out.
    """
    items = glimpse(nodes, most, _DEEPEST)
    lines = _listed(items, "", 3) if items else ()
    return "\n".join([f"takes and gives {tidy(head)}", *lines])


def mermaid(nodes: Sequence[Node], head: str) -> str:
    """Write *nodes* as a mermaid flowchart, which GitHub and many notebooks draw.

    Args:
        nodes: The pipeline.
        head: What it takes: the name of its context class.

    Returns:
        The chart; of very long pipelines the beginning and the end, because mermaid draws 500
        arrows at most.
    """
    items = glimpse(nodes, _NODES, _DEEPEST)
    last = f"s{len(items)}" if items else "given"
    lines = [
        f"given([{_quoted(head)}])",
        *_chain(items, "s", "given"),
        f'{last} --> outcome(["Outcome"])',
    ]
    return "\n".join(["flowchart LR", *(f"    {line}" for line in lines)])


def _listed(items: Sequence[Item], indent: str, digits: int = 1) -> Iterator[str]:
    width = max((len(_said(item)) for item in items if not _lanes(item)), default=0)
    numbers = list(accumulate(item.nodes if isinstance(item, More) else 1 for item in items))
    digits = max(digits, len(str(numbers[-1])))
    for number, item in zip(numbers, items, strict=True):
        mark = " " * (digits + 2) if isinstance(item, More) else f"{number:>{digits}}. "
        yield f"{indent}{mark}{_said(item):<{width}}  {_summary(item)}".rstrip()
        yield from _inside(_lanes(item), indent + " " * len(mark))


def _inside(lanes: Sequence[Lane], indent: str) -> Iterator[str]:
    if [_title(lane) for lane in lanes] == [""]:
        yield from _lane(lanes[0], indent)
    else:
        for lane in lanes:
            yield from _bullet(lane, indent)


def _bullet(lane: Lane, indent: str) -> Iterator[str]:
    lines = list(_lane(lane, f"{indent}  "))
    title = _title(lane)
    if title and len(lines) > 1:
        yield f"{indent}- {title}:"
        yield from lines
    else:
        yield f"{indent}- {f'{title}: ' if title else ''}{lines[0].strip()}"
        yield from lines[1:]


def _lane(lane: Lane, indent: str) -> Iterator[str]:
    if len(lane.items) > 1:
        yield from _listed(lane.items, indent)
        return
    for item in lane.items:
        yield f"{indent}{_said(item)}  {_summary(item)}".rstrip()
        yield from _inside(_lanes(item), f"{indent}  ")
    if not lane.items:
        yield f"{indent}nothing"


def _said(item: Item) -> str:
    return str(item) if isinstance(item, More) else shorten(words(item.shape), _WIDEST)


def _summary(item: Item) -> str:
    return "" if isinstance(item, More) else shorten(item.shape.summary, 3 * _WIDEST)


def _lanes(item: Item) -> tuple[Lane, ...]:
    return () if isinstance(item, More) else item.lanes


def _title(lane: Lane) -> str:
    return shorten(lane.label, _WIDEST) or _TITLES[lane.role]


def _chain(items: Sequence[Item], prefix: str, before: str = "") -> Iterator[str]:
    for number, item in enumerate(items, 1):
        name = f"{prefix}{number}"
        if lanes := _lanes(item):
            yield from _subgraph(name, _said(item), _parts(lanes, name, item))
        mention = name if lanes else name + _leaf(item)
        if before or not lanes:
            yield f"{before} --> {mention}" if before else mention
        before = name
    if not items and not before:
        yield f'{prefix}1(["nothing"])'


def _parts(lanes: Sequence[Lane], name: str, item: Item) -> Iterator[str]:
    names = [_lane_name(lane, f"{name}_{number}") for number, lane in enumerate(lanes, 1)]
    for number, lane in enumerate(lanes, 1):
        inner = f"{name}_{number}"
        chain = _chain(lane.items, f"{inner}_")
        framed = inner in names and (len(lanes) > 1 or bool(_title(lane)))
        yield from _subgraph(inner, _title(lane), chain) if framed else chain
    if isinstance(item, Seen) and (word := _ELSE.get(item.shape.form)):
        yield from (f"{one} -. {word} .-> {other}" for one, other in pairwise(names))


def _lane_name(lane: Lane, name: str) -> str:
    return name if _title(lane) or len(lane.items) > 1 else f"{name}_1"


def _subgraph(name: str, title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f"subgraph {name} [{_quoted(title)}]"
    yield from (f"    {line}" for line in lines)
    yield "end"


def _leaf(item: Item) -> str:
    form = "more" if isinstance(item, More) else item.shape.form
    left, right = _SHAPES.get(form, ("[", "]"))
    return f"{left}{_quoted(_said(item))}{right}"


def _quoted(label: str) -> str:
    return f'"{_SPECIAL.sub(_coded, shorten(label, _WIDEST)) or " "}"'


def _coded(letter: re.Match[str]) -> str:
    return f"#{ord(letter[0])};"
