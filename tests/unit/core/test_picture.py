"""Pipelines drawn as pictures."""

import itertools
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dara_fp.core.draw import words
from dara_fp.core.ink import breadth, shorten, wire
from dara_fp.core.picture import html, svg
from dara_fp.core.shape import Node, Part, Role
from tests.unit.core.shapes import all_of, every_form, leaf, leaves, node, part

SVG = "{http://www.w3.org/2000/svg}"


class Place(NamedTuple):
    """Where an element stands in the whole picture."""

    name: str
    left: float
    top: float
    right: float
    bottom: float


def read(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - what has just been drawn


def walk(element: ET.Element, x: int = 0, y: int = 0) -> Iterator[tuple[ET.Element, int, int]]:
    """Give each element with where its origin stands in the whole picture."""
    if found := re.match(r"translate\((\d+) (\d+)\)", element.get("transform", "")):
        x, y = x + int(found[1]), y + int(found[2])
    yield element, x, y
    for child in element:
        yield from walk(child, x, y)


def places(picture: str, *names: str) -> list[Place]:
    """Give where the rectangles and hexagons of the classes *names* stand."""
    found: list[Place] = []
    for element, x, y in walk(read(picture)):
        name = element.get("class", "").split(" ")[0]
        if name in names and element.tag == f"{SVG}rect":
            left, top = x + int(element.attrib["x"]), y + int(element.attrib["y"])
            size = int(element.attrib["width"]), int(element.attrib["height"])
            found.append(Place(name, left, top, left + size[0], top + size[1]))
        if name in names and element.tag == f"{SVG}polygon":
            corners = [corner.split(",") for corner in element.attrib["points"].split()]
            xs, ys = ([x + int(a) for a, _ in corners], [y + int(b) for _, b in corners])
            found.append(Place(name, min(xs), min(ys), max(xs), max(ys)))
    return found


def written(picture: str) -> list[Place]:
    """Give where the titles of frames and the labels of lines stand."""
    return [
        Place(
            name,
            left,
            y + int(element.attrib["y"]) - 9,
            left + breadth(element.text or "", 11),
            y + int(element.attrib["y"]) + 3,
        )
        for element, x, y in walk(read(picture))
        if (name := element.get("class", "").split(" ")[0]) in {"title", "label"}
        and "middle" not in element.attrib["class"]
        for left in [x + int(element.attrib["x"])]
    ]


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in read(picture).iter(f"{SVG}text")]


def hints(picture: str) -> list[str]:
    return [element.text or "" for element in read(picture).iter(f"{SVG}title")][1:]


def overlap(one: Place, other: Place) -> bool:
    level = one.left < other.right and other.left < one.right
    return level and one.top < other.bottom and other.top < one.bottom


def inside(one: Place, other: Place) -> bool:
    level = other.left <= one.left and one.right <= other.right
    return level and other.top <= one.top and one.bottom <= other.bottom


labels = st.one_of(st.sampled_from(["a", "upload_file", "WWWWW", "x" * 90]), st.text(max_size=60))
simple = st.builds(leaf, labels, labels, st.sampled_from(["step", "tap", "ensure"]))


def body(items: list[Node]) -> Part:
    return part(*items)


def case(items: list[Node], value: str) -> Part:
    return part(*items, label=value)


def lanes_of(form: str, label: str, parts: list[Part]) -> Node:
    return node(form, label, *parts)


def guarded(way: tuple[str, Role], first: list[Node], second: list[Node]) -> Node:
    form, role = way
    return node(form, "", part(*first), part(*second, role=role))


def around(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(nodes, max_size=4)
    one = st.sampled_from(["named", "when", "zoom", "retry", "timeout", "repeat", "for_each"])
    ways: list[tuple[str, Role]] = [("recover", "handler"), ("compensate", "undo")]
    lanes = st.lists(st.builds(body, some), min_size=1, max_size=4)
    cases = st.lists(st.builds(case, some, labels), max_size=4)
    return st.one_of(
        st.builds(node, one, labels, st.builds(body, some)),
        st.builds(lanes_of, st.sampled_from(["all", "any"]), st.just(""), lanes),
        st.builds(lanes_of, st.just("branch"), labels, cases),
        st.builds(guarded, st.sampled_from(ways), some, some),
    )


pipelines = st.lists(st.recursive(simple, around, max_leaves=12), max_size=8)


@given(nodes=pipelines)
@settings(deadline=None)
def test_boxes_stand_apart_from_each_other_and_inside_the_picture(nodes: list[Node]) -> None:
    picture = svg(nodes, "Words")
    (ground,) = places(picture, "ground")
    boxes = places(picture, "box")
    frames = places(picture, "frame", "round")
    assert not [pair for pair in itertools.combinations(boxes, 2) if overlap(*pair)]
    words = written(picture)
    assert not [pair for pair in itertools.product(words, boxes) if overlap(*pair)]
    assert not [pair for pair in itertools.combinations(words, 2) if overlap(*pair)]
    assert all(inside(place, ground) for place in [*boxes, *frames, *words])
    for frame, box in itertools.product(frames, boxes):
        assert inside(box, frame) or not overlap(box, frame)


@given(label=st.text(), head=st.text())
@settings(deadline=None)
def test_any_text_can_be_a_label(label: str, head: str) -> None:
    picture = svg([leaf(label, label), node("branch", label, part("a", label=label))], head)
    assert len([shown for shown in texts(picture) if shown == shorten(label)]) >= 2
    assert "<script" not in svg([leaf(f"<script>{label}")], "Words")


@pytest.mark.parametrize("form", every_form())
def test_every_kind_of_node_is_drawn_with_all_that_is_in_it(form: str) -> None:
    drawn = every_form()[form]
    picture = svg([drawn], "Words")
    expected = {inner.shape.label for each in drawn.shape.parts for inner in each.nodes}
    assert expected - {""} <= set(texts(picture))
    assert any(words(drawn.shape) in hint for hint in hints(picture))


def test_pointing_at_a_step_shows_what_it_does() -> None:
    picture = svg([leaf("upload", "Upload <it>."), leaf("b" * 90)], "Words")
    assert hints(picture) == ["upload: Upload <it>.", "b" * 90]


def test_lanes_say_when_they_are_taken() -> None:
    forms = every_form()
    assert texts(svg([forms["any"]], "Words")).count("else") == 2
    assert {"pdf", "text", "nothing"} <= set(texts(svg([forms["branch"]], "Words")))
    assert "on failure" in texts(svg([forms["recover"]], "Words"))
    assert "undo" in texts(svg([forms["compensate"]], "Words"))
    assert "else" in texts(svg([forms["when"]], "Words"))


def test_a_row_stands_on_one_line() -> None:
    boxes = places(svg([leaf("a"), every_form()["all"], leaf("b")], "Words"), "box", "bar")
    first, last = boxes[0], boxes[-1]
    bars = [place for place in boxes if place.name == "bar"]
    assert {(place.top + place.bottom) / 2 for place in [first, *bars, last]} == {
        (first.top + first.bottom) / 2
    }


def test_a_hundred_steps_wrap_to_the_width_of_a_notebook() -> None:
    picture = svg(leaves(100), "Words")
    boxes = places(picture, "box")
    assert len(boxes) == 102
    (ground,) = places(picture, "ground")
    assert ground.right <= 1000
    rows = {place.top for place in boxes}
    assert 10 < len(rows) < 20


def test_what_is_nested_wraps_inside_its_frame() -> None:
    inner = node("retry", "3 more times", part(*leaves(20)))
    picture = svg([leaf("begin"), node("timeout", "60 s", part(inner)), leaf("end")], "Words")
    (ground,) = places(picture, "ground")
    assert ground.right <= 1000


def test_a_picture_of_thousands_of_steps_says_how_many_it_leaves_out() -> None:
    picture = svg(leaves(10_000), "Words")
    assert len(picture) < 40_000
    assert {"step_1", "step_49", "… 9,950 more steps", "step_10000"} <= set(texts(picture))


def test_lanes_and_depths_are_cut_too() -> None:
    wide = svg([all_of(*leaves(1000))], "Words")
    assert "… 950 more steps" in texts(wide)
    deep: Node = all_of("x", "y")
    for level in range(400):
        deep = node("named", f"level_{level}", part(deep))
    assert "… 2 more steps" in texts(svg([deep], "Words"))
    doubled: Node = leaf("work")
    for _ in range(100):
        doubled = all_of(doubled, doubled)
    assert len(svg([doubled], "Words")) < 100_000


def test_a_picture_says_what_it_shows_to_those_who_cannot_see_it() -> None:
    picture = read(svg([leaf("upload", "Upload it.")], "Words"))
    assert picture.get("role") == "img"
    assert [child.text for child in picture[1:3]] == [
        "Pipeline over Words",
        "takes and gives Words 1. upload Upload it.",
    ]


@pytest.mark.parametrize(
    ("steps", "end"),
    [
        (leaves(500), "11. step_11 … 488 more steps 500. step_500"),
        ([leaf("x", "y" * 170)] * 40, "…"),
    ],
)
def test_a_long_description_is_cut(steps: list[Node], end: str) -> None:
    (described,) = read(svg(steps, "Words")).findall(f"{SVG}desc")
    assert (described.text or "").endswith(end)
    assert len(described.text or "") <= 2001


def test_a_picture_brings_its_colours_for_light_and_dark_and_changes_no_other() -> None:
    one, other = svg([leaf("a")], "Words"), svg([leaf("b")], "Words")
    style = read(one)[0].text or ""
    name = read(one).attrib["class"]
    assert "@media(prefers-color-scheme:dark){" in style
    selectors = re.findall(r"(?:^|[{}])([^{}@]+)\{", style.replace("\n", ""))
    assert len(selectors) > 20
    assert all(each.startswith(f".{name}") for line in selectors for each in line.split(","))
    assert name != read(other).attrib["class"]
    used = set(re.findall(r"var\(--(\w+)\)", style))
    assert used <= set(re.findall(r"--(\w+):#", style))


def test_a_notebook_can_scroll_a_wide_picture() -> None:
    page = html([leaf("upload")], "Words")
    assert page == (
        '<div style="overflow-x:auto;max-width:100%;margin:4px 0">'
        f"{svg([leaf('upload')], 'Words')}</div>"
    )


def test_text_is_measured_as_wide_as_the_widest_usual_font() -> None:
    # DejaVu Sans, in thousandths of an em, from its table of advance widths.
    assert breadth("W", 1000) >= 989
    assert breadth("m", 1000) >= 974
    assert breadth("upload_file", 1000) >= 5500
    assert breadth("e\u0301", 1000) == breadth("e", 1000)
    assert breadth("語", 1000) > 1000


def test_a_line_turns_with_round_corners_and_ends_in_a_tip() -> None:
    assert wire("red", [(0, 0), (20, 0), (20, 30)], arrow=True) == (
        '<path class="line red" d="M0 0L12 0Q20 0 20 8L20 27"/>'
        '<path class="tip red" d="M20 30L16 23L24 23z"/>'
    )
