"""One method after the other, from synchronous to asynchronous: the rewriting of a syntax tree."""

import ast
from collections.abc import Collection
from typing import TypeVar

from dara_fp.databricks.sdk.shapes import Shape, Shapes, called, calls_in

__all__ = ["rewrite"]

S = TypeVar("S", bound=ast.AST)


def rewrite(tree: ast.ClassDef, own: Shapes, inherited: Shapes, leaving: Collection[str]) -> None:
    """Make the methods of *tree* asynchronous that *own* gives a shape; drop those *leaving*.

    Args:
        tree: The class, changed in place.
        own: The shapes of its methods.
        inherited: The shapes of its base's methods, which `super()` calls.
        leaving: Methods that come from elsewhere.
    """
    tree.body = [
        _method(node, own, inherited) if isinstance(node, ast.FunctionDef) else node
        for node in tree.body
        if not (isinstance(node, ast.FunctionDef) and node.name in leaving)
    ]


def _method(node: ast.FunctionDef, own: Shapes, inherited: Shapes) -> ast.stmt:
    if node.name not in own:
        return node
    return _Rewriting(node, own, inherited).whole()


class _Rewriting(ast.NodeTransformer):
    """Rewrites one method."""

    def __init__(self, method: ast.FunctionDef, own: Shapes, inherited: Shapes) -> None:
        self._method = method
        self._own = own
        self._inherited = inherited
        self._streams = {
            target.id
            for node in method.body
            if isinstance(node, ast.Assign) and self._shape(node.value) is Shape.LISTS
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def whole(self) -> ast.AsyncFunctionDef:
        """Give the method itself, rewritten."""
        return self._asynchronous(self._method)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """Rewrite a function in the method, such as an operation's `poll_operation`."""
        if any(self._shape(call) for call in calls_in(node)):
            return self._asynchronous(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Await what answers, and the end of what was awaited."""
        shape = self._shape(node)
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(value=ast.Await(), attr="result"):
                return _as(ast.Await(value=node), node)
            case _:
                return _as(ast.Await(value=node), node) if shape is Shape.ANSWERS else node

    def visit_For(self, node: ast.For) -> ast.stmt:
        """Iterate what lists asynchronously."""
        lists = self._lists(node.iter)
        self.generic_visit(node)
        if not lists:
            return node
        fields = {name: getattr(node, name) for name in node._fields}
        return _as(ast.AsyncFor(**fields), node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        """Iterate what lists asynchronously."""
        node.is_async = int(self._lists(node.iter))
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """Write `yield from` as a loop, for which an asynchronous generator has no short form."""
        if isinstance(node.value, ast.YieldFrom):
            return self.visit_For(_giving_each(node.value.value, node))
        self.generic_visit(node)
        return node

    def visit_Return(self, node: ast.Return) -> list[ast.stmt]:
        """Give the items of a list that a method returns whole which is said to iterate."""
        self.generic_visit(node)
        if node.value is None or self._own[self._method.name] is Shape.ANSWERS:
            return [node]
        loop = _giving_each(node.value, node)
        node.value = None
        return [loop, node]

    def _asynchronous(self, node: ast.FunctionDef) -> ast.AsyncFunctionDef:
        self.generic_visit(node)
        fields = {name: getattr(node, name) for name in node._fields}
        return _as(ast.AsyncFunctionDef(**fields), node)

    def _shape(self, node: ast.AST) -> Shape | None:
        return called(node, self._own, self._inherited)

    def _lists(self, node: ast.AST) -> bool:
        named = isinstance(node, ast.Name) and node.id in self._streams
        return named or self._shape(node) is Shape.LISTS


def _giving_each(items: ast.expr, like: ast.stmt) -> ast.For:
    target = ast.Name(id="_item", ctx=ast.Store())
    again = ast.Expr(value=ast.Yield(value=ast.Name(id="_item", ctx=ast.Load())))
    loop = ast.For(target=target, iter=items, body=[again], orelse=[])
    return ast.fix_missing_locations(_as(loop, like))


def _as(made: S, like: ast.stmt | ast.expr) -> S:
    """Put *made* on the lines of *like*, so that a traceback shows the SDK's own."""
    return ast.copy_location(made, like)
