"""Evolving contexts, telling what changed, and who fills in which field."""

from typing import Any, Generic, TypeVar

import attrs
import pytest

from dara_fp import StepContext, made
from dara_fp.core.context import changes, evolved, given_fields, made_fields
from tests.unit.core.contexts import MoreWords, Words

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Checked(StepContext):
    size: int = attrs.field(default=1, validator=attrs.validators.ge(0))
    names: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    label: str = attrs.field(default="", validator=attrs.validators.instance_of(str))


@attrs.frozen(kw_only=True)
class Renamed(StepContext):
    kept: int = 1
    inside: int = attrs.field(alias="outside")
    _hidden: int = 3

    @property
    def hidden(self) -> int:
        return self._hidden


@attrs.frozen(kw_only=True)
class Awkward(StepContext):
    """Field names that the generated function could mix up with its own."""

    ctx: int = 0
    cls: int = 0
    keep: int = 0
    changes: int = 0


@attrs.frozen(kw_only=True)
class Typed(StepContext, Generic[T]):
    value: T
    note: str = ""


def twice(roomy: "Roomy") -> int:
    return 2 * roomy.number


@attrs.frozen(kw_only=True, slots=False)
class Roomy(StepContext):
    number: int
    double: int = attrs.field(init=False, default=attrs.Factory(twice, takes_self=True))


@attrs.frozen
class Plain:
    left: int
    right: int = 0


def test_evolving_gives_a_changed_copy_and_leaves_the_context_alone() -> None:
    words = Words(text="to be")
    assert words.evolve(count=2) == Words(text="to be", count=2)
    assert words == Words(text="to be")


def test_evolving_without_changes_gives_an_equal_context() -> None:
    assert StepContext().evolve() == StepContext()
    assert Words(text="a", count=1).evolve() == Words(text="a", count=1)


def test_evolving_keeps_the_class_of_an_inherited_context() -> None:
    assert MoreWords(text="a").evolve(text="b") == MoreWords(text="b", language="en")


def test_evolving_runs_validators_and_converters() -> None:
    assert Checked().evolve(names=["a"]).names == ("a",)
    with pytest.raises(ValueError, match="'size' must be >= 0: -1"):
        Checked().evolve(size=-1)


def test_a_type_error_of_a_validator_is_not_taken_for_an_unknown_name() -> None:
    with pytest.raises(TypeError, match="'label' must be <class 'str'>"):
        Checked().evolve(label=3)


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (Words(text="a"), "Words has no field 'more', 'other'; it has text, count"),
        (StepContext(), "StepContext has no field 'more', 'other'; it has none"),
    ],
)
def test_evolving_names_unknown_fields_and_those_there_are(context: StepContext, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        context.evolve(other=1, more=2)
    assert str(caught.value) == said


def test_evolving_goes_by_the_names_of_fields_not_of_arguments() -> None:
    changed = Renamed(outside=1).evolve(inside=2, _hidden=4)
    assert (changed.inside, changed.hidden, changed.kept) == (2, 4, 1)
    with pytest.raises(TypeError, match="no field 'outside'"):
        changed.evolve(outside=3)


@pytest.mark.parametrize("name", ["ctx", "cls", "keep", "changes"])
def test_a_field_may_have_any_name(name: str) -> None:
    assert getattr(Awkward().evolve(**{name: 7}), name) == 7
    assert changes(Awkward(), Awkward().evolve(**{name: 7})) == {name: 7}


def test_generic_classes_and_classes_without_slots_evolve() -> None:
    assert Typed(value="a").evolve(note="n") == Typed(value="a", note="n")
    assert Roomy(number=2).evolve(number=5).double == 10


def test_a_frozen_class_that_is_no_step_context_evolves_too() -> None:
    assert evolved(Plain(1), {"right": 2}) == Plain(1, 2)


def test_the_generated_function_can_be_read_in_a_traceback() -> None:
    with pytest.raises(ValueError, match="size") as caught:
        Checked().evolve(size=-1)
    shown = [str(entry.statement) for entry in caught.traceback]
    assert any("return __cls__(size=__ctx__.size if size is __keep__" in line for line in shown)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1, 1, False),
        ((1, 2), (1, 2), False),
        (1, 2, True),
        (None, 0, True),
        (0, False, True),
        (1, 1.0, True),
    ],
)
def test_only_what_differs_in_value_or_type_has_changed(
    before: object, after: object, *, told: bool
) -> None:
    found = changes(Typed(value=before), Typed(value=after))
    assert found == ({"value": after} if told else {})


def test_a_value_that_cannot_be_compared_with_its_predecessor_has_changed() -> None:
    class Array:
        def __ne__(self, other: object) -> Any:
            raise ValueError("the truth value of an array is ambiguous")

        __hash__ = None  # type: ignore[assignment] # as numpy's arrays

    array = Array()
    assert changes(Typed[Any](value=None), Typed[Any](value=array)) == {"value": array}


def test_a_field_is_given_by_the_caller_or_made_by_a_step() -> None:
    assert given_fields(MoreWords) == ("text", "language")
    assert made_fields(MoreWords) == ("count",)


def test_a_made_field_holds_its_default_until_a_step_makes_it() -> None:
    @attrs.frozen(kw_only=True)
    class Trail(StepContext):
        trail: tuple[str, ...] = made(())

    assert Trail().trail == ()
