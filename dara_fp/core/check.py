"""Whether a pipeline can be registered, and whether it still is the one a task was started with."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dara_fp.core.context import fields_of
from dara_fp.core.pipeline import Pipeline
from dara_fp.core.scope import Path, repeated
from dara_fp.core.shape import ITEM, Node, Part, Shape, entries, steps_ahead

__all__ = ["InvalidPipeline", "check", "drift", "fingerprint", "signals", "structure"]

_LONGEST_PATH = 1_000


class InvalidPipeline(ValueError):
    """A pipeline cannot be registered as a workflow."""


def check(pipeline: Pipeline[Any, Any]) -> None:
    """Refuse *pipeline* if it could not be recorded and resumed.

    Raises:
        InvalidPipeline: It is not anchored by `start`, has no steps, repeats the name of a step or
            of a signal, fills a field that is not there, or has too long a path.
    """
    if pipeline.context is None:
        raise InvalidPipeline(
            f"{pipeline!r} has no context class: begin it with start(Context) >> ..."
        )
    if not pipeline.steps:
        raise InvalidPipeline(f"{pipeline!r} has no steps: add one with >>")
    if pipeline.ambiguous:
        raise InvalidPipeline(f"the record would be ambiguous: {pipeline.ambiguous}")
    _check_paths(pipeline)
    _check_signals(pipeline)
    _check_fields(pipeline, pipeline.context)


def _check_paths(pipeline: Pipeline[Any, Any]) -> None:
    for path in entries(pipeline.steps):
        if len(path) > _LONGEST_PATH:
            raise InvalidPipeline(
                f"the path {path[:80] + '...'!r} has {len(path)} characters, and a journal takes "
                f"{_LONGEST_PATH}: give shorter names, or fewer inside one another"
            )


def _check_signals(pipeline: Pipeline[Any, Any]) -> None:
    if names := repeated(shape.signal for shape, _ in _filling(pipeline.steps) if shape.signal):
        raise InvalidPipeline(
            f"the signal {names} is awaited at more than one place, and would reach all of them: "
            "give each a name of its own"
        )


def _check_fields(pipeline: Pipeline[Any, Any], context: type[Any]) -> None:
    fields = [field.name for field in fields_of(context)]
    for shape, is_inside in _filling(pipeline.steps):
        if not is_inside and shape.into not in fields:
            what = f"the signal {shape.signal!r}" if shape.signal else f"what {shape.label} gives"
            raise InvalidPipeline(
                f"{what} goes into {shape.into!r}, and {context.__name__} has "
                f"no such field; it has {', '.join(fields) or 'none'}"
            )


def signals(pipeline: Pipeline[Any, Any]) -> Mapping[str, str]:
    """Give the field that each signal of *pipeline* goes into, by the signal's name.

    It is empty for a signal that is awaited inside `for_each` or `zoom`: its field is one of
    another class than the pipeline's.
    """
    filling = _filling(pipeline.steps)
    return {
        shape.signal: "" if is_inside else shape.into
        for shape, is_inside in filling
        if shape.signal
    }


def _filling(nodes: Iterable[Node], *, is_inside: bool = False) -> Iterator[tuple[Shape, bool]]:
    """Give the shapes of what fills a named field, and whether another context is there."""
    for node in nodes:
        shape = node.shape
        if shape.into:
            yield shape, is_inside
        for part in shape.parts:
            yield from _filling(part.nodes, is_inside=is_inside or _has_its_own(shape, part))


def _has_its_own(shape: Shape, part: Part) -> bool:
    return shape.form == "zoom" or part.segment == ITEM


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
