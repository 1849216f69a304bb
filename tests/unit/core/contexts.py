"""Contexts for the tests of the core."""

from typing import Any

import attrs

from dara_fp import StepContext, made


@attrs.frozen(kw_only=True)
class Words(StepContext):
    """Count the words of a text.

    Used wherever the fields do not matter.
    """

    text: str
    count: int | None = made()


@attrs.frozen(kw_only=True)
class MoreWords(Words):
    language: str = "en"


@attrs.frozen(kw_only=True)
class Numbers(StepContext):
    number: int = 0


@attrs.frozen
class Env:
    client: str = "c"


def context_of(hint: Any) -> type[Any]:
    """Give a context class whose one field `x` has the type *hint*."""
    field = attrs.field(type=hint)
    bases = (StepContext,)
    return attrs.make_class("Holder", {"x": field}, bases=bases, frozen=True, kw_only=True)
