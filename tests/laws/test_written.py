"""The laws of how a pipeline is written: Python's precedence, and a repr that can be evaluated."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dara_fp
from dara_fp import Outcome, Pipeline, StepError, Success, step
from dara_fp.core.lanes import Both, Either, Lane
from dara_fp.testing import Drawn, Recorder
from dara_fp.testing.leaves import titled

STEPS = ("load", "check", "index", "publish")


def step_called(name: str) -> Pipeline[Any, object]:
    async def act(ctx: Any) -> Outcome[Any]:
        return Success(ctx)

    return step(titled(act, name))


async def plain(ctx: Any) -> Outcome[Any]:
    return Success(ctx)


async def handle(ctx: Any, _error: StepError) -> Outcome[Any]:
    return Success(ctx)


def function_called(name: str) -> Callable[..., Any]:
    """Give a function that only its name matters of, and that is never called."""

    def function(ctx: Any) -> Any:
        return ctx

    return titled(function, name)


SCOPE: dict[str, Any] = {
    **{name: getattr(dara_fp, name) for name in dara_fp.__all__ if name[0].islower()},
    **{name: step_called(name) for name in STEPS},
    **{name: function_called(name) for name in ("holds", "part", "put_back", "look", "said")},
    "Pipeline": Pipeline,
    "Backoff": dara_fp.Backoff,
    "Drawn": Drawn,
    "Recorder": Recorder,
    "handle": handle,
    "plain": plain,
}

NODES = (
    "({0}) >> ({1})",
    "({0}) & ({1})",
    "({0}) | ({1})",
    "start(Drawn) >> ({0})",
    "start(Drawn) | ({0})",
    "when(holds, {0})",
    "branch(part, {{1: {0}, 'two': {1}, None: start(Drawn)}})",
    "named('some part', {0})",
    "recover({0}, handle)",
    "compensate({0}, {1})",
    "retry(2)({0})",
    "retry(1, Backoff(initial=0.1, longest=3600))({0})",
    "timeout(1234567.25)({0})",
    "repeat({0}, until=holds)",
    "repeat({0}, holds, Backoff(factor=3, jitter=0))",
    "zoom(part, {0}, put_back)",
    "for_each(part, {0}, put_back)",
    "for_each(part, {0}, put_back, limit=3, key=said)",
    "({0}) >> tap(look)",
    "ensure(holds, 'it is so') >> ({0})",
    "({0}) >> ensure(holds, said, kind='failed')",
)


def written(chain: Sequence[tuple[str, str]]) -> str:
    """Give the steps of *chain* without any parentheses."""
    return STEPS[0] + "".join(operator + name for operator, name in chain)


operators = st.sampled_from([" >> ", " & ", " | "])
chains = st.lists(st.tuples(operators, st.sampled_from(STEPS)), min_size=1, max_size=6).map(written)


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Draw a composition, in which each node is put around those before it, or beside a chain."""
    source = draw(st.sampled_from([*STEPS, "Pipeline()"]))
    for node, chain, is_first in draw(
        st.lists(st.tuples(st.sampled_from(NODES), chains, st.booleans()), max_size=8)
    ):
        parts = (source, chain) if is_first else (chain, source)
        source = node.format(*parts)
    return source


def read(source: str) -> Pipeline[Any, Any]:
    """Give the pipeline that *source* says."""
    whole: Pipeline[Any, Any] = eval(source, dict(SCOPE))  # noqa: S307 - written by these laws
    return whole


def lane_of(source: str) -> Lane:
    """Give the nodes of the alternatives of branches of chains that *source* says."""
    lanes = [_branches(lane) for lane in source.split(" | ")]
    return (Either(tuple(lanes)),) if len(lanes) > 1 else lanes[0]


def _branches(source: str) -> Lane:
    lanes = [_chain(lane) for lane in source.split(" & ")]
    return (Both(tuple(lanes)),) if len(lanes) > 1 else lanes[0]


def _chain(source: str) -> Lane:
    return tuple(node for name in source.split(" >> ") for node in read(name).steps)


@given(chains)
def test_operators_bind_as_in_python(source: str) -> None:
    """a >> b & c | d == ((a >> b) & c) | d, as data and as text."""
    whole = read(source)
    assert whole.steps == lane_of(source)
    assert repr(whole) == source


@pytest.mark.parametrize("operator", [" >> ", " & ", " | "])
@given(
    first=st.sampled_from(STEPS),
    others=st.lists(st.tuples(st.booleans(), st.sampled_from(STEPS)), max_size=8),
)
def test_parentheses_around_the_same_operator_are_not_kept(
    operator: str, first: str, others: list[tuple[bool, str]]
) -> None:
    """repr((a & b) & (c & d)) == "a & b & c & d"."""
    names, source = [first], first
    for left, name in others:
        source = f"({source}){operator}{name}" if left else f"{name}{operator}({source})"
        names = [*names, name] if left else [name, *names]
    assert repr(read(source)) == operator.join(names)


@given(sources(), st.sampled_from(["", "start(Drawn, Recorder) >> "]))
def test_what_is_shown_can_be_evaluated(source: str, anchor: str) -> None:
    """eval(repr(p)) == p, and is written the same."""
    whole = read(f"{anchor}({source})")
    again = read(repr(whole))
    assert again == whole
    assert repr(again) == repr(whole)


@given(sources(), operators)
def test_an_async_function_stands_for_its_step(source: str, operator: str) -> None:
    """plain >> a == step(plain) >> a, and a >> plain == a >> step(plain); the same for & and |."""
    for written in (f"plain{operator}({source})", f"({source}){operator}plain"):
        assert read(written) == read(written.replace("plain", "step(plain)"))
