"""The functions that users write, as both type checkers see them."""

from collections.abc import Awaitable
from typing import Protocol, TypeAlias, TypeVar

from returns.result import Failure, Result, Success

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Position

__all__ = [
    "Function",
    "Function1",
    "Function2",
    "Function3",
    "Given",
    "Plain",
    "Plain2",
    "Returned",
]

A_contra = TypeVar("A_contra", contravariant=True)
B_contra = TypeVar("B_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
C = TypeVar("C")
E = TypeVar("E")
E_contra = TypeVar("E_contra", contravariant=True)

# The union comes first: of a Failure alone, Result[C, StepError] would infer that C is Any.
_Ended: TypeAlias = Success[C] | Failure[StepError] | Result[C, StepError]

Returned: TypeAlias = Awaitable[_Ended[C]]
"""What an async function returns."""

Given: TypeAlias = Returned[C] | _Ended[C]
"""What an async function returns, or a plain one, which runs in a thread."""


class _Named(Protocol):
    """Functions have a name and pipelines have none, which keeps their overloads apart."""

    @property
    def __name__(self) -> str: ...


class Function1(_Named, Protocol[C]):
    """A step that needs the context."""

    def __call__(self, ctx: C, /) -> Given[C]:
        """Run the step."""
        ...


class Function2(_Named, Protocol[C, E_contra]):
    """A step that needs the context and the environment."""

    def __call__(self, ctx: C, env: E_contra, /) -> Given[C]:
        """Run the step."""
        ...


class Function3(_Named, Protocol[C, E_contra]):
    """A step that also wants to know where it stands."""

    def __call__(self, ctx: C, env: E_contra, at: Position, /) -> Given[C]:
        """Run the step."""
        ...


Function: TypeAlias = Function1[C] | Function2[C, E] | Function3[C, E]
"""A function that can stand in a composition, async or plain."""


class Plain(Protocol[A_contra, R_co]):
    """A plain function of one value; as a protocol, because mypy puts off what `Callable` says."""

    def __call__(self, value: A_contra, /) -> R_co:
        """Give the value."""
        ...


class Plain2(Protocol[A_contra, B_contra, R_co]):
    """A plain function of two values."""

    def __call__(self, first: A_contra, second: B_contra, /) -> R_co:
        """Give the value."""
        ...
