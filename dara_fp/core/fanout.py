"""Pipelines on contexts of their own: `for_each` item of a context, `zoom` into a part of it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import attrs
from returns.result import Failure

from dara_fp.core.errors import Outcome, shown
from dara_fp.core.frame import Frame
from dara_fp.core.lanes import Lane
from dara_fp.core.pipeline import Pipeline, lifted
from dara_fp.core.run import asked, checked, due, evaluate, record, replayed, run_nodes
from dara_fp.core.settle import settle, worst
from dara_fp.core.shape import ITEM, Part, Shape, expression, first_name
from dara_fp.core.signatures import Plain, Plain2
from dara_fp.core.step import called, refuse_async, refuse_other, summary_of

__all__ = ["for_each", "zoom"]

C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")

LIMIT = 10
"""How many items a `for_each` works on at a time, unless it is told otherwise."""


def for_each(
    split: Plain[C, Iterable[D]],
    body: Pipeline[D, E],
    join: Plain2[C, tuple[D, ...], C],
    *,
    limit: int = LIMIT,
    key: Plain[D, str] | None = None,
) -> Pipeline[C, E]:
    """Run *body* on every item that *split* makes of the context, several at a time.

    All items settle before the outcome is decided. If items fail, the first defect counts, or else
    the first failure, by the order of the items and not by time.

    Args:
        split: Makes the items, each a context for *body*; a pure function of the context, which
            is asked again when a task is resumed.
        body: What to run on each.
        join: Makes the new context of the context and the items as *body* left them, in order.
        limit: How many items are worked on at a time; it changes how long it takes, nothing else.
        key: Names an item in the record, such as its path; its number from 0 by default.

    Raises:
        TypeError: *split*, *join* or *key* is async, *body* is no pipeline, or *limit* no whole
            number.
        ValueError: *limit* is below 1.
    """
    for function in (split, join, key):
        refuse_async(function, "for_each")
    refuse_other(limit, int, "limit takes a whole number of items, 1 or more")
    if limit < 1:
        raise ValueError(f"limit is {limit}: give how many items to work on at a time, 1 or more")
    inside = lifted(body)
    return Pipeline((ForEach(split, inside.steps, join, limit, key),), None, inside.env)


def zoom(get: Callable[[C], D], body: Pipeline[D, E], into: Callable[[C, D], C]) -> Pipeline[C, E]:
    """Run *body* on the part of the context that *get* gives, and put what it made back *into* it.

    Args:
        get: Gives the part, a context for *body*; a pure function.
        body: What to run on it.
        into: Makes the new context of the context and the new part; a pure function. What it puts,
            *get* must give, and putting back what *get* gave must change nothing.

    Raises:
        TypeError: *get* or *into* is async, or *body* is no pipeline.
    """
    for function in (get, into):
        refuse_async(function, "zoom")
    inside = lifted(body)
    return Pipeline((Zoom(get, inside.steps, into),), None, inside.env)


@attrs.frozen
class ForEach:
    """The *body* on each item of the context."""

    split: Callable[[Any], Iterable[Any]]
    body: Lane
    join: Callable[[Any, tuple[Any, ...]], Any]
    limit: int
    key: Callable[[Any], str] | None

    def __str__(self) -> str:
        parts = [called(self.split, "..."), expression(self.body), called(self.join, "...")]
        if self.limit != LIMIT:
            parts.append(f"limit={self.limit}")
        if self.key is not None:
            parts.append(f"key={called(self.key, '...')}")
        return f"for_each({', '.join(parts)})"

    @property
    def name(self) -> str:
        """Named after what is inside."""
        return f"for_each({first_name(self.body)})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        by = "" if self.key is None else f" by {called(self.key, 'key')}"
        return Shape(
            form="for_each",
            label=f"{called(self.split, 'items')}{by}, {self.limit} at a time",
            summary=summary_of(self.split),
            parts=(Part(nodes=self.body, segment=ITEM),),
            recorded=True,
        )

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body on each item, and join the results."""
        items = evaluate(self._split, frame.prefix + called(self.split, "for_each"), ctx)
        if isinstance(items, Failure):
            return items
        keyed = evaluate(self._keyed, frame.prefix + called(self.key, "for_each"), items.unwrap())
        if isinstance(keyed, Failure):
            return keyed
        jobs = [
            (self.body, item, frame.within().below(f"[{key}]/"))
            for key, item in keyed.unwrap().items()
        ]
        outcomes = await settle(jobs, self.limit)
        failed = worst(outcomes)
        if failed is not None:
            return failed
        results = tuple(each.unwrap() for each in outcomes)
        return await _put(self.name, self.join, ctx, results, frame)

    def _split(self, ctx: Any) -> tuple[Any, ...]:
        return tuple(asked(self.split, ctx))

    def _keyed(self, items: Sequence[Any]) -> dict[str, Any]:
        """Give *items* by their keys.

        Raises:
            TypeError: A key is no text.
            ValueError: Two items have the same key, or one cannot stand in a path.
        """
        keyed: dict[str, Any] = {}
        for number, item in enumerate(items):
            key = str(number) if self.key is None else _fit(asked(self.key, item))
            if key in keyed:
                raise ValueError(f"key {shown(key)} occurs twice: give each item a key of its own")
            keyed[key] = item
        return keyed


_LONGEST_KEY = 200


def _fit(key: object) -> str:
    """Give *key* so that it can stand in a path."""
    if not isinstance(key, str):
        raise TypeError(f"key {shown(key)} is a {type(key).__name__}: give a text")
    if not key.isprintable():
        raise ValueError(f"key {shown(key)} has characters that nobody can read: leave them out")
    escaped = key.replace("%", "%25").replace("/", "%2F")
    if not 0 < len(escaped) <= _LONGEST_KEY:
        raise ValueError(
            f"key {shown(key)} has {len(escaped)} characters in a path, where / and % count three: "
            f"give 1 to {_LONGEST_KEY}"
        )
    return escaped


@attrs.frozen
class Zoom:
    """The *body* on a part of the context."""

    get: Callable[[Any], Any]
    body: Lane
    into: Callable[[Any, Any], Any]

    def __str__(self) -> str:
        functions = called(self.get, "..."), called(self.into, "...")
        return f"zoom({functions[0]}, {expression(self.body)}, {functions[1]})"

    @property
    def name(self) -> str:
        """Named after what is inside."""
        return f"zoom({first_name(self.body)})"

    @property
    def shape(self) -> Shape:
        """What it looks like."""
        return Shape(
            form="zoom",
            label=called(self.get, "part"),
            summary=summary_of(self.get),
            parts=(Part(nodes=self.body),),
            recorded=True,
        )

    async def run(self, ctx: Any, frame: Frame) -> Outcome[Any]:
        """Run the body on the part, and put it back."""
        part = evaluate(self.get, frame.prefix + called(self.get, "zoom"), ctx)
        if isinstance(part, Failure):
            return part
        outcome = await run_nodes(self.body, part.unwrap(), frame.within())
        if isinstance(outcome, Failure):
            return outcome
        return await _put(self.name, self.into, ctx, outcome.unwrap(), frame)


async def _put(
    name: str, function: Callable[[Any, Any], Any], ctx: Any, made: Any, frame: Frame
) -> Outcome[Any]:
    """Give the context that *function* makes of *ctx* and what was *made*, and record it."""
    path = frame.prefix + called(function, name)
    entry = frame.find(name, ctx.__class__)
    if entry is not None:
        return replayed(entry, path, ctx, frame)
    await due(frame)
    frame.begin()
    outcome = checked(evaluate(function, path, ctx, made), path, ctx)
    return await record(frame, name, ctx, outcome)
