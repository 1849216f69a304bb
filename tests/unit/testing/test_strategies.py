"""Drawn contexts can be stored, and drawn pipelines end the same however often they are killed."""

import enum
import math
import subprocess
import sys
import typing
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import attrs
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from dara_fp import MemoryJournal, Pipeline, StepContext, made, workflow
from dara_fp.core.codec import codec_of
from dara_fp.core.shape import Form, Node
from dara_fp.testing import (
    Drawn,
    Recorder,
    StoredJournal,
    contexts,
    crashes,
    observe,
    pipelines,
)
from dara_fp.testing.leaves import Ending, Leaf, handler_of, tap_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Size:
    width: int = attrs.field(validator=attrs.validators.ge(0))
    height: float
    inner: "Size | None" = None


@attrs.frozen(kw_only=True)
class Everything(StepContext):
    text: str
    number: int
    share: float
    price: Decimal
    when: datetime
    span: timedelta
    colour: Colour
    size: Size
    sizes: tuple[Size, ...]
    pair: tuple[int, str]
    tags: frozenset[str]
    counts: Mapping[str, int]
    level: typing.Literal["low", "high"] = "low"
    small: typing.Annotated[int, msgspec.Meta(lt=1000)] = 0
    result: int | None = made()


# A machine may be busy, so how long it takes to draw says nothing.
few = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])


@few
@given(contexts(Everything))
def test_a_drawn_context_can_be_stored_and_read_back(ctx: Everything) -> None:
    codec = codec_of(Everything)
    assert codec.decode(codec.encode(ctx)) == ctx
    assert ctx.result is None


@few
@given(contexts(Everything, text=st.just("as told"), result=st.just(7)))
def test_a_field_is_drawn_as_told(ctx: Everything) -> None:
    assert (ctx.text, ctx.result) == ("as told", 7)


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="Drawn has no field colour; it has number, text, mark"):
        contexts(Drawn, colour=st.none())


def nodes_of(pipeline: Pipeline[Drawn, Recorder]) -> list[Node]:
    """Give all nodes of *pipeline*, the outer ones first."""
    found: list[Node] = list(pipeline.steps)
    for node in found:
        found.extend(inner for part in node.shape.parts for inner in part.nodes)
    return found


def hanging(nodes: typing.Sequence[Node], *, limited: bool = False) -> list[str]:
    """Name the steps below *nodes* that never end and have no limit."""
    names: list[str] = []
    for node in nodes:
        inside = limited or node.shape.form == "timeout"
        if not inside and "never ends" in node.shape.summary:
            names.append(node.name)
        for part in node.shape.parts:
            names += hanging(part.nodes, limited=inside)
    return names


ENDINGS = {
    "succeed": "changes nothing",
    "fail": "fails: conflict",
    "flake": "fails on the first try",
    "break": "raises",
    "hang": "never ends",
}


@pytest.fixture(scope="module")
def drawn() -> set[str]:
    """Give the forms and endings of what is drawn until all have been, or long enough."""
    found: set[str] = set()
    wanted = {*typing.get_args(Form), *ENDINGS}

    def have_all(pipeline: Pipeline[Drawn, Recorder]) -> bool:
        for node in nodes_of(pipeline):
            found.add(node.shape.form)
            found.update(each for each in ENDINGS if ENDINGS[each] in node.shape.summary)
        return found >= wanted

    enough = settings(few, max_examples=5000, phases=[Phase.generate])
    with suppress(NoSuchExample):
        find(pipelines(), have_all, settings=enough)
    return found


@pytest.mark.parametrize("form", typing.get_args(Form))
def test_every_kind_of_node_is_drawn(form: Form, drawn: set[str]) -> None:
    assert form in drawn


@pytest.mark.parametrize("ending", typing.get_args(Ending))
def test_every_ending_is_drawn(ending: Ending, drawn: set[str]) -> None:
    assert ending in drawn


@few
@given(pipelines())
def test_a_journal_and_a_workflow_take_what_is_drawn(pipeline: Pipeline[Drawn, Recorder]) -> None:
    assert not pipeline.ambiguous
    if pipeline.steps:
        assert workflow("drawn", pipeline).context is Drawn


@few
@given(pipelines())
def test_nothing_hangs_outside_of_a_limit(pipeline: Pipeline[Drawn, Recorder]) -> None:
    assert hanging(pipeline.steps) == []


@given(pipelines(forms=["retry", "all"], endings=["flake"], size=3))
def test_what_is_drawn_can_be_narrowed(pipeline: Pipeline[Drawn, Recorder]) -> None:
    nodes = nodes_of(pipeline)
    assert {node.shape.form for node in nodes} <= {"step", "retry", "all"}
    verbs = Counter(node.name.split("_")[0] for node in nodes if node.shape.form == "step")
    assert verbs.keys() <= {"keep", "change", "flake"}


@few
@given(pipelines(prefix="left_"), pipelines(prefix="right_"), contexts(Drawn))
def test_pipelines_with_prefixes_of_their_own_can_be_composed(
    left: Pipeline[Drawn, Recorder], right: Pipeline[Drawn, Recorder], ctx: Drawn
) -> None:
    observe(left >> right, ctx, Recorder(), journal=MemoryJournal())


@few
@given(pipelines(), contexts(Drawn), st.integers(0, 10**6))
def test_what_comes_out_depends_on_no_clock(
    pipeline: Pipeline[Drawn, Recorder], ctx: Drawn, start: int
) -> None:
    seen = observe(pipeline, ctx, Recorder())
    assert observe(pipeline, ctx, Recorder()) == seen
    assert observe(pipeline, ctx, Recorder(), start=start).result == seen.result


@few
@given(pipelines(size=8), contexts(Drawn))  # each is killed twice for every entry
def test_what_is_killed_and_resumed_ends_as_it_would_have(
    pipeline: Pipeline[Drawn, Recorder], ctx: Drawn
) -> None:
    whole = observe(pipeline, ctx, Recorder(), journal=StoredJournal())
    for left, seen in crashes(pipeline, ctx, Recorder):
        assert seen.result == whole.result, left.point
        assert left.journal.entries.keys().isdisjoint(note.name for note in seen.effects)


@attrs.frozen(kw_only=True)
class Order(StepContext):
    customer: str
    total: float = 0.0
    size: Size = Size(1, 1.0)
    sizes: tuple[Size, ...] = made(())


@attrs.frozen(kw_only=True)
class Nothing(StepContext):
    pass


@few
@given(pipelines(Order), contexts(Order))
def test_pipelines_are_drawn_over_the_contexts_of_users(
    pipeline: Pipeline[Order, Recorder], ctx: Order
) -> None:
    seen = observe(pipeline, ctx, Recorder(), journal=StoredJournal())
    assert isinstance(seen.result, Order) or seen.error is not None
    assert math.isfinite(seen.seconds)


@few
@given(pipelines(Nothing))
def test_a_context_without_fields_will_do(pipeline: Pipeline[Nothing, Recorder]) -> None:
    observe(pipeline, Nothing(), Recorder())


def test_a_failure_is_found_in_its_simplest_form() -> None:
    def fails(pipeline: Pipeline[Drawn, Recorder]) -> bool:
        return observe(pipeline, Drawn(), Recorder()).error is not None

    found = find(pipelines(endings=["fail"], forms=[]), fails)
    assert [str(node) for node in found.steps] == ["fail_1"]


def test_what_a_drawn_step_does_is_said_in_its_summary() -> None:
    leaf = Leaf(name="wait", seconds=3)
    assert handler_of(leaf).__doc__ == "After 3 s: changes nothing."
    assert tap_of(leaf, plain=True).__doc__ == "After 3 s: changes nothing."


def test_without_hypothesis_all_but_the_strategies_can_be_imported() -> None:
    program = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import dara_fp.testing\n"
        "assert dara_fp.testing.Recorder\n"
        "from dara_fp.testing import pipelines\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "dara_fp.testing.pipelines draws with hypothesis: pip install hypothesis" in ran.stderr
    assert ran.returncode == 1


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    with pytest.raises(
        AttributeError, match=r"module 'dara_fp.testing' has no attribute 'Nothing'"
    ):
        getattr(sys.modules["dara_fp.testing"], "Nothing")  # noqa: B009 - checkers know it
