"""Pipelines as text that people look at: an outline and a mermaid diagram."""

import inspect
from typing import Any

from dara_fp.core.pipeline import Pipeline, Step

__all__ = ["mermaid", "outline"]


def outline(pipeline: Pipeline[Any, Any]) -> str:
    """Write *pipeline* as a numbered list, each step with the first line of its docstring."""
    width = max((len(step.name) for step in pipeline.steps), default=0)
    lines = [
        f"{number:>3}. {step.name:<{width}}  {_summary(step)}".rstrip()
        for number, step in enumerate(pipeline.steps, 1)
    ]
    head = pipeline.context.__name__ if pipeline.context else "any context"
    return "\n".join([f"takes and gives {head}", *lines])


def mermaid(pipeline: Pipeline[Any, Any]) -> str:
    """Write *pipeline* as a mermaid flowchart, which GitHub and many notebooks draw."""
    head = pipeline.context.__name__ if pipeline.context else "context"
    lines = ["flowchart LR", f"    given([{head}])"]
    previous = "given"
    for number, step in enumerate(pipeline.steps, 1):
        lines.append(f'    {previous} --> s{number}["{step.name}"]')
        previous = f"s{number}"
    lines.append(f"    {previous} --> outcome([Outcome])")
    return "\n".join(lines)


def _summary(step: Step) -> str:
    return (inspect.getdoc(step.function) or "").split("\n")[0]
