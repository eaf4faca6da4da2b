"""
Words and phrases that speak for something, found in a text in one pass.

At each word the longest known phrase wins and is used up, so "lampu jalan" says nothing about
"jalan"; phrases marked neutral only use up their words ("jalan keluar"). A word also counts with an
ending such as -nya. A phrase counts once, however often it stands there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from normalizer.text import words

_ENDINGS = ("nya", "lah", "kah", "pun", "ku", "mu")
# In a text of fewer words, where a phrase stands tells little.
_SHORT = 40
# Words of a phrase behind its first.
_LONGEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A phrase speaks for `label`, this strongly."""

    phrase: str
    label: str
    weight: float


class Score(NamedTuple):
    """How much of a text speaks for a label, and in which words, the strongest first."""

    label: str
    weight: float
    why: tuple[str, ...]


class Hit(NamedTuple):
    """A phrase that stands in a text at words `at` to `end`, and the labels it speaks for."""

    at: int
    end: int
    phrase: int
    marks: tuple[tuple[str, float], ...]


# What a phrase that ends at a word is: its number and what it speaks for.
_End: TypeAlias = tuple[int, tuple[tuple[str, float], ...]]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Marks, arranged as a tree of their words."""

    #: Each word leads to the words that go on; "" to the phrase that ends here.
    _root: dict[str, Any]
    #: How much more a phrase weighs as the first word than at the end of the text.
    _early: float

    def scores(self, spoken: Sequence[str]) -> list[Score]:
        """The labels a text speaks for, strongest first; equal ones in the order of their names."""
        length = max(len(spoken), _SHORT)
        seen: set[int] = set()
        reasons: dict[str, list[tuple[float, str]]] = {}
        for at, end, phrase, marks in self.hits(spoken):
            if phrase in seen or not marks:
                continue
            seen.add(phrase)
            why = spoken[at] if end == at + 1 else " ".join(spoken[at:end])
            times = 1.0 + self._early * (1.0 - at / length)
            for label, weight in marks:
                if label in reasons:
                    reasons[label].append((weight * times, why))
                else:
                    reasons[label] = [(weight * times, why)]
        scores = [_score(label, reasons[label]) for label in reasons]
        scores.sort(key=lambda score: (-score.weight, score.label))
        return scores

    def hits(self, spoken: Sequence[str]) -> Iterator[Hit]:
        """Every phrase that stands there, neutral ones included, from the first word on."""
        root = self._root
        free = 0
        for at, word in enumerate(spoken):
            node = root.get(word)
            if node is None and word.endswith(_ENDINGS):
                node = _without_ending(root, word)
            if node is None or at < free:
                continue
            found, end = _longest(node, spoken, at + 1)
            if found:
                free = end
                yield Hit(at, end, *found)


def _longest(node: dict[str, Any], spoken: Sequence[str], at: int) -> tuple[_End | None, int]:
    """The longest phrase that goes on from a node with the words from `at` on, and its end."""
    found: _End | None = node.get("")
    end = at
    for word in spoken[at : at + _LONGEST]:
        at += 1
        following = node.get(word)
        if following is None and word.endswith(_ENDINGS):
            following = _without_ending(node, word)
        if following is None:
            break
        node = following
        if "" in node:
            found, end = node[""], at
    return found, end


def _without_ending(node: dict[str, Any], word: str) -> dict[str, Any] | None:
    """Where a word leads to without its ending."""
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem and stem in node:
            following: dict[str, Any] = node[stem]
            return following
    return None


def lexicon(marks: Iterable[Mark], neutral: Iterable[str] = (), *, early: float = 0.0) -> Lexicon:
    """Arrange marks for finding; a phrase may speak for several labels, once for each."""
    by_phrase: dict[tuple[str, ...], dict[str, float]] = {tuple(words(p)): {} for p in neutral}
    for mark in marks:
        known = by_phrase.setdefault(tuple(words(mark.phrase)), {})
        known[mark.label] = max(mark.weight, known.get(mark.label, 0.0))
    by_phrase.pop((), None)
    root: dict[str, Any] = {}
    for number, (phrase, marked) in enumerate(by_phrase.items()):
        node = root
        for word in phrase:
            node = node.setdefault(word, {})
        node[""] = (number, tuple(marked.items()))
    return Lexicon(root, early)


def _score(label: str, reasons: list[tuple[float, str]]) -> Score:
    if len(reasons) == 1:
        return Score(label, reasons[0][0], (reasons[0][1],))
    reasons.sort(key=lambda reason: -reason[0])
    return Score(label, sum(weight for weight, _ in reasons), tuple(why for _, why in reasons))
