"""An honest small answerer: it gives the sentences that answer, and invents nothing."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from dara_fp.sandbox.vectors.fulltext import stems

__all__ = ["NOTHING", "Turn", "answer_to"]

NOTHING: Final = "The messages I was given do not say."

MOST = 3
ENOUGH = 0.3
"""Share of the question's weight that a sentence must have to count as an answer."""

ALIKE = 0.6
"""Share of the best sentence's score that a further one must have."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\s*\n+\s*")
_LABEL = re.compile(r"^(question|query|user|q)\s*:\s*", re.IGNORECASE)


class Part(msgspec.Struct, frozen=True):
    """One part of a message; only text can be read."""

    type: Literal["text"] = "text"
    text: str = ""


class Turn(msgspec.Struct, frozen=True):
    """One message of a chat."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[Part, ...] | None = None

    @property
    def text(self) -> str:
        """What it says."""
        if isinstance(self.content, tuple):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


def answer_to(turns: Sequence[Turn]) -> str:
    r"""Give the sentences of *turns* that answer the question at their end, in their own order.

    What the assistant said before is no source: it only repeated the others.

    >>> said = "Trains leave at noon. Pies are sweet.\nWhen do trains leave?"
    >>> told = Turn(role="user", content=said)
    >>> answer_to([told])
    'Trains leave at noon.'
    >>> answer_to([Turn(role="user", content="Who was Ada Lovelace?")])
    'The messages I was given do not say.'
    """
    sentences = [
        (turn.role, sentence) for turn in turns for sentence in _SENTENCE.split(turn.text.strip())
    ]
    question = _question([sentence for role, sentence in sentences if role == "user"])
    told = [
        sentence
        for role, sentence in sentences
        if role != "assistant" and sentence != question and not sentence.endswith("?")
    ]
    return " ".join(_best(question, list(dict.fromkeys(told)))) or NOTHING


def _question(said: Sequence[str]) -> str:
    """Give the last question of what was *said*, or its last sentence where nothing was asked."""
    asked = [sentence for sentence in said if sentence.endswith("?")]
    return (asked or [*said] or [""])[-1]


def _best(question: str, told: Sequence[str]) -> list[str]:
    wanted = frozenset(stems(_LABEL.sub("", question)))
    words = [frozenset(stems(sentence)) for sentence in told]
    counts = Counter(stem for found in words for stem in found)
    weights = {stem: math.log(1 + (len(told) + 1) / (counts[stem] + 0.5)) for stem in wanted}
    total = sum(weights.values())
    if not total:
        return []
    scores = [sum(weights[stem] for stem in found & wanted) / total for found in words]
    least = max(ENOUGH, ALIKE * max(scores, default=0.0))
    good = [place for place, score in enumerate(scores) if score >= least]
    best = sorted(good, key=lambda place: -scores[place])[:MOST]
    return [told[place] for place in sorted(best)]
