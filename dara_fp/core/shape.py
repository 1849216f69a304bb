"""What a pipeline looks like: the data that drawing, checking and printing fold over."""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import attrs

__all__ = ["Form", "Node", "Part", "Role", "Shape", "first_name"]

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
]
"""The kinds of nodes; `all` is what `&` makes and `any` what `|` makes."""

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
    """

    form: Form
    label: str = ""
    summary: str = ""
    parts: tuple[Part, ...] = ()
    recorded: bool = False


def first_name(nodes: Sequence[Node]) -> str:
    """Give the name of the first of *nodes*, after which whatever surrounds them is named."""
    return nodes[0].name if nodes else ""
