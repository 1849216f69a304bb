"""Contexts to JSON and back: what survives, what is refused, and what a caller is told."""

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp import StepContext, made
from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.errors import NotSerialisable
from tests.unit.core.contexts import Numbers, Words, context_of


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Mood(StrEnum):
    CALM = "calm"


@attrs.frozen
class Part:
    name: str
    size: int = attrs.field(default=0, alias="length")


@attrs.frozen
class Whole:
    parts: tuple[Part, ...]
    best: Part | None = None


@attrs.frozen(eq=False)
class Loner:
    seen: float | None


UTC_PLUS_2 = timezone(timedelta(hours=2))

SURVIVES: list[tuple[Any, Any]] = [
    (bool, True),
    (int, -3),
    (int, 2**63),
    (int, 2**64),
    (int, -(2**200)),
    (float, -0.5),
    (float, 1e308),
    (str, 'é\0"\U0001f600'),
    (bytes, b"\0\xff"),
    (datetime, datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC_PLUS_2)),
    (date, date(2026, 1, 2)),
    (time, time(1, 2, 3)),
    (timedelta, timedelta(days=-3, microseconds=1)),
    (UUID, UUID(int=7)),
    (Decimal, Decimal("1.10")),
    (Decimal, Decimal("Infinity")),
    (Colour, Colour.RED),
    (Level, Level.HIGH),
    (Mood, Mood.CALM),
    (Literal["a", 1] | None, "a"),
    (int | None, None),
    (int | str | None, "3"),
    (int | float, 1.0),
    (datetime | int, datetime(2026, 1, 2, tzinfo=UTC_PLUS_2)),
    (Annotated[int, msgspec.Meta(ge=0)], 3),
    (Annotated[Part, "the first"], Part("a", 1)),
    (Whole, Whole((Part("a"), Part("b", 2)), Part("c"))),
    (tuple[int, str], (1, "a")),
    (tuple[()], ()),
    (frozenset[str], frozenset({"a", "b"})),
    (frozenset[Part], frozenset({Part("a"), Part("b")})),
    (Mapping[str, Part], {"a": Part("a")}),
    (Mapping[int, str], {1: "a"}),
    (Mapping[float, str] | None, {1.5: "a"}),
    (Mapping[Colour, int], {Colour.RED: 1}),
    (Mapping[Annotated[UUID, "run"], int], {UUID(int=1): 2}),
    (Mapping[Literal["a"], int], {"a": 1}),
]


@pytest.mark.parametrize(("hint", "value"), SURVIVES, ids=range(len(SURVIVES)))
def test_a_value_of_a_supported_type_comes_back_as_it_was(hint: Any, value: Any) -> None:
    codec = codec_of(context_of(hint))
    back = codec.decode(codec.encode(codec.context(x=value)))
    assert back == codec.context(x=value)
    assert type(back.x) is type(value)


def test_a_time_in_the_hour_that_a_zone_repeats_is_stored() -> None:
    repeated = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    codec = codec_of(context_of(tuple[datetime, ...]))
    back = codec.decode(codec.encode(codec.context(x=(repeated,)))).x[0]
    assert back != repeated, "Python compares no such time across zones"
    assert back.isoformat() == repeated.isoformat()


def test_values_that_equal_nothing_are_stored_where_they_read_the_same() -> None:
    numbers = codec_of(context_of(Mapping[str, Decimal]))
    assert numbers.encode_changes({"x": {"a": Decimal("NaN")}}) == b'{"x":{"a":"NaN"}}'
    loners = codec_of(context_of(Loner | None))
    assert loners.encode_changes({"x": Loner(1.5)}) == b'{"x":{"seen":1.5}}'


UNFIT: list[tuple[Any, Any, str]] = [
    (int, "3", "x: '3' does not fit: Expected `int`, got `str`"),
    (int, None, "x: None does not fit: Expected `int`, got `null`"),
    (int, True, "x: True does not fit: Expected `int`, got `bool`"),
    (Literal["a"], "b", "x: 'b' does not fit: Invalid enum value 'b'"),
    (Annotated[int, msgspec.Meta(ge=0)], -1, "x: -1 does not fit: Expected `int` >= 0"),
    (float, math.nan, "x: nan does not fit: Expected `float`, got `null`"),
    (float | None, math.nan, "x: nan would be read back as None: give what its type says"),
    (float | None, -math.inf, "x: -inf would be read back as None: give what its type says"),
    (tuple[float | None, ...], (1.0, math.inf), "x: (1.0, inf) would be read back as (1.0, None)"),
    (
        Mapping[str, float | None],
        {"a": math.nan},
        "x: {'a': nan} would be read back as {'a': None}",
    ),
    (Loner, Loner(math.nan), "x: Loner(seen=nan) would be read back as Loner(seen=None)"),
    (datetime, "2026-01-02T00:00:00", "x: '2026-01-02T00:00:00' would be read back as datetime"),
    (Part, {"name": "a"}, "x: {'name': 'a'} would be read back as Part(name='a', size=0)"),
    (tuple[int, ...], [1], "x: [1] would be read back as (1,)"),
    (Colour, "red", "x: 'red' would be read back as <Colour.RED: 'red'>"),
    (Mapping[int | str, int], {1: 1}, "x: {1: 1} would be read back as {'1': 1}"),
    (str, "\ud800", "x: 'utf-8' codec can't encode character '\\ud800'"),
    (int, 10**5000, "x: Exceeds the limit (4300 digits) for integer string conversion"),
    (str, object(), "x: Encoding objects of type object is unsupported"),
]


@pytest.mark.parametrize(("hint", "value", "said"), UNFIT, ids=range(len(UNFIT)))
def test_a_value_that_would_not_come_back_is_refused_by_field(
    hint: Any, value: Any, said: str
) -> None:
    codec = codec_of(context_of(hint))
    with pytest.raises(NotSerialisable) as caught:
        codec.encode(codec.context(x=value))
    assert str(caught.value).startswith(f"Holder cannot be stored: {said}")


@attrs.frozen
class Nested:
    inside: "Nested | None" = None
    bare: float | None = None


def test_a_value_that_is_nested_too_deeply_is_refused() -> None:
    codec = codec_of(context_of(Nested))
    deep = Nested()
    for _ in range(100_000):
        deep = Nested(deep)
    with pytest.raises(NotSerialisable, match="x: maximum recursion depth exceeded"):
        codec.encode_changes({"x": deep})
    while deep.inside is not None:  # so that freeing it needs no deep recursion either
        deep = deep.inside


def test_a_lossy_value_too_deep_to_be_compared_is_refused() -> None:
    codec = codec_of(context_of(Nested))
    deep = Nested(bare=math.nan)
    for _ in range(350):
        deep = Nested(deep)
    with pytest.raises(NotSerialisable, match="x: "):
        codec.encode_changes({"x": deep})


def test_only_the_fields_at_fault_are_named() -> None:
    with pytest.raises(NotSerialisable) as caught:
        codec_of(Words).encode_changes({"text": "fine", "count": object()})
    said = "Words cannot be stored: count: Encoding objects of type object is unsupported"
    assert str(caught.value) == said


@given(st.builds(Words, text=st.text(), count=st.none() | st.integers()))
def test_changes_survive_as_well_as_contexts(words: Words) -> None:
    codec = codec_of(Words)
    assert codec.decode(codec.encode(words)) == words
    fields = {"text": words.text, "count": words.count}
    assert codec.decode_changes(codec.encode_changes(fields)) == fields


def test_stored_contexts_of_an_older_class_take_defaults_and_drop_what_is_gone() -> None:
    assert codec_of(Words).decode(b'{"text":"a","gone":[1]}') == Words(text="a")


def test_changes_that_no_longer_fit_are_named() -> None:
    with pytest.raises(InvalidFields) as caught:
        codec_of(Words).decode_changes(b'{"count":"many","text":1}')
    assert caught.value.problems == {
        "count": "Expected `int | null`, got `str`",
        "text": "Expected `str`, got `int`",
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{", "Input data was truncated"),
        (b'{"a":1,}', "JSON is malformed"),
        (b'{"\xff":1}', "'utf-8' codec can't decode byte 0xff"),
        (b'{"a":' + b"[" * 300_000 + b"]" * 300_000 + b"}", "maximum recursion depth exceeded"),
    ],
    ids=["empty", "array", "cut", "comma", "not UTF-8", "deep"],
)
def test_what_is_no_json_object_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(InvalidFields, match=f"^body: is not a JSON object: {said}"):
        codec_of(Words).decode(data)


def test_given_json_that_is_nested_too_deeply_is_a_problem_of_its_field() -> None:
    codec = codec_of(context_of(Nested))
    deep = b'{"inside":' * 100_000 + b"null" + b"}" * 100_000
    with pytest.raises(InvalidFields) as caught:
        codec.decode_given({"x": deep})
    assert "maximum recursion depth exceeded" in caught.value.problems["x"]


@attrs.frozen(kw_only=True)
class Order(StepContext):
    item: str = attrs.field(validator=attrs.validators.in_(("tea", "rice")))
    grams: int = attrs.field(default=1, validator=attrs.validators.ge(0), alias="weight")
    cups: int
    paid: bool = made(default=False)


def test_given_fields_make_a_context() -> None:
    given_json = {"item": b'"tea"', "grams": b"5", "cups": msgspec.Raw(b"2")}
    assert codec_of(Order).decode_given(given_json) == Order(item="tea", weight=5, cups=2)


def test_one_field_is_read_by_its_name() -> None:
    assert codec_of(Order).decode_field("item", b'"tea"') == "tea"
    with pytest.raises(InvalidFields, match="sugar"):
        codec_of(Order).decode_field("sugar", b"2")


def test_every_problem_with_what_was_given_is_listed_at_once() -> None:
    wrong = {"item": b'"\xff"', "paid": b"true", "sugar": b"2", "grams": b'"1"'}
    with pytest.raises(InvalidFields) as caught:
        codec_of(Order).decode_given(wrong)
    assert caught.value.problems == {
        "paid": "is made by a step and cannot be given",
        "sugar": "is not a field; there are item, grams, cups",
        "item": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
        "grams": "Expected `int`, got `str`",
        "cups": "is required",
    }
    assert str(caught.value).startswith("paid: is made by a step and cannot be given; sugar: ")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"item": b'"salt"'}, "'item' must be in ('tea', 'rice') (got 'salt')"),
        ({"item": b'"tea"', "grams": b"-1"}, "'grams' must be >= 0: -1"),
    ],
)
def test_what_a_validator_says_is_said_without_its_internals(
    fields: dict[str, bytes], said: str
) -> None:
    with pytest.raises(InvalidFields) as caught:
        codec_of(Order).decode_given({**fields, "cups": b"1"})
    assert caught.value.problems == {"Order": said}


def test_a_context_without_given_fields_says_so() -> None:
    with pytest.raises(InvalidFields, match="text: is not a field; there are none"):
        codec_of(StepContext).decode_given({"text": b"1"})


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"Infinity", b"1.5", b"9" * 5000])
def test_a_given_number_out_of_range_is_refused(number: bytes) -> None:
    with pytest.raises(InvalidFields) as caught:
        codec_of(Numbers).decode_given({"number": number})
    assert list(caught.value.problems) == ["number"]


def test_the_codec_of_a_class_is_made_once() -> None:
    assert codec_of(Words) is codec_of(Words)
