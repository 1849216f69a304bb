"""What a pipeline looks like: the data that drawing, checking and printing fold over."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol, TypeAlias

import attrs

__all__ = [
    "ITEM",
    "Form",
    "Node",
    "Part",
    "Role",
    "Shape",
    "entries",
    "expression",
    "first_name",
    "has_undo",
    "is_verdict",
    "on_first_try",
    "steps_ahead",
]

Form: TypeAlias = Literal[
    "step",
    "tap",
    "ensure",
    "named",
    "when",
    "branch",
    "zoom",
    "all",
    "any",
    "recover",
    "retry",
    "timeout",
    "repeat",
    "for_each",
    "compensate",
    "on_cancel",
    "wait",
]
"""The kinds of nodes; `all` is what `&` makes and `any` what `|` makes."""

ITEM = "[]/"
"""The segment of the items of a `for_each`; a path has the item's key between the brackets."""

Role: TypeAlias = Literal["body", "handler", "undo"]
"""What a part is for: the way forward, what a failure leads to, or what takes it back."""


class Node(Protocol):
    """One element of a pipeline; `str()` gives it as one would write it."""

    @property
    def name(self) -> str:
        """Last part of the path it is recorded under, and unique if its steps' names are."""
        ...

    @property
    def shape(self) -> "Shape":
        """What it looks like."""
        ...


@attrs.frozen(kw_only=True)
class Part:
    """A pipeline inside a node.

    Attributes:
        nodes: Its nodes, in order.
        label: What leads to it, such as the value of a `branch`; empty where it goes without
            saying.
        role: What it is for.
        segment: What it adds to the paths of its nodes, such as the name given by `named`.
    """

    nodes: Sequence[Node]
    label: str = ""
    role: Role = "body"
    segment: str = ""


@attrs.frozen(kw_only=True)
class Shape:
    """What a node looks like.

    Attributes:
        form: Its kind.
        label: What a reader calls it: a step's name, a predicate's name, `60 s`.
        summary: One sentence about it, if its function has a docstring.
        parts: The pipelines inside it, in order.
        recorded: Whether a journal gets an entry under the node's own name.
        verdicts: Names under which a journal may get what became of a failure inside.
        signal: The name of the signal it waits for, or nothing.
        into: The field that the body of the signal, or what a step gives, goes into.
    """

    form: Form
    label: str = ""
    summary: str = ""
    parts: tuple[Part, ...] = ()
    recorded: bool = False
    verdicts: tuple[str, ...] = ()
    signal: str = ""
    into: str = ""


def first_name(nodes: Iterable[Node]) -> str:
    """Give the name of the first of *nodes* that has one; what surrounds them is named after it."""
    for node in nodes:
        if node.name:
            return node.name
    return ""


def is_verdict(path: str) -> bool:
    """Tell whether a journal holds at *path* what became of a failure."""
    return path.rpartition("/")[2].partition("(")[0] in _VERDICTS and path.endswith(")")


_VERDICTS = frozenset({"run", "any", "recover", "retry"})


def on_first_try(path: str) -> str:
    """Give *path* without the numbers of tries and the keys of items.

    >>> on_first_try("2/for_each/[a.pdf]/3.1/load")
    'for_each/[]/load'
    """
    return _KEY.sub(ITEM, _TRIES.sub("", path))


_TRIES = re.compile(r"(?:^|(?<=/))[\d.]+/")
_KEY = re.compile(r"\[[^/]*\]/")


def entries(nodes: Iterable[Node], prefix: str = "") -> Iterator[str]:
    """Give every path that a journal may hold an entry under, as on the first try."""
    for node in nodes:
        shape = node.shape
        for part in shape.parts:
            yield from entries(part.nodes, prefix + part.segment)
        if shape.recorded:
            yield prefix + node.name
        yield from (prefix + verdict for verdict in shape.verdicts)


def steps_ahead(nodes: Iterable[Node], prefix: str = "") -> Iterator[str]:
    """Give the paths of the recorded nodes on the way forward, in order.

    Handlers and undo steps run only after a failure; the items of a `for_each` are not known yet.
    """
    for node in nodes:
        shape = node.shape
        for part in shape.parts:
            if part.role == "body" and part.segment != ITEM:
                yield from steps_ahead(part.nodes, prefix + part.segment)
        if shape.recorded:
            yield prefix + node.name


def has_undo(nodes: Iterable[Node]) -> bool:
    """Tell whether anything in *nodes* can be undone."""
    parts = (part for node in nodes for part in node.shape.parts)
    return any(part.role == "undo" or has_undo(part.nodes) for part in parts)


def expression(nodes: Sequence[Node], binding: int = 0) -> str:
    """Write *nodes* as one would compose them.

    Args:
        nodes: What to write.
        binding: How tightly what surrounds them binds: 1 for `|`, 2 for `&`, 3 for `>>`; what
            binds less tightly is put in parentheses.
    """
    if not nodes:
        return "Pipeline()"
    if len(nodes) == 1:
        text, own = str(nodes[0]), _BINDING.get(nodes[0].shape.form, 4)
    else:
        text, own = " >> ".join(expression([node], 3) for node in nodes), 3
    return f"({text})" if own < binding else text


_BINDING: dict[str, int] = {"any": 1, "all": 2}
