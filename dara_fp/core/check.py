"""Whether a pipeline can be registered, and whether it still is the one a task was started with."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from dara_fp.core.pipeline import Pipeline
from dara_fp.core.scope import Path
from dara_fp.core.shape import Node, steps_ahead

__all__ = ["InvalidPipeline", "check", "drift", "fingerprint", "structure"]


class InvalidPipeline(ValueError):
    """A pipeline cannot be registered as a workflow."""


def check(pipeline: Pipeline[Any, Any]) -> None:
    """Refuse *pipeline* if it could not be recorded and resumed.

    Raises:
        InvalidPipeline: It is not anchored by `start`, has no steps, or repeats a step's name.
    """
    if pipeline.context is None:
        raise InvalidPipeline(
            f"{pipeline!r} has no context class: begin it with start(Context) >> ..."
        )
    if not pipeline.steps:
        raise InvalidPipeline(f"{pipeline!r} has no steps: add one with >>")
    if pipeline.ambiguous:
        raise InvalidPipeline(f"the record would be ambiguous: {pipeline.ambiguous}")


def structure(pipeline: Pipeline[Any, Any]) -> tuple[Path, ...]:
    """Give the paths of *pipeline*'s recorded steps on the way forward, in order."""
    return tuple(steps_ahead(pipeline.steps))


def fingerprint(pipeline: Pipeline[Any, Any]) -> str:
    """Give 16 hex characters that change whenever the structure of *pipeline* does."""
    return hashlib.sha256("\n".join(_lines(pipeline.steps)).encode()).hexdigest()[:16]


def _lines(nodes: Iterable[Node], depth: int = 0) -> Iterator[str]:
    for node in nodes:
        shape = node.shape
        yield f"{depth} {shape.form} {shape.label}"
        for part in shape.parts:
            yield f"{depth} {part.role} {part.label} {part.segment}"
            yield from _lines(part.nodes, depth + 1)


def drift(
    stored: Sequence[Path], current: Sequence[Path], recorded: Collection[Path]
) -> str | None:
    """Say how the *current* structure differs where the *stored* one has already run, or None.

    Steps that no task has reached yet may change freely; what ran has to stand where it stood.

    Args:
        stored: The structure the task was started with.
        current: The structure of the workflow now.
        recorded: The paths the task has recorded.

    >>> drift(["upload", "run"], ["upload", "clean", "run"], {"upload"}) is None
    True
    >>> drift(["upload", "run"], ["clean", "upload"], {"upload"})
    "step 1 was 'upload' and is now 'clean'"
    """
    done = max((stored.index(path) + 1 for path in recorded if path in stored), default=0)
    for number, was in enumerate(stored[:done]):
        now = current[number] if number < len(current) else None
        if now != was:
            is_now = f"is now {now!r}" if now is not None else "is gone"
            return f"step {number + 1} was {was!r} and {is_now}"
    return None
