"""
Words and phrases that speak for something, found in a text in one pass.

At each word the longest known phrase wins and is used up, so "lampu jalan" says nothing about
"jalan"; phrases marked neutral only use up their words ("jalan keluar"). A word also counts with an
ending such as -nya. A phrase counts once, however often it stands there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from normalizer.remembered import MOST, Remembered
from normalizer.text import words

_first, _weight = itemgetter(0), itemgetter(1)
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


#: A phrase that stands in a text: its first word, the word behind it, its number, and the labels
#: it speaks for.
Hit: TypeAlias = tuple[int, int, int, tuple[tuple[str, float], ...]]
# What a phrase that ends at a word is: its number and what it speaks for.
_End: TypeAlias = tuple[int, tuple[tuple[str, float], ...]]


class _Node(NamedTuple):
    """Where a word leads to."""

    #: The phrase that ends here.
    phrase: _End | None
    #: The words that go on.
    following: dict[str, "_Node"]


class Lexicon:
    """Marks, arranged as a tree of their words."""

    __slots__ = ("_begins", "_early")

    def __init__(self, root: dict[str, _Node], early: float) -> None:
        #: Where the first word of a phrase leads to; most words lead nowhere.
        self._begins = Remembered[str, _Node | None](lambda word: _next(root, word), 2 * MOST)
        #: How much more a phrase weighs as the first word than at the end of the text.
        self._early = early

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
        scores = [_score(label, said) for label, said in reasons.items()]
        scores.sort()
        scores.sort(key=_weight, reverse=True)
        return scores

    def hits(self, spoken: Sequence[str]) -> list[Hit]:
        """Every phrase that stands there, neutral ones included, from the first word on."""
        found: list[Hit] = []
        free, last = 0, len(spoken) - 1
        nodes = list(map(self._begins.__getitem__, spoken))
        for at, node in compress(enumerate(nodes), nodes):
            if node is None or at < free:
                continue
            phrase, following = node
            end = at + 1
            if following and at < last:
                word = spoken[end]
                if word in following or _BARE[word] in following:
                    phrase, end = _longest(node, spoken, end)
            if phrase:
                free = end
                found.append((at, end, *phrase))
        return found


def _longest(node: _Node, spoken: Sequence[str], at: int) -> tuple[_End | None, int]:
    """The longest phrase that goes on from a node with the words from `at` on, and its end."""
    (found, following), end = node, at
    for word in spoken[at : at + _LONGEST]:
        onward = _next(following, word)
        if onward is None:
            break
        phrase, following = onward
        at += 1
        if phrase:
            found, end = phrase, at
    return found, end


def _next(nodes: dict[str, _Node], word: str) -> _Node | None:
    """Where a word leads to, if need be without its ending."""
    return nodes.get(word) or nodes.get(_BARE[word])


def _bare(word: str) -> str:
    """A word without its ending; empty where it has none."""
    endings = (ending for ending in _ENDINGS if word.endswith(ending))
    return word.removesuffix(next(endings)) if word.endswith(_ENDINGS) else ""


_BARE = Remembered[str, str](_bare, 2 * MOST)


def lexicon(marks: Iterable[Mark], neutral: Iterable[str] = (), *, early: float = 0.0) -> Lexicon:
    """Arrange marks for finding; a phrase may speak for several labels, once for each."""
    by_phrase: dict[tuple[str, ...], dict[str, float]] = {tuple(words(p)): {} for p in neutral}
    for mark in marks:
        known = by_phrase.setdefault(tuple(words(mark.phrase)), {})
        known[mark.label] = max(mark.weight, known.get(mark.label, 0.0))
    by_phrase.pop((), None)
    root: dict[str, _Node] = {}
    for number, (phrase, marked) in enumerate(by_phrase.items()):
        nodes = root
        for word in phrase[:-1]:
            nodes = nodes.setdefault(word, _Node(None, {})).following
        last = nodes.get(phrase[-1])
        nodes[phrase[-1]] = _Node((number, tuple(marked.items())), last.following if last else {})
    return Lexicon(root, early)


def _score(label: str, reasons: list[tuple[float, str]]) -> Score:
    if len(reasons) == 1:
        return Score(label, reasons[0][0], (reasons[0][1],))
    reasons.sort(key=_first, reverse=True)
    weights, why = zip(*reasons, strict=True)
    return Score(label, sum(weights), why)
