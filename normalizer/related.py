"""
Whether two complaints are about one incident, in whatever words: what speaks for it, weighed.

A logistic regression on what two complaints have in common. Its weights were fitted on 170 judged
pairs of real complaints, each once with all that is known of it and once with text, time and
address alone; `gateway/evaluation/matching.py` fits them again with a part left out each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log1p
from operator import mul

from normalizer.align import Alignment, align
from normalizer.match_words import RARE, weight
from normalizer.matter import Matter, matter
from normalizer.related_places import Nearness, Whereabouts, near, whereabouts
from normalizer.report import Complaint
from normalizer.text import words

#: The bias, then in the order of `Likeness.features`.
WEIGHTS = (
    -1.92, 0.82, 0.73, -0.83, 0.65, 1.66, -1.52, -0.47, 0.17, -0.1, -0.91, 1.15, 1.5, -1.14,
)  # fmt: skip
_DAY = 86_400
_QUARTER = 90
_VILLAGE_CODE = 13
_MANY = 6.0
# So much of the words and another number or name in between: a form filled in for many places.
_TEMPLATE = 0.75


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two complaints have in common, all that was found out about it."""

    text: Alignment
    place: Nearness
    #: The weight of the rare words that stand somewhere in both.
    rare: float
    #: 1: in one village, -1: in two, 0: not known.
    village: int
    #: 1: one topic, -1: two that share no word of their names, 0: not known.
    topic: float
    #: Between them; 0 where a time is missing.
    days: float

    @property
    def template(self) -> bool:
        """Whether one form was filled in for two places."""
        return self.text.conflict in {"number", "place"} and self.text.cover > _TEMPLATE

    @property
    def features(self) -> tuple[float, ...]:
        """Numbers about between 0 and 1."""
        place, topic = self.place, max(self.topic, 0.0)
        agree = 0.0 if place.elsewhere else place.names
        return (
            self.text.cover,
            min(self.rare, _MANY) / _MANY,
            float(place.named),
            place.names,
            float(place.same_number),
            float(place.elsewhere),
            float(self.village < 0),
            topic,
            max(-self.topic, 0.0),
            log1p(min(self.days, _QUARTER)) / log1p(_QUARTER),
            agree * topic,
            agree * self.text.cover,
            self.text.cover if self.template else 0.0,
        )

    def chance(self, weights: Sequence[float] = WEIGHTS, *, head_start: float = 0.0) -> float:
        """How probable it is that they are about one incident, from 0 to 1."""
        total = weights[0] + head_start
        total += sum(map(mul, weights[1:], self.features))
        return 1 / (1 + exp(-total))


def liken(one: Complaint, other: Complaint) -> Likeness:
    """Compare two complaints in every respect."""
    mine, theirs = matter(one.text), matter(other.text)
    here, there = whereabouts(one.place), whereabouts(other.place)
    text = align(mine, theirs)
    return Likeness(
        text=text,
        place=near(here, there, mine.counted, theirs.counted),
        rare=text.rare + _named(mine, here, theirs, there),
        village=_villages(one.code, other.code),
        topic=_topics(one.topic, other.topic),
        days=abs((one.at - other.at).total_seconds()) / _DAY if one.at and other.at else 0.0,
    )


def _named(mine: Matter, here: Whereabouts, theirs: Matter, there: Whereabouts) -> float:
    """The weight of the rare names of either place that both know, beside what both texts say."""
    return sum(
        heavy
        for name in {*here.names, *there.names}
        if (name in mine.counted or name in here.names)
        and (name in theirs.counted or name in there.names)
        and not (name in mine.counted and name in theirs.counted)
        and (heavy := weight(name)) >= RARE
    )


def _villages(one: str | None, other: str | None) -> int:
    if not one or not other:
        return 0
    if one == other:
        return 1 if len(one) >= _VILLAGE_CODE else 0
    return 0 if one.startswith(other) or other.startswith(one) else -1


def _topics(one: str | None, other: str | None) -> float:
    if not one or not other:
        return 0.0
    ours, theirs = _words_of(one), _words_of(other)
    return 2 * len(ours & theirs) / (len(ours | theirs) or 1) - 1


@lru_cache(maxsize=512)
def _words_of(topic: str) -> frozenset[str]:
    return frozenset(words(topic))
