"""
Words and phrases that speak for something, found in a text in one pass.

At each word the longest known phrase wins and is used up, so "lampu jalan" says nothing about
"jalan"; phrases marked neutral only use up their words ("jalan keluar"). A word also counts with an
ending such as -nya. A phrase counts once, however often it stands there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from normalizer.text import words

_ENDINGS = ("nya", "lah", "kah", "pun", "ku", "mu")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A phrase speaks for `label`, this strongly."""

    phrase: str
    label: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much of a text speaks for a label, and in which words."""

    label: str
    weight: float
    why: tuple[str, ...]


# The words of a phrase behind its first one, and what the whole phrase speaks for.
_Entry: TypeAlias = tuple[list[str], tuple[Mark, ...]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Marks, arranged by first word with the longest phrase first."""

    _entries: dict[str, tuple[_Entry, ...]]
    _vocabulary: frozenset[str]

    def scores(self, spoken: Sequence[str]) -> list[Score]:
        """The labels a text speaks for, strongest first; equal ones in the order of their names."""
        plain = self._plain(spoken)
        reasons: dict[str, dict[tuple[str, ...], tuple[float, str]]] = {}
        for at, end, marks in self._found(plain):
            why = " ".join(spoken[at:end])
            for mark in marks:
                seen = reasons.setdefault(mark.label, {})
                seen.setdefault(tuple(plain[at:end]), (mark.weight, why))
        return sorted(
            (_score(label, seen.values()) for label, seen in reasons.items()),
            key=lambda score: (-score.weight, score.label),
        )

    def _found(self, plain: list[str]) -> Iterator[tuple[int, int, tuple[Mark, ...]]]:
        entries = self._entries
        free = 0
        for at in [at for at, word in enumerate(plain) if word in entries]:
            for rest, marks in entries[plain[at]] if at >= free else ():
                end = at + 1 + len(rest)
                if plain[at + 1 : end] == rest:
                    free = end
                    yield at, end, marks
                    break

    def _plain(self, spoken: Sequence[str]) -> list[str]:
        """The words, without their ending where only the word before it is known."""
        known = self._vocabulary
        return [
            self._stem(word) if word not in known and word.endswith(_ENDINGS) else word
            for word in spoken
        ]

    def _stem(self, word: str) -> str:
        stems = (word.removesuffix(ending) for ending in _ENDINGS)
        return next((stem for stem in stems if stem in self._vocabulary), word)


def lexicon(marks: Iterable[Mark], neutral: Iterable[str] = ()) -> Lexicon:
    """Arrange marks for finding; a phrase may speak for several labels."""
    by_phrase: dict[tuple[str, ...], tuple[Mark, ...]] = {tuple(words(p)): () for p in neutral}
    for mark in marks:
        phrase = tuple(words(mark.phrase))
        by_phrase[phrase] = (*by_phrase.get(phrase, ()), mark)
    by_phrase.pop((), None)
    entries: dict[str, tuple[_Entry, ...]] = {}
    for phrase in sorted(by_phrase, key=len, reverse=True):
        first, *rest = phrase
        entries[first] = (*entries.get(first, ()), (rest, by_phrase[phrase]))
    return Lexicon(entries, frozenset(word for phrase in by_phrase for word in phrase))


def _score(label: str, reasons: Iterable[tuple[float, str]]) -> Score:
    ordered = sorted(reasons, key=lambda reason: -reason[0])
    return Score(
        label=label,
        weight=sum(weight for weight, _ in ordered),
        why=tuple(why for _, why in ordered),
    )
