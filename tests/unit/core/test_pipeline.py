"""Composing steps: what `>>` takes, what it refuses, and what the composition is."""

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Protocol

import attrs
import pytest

from dara_fp import Outcome, Pipeline, Position, StepContext, Success, start, step
from dara_fp.core.step import Step
from tests.unit.core.contexts import Env, MoreWords, Numbers, Words

PLAIN: Any = start(Words)


async def bare(ctx: Words) -> Outcome[Words]:
    return Success(ctx)


async def with_env(ctx: Words, env: Env) -> Outcome[Words]:
    return Success(ctx.evolve(text=env.client))


async def with_position(ctx: Words, env: Env, at: Position) -> Outcome[Words]:
    return Success(ctx.evolve(text=at.path))


@step
async def count(ctx: Words) -> Outcome[Words]:
    return Success(ctx.evolve(count=len(ctx.text.split())))


@attrs.frozen
class Shouting:
    mark: str

    async def shout(self, ctx: Words) -> Outcome[Words]:
        return Success(ctx.evolve(text=ctx.text + self.mark))

    async def __call__(self, ctx: Words) -> Outcome[Words]:
        return Success(ctx)


async def nothing() -> None: ...


async def four(ctx: Words, env: Env, at: Position, more: int) -> None: ...


async def many(*contexts: Words) -> None: ...


async def keywords(**fields: object) -> None: ...


async def keyword_only(ctx: Words, *, limit: int) -> None: ...


async def defaulting(ctx: Words, limit: int = 3) -> None: ...


async def generating(ctx: Words) -> AsyncGenerator[Words]:
    yield ctx


def named(name: str) -> Callable[[Words], Any]:
    async def function(ctx: Words) -> Outcome[Words]:
        return Success(ctx)

    function.__name__ = name
    return function


def yielding(ctx: Words) -> Generator[Words]:
    yield ctx


NO_FUNCTION = "is no function of yours that returns an outcome: define it with"
BY_NAME = r", and a step is recorded under its name: write it as `async def name\(ctx\)`"
SHAPE = r"must take \(ctx\), \(ctx, env\) or \(ctx, env, at\), without defaults"

REFUSED: list[tuple[object, str]] = [
    (3, "cannot compose with 3: give a pipeline or an `async def` function"),
    (None, "cannot compose with None: give a pipeline or an `async def` function"),
    ("count", "cannot compose with 'count'"),
    ((count, count), "cannot compose with "),
    (named("<lambda>"), f"is called '<lambda>'{BY_NAME}"),
    (functools.partial(bare), f"has no name{BY_NAME}"),
    (Shouting("!"), f"has no name{BY_NAME}"),
    (named("two words"), f"is called 'two words'{BY_NAME}"),
    (named("a/b"), f"is called 'a/b'{BY_NAME}"),
    (named("a\nb"), rf"is called 'a\\nb'{BY_NAME}"),
    (named(""), f"is called ''{BY_NAME}"),
    (generating, rf"step 'generating' {NO_FUNCTION} `async def generating\("),
    (yielding, rf"step 'yielding' {NO_FUNCTION}"),
    (Words, rf"step 'Words' {NO_FUNCTION}"),
    (len, rf"step 'len' {NO_FUNCTION}"),
    (nothing, rf"step nothing\(\).* {SHAPE}"),
    (four, rf"step four\(.*\).* {SHAPE}"),
    (many, rf"step many\(.*\).* {SHAPE}"),
    (keywords, rf"step keywords\(.*\).* {SHAPE}"),
    (keyword_only, rf"step keyword_only\(.*\).* {SHAPE}"),
    (defaulting, rf"step defaulting\(.*\).* {SHAPE}"),
]


@pytest.mark.parametrize(("operand", "said"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_step_is_refused_on_either_side(operand: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        _ = PLAIN >> operand
    with pytest.raises(TypeError, match=said):
        _ = operand >> PLAIN


def test_a_step_of_a_pipeline_is_that_pipeline() -> None:
    assert step(count) is count


def test_step_refuses_the_same() -> None:
    unnamed: Callable[[Words], Words] = lambda ctx: ctx  # noqa: E731 - the point
    functions: list[Any] = [unnamed, functools.partial(bare)]
    for function in functions:
        with pytest.raises(TypeError, match="a step is recorded under its name"):
            step(function)


def test_functions_and_pipelines_compose_on_either_side() -> None:
    expected = start(Words, Env) >> step(bare) >> step(with_env) >> step(with_position) >> count
    assert start(Words, Env) >> bare >> with_env >> with_position >> count == expected
    assert start(Words, Env) >> (bare >> step(with_env)) >> with_position >> count == expected
    assert bare >> (with_env >> (with_position >> (start(Words, Env) >> count))) == expected
    assert bare & count == step(bare) & count
    assert bare | count == step(bare) | count


async def test_a_step_gets_as_many_arguments_as_it_takes() -> None:
    taken = start(Words, Env) >> bare >> with_env
    assert await taken(Words(text="a"), Env("c")) == Success(Words(text="c"))
    placed = taken >> with_position
    assert await placed(Words(text="a"), Env()) == Success(Words(text="with_position"))


async def test_a_bound_method_is_a_step() -> None:
    loud = Shouting("!")
    shouting = start(Words) >> loud.shout >> count
    assert shouting == start(Words) >> loud.shout >> count
    assert await shouting(Words(text="a b")) == Success(Words(text="a b!", count=2))


def test_a_pipeline_reads_as_it_was_written() -> None:
    assert repr(start(Words) >> bare >> count) == "start(Words) >> bare >> count"
    assert repr(bare >> count) == "bare >> count"
    assert repr(Pipeline[Words, object]()) == "Pipeline()"
    assert repr(count.steps) == "(Step(name='count'),)"


def test_pipelines_are_equal_and_hash_alike_when_their_steps_and_anchors_are() -> None:
    assert len({start(Words) >> bare >> count, start(Words) >> step(bare) >> count}) == 1
    assert start(Words) >> bare != bare >> count
    assert start(Words) >> count != count
    assert start(Words, Env) >> count != start(Words) >> count


def test_a_pipeline_is_not_changed_by_composing_it() -> None:
    anchored = start(Words)
    longer = anchored >> bare
    assert anchored.steps == ()
    assert longer.steps == (Step("bare", bare, 1),)


def test_an_anchor_holds_for_the_whole_chain() -> None:
    whole: Pipeline[Words, Any] = bare >> (start(Words, Env) >> count)
    assert (whole.context, whole.env) == (Words, Env)


@attrs.frozen
class BiggerEnv(Env):
    size: int = 0


def test_of_a_class_and_its_subclass_the_chain_takes_the_subclass() -> None:
    parent: Any = start(Words, Env)
    child: Any = start(MoreWords, BiggerEnv)
    for both in (parent >> count >> child, child >> count >> parent):
        assert (both.context, both.env) == (MoreWords, BiggerEnv)


@attrs.frozen
class OtherEnv:
    other: int = 0


class HasClient(Protocol):
    @property
    def client(self) -> str: ...


def test_different_anchors_are_refused_by_name() -> None:
    other_env: Any = start(Words, OtherEnv)
    with pytest.raises(TypeError, match="the contexts Words and Numbers: start both from the same"):
        _ = PLAIN >> start(Numbers)
    with pytest.raises(TypeError, match="the environments Env and OtherEnv: start both from"):
        _ = start(Words, Env) >> other_env


def test_a_protocol_is_refused_as_an_anchor_since_nobody_can_make_one() -> None:
    protocol: Any = HasClient
    with pytest.raises(TypeError, match="HasClient is a protocol: anchor to a class"):
        start(Words, protocol)


async def test_a_context_of_another_class_is_refused() -> None:
    anchored: Any = start(Words) >> count
    with pytest.raises(TypeError, match=r"^start\(Words\) >> count takes a Words, got Numbers$"):
        await anchored(Numbers())


async def test_a_context_of_a_subclass_stays_of_its_class() -> None:
    outcome = await (start(Words) >> count)(MoreWords(text="a b"))
    assert outcome == Success(MoreWords(text="a b", count=2))


async def test_a_forgotten_environment_is_refused_before_any_step_runs() -> None:
    ran: list[str] = []

    async def note(ctx: Words) -> Outcome[Words]:
        ran.append(ctx.text)
        return Success(ctx)

    anchored: Any = start(Words, Env) >> note >> with_env
    with pytest.raises(TypeError, match=r"needs an environment: await pipeline\(ctx, Env\(\.\.\."):
        await anchored(Words(text="a"))
    assert not ran


async def test_the_empty_pipeline_gives_back_what_it_got() -> None:
    assert await start(StepContext)(StepContext()) == Success(StepContext())
