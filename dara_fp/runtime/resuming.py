"""What a resumed task keeps of its journal, and what it does anew."""

import re
from collections.abc import Iterable, Iterator

from dara_fp.core.scope import Path
from dara_fp.core.shape import ITEM, Node, Part, entries, is_verdict
from dara_fp.store.records import History, StepRecord

__all__ = ["forgotten"]

_TRIES = re.compile(r"(?:(?<=/)|^)[0-9]+(?:\.[0-9]+)*/")
_ITEM = re.compile(r"\[[^\]]*\]/")


def forgotten(history: History, nodes: Iterable[Node], start: Path | None = None) -> set[str]:
    """Give the fields of the journal that a resumed task forgets.

    It keeps what succeeded and goes on from what failed. Where something was undone, it goes on
    from there, as if its worker had been lost just before: what was recorded later is forgotten,
    too. A failure that was caught stays caught.

    Args:
        history: Of a task that failed.
        nodes: The task's pipeline.
        start: Path of a recorded step to go on from instead; it and what was recorded later is
            done anew.

    Raises:
        ValueError: *start* is not recorded.
    """
    cut = _undone(history, nodes) if start is None else _number(history, start)
    steps = [step for step in history.steps if step.number >= cut or _is_open(step)]
    gone = {f"s:{step.path}" for step in steps}
    kept = {step.path for step in history.steps} - {step.path for step in steps}
    waits = [wait for wait in history.waits if wait.path not in kept]
    gone |= {f"w:{wait.path}" for wait in waits}
    # Whoever goes back behind an approval asks for it again.
    answered = {step.path for step in steps if not step.error}
    return gone | {f"g:{wait.signal}" for wait in waits if wait.signal and wait.path in answered}


def _number(history: History, start: Path) -> int:
    found = [step.number for step in history.steps if step.path == start]
    if found:
        return found[0]
    known = ", ".join(step.path for step in history.steps if not is_verdict(step.path))
    raise ValueError(f"the task has not recorded {start!r:.220}: give one of {known or 'none'}")


def _is_open(step: StepRecord) -> bool:
    """Tell whether *step* is a failure that nothing caught, or what became of the whole run."""
    return step.error is not None and (not is_verdict(step.path) or step.path.startswith("run("))


def _undone(history: History, nodes: Iterable[Node]) -> float:
    """Give the number of the first effect that was undone; infinity if none was.

    Which item or try it was is not told apart: then a little more is done anew than has to be.
    """
    recorded = {_plain(step.path) for step in history.steps}
    effects = {path for body, undo in _undos(nodes) if undo & recorded for path in body}
    numbers = [step.number for step in history.steps if _plain(step.path) in effects]
    return min(numbers, default=float("inf"))


def _undos(nodes: Iterable[Node], prefix: str = "") -> Iterator[tuple[set[Path], set[Path]]]:
    """Give the paths of each effect that can be undone, and of what undoes it."""
    for node in nodes:
        parts = node.shape.parts
        undo = {path for part in parts if part.role == "undo" for path in _paths(part, prefix)}
        if undo:
            yield (
                {path for part in parts if part.role == "body" for path in _paths(part, prefix)},
                undo,
            )
        for part in parts:
            yield from _undos(part.nodes, prefix + part.segment)


def _paths(part: Part, prefix: str) -> Iterator[Path]:
    return entries(part.nodes, prefix + part.segment)


def _plain(path: Path) -> Path:
    """Give *path* without the numbers of tries and the keys of items."""
    return _TRIES.sub("", _ITEM.sub(ITEM, path))
