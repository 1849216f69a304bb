"""Pipelines drawn as text."""

from dara_fp import Outcome, Pipeline, Success, mermaid, outline, start
from tests.unit.core.contexts import Words


async def end(ctx: Words) -> Outcome[Words]:
    """Say "the end" --> and `stop`.

    More is not shown.
    """
    return Success(ctx)


async def undocumented(ctx: Words) -> Outcome[Words]:
    return Success(ctx)


def test_an_outline_lists_each_step_with_the_first_line_of_its_docstring() -> None:
    assert outline(start(Words) >> undocumented >> end) == (
        'takes and gives Words\n  1. undocumented\n  2. end           Say "the end" --> and `stop`.'
    )


def test_a_pipeline_without_an_anchor_takes_any_context() -> None:
    empty: Pipeline[Words, object] = Pipeline()
    assert outline(empty) == "takes and gives any context"
    assert mermaid(empty) == (
        "flowchart LR\n    given([context])\n    given --> outcome([Outcome])"
    )


def test_a_mermaid_chart_leads_from_the_context_through_the_steps_to_the_outcome() -> None:
    assert mermaid(start(Words) >> end >> undocumented).splitlines() == [
        "flowchart LR",
        "    given([Words])",
        '    given --> s1["end"]',
        '    s1 --> s2["undocumented"]',
        "    s2 --> outcome([Outcome])",
    ]
