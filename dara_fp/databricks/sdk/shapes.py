"""Which methods of an SDK class reach the network, and whether they then answer or list."""

import ast
from collections.abc import Mapping
from enum import Enum
from typing import TypeAlias

__all__ = ["Shape", "Shapes", "called", "calls_in", "shapes_of"]


class Shape(Enum):
    """What a method becomes."""

    ANSWERS = "a coroutine"
    LISTS = "an asynchronous generator"


Shapes: TypeAlias = Mapping[str, Shape]


def shapes_of(tree: ast.ClassDef, inherited: Shapes) -> dict[str, Shape]:
    """Tell the shape of each method of *tree* that reaches the network, beside *inherited* ones.

    A method does so if it makes a call, or calls one of its class that does: closed over that.
    """
    methods = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    calls = {name: calls_in(method) for name, method in methods.items()}
    known = {name: shape for name, shape in inherited.items() if name not in methods}
    while True:
        # `super().list` is the inherited one, whatever the class itself calls `list`.
        found = {
            name: _shape(method)
            for name, method in methods.items()
            if name not in known and any(called(call, known, inherited) for call in calls[name])
        }
        if not found:
            return known
        known |= found


def called(node: ast.AST, own: Shapes, inherited: Shapes) -> Shape | None:
    """Tell the shape of what *node* calls, if it is a call that reaches the network."""
    if not isinstance(node, ast.Call):
        return None
    match node.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return own.get(name)
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
            return inherited.get(name)
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="self"), attr=kept), attr=name):
            return Shape.ANSWERS if kept == "_impl" or (kept, name) == ("_api", "do") else None
        case ast.Name(id="poll") | ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return Shape.ANSWERS
        case _:
            return None


def calls_in(method: ast.FunctionDef) -> list[ast.Call]:
    """Give all calls in *method* and in the functions in it."""
    return [node for node in ast.walk(method) if isinstance(node, ast.Call)]


def _shape(method: ast.FunctionDef) -> Shape:
    """Tell whether *method* lists: by its own yields, or a whole list that it calls an iterator."""
    returns = "" if method.returns is None else ast.unparse(method.returns)
    lists = returns.startswith("Iterator[") or any(_is_yield(node) for node in ast.walk(method))
    return Shape.LISTS if lists else Shape.ANSWERS


def _is_yield(node: ast.AST) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)
