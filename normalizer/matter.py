"""
The words of a complaint that say something, as they are compared and fingerprinted.

Cutting a text into words costs more than comparing it, so the last few thousand are remembered.
"""

import re
from collections import Counter
from functools import lru_cache

from normalizer.match_words import COURTESY, LABELS, NUMBERS, RARE, weight
from normalizer.text import without_greeting, words

# Links, and whose words were passed on: "RT @warga:".
_PASSED_ON = re.compile(
    r"https?://\S+|(?:\bRT\s+)?@\w+:?|\[?\bdikutip dari\b|\bforwarded\b", re.IGNORECASE
)
# Without one of these there is nothing of the kind, and looking costs more than all the rest.
_SIGNS_OF_IT = ("http", "@", "dikutip", "forwarded")
_MOST_WORDS = 600
_MOST_SIGNS = 20_000
# A set of words has no order, and a sum must not depend on it.
_DIGITS = 6
# The words of a text are about 2 KB, what is compared of them as much again: 10 MB together.
_SPOKEN_REMEMBERED, _REMEMBERED = 4_096, 1_024


class Matter:
    """The words of a text that say something, and what they weigh."""

    __slots__ = ("counted", "heft", "often", "spoken")

    def __init__(self, spoken: tuple[str, ...]) -> None:
        self.spoken = spoken
        self.counted = Counter(spoken)
        #: Words that stand there more than once.
        self.often = [word for word, count in self.counted.items() if count > 1]
        #: The weight of the words together, each as often as it stands there.
        self.heft = round(sum(map(weight, spoken)), _DIGITS)

    def common(self, other: "Matter") -> tuple[float, float]:
        """The weight of the words that stand in both, wherever; and of the rare ones, each once."""
        here, there = self.counted, other.counted
        weights = list(map(weight, here.keys() & there.keys()))
        shared = sum(weights) + sum(
            weight(word) * (min(here[word], there[word]) - 1)
            for word in self.often
            if word in there
        )
        return round(shared, _DIGITS), sum(each for each in weights if each >= RARE)

    def without(self, other: "Matter") -> dict[str, int]:
        """How often each word stands here more often than there."""
        here, there = self.counted, other.counted
        left = {word: here[word] for word in here if word not in there}
        left |= {
            word: here[word] - there[word]
            for word in self.often
            if word in there and here[word] > there[word]
        }
        return left


@lru_cache(maxsize=_REMEMBERED)
def matter(text: str) -> Matter:
    """What is compared of a text; most are found to be like no other, and never asked for it."""
    return Matter(spoken_in(text))


@lru_cache(maxsize=_SPOKEN_REMEMBERED)
def spoken_in(text: str) -> tuple[str, ...]:
    """The words that say something, with labels glued to their numbers: "rt 05" is "rt5"."""
    spoken = words(without_greeting(_own_words(text[:_MOST_SIGNS])))
    spoken = [word for word in spoken if word not in COURTESY]
    numbers = [at for at, word in enumerate(spoken) if word.isdigit() or word in NUMBERS]
    for at in reversed(numbers):
        number = NUMBERS.get(spoken[at]) or spoken[at].lstrip("0") or "0"
        if at and spoken[at - 1] in LABELS:
            spoken[at - 1 : at + 1] = [spoken[at - 1] + number]
        else:
            spoken[at] = number
    return tuple(spoken[:_MOST_WORDS])


def _own_words(text: str) -> str:
    passed_on = any(map(text.lower().__contains__, _SIGNS_OF_IT))
    return _PASSED_ON.sub(" ", text) if passed_on else text
