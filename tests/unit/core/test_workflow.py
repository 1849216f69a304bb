"""Registering a pipeline: names, structure, and what changed since a task was started."""

import re
from typing import Any

import attrs
import pytest

from dara_fp import Outcome, Pipeline, StepContext, Success, start, step, workflow
from dara_fp.core.check import InvalidPipeline, check, drift, fingerprint, structure
from tests.unit.core.contexts import Env, MoreWords, Words


def idle(name: str) -> Pipeline[Words, object]:
    async def function(ctx: Words) -> Outcome[Words]:
        return Success(ctx)

    function.__name__ = name
    return step(function)


def chain(names: str) -> Pipeline[Words, object]:
    whole = start(Words)
    for name in names.split():
        whole = whole >> idle(name)
    return whole


@pytest.mark.parametrize(
    ("pipeline", "said"),
    [
        (
            idle("a") >> idle("b"),
            "a >> b has no context class: begin it with start(Context) >> ...",
        ),
        (start(Words), "start(Words) has no steps: add one with >>"),
        (
            chain("a b a c b"),
            (
                "the record would be ambiguous: 'a', 'b' occurs more than once: "
                "give each step, and each lambda, a name of its own with def, or use named(...)"
            ),
        ),
    ],
)
def test_a_pipeline_that_could_not_be_resumed_is_no_workflow(
    pipeline: Pipeline[Words, object], said: str
) -> None:
    with pytest.raises(InvalidPipeline) as caught:
        workflow("any", pipeline)
    assert str(caught.value) == said


def test_the_structure_of_a_pipeline_is_its_paths_in_order() -> None:
    check(chain("a b c"))
    assert structure(chain("a b c")) == ("a", "b", "c")


def test_a_fingerprint_changes_with_every_change_of_the_structure() -> None:
    whole = [chain(names) for names in ("a b c", "a c b", "a b", "ab c", "a bc", "a b c d")]
    assert len({fingerprint(each) for each in whole}) == len(whole)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(whole[0]))
    assert fingerprint(chain("a b c")) == fingerprint(chain("a b c"))


@pytest.mark.parametrize(
    ("current", "recorded", "said"),
    [
        ("a b c", "a b c", None),
        ("", "", None),
        ("x y z", "", None),
        ("a x y", "a", None),
        ("a b", "a b", None),
        ("a b c d", "a b c", None),
        ("a b c", "a unheard_of", None),
        ("x b c", "a", "step 1 was 'a' and is now 'x'"),
        ("a c b", "a b", "step 2 was 'b' and is now 'c'"),
        ("a", "a b", "step 2 was 'b' and is gone"),
        ("x b c", "b", "step 1 was 'a' and is now 'x'"),
    ],
)
def test_what_has_run_must_stand_where_it_stood(
    current: str, recorded: str, said: str | None
) -> None:
    assert drift(["a", "b", "c"], current.split(), set(recorded.split())) == said


@pytest.mark.parametrize("name", ["a", "ingest-documents", "v2", "a-1-b", "x" * 63])
def test_a_workflow_name_is_lower_case_words_joined_by_dashes(name: str) -> None:
    assert workflow(name, chain("a")).name == name


@pytest.mark.parametrize(
    "name", ["", "A", "2a", "-a", "a-", "a--b", "a_b", "a b", "a/b", "é", "a\n", "x" * 64]
)
def test_another_workflow_name_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValueError, match=r"does not fit: .* such as 'ingest-documents'") as caught:
        workflow(name, chain("a"))
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", ["status", "tasks"])
def test_a_workflow_cannot_take_the_name_of_a_route(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is a route of the API: choose another"):
        workflow(name, chain("a"))


@attrs.frozen(kw_only=True)
class Indented(StepContext):
    __doc__ = "Take what\n    is wrapped.\n  \t\n    And what follows."


@pytest.mark.parametrize(
    ("context", "description"),
    [(Words, "Count the words of a text."), (MoreWords, ""), (Indented, "Take what is wrapped.")],
)
def test_a_workflow_is_described_by_its_own_contexts_first_paragraph(
    context: type[Any], description: str
) -> None:
    assert workflow("any", start(context) >> idle("a")).description == description


def test_a_given_description_goes_first() -> None:
    assert workflow("any", chain("a"), description="Mine.").description == "Mine."


async def test_a_workflow_runs_as_its_pipeline_does() -> None:
    async def greet(ctx: Words, env: Env) -> Outcome[Words]:
        return Success(ctx.evolve(text=env.client))

    greeting = workflow("greet", start(Words, Env) >> greet)
    assert greeting.context is Words
    assert await greeting(Words(text=""), Env("hello")) == Success(Words(text="hello"))
    with pytest.raises(TypeError, match="needs an environment"):
        await greeting(Words(text=""), None)  # type: ignore[arg-type] # refused by type too
