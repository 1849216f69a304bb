"""Pipelines drawn as text."""

import re
from typing import get_args

import pytest

from dara_fp.core.draw import mermaid, outline, words
from dara_fp.core.shape import Form, Node, Shape
from tests.unit.core.shapes import Drawn, all_of, every_form, leaf, leaves, node, part


def chart(*nodes: Node) -> list[str]:
    first, *lines = mermaid(nodes, "Words").splitlines()
    assert first == "flowchart LR"
    return [line.strip() for line in lines]


def test_an_outline_lists_each_step_with_the_first_line_of_its_docstring() -> None:
    steps = [leaf("undocumented"), leaf("end", 'Say "the end" --> and `stop`.')]
    assert outline(steps, "Words") == (
        'takes and gives Words\n  1. undocumented\n  2. end           Say "the end" --> and `stop`.'
    )


def test_an_outline_of_nothing_says_what_it_takes() -> None:
    assert outline([], "any context") == "takes and gives any context"


def test_an_outline_shows_what_is_inside_a_node_below_it() -> None:
    nodes = [
        leaf("upload"),
        node("retry", "3 more times", part(all_of("caption", node("zoom", "page", part("x"))))),
        node("when", "has_pages", part("split", leaf("count", "Count them."))),
        node("when", "never", part()),
    ]
    assert outline(nodes, "Words").splitlines()[1:] == [
        "  1. upload",
        "  2. retry at most 3 more times",
        "     all of",
        "       - caption",
        "       - zoom page",
        "           x",
        "  3. when has_pages",
        "     1. split",
        "     2. count  Count them.",
        "  4. when never",
        "     nothing",
    ]


def test_an_outline_names_what_leads_to_each_lane() -> None:
    nodes = [
        node("any", "", part("read_cache"), part("query", "rank")),
        node("branch", "kind", part("read_pdf", label="pdf"), part("a", "b", label="html")),
        node("recover", "", part("charge"), part("ask", role="handler")),
        node("compensate", "", part("reserve"), part("release", "tell", role="undo")),
    ]
    assert outline(nodes, "Words").splitlines()[1:] == [
        "  1. first of",
        "     - read_cache",
        "     - 1. query",
        "       2. rank",
        "  2. branch on kind",
        "     - pdf: read_pdf",
        "     - html:",
        "       1. a",
        "       2. b",
        "  3. recover",
        "     - charge",
        "     - on failure: ask",
        "  4. with undo",
        "     - reserve",
        "     - undo:",
        "       1. release",
        "       2. tell",
    ]


def test_a_long_outline_counts_what_it_leaves_out() -> None:
    lines = outline(leaves(100_000), "Words").splitlines()
    assert len(lines) == 502
    assert lines[499:] == [
        "   499. step_499",
        "        … 99,500 more steps",
        "100000. step_100000",
    ]


def test_counting_what_is_left_out_ends() -> None:
    doubled: Node = leaf("work")
    for _ in range(200):
        doubled = all_of(doubled, doubled)
    drawn = outline([doubled], "Words")
    assert re.search(r"… over [\d,]+ more steps", drawn)
    assert len(drawn) < 100_000
    assert len(mermaid([doubled], "Words")) < 50_000, "as many letters as mermaid takes"


def test_a_pipeline_nested_a_thousand_times_is_shown_to_a_depth() -> None:
    nested: Node = leaf("work")
    for level in range(1000):
        nested = node("named", f"level_{level}", part(nested))
    lines = outline([nested], "Words").splitlines()
    assert lines[1] == "  1. level_999"
    assert lines[-1].strip() == "… 1 more step"
    assert "… 1 more step" in mermaid([nested], "Words")


@pytest.mark.parametrize("form", get_args(Form))
def test_every_kind_of_node_is_put_into_words_and_drawn(form: str) -> None:
    drawn = every_form()[form]
    assert words(drawn.shape) in outline([drawn], "Words")
    assert words(drawn.shape) in mermaid([drawn], "Words")


def test_a_mermaid_chart_leads_from_the_context_through_the_steps_to_the_outcome() -> None:
    assert chart(leaf("end"), leaf("undocumented")) == [
        'given(["Words"])',
        'given --> s1["end"]',
        's1 --> s2["undocumented"]',
        's2 --> outcome(["Outcome"])',
    ]
    assert chart() == ['given(["Words"])', 'given --> outcome(["Outcome"])']


def test_a_mermaid_chart_puts_what_is_inside_a_node_in_a_subgraph() -> None:
    retried = node("retry", "3 more times", part("run", leaf("seen", form="tap")))
    assert chart(retried, leaf("is_done", form="ensure")) == [
        'given(["Words"])',
        'subgraph s1 ["retry at most 3 more times"]',
        's1_1_1["run"]',
        's1_1_1 --> s1_1_2>"tap seen"]',
        "end",
        "given --> s1",
        's1 --> s2{{"ensure is_done"}}',
        's2 --> outcome(["Outcome"])',
    ]


def test_a_mermaid_chart_says_when_a_lane_is_taken() -> None:
    either = node("any", "", part("read_cache"), part("query", "rank"))
    assert chart(either)[1:-2] == [
        'subgraph s1 ["first of"]',
        's1_1_1["read_cache"]',
        'subgraph s1_2 [" "]',
        's1_2_1["query"]',
        's1_2_1 --> s1_2_2["rank"]',
        "end",
        "s1_1_1 -. else .-> s1_2",
        "end",
    ]
    saved = node("recover", "", part("charge"), part("ask", role="handler"))
    assert "s1_1_1 -. on failure .-> s1_2" in chart(saved)
    undone = node("compensate", "", part("reserve"), part(role="undo"))
    assert "s1_1_1 -. undo .-> s1_2" in chart(undone)
    assert 's1_2_1(["nothing"])' in chart(undone)


def test_a_mermaid_chart_of_a_long_pipeline_stays_one_that_mermaid_draws() -> None:
    lines = chart(*leaves(10_000))
    assert 's49 --> s50(["… 9,950 more steps"])' in lines
    assert 's50 --> s51["step_10000"]' in lines


@pytest.mark.parametrize(
    ("label", "escaped"),
    [
        ('say "end"', "say #34;end#34;"),
        ("<b>&nbsp;</b>", "#60;b#62;#38;nbsp#59;#60;/b#62;"),
        ("`x` # [y]{z}|w|", "#96;x#96; #35; #91;y#93;#123;z#125;#124;w#124;"),
        ("two\nlines\0", "two lines#65533;"),
        ("1. item", "1#46; item"),
        ("- item", "#45; item"),
        ("*bold*", "#42;bold#42;"),
        ("日本語", "日本語"),
        ("x" * 1000, "x" * 59 + "…"),
    ],
)
def test_a_mermaid_label_holds_nothing_that_mermaid_reads_as_its_own(
    label: str, escaped: str
) -> None:
    assert f'given --> s1["{escaped}"]' in chart(leaf(label))


def test_what_has_no_name_is_called_by_what_it_does() -> None:
    assert words(leaf("tap", form="tap").shape) == "tap"


def test_a_label_is_one_line_in_an_outline() -> None:
    shape = Shape(form="step", label="two\nlines", summary="And\tmore.")
    assert outline([Drawn(shape)], "a\nb") == "takes and gives a b\n  1. two lines  And more."
