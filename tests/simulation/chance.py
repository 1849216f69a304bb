"""Chance: all that a simulation leaves open, decided by one number."""

import random
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["Chance"]

T = TypeVar("T")


class Chance:
    """Sequences of decisions that depend on *seed* and on what they are about."""

    def __init__(self, seed: int, about: str = "") -> None:
        """Begin the decisions *about* something."""
        self._seed = seed
        self._about = about
        self._random = random.Random(f"{seed}/{about}")  # noqa: S311 - it must be the same again

    def about(self, what: str) -> "Chance":
        """Give decisions of their own about *what*, which others do not shift."""
        return Chance(self._seed, f"{self._about}/{what}")

    def happens(self, probability: float) -> bool:
        """Decide whether something of that *probability* happens."""
        return self._random.random() < probability

    def between(self, least: float, most: float) -> float:
        """Draw a number."""
        return self._random.uniform(least, most)

    def number(self, least: int, most: int) -> int:
        """Draw a whole number."""
        return self._random.randint(least, most)

    def one(self, choices: Sequence[T]) -> T:
        """Draw one of *choices*."""
        return self._random.choice(choices)

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Give *things* in any order."""
        return self._random.sample(things, len(things))

    def token(self) -> str:
        """Draw 16 hex characters."""
        return f"{self._random.getrandbits(64):016x}"
