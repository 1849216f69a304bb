"""What a resumed task keeps of its journal, and what it does anew."""

from collections.abc import Iterable, Iterator, Sequence

from dara_fp.core.errors import Kind, StepError
from dara_fp.core.scope import Path
from dara_fp.core.shape import Node, Part, entries, is_verdict, on_first_try
from dara_fp.store.records import History, StepRecord

__all__ = ["forgotten"]


def forgotten(history: History, nodes: Sequence[Node], start: Path | None = None) -> set[str]:
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
    gone |= {f"w:{wait.path}" for wait in history.waits if wait.path not in kept}
    gone |= {f"r:{report.path}" for report in history.reports if report.path not in kept}
    gone |= {f"b:{path}" for path in history.begun if path not in kept}
    # Whoever goes back behind an approval asks for it again, and so for an answer that did not fit.
    heard = {
        on_first_try(step.path) for step in steps if step.error is None or _is_unfit(step.error)
    }
    return gone | {f"g:{signal}" for path, signal in _signals(nodes) if path in heard}


def _number(history: History, start: Path) -> int:
    found = [step.number for step in history.steps if step.path == start]
    if found:
        return found[0]
    known = ", ".join(step.path for step in history.steps if not is_verdict(step.path))
    raise ValueError(f"the task has not recorded {start!r:.220}: give one of {known or 'none'}")


def _is_open(step: StepRecord) -> bool:
    """Tell whether *step* is a failure that nothing caught, or what became of the whole run."""
    return step.error is not None and (not is_verdict(step.path) or step.path.startswith("run("))


def _is_unfit(error: StepError) -> bool:
    return error.kind is Kind.REJECTED


def _signals(nodes: Iterable[Node], prefix: str = "") -> Iterator[tuple[Path, str]]:
    """Give the path of each wait for a signal, and the signal."""
    for node in nodes:
        if node.shape.signal:
            yield prefix + node.name, node.shape.signal
        for part in node.shape.parts:
            yield from _signals(part.nodes, prefix + part.segment)


def _undone(history: History, nodes: Iterable[Node]) -> float:
    """Give the number of the first effect that was undone; infinity if none was.

    Which item or try it was is not told apart: then a little more is done anew than has to be.
    """
    recorded = {on_first_try(step.path) for step in history.steps}
    effects = {path for body, undo in _undos(nodes) if undo & recorded for path in body}
    numbers = [step.number for step in history.steps if on_first_try(step.path) in effects]
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
