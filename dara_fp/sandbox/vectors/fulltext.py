"""Words in rows: which rows have those of a question, ranked by Okapi BM25."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["Words", "stems"]

K1: Final = 1.2
B: Final = 0.75

_WORD = re.compile(r"\w+")
# fmt: off
_SMALL = frozenset({
    "a", "about", "an", "and", "are", "as", "at", "be", "by", "can", "could", "did", "do", "does",
    "for", "from", "had", "has", "have", "how", "i", "in", "is", "it", "me", "my", "of", "on",
    "or", "our", "please", "should", "tell", "that", "the", "their", "there", "this", "to", "us",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would",
    "you", "your",
})
# fmt: on
_ENDINGS = ("ies", "es", "s", "ing", "ed")
_STEM = 3


def stems(text: str) -> list[str]:
    """Give the words of *text*, small ones left out, without case and common English endings.

    >>> stems("What do the Engines of trains burn?")
    ['engin', 'train', 'burn']
    """
    words = (word for word in _WORD.findall(text.casefold()) if word not in _SMALL)
    return [_stem(word) for word in words]


class Words:
    """The words of texts by key, in the columns they stand in."""

    def __init__(self) -> None:
        self._found: dict[str, dict[object, Counter[str]]] = defaultdict(dict)
        self._stems: dict[object, frozenset[str]] = {}
        self._lengths: dict[object, Counter[str]] = {}

    def put(self, key: object, texts: Mapping[str, str]) -> None:
        """Keep the *texts* of the columns of *key*, replacing what it had."""
        self.drop(key)
        lengths: Counter[str] = Counter()
        found = {column: stems(text) for column, text in texts.items()}
        for column, words in found.items():
            lengths[column] = len(words)
            for stem in words:
                self._found[stem].setdefault(key, Counter())[column] += 1
        self._stems[key] = frozenset(stem for words in found.values() for stem in words)
        self._lengths[key] = lengths

    def drop(self, key: object) -> None:
        """Forget *key*."""
        self._lengths.pop(key, None)
        for stem in self._stems.pop(key, frozenset()):
            del self._found[stem][key]
            if not self._found[stem]:
                del self._found[stem]

    def search(self, text: str, columns: Iterable[str] = ()) -> list[tuple[object, float]]:
        """Give the keys with a word of *text* in one of *columns* (none: in any), best first."""
        wanted = frozenset(columns)
        average = self._average(wanted)
        scores: dict[object, float] = defaultdict(float)
        for stem in dict.fromkeys(stems(text)):
            rows = {key: _sum(found, wanted) for key, found in self._found.get(stem, {}).items()}
            rows = {key: count for key, count in rows.items() if count}
            rarity = math.log(1 + (len(self._lengths) - len(rows) + 0.5) / (len(rows) + 0.5))
            for key, count in rows.items():
                length = _sum(self._lengths[key], wanted) / average
                scores[key] += rarity * count * (K1 + 1) / (count + K1 * (1 - B + B * length))
        # Ties in the order of the keys, so that pages do not overlap.
        return sorted(scores.items(), key=lambda found: (-found[1], str(found[0])))

    def _average(self, wanted: frozenset[str]) -> float:
        total = sum(_sum(lengths, wanted) for lengths in self._lengths.values())
        return max(1.0, total / max(1, len(self._lengths)))


def _sum(counts: Counter[str], wanted: frozenset[str]) -> int:
    return sum(count for column, count in counts.items() if not wanted or column in wanted)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word.removesuffix(ending).removesuffix("e") + ("y" if ending == "ies" else "")
    return word.removesuffix("e") if len(word) > _STEM else word
