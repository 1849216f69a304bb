"""How parameters and bodies are written, as the official SDK writes them."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import urlencode

import msgspec

__all__ = ["given", "json_body", "query_string"]


def query_string(query: Mapping[str, Any] | None) -> str:
    """Give *query* as the API reads it: dotted mappings, repeated lists, no None, lower booleans.

    >>> query_string({"a": True, "b": None, "filter_by": {"ids": [1, 2]}, "path": "/x y"})
    'a=true&filter_by.ids=1&filter_by.ids=2&path=%2Fx+y'
    """
    return urlencode([*_pairs("", query or {})])


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give *body* without what is None, which stands for what is left to the workspace.

    >>> given({"a": None, "b": 0})
    {'b': 0}
    """
    return {name: value for name, value in body.items() if value is not None}


def json_body(body: Any) -> bytes:
    """Give *body* as JSON.

    Raises:
        ValueError: It holds NaN or infinity, which JSON does not have.

    >>> json_body({"a": [1.5, None]})
    b'{"a":[1.5,null]}'
    """
    content = msgspec.json.encode(body)
    # msgspec writes NaN and infinity as null, which would be stored as such.
    if b"null" in content and not _is_finite(msgspec.to_builtins(body)):
        raise ValueError("the body holds NaN or infinity, which JSON does not have: take it out")
    return content


def _pairs(prefix: str, query: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in query.items():
        if isinstance(value, Mapping):
            yield from _pairs(f"{prefix}{name}.", cast("Mapping[str, Any]", value))
        elif isinstance(value, list | tuple):
            yield from ((prefix + name, _said(item)) for item in cast("list[object]", value))
        elif value is not None:
            yield prefix + name, _said(value)


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_finite, cast("dict[str, Any]", value).values()))
    return not isinstance(value, list) or all(map(_is_finite, cast("Iterable[Any]", value)))
