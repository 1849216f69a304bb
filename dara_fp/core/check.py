"""Whether a pipeline can be registered, and whether it still is the one a task was started with."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any

from dara_fp.core.pipeline import Pipeline
from dara_fp.core.scope import Path, repeated

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
    if names := repeated(structure(pipeline)):
        raise InvalidPipeline(
            f"{names} occurs more than once, so its record would be ambiguous: use unique names"
        )


def structure(pipeline: Pipeline[Any, Any]) -> tuple[Path, ...]:
    """Give the paths of *pipeline*'s steps, in order."""
    return tuple(step.name for step in pipeline.steps)


def fingerprint(pipeline: Pipeline[Any, Any]) -> str:
    """Give 16 hex characters that change whenever the structure of *pipeline* does."""
    return hashlib.sha256("\n".join(structure(pipeline)).encode()).hexdigest()[:16]


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
