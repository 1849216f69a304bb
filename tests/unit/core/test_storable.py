"""Which context classes are refused before anything runs, and what they are told to do."""

import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import attrs
import pytest

from dara_fp import StepContext, start
from dara_fp.core.codec import codec_of
from dara_fp.core.errors import NotSerialisable
from dara_fp.core.storable import check_context
from tests.unit.core.contexts import context_of

T = TypeVar("T")


@attrs.define
class Mutable:
    number: int


@attrs.frozen
class Left:
    number: int


@attrs.frozen
class Right:
    number: int


@attrs.frozen
class Box(Generic[T]):
    content: T


@attrs.frozen
class WithList:
    names: list[str]


@attrs.frozen
class Private:
    _number: int


@attrs.frozen
class Restless:
    number: int = attrs.field(init=False, default=3)


class Pair(NamedTuple):
    left: int


class Typed(TypedDict):
    left: int


class Mixed(Enum):
    ONE = 1
    TWO = "two"


class Loud(str):
    __slots__ = ()


PLAIN = "use plain values or a frozen record"

REFUSED: list[tuple[Any, str]] = [
    (list[int], "x is a list, which can be changed in place: use tuple[T, ...]"),
    (list, "x is a list, which can be changed in place: use tuple[T, ...]"),
    (set[int], "x is a set, which can be changed in place: use frozenset[T]"),
    (dict[str, int], "x is a dict, which can be changed in place: use collections.abc.Mapping"),
    (tuple[tuple[list[int], ...], ...], "x is a list"),
    (Annotated[list[int], "short"], "x is a list"),
    (list[int] | None, "x is a list"),
    (WithList, "x (WithList).names is a list"),
    (Mapping[str, WithList], "x (WithList).names is a list"),
    (Any, f"x has the type Any, which JSON cannot hold: {PLAIN}"),
    (object, f"x has the type object, which JSON cannot hold: {PLAIN}"),
    (complex, f"x has the type complex, which JSON cannot hold: {PLAIN}"),
    (bytearray, f"x has the type bytearray, which JSON cannot hold: {PLAIN}"),
    (Loud, "x has the type Loud"),
    (Mutable, "x has the type Mutable"),
    (Mutable | None, "x has the type Mutable"),
    (Pair, "x has the type Pair"),
    (Typed, "x has the type Typed"),
    (tuple, "x has the type tuple"),
    (frozenset, "x has the type frozenset"),
    (Sequence[int], "x has the type Sequence"),
    (Callable[[], int], "x has the type Callable"),
    (Box[int], "x (Box).content has the type T"),
    (typing.Mapping, "x is typing.Mapping of anything: say of what, in brackets"),
    (Left | Right, "x is a union of records, which JSON cannot tell apart: use one record"),
    (Mapping[tuple[int, int], str], "x has tuple keys, which JSON cannot hold: use str"),
    (Mapping[Left, str], "x has Left keys, which JSON cannot hold: use str"),
    (Mapping[bool, str], "x has bool keys, which JSON cannot hold: use str"),
    (Mapping[str | None, str], "x has str | None keys, which JSON cannot hold: use str"),
    (str | bytes, "x could not be read back: Type unions may not contain more than one str-like"),
    (Left | Mapping[str, int], "x could not be read back: Type unions may not contain"),
    (Literal[b"x"], "x could not be read back: Literal may only contain"),
    (Mixed, "x could not be read back: Enums must contain either all str or all int"),
    (Private, "x (Private)._number is private and would be dropped: name it without"),
    (Restless, "x (Restless).number has init=False and could not be restored: use a property"),
    (None, "x has no type: annotate it"),
]


@pytest.mark.parametrize(("hint", "said"), REFUSED, ids=str)
def test_a_type_that_json_cannot_hold_is_named_with_a_remedy(hint: Any, said: str) -> None:
    with pytest.raises(NotSerialisable) as caught:
        check_context(context_of(hint))
    assert str(caught.value).startswith(f"Holder.{said}")


def test_every_fault_of_a_context_is_named_at_once() -> None:
    @attrs.frozen
    class Faulty(StepContext):
        names: list[str]
        parts: set[int]
        fine: int

    with pytest.raises(NotSerialisable) as caught:
        start(Faulty)
    assert str(caught.value) == (
        "Faulty.names is a list, which can be changed in place: use tuple[T, ...]; "
        "Faulty.parts is a set, which can be changed in place: use frozenset[T]"
    )


def test_a_faulty_record_stays_a_fault_wherever_it_is_used_again() -> None:
    @attrs.frozen
    class Twice(StepContext):
        first: Mixed | None
        second: Mixed | None

    with pytest.raises(NotSerialisable, match=r"Twice\.first .*; Twice\.second "):
        check_context(Twice)


class Undecorated(StepContext):
    number: int = 3


@pytest.mark.parametrize("context", [Mutable, Undecorated, Pair, int, 3, "Context"])
def test_what_was_not_made_frozen_by_attrs_is_refused(context: Any) -> None:
    name = getattr(context, "__name__", repr(context))
    with pytest.raises(TypeError) as caught:
        start(context)
    assert (
        str(caught.value) == f"{name} is not frozen: decorate it with @attrs.frozen(kw_only=True)"
    )


@attrs.frozen
class Node:
    value: int
    children: "tuple[Node, ...]" = ()


@attrs.frozen
class BadNode:
    values: list[int]
    children: "tuple[BadNode, ...]" = ()


def test_a_record_that_holds_itself_is_looked_at_once_and_comes_back() -> None:
    tree = Node(1, (Node(2), Node(3, (Node(4),))))
    codec = codec_of(context_of(Node))
    assert codec.decode(codec.encode(codec.context(x=tree))).x == tree


def test_a_fault_in_a_record_that_holds_itself_is_named_once() -> None:
    with pytest.raises(NotSerialisable) as caught:
        check_context(context_of(BadNode))
    assert str(caught.value).count("is a list") == 1


def test_annotations_that_cannot_be_read_are_refused_with_a_remedy() -> None:
    @attrs.frozen
    class Inner:
        number: int

    @attrs.frozen
    class Outer(StepContext):
        inner: "Inner"

    assert Outer(inner=Inner(1)).inner.number == 1
    with pytest.raises(NotSerialisable) as caught:
        start(Outer)
    assert "Outer cannot be read, because name 'Inner' is not defined" in str(caught.value)
    assert "define what they name at the top of a module" in str(caught.value)
