"""
Whether a complaint is already known.

*same*: the words of another report, sent again, copied or passed on; it joins that one's cluster.
*related*: what seems to be the same incident in other words, or the same words about it weeks
later; that is suggested to an officer and joins nothing. Similarity alone never decides: "rt 05"
and "rt 07", "sudah" and "belum", or another name behind "desa" in otherwise equal texts are two
reports, and so are equal texts about two places.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from normalizer.align import Alignment
from normalizer.match_words import RARE
from normalizer.record import Duplicate
from normalizer.related import Likeness, liken
from normalizer.related_places import Nearness
from normalizer.report import Complaint, Neighbour

VERSION = "2"
SAME_SENDER = "same sender"

RELATED = 0.5
#: The share of the shorter text that must be in the other.
SAME = 0.82
# The same words later than this are a reminder.
_SAME_DAYS = 7.0
# So much must be said before words alone decide; a sender is known to repeat themselves.
_ENOUGH, _ENOUGH_OF_ONE = 3.0, 1.0
# Texts with less in common must also be about as long as each other.
_LITTLE = 8.0
_LONG = 20.0
_AS_LONG = 0.7
# Two addresses with fewer names in common are two places.
_ONE_ADDRESS = 0.34
_ONE_PLACE = 0.8
# What a sender who has reported of late adds to the odds that this is about the same.
_HEAD_START = 1.0
_ALL = 0.999
_NEARLY_ALL = 0.97
_MOST_JOINED = 8
_CONFLICTS = {"number": "another number", "place": "another place", "opposite": "the opposite"}

Relation = Literal["same", "related", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What two complaints are to each other."""

    relation: Relation
    score: float
    why: tuple[str, ...]


def match(said: Complaint, neighbours: Sequence[Neighbour]) -> Duplicate | None:
    """The best of the neighbours this complaint repeats or belongs to, if any does."""
    found = [(compare(said, each.said, same_sender=each.same_sender), each) for each in neighbours]
    kin = [(verdict, each) for verdict, each in found if verdict.relation != "none"]
    if not kin:
        return None
    verdict, best = max(kin, key=lambda pair: (pair[0].relation == "same", pair[0].score))
    if verdict.relation != "same":
        return _duplicate(verdict, best, volume=best.volume)
    volumes: dict[str, int] = {}
    for each_verdict, each in kin:
        if each_verdict.relation == "same":
            volumes[each.cluster] = max(each.volume, volumes.get(each.cluster, 1))
    others = sorted(volumes.keys() - {best.cluster})[:_MOST_JOINED]
    volume = sum(volumes[cluster] for cluster in (best.cluster, *others))
    return _duplicate(verdict, best, volume=volume + 1, joins=tuple(others))


def compare(one: Complaint, other: Complaint, *, same_sender: bool = False) -> Verdict:
    """What two complaints are to each other, with a score from 0 to 1 and the reasons for it."""
    likeness = liken(one, other)
    against = _against(likeness, same_sender=same_sender)
    if not against:
        score = round(likeness.text.cover, 2)
        return Verdict(relation="same", score=score, why=_why(likeness, same_sender=same_sender))
    head_start = _HEAD_START if same_sender and not likeness.template else 0.0
    chance = round(likeness.chance(head_start=head_start), 2)
    if chance < RELATED or not _located(likeness) or _form_letter(likeness):
        return Verdict(relation="none", score=chance, why=(against,))
    return Verdict(relation="related", score=chance, why=_why(likeness, same_sender=same_sender))


def _against(likeness: Likeness, *, same_sender: bool) -> str:
    """What keeps two complaints from being the same; "" if nothing does."""
    text, place = likeness.text, likeness.place
    two_addresses = place.named and place.names < _ONE_ADDRESS
    # A long text, word for word in one village: one report, for which two addresses were given.
    if likeness.village > 0 and text.ratio > _ALL and text.shared >= _LONG:
        place, two_addresses = Nearness(), False
    if place.elsewhere or likeness.village < 0 or two_addresses:
        return "another place"
    if text.conflict:
        return _CONFLICTS[text.conflict]
    if text.cover < SAME or text.replaced >= RARE:
        return "other words"
    reasons = (
        (text.reworded > _reworded(text), "something else"),
        (likeness.topic < 0 and text.cover < _NEARLY_ALL, "something else"),
        (bool(text.added), "a number more"),
        (likeness.days > _SAME_DAYS, "days apart"),
        (not _enough(likeness, same_sender=same_sender), "too few words"),
        (text.shared < _LITTLE and text.ratio < _AS_LONG, "much more is said"),
    )
    return next((words for holds, words in reasons if holds), "")


def _enough(likeness: Likeness, *, same_sender: bool) -> bool:
    """Whether so much is said that the words alone can decide."""
    text, place = likeness.text, likeness.place
    if same_sender and text.ratio > _ALL:
        return True
    agreed = place.named and place.names > _ONE_PLACE and likeness.topic >= 0
    agreed |= likeness.village > 0 and text.ratio > _ALL
    return text.shared >= (_ENOUGH_OF_ONE if same_sender or agreed else _ENOUGH)


def _reworded(text: Alignment) -> float:
    """How much may be said in other words: a word or two, in a long text one more."""
    return 0.6 + 0.02 * min(text.ours, text.theirs)


def _located(likeness: Likeness) -> bool:
    """Whether anything but a habit of speech ties the two to one place."""
    place = likeness.place
    return likeness.village > 0 or place.names > 0 or likeness.text.cover >= SAME


def _form_letter(likeness: Likeness) -> bool:
    """The same words about another place."""
    elsewhere = likeness.place.elsewhere or likeness.village < 0
    return elsewhere and likeness.text.cover >= SAME


def _why(likeness: Likeness, *, same_sender: bool) -> tuple[str, ...]:
    text, place, days = likeness.text, likeness.place, likeness.days
    reasons = (
        (same_sender, SAME_SENDER),
        (text.ratio > _ALL, "same words"),
        (text.ratio <= _ALL and text.cover > 0, f"{int(text.cover * 100)} % of the words"),
        (place.named and place.names > _ONE_PLACE and not place.elsewhere, "same address"),
        (likeness.village > 0, "same village"),
        (likeness.topic > 0, "same topic"),
        (days >= 1, f"{days:.0f} days apart"),
    )
    return tuple(words for holds, words in reasons if holds)


def _duplicate(
    verdict: Verdict, other: Neighbour, *, volume: int, joins: tuple[str, ...] = ()
) -> Duplicate:
    return Duplicate(
        cluster=other.cluster,
        relation="same" if verdict.relation == "same" else "related",
        of=other.record_id,
        score=verdict.score,
        why=verdict.why,
        volume=volume,
        joins=joins,
    )
