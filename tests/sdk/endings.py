"""How what the SDK waits for can end: the states its waiters look for, as answers to give."""

import ast
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

import attrs

from dara_fp.databricks.sdk.sources import class_source

__all__ = ["Ending", "endings", "operation_endings"]


@attrs.frozen(kw_only=True)
class Ending:
    """One way to end.

    Attributes:
        name: What happens.
        answers: What the workspace answers in turn.
        fails: Whether waiting ends with an error.
    """

    name: str
    answers: list[Any]
    fails: bool


def endings(waiter: Callable[..., Any]) -> Iterator[Ending]:
    """Give the ways in which *waiter*, a `wait_...` method, can end: well, badly, never.

    Its code names the states it waits for, those it takes for failure, and where a state stands.
    """
    method = _tree(waiter)
    targets, failures = _states(method, "target_states"), _states(method, "failure_states")
    kind = _enum(waiter, method)
    pending = next(each.value for each in kind if each.name not in {*targets, *failures})
    where = _path(method)
    yield Ending(
        name="well",
        answers=[_answer(where, pending), _answer(where, kind[targets[0]].value)],
        fails=False,
    )
    for failure in failures[:1]:
        yield Ending(name="badly", answers=[_answer(where, kind[failure].value)], fails=True)
    yield Ending(name="never", answers=[_answer(where, pending)], fails=True)


def operation_endings() -> list[Ending]:
    """Give the ways in which a long-running operation can end."""
    going: dict[str, Any] = {"name": "operations/7", "done": False, "metadata": {}}
    error = {"error_code": "ABORTED", "message": "someone else was first"}
    return [
        Ending(
            name="well",
            answers=[going, going, {**going, "done": True, "response": {}}],
            fails=False,
        ),
        Ending(name="badly", answers=[going, {**going, "done": True, "error": error}], fails=True),
        Ending(name="with nothing", answers=[going, {**going, "done": True}], fails=True),
        Ending(name="never", answers=[going], fails=True),
    ]


def _tree(waiter: Callable[..., Any]) -> ast.FunctionDef:
    owner = vars(sys.modules[waiter.__module__])[waiter.__qualname__.partition(".")[0]]
    tree, _ = class_source(owner)
    return next(
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == waiter.__name__
    )


def _assigned(method: ast.FunctionDef, name: str) -> ast.expr | None:
    for node in ast.walk(method):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return node.value
    return None


def _states(method: ast.FunctionDef, name: str) -> list[str]:
    value = _assigned(method, name)
    named = value.elts if isinstance(value, ast.Tuple) else []
    return [each.attr for each in named if isinstance(each, ast.Attribute)]


def _enum(waiter: Callable[..., Any], method: ast.FunctionDef) -> type[Enum]:
    targets = _assigned(method, "target_states")
    assert isinstance(targets, ast.Tuple)
    first = targets.elts[0]
    assert isinstance(first, ast.Attribute)
    kind: type[Enum] = eval(ast.unparse(first.value), vars(sys.modules[waiter.__module__]))  # noqa: S307 - a name of the SDK's
    return kind


def _path(method: ast.FunctionDef) -> list[str]:
    """Tell where the state stands in the answer: `poll.state.life_cycle_state` is two names."""
    value = _assigned(method, "status")
    assert value is not None
    return ast.unparse(value).split(".")[1:]


def _answer(path: list[str], state: Any) -> Any:
    for name in reversed(path):
        state = {name: state}
    return state
