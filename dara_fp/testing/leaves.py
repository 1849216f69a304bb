"""Made-up steps: data that says what one does, and the functions that do it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, TypeVar

import attrs
from returns.result import Success

from dara_fp.core.context import StepContext, evolved, made
from dara_fp.core.errors import Kind, Outcome, StepError, fail
from dara_fp.core.scope import Path, Position
from dara_fp.testing.recorder import Recorder

__all__ = [
    "HANGS",
    "Change",
    "Drawn",
    "Ending",
    "Leaf",
    "Piece",
    "handler_of",
    "step_of",
    "tap_of",
    "titled",
]

F = TypeVar("F", bound=Callable[..., Any])

Ending: TypeAlias = Literal["succeed", "fail", "flake", "break", "hang"]
"""How a made-up step ends; one that flakes fails until it is tried again."""

HANGS = 10.0**14  # seconds; every drawn limit is shorter, and every drawn wait much shorter


def appended(
    before: tuple[str, ...], left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[str, ...]:
    """Give *left* with what *right* has more than *before*."""
    return left + right[len(before) :]


@attrs.frozen(kw_only=True)
class Piece(StepContext):
    """A part of a `Drawn` context, and a context itself."""

    number: int = 0
    trail: tuple[str, ...] = made((), merge=appended)


@attrs.frozen(kw_only=True)
class Drawn(StepContext):
    """A context with a field of every kind that matters to composition."""

    number: int = 0
    text: str = ""
    mark: bool | None = made()
    trail: tuple[str, ...] = made((), merge=appended)
    piece: Piece = Piece()
    pieces: tuple[Piece, ...] = ()


@attrs.frozen(kw_only=True)
class Change:
    """What a step does to a field.

    Attributes:
        field: Its name.
        value: What it is set to, or what is added to it.
        adds: Whether *value* is added.
    """

    field: str
    value: Any
    adds: bool = False

    def of(self, ctx: object) -> object:
        """Give the new value of the field of *ctx*."""
        old = getattr(ctx, self.field)
        return old + self.value if self.adds and _has_room(old) else self.value

    def __str__(self) -> str:
        return (
            f"adds {self.value!r} to {self.field}"
            if self.adds
            else f"{self.field} = {self.value!r}"
        )


def _has_room(value: object) -> bool:
    """Tell whether more than *value* can still be stored: JSON integers have 64 bits."""
    return not isinstance(value, int) or abs(value) < 2**62


@attrs.frozen(kw_only=True)
class Leaf:
    """A made-up step.

    It does the same whenever and however often it runs at one path, and it notes in a `Recorder`,
    once its time is over, that path and the context it was given.

    Attributes:
        name: Its name.
        seconds: How long it takes, in virtual seconds.
        changes: What it changes if it succeeds.
        ending: How it ends.
        kind: Of what kind its failure is, if it fails.
    """

    name: str
    seconds: int = 0
    changes: tuple[Change, ...] = ()
    ending: Ending = "succeed"
    kind: Kind = Kind.FAILED

    def __str__(self) -> str:
        said = {
            "succeed": "; ".join(map(str, self.changes)) or "changes nothing",
            "fail": f"fails: {self.kind}",
            "flake": f"fails on the first try: {self.kind}",
            "break": "raises",
            "hang": "never ends",
        }
        return f"After {self.seconds} s: {said[self.ending]}."

    async def run(self, ctx: Any, env: Recorder, path: Path) -> Outcome[Any]:
        """Do what it says on *ctx* at *path*."""
        seconds = HANGS if self.ending == "hang" else self.seconds
        if seconds:
            await asyncio.sleep(seconds)
        return self.end(ctx, env, path)

    def end(self, ctx: Any, env: Recorder, path: Path) -> Outcome[Any]:
        """Do it at once.

        Raises:
            LookupError: That is how it ends.
        """
        env.note(path, ctx)
        if self.ending == "break":
            raise LookupError(f"{self.name} is broken")
        if self.ending == "fail" or (self.ending == "flake" and not _is_again(path)):
            return fail(f"{self.name} does not do it", kind=self.kind)
        return Success(evolved(ctx, {change.field: change.of(ctx) for change in self.changes}))


def _is_again(path: Path) -> bool:
    """Tell whether something around the step at *path* tries it again, as in `2/load`."""
    return any(segment[:1].isdecimal() for segment in path.split("/")[:-1])


def step_of(leaf: Leaf) -> Callable[[Any, Recorder, Position], Awaitable[Outcome[Any]]]:
    """Give the step function that does what *leaf* says."""

    async def act(ctx: Any, env: Recorder, at: Position) -> Outcome[Any]:
        return await leaf.run(ctx, env, at.path)

    return titled(act, leaf.name, str(leaf))


def handler_of(
    leaf: Leaf,
) -> Callable[[Any, StepError, Recorder, Position], Awaitable[Outcome[Any]]]:
    """Give the handler of `recover` that does what *leaf* says, and notes what it was told."""

    async def handle(ctx: Any, error: StepError, env: Recorder, at: Position) -> Outcome[Any]:
        env.note(f"{at.path} was told", error)
        return await leaf.run(ctx, env, at.path)

    return titled(handle, leaf.name, str(leaf))


def tap_of(leaf: Leaf, *, plain: bool) -> Callable[[Any, Recorder, Position], object]:
    """Give the function for `tap` that does what *leaf* says, *plain* or async."""

    def look(ctx: Any, env: Recorder, at: Position) -> None:
        leaf.end(ctx, env, at.path)

    return titled(look, leaf.name, str(leaf)) if plain else step_of(leaf)


def titled(function: F, name: str, summary: str = "") -> F:
    """Give *function* the *name* and *summary* that drawings and errors show."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = summary
    return function
