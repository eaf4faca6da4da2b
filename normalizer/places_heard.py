"""
What the learned streets say of a report: which villages its phrases were heard from.

The villages they point to become candidates. For each candidate and its district the phrases are
evidence in two ways: by how often they were heard there, and by the score that was learned to tell
villages apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import NamedTuple, TypeAlias

from normalizer.gazetteer import DISTRICT, Number
from normalizer.places_phrases import phrases
from normalizer.places_streets import WORTH, Packed, Streets, total
from normalizer.places_words import Part, Source

#: What speaks for a place, by names the weights know.
Evidence: TypeAlias = dict[str, float]

_MOST_LEARNED = 8
# A long text may name many streets; the first ones, of the address, tell most.
_MOST_HEARD = 24
# Reports of "somewhere else" a phrase of one, two or more words is believed to have besides those
# that were counted, and more for each further village that has it.
_UNSEEN = (2.0, 1.0, 0.6)
_UNSEEN_PER_VILLAGE = 0.3
_TEXT_SHARE = 0.5
_FLOOR = 0.01
# Villages that are candidates by their score alone, and those a candidate is compared with.
_MOST_SCORED, _MOST_RIVALS = 3, 8
_SHARPNESS = 6.0
_LEAST_PRIOR = 1e-4
# What a village's phrases say for the others of its district.
_TO_NEIGHBOURS = 0.1


@dataclass(frozen=True, slots=True)
class Learned:
    """A learned table with what is computed from it once."""

    streets: Streets
    priors: Mapping[Number, float]
    district_priors: Mapping[Number, float]

    @classmethod
    def of(cls, streets: Streets) -> "Learned":
        """Make it ready to be asked."""
        priors = streets.priors()
        districts: dict[Number, float] = {}
        for village, share in priors.items():
            district = village - village % DISTRICT
            districts[district] = districts.get(district, 0.0) + share
        return cls(streets, priors, districts)


class _Heard(NamedTuple):
    """A phrase that was learned: the share of each village in it, and what is left for others."""

    source: Source
    shares: Mapping[Number, float]
    rest: float


class _Known(NamedTuple):
    """A learned phrase where it stands in a part, with the reports that had it."""

    start: int
    end: int
    key: str
    packed: Packed
    total: float


def add_heard(found: dict[Number, Evidence], said: Sequence[Part], learned: Learned) -> None:
    """Add what was learned to the evidence, and to the candidates."""
    heard, every = _heard(said, learned.streets)
    if not heard:
        return
    _add_learned(found, heard, learned)
    scores = learned.streets.scores(every)
    if scores:
        _add_scores(found, scores)


def _heard(said: Sequence[Part], streets: Streets) -> tuple[list[_Heard], dict[str, float]]:
    """
    The longest learned phrases, and every one, short or long, with its worth.

    What stands in the address and again in the text counts once.
    """
    heard: dict[str, _Heard] = {}
    every: dict[str, float] = {}
    for part in said:
        known = _known(part, streets)
        worth = WORTH[part.source]
        for one in known:
            every.setdefault(one.key, worth)
        for one in _longest(known):
            if one.key not in heard:
                heard[one.key] = _shared(one, part.source, streets)
    return list(heard.values())[:_MOST_HEARD], every


def _known(part: Part, streets: Streets) -> list[_Known]:
    known = []
    for start, end, key in phrases(part.spoken, part.source):
        packed = streets.heard(key)
        if packed is not None:
            known.append(_Known(start, end, key, packed, total(packed)))
    return known


def _longest(known: Sequence[_Known]) -> Iterator[_Known]:
    """Those that do not lie within another one that was heard often enough."""
    # For each phrase, how far the phrases before it and around it reach.
    reaches = {one.start: one.end for one in known if one.total >= 1}
    reach = 0
    for one in known:
        around = reaches.get(one.start, 0)
        nested = one.end <= reach or one.end < around
        if around in (0, one.end):
            reach = max(reach, around)
        if not nested:
            yield one


def _shared(one: _Known, source: Source, streets: Streets) -> _Heard:
    counts = streets.share(one.packed)
    length = min(one.end - one.start, len(_UNSEEN))
    unseen = _UNSEEN[length - 1] + _UNSEEN_PER_VILLAGE * (len(counts) - 1)
    whole = one.total + unseen
    shares = {village: count / whole for village, count in counts.items()}
    return _Heard(source, shares, unseen / whole)


def _add_learned(found: dict[Number, Evidence], heard: Sequence[_Heard], learned: Learned) -> None:
    told: dict[Number, float] = {}
    for each in heard:
        worth = 1.0 if each.source == "address" else _TEXT_SHARE
        for village, share in each.shares.items():
            told[village] = told.get(village, 0.0) + worth * share
    best = _highest(told, _MOST_LEARNED)
    for number in (*best, *(each - each % DISTRICT for each in best)):
        found.setdefault(number, {})
    for number in [number for number in found if number % DISTRICT]:
        found.setdefault(number - number % DISTRICT, {})
    villages = [number for number in found if number % DISTRICT]
    districts = [number for number in found if not number % DISTRICT]
    for each in heard:
        by_district: dict[Number, float] = {}
        for village, share in each.shares.items():
            district = village - village % DISTRICT
            by_district[district] = by_district.get(district, 0.0) + share
        # What a text does not say speaks against nobody; an address says it all.
        told_all = each.source == "address"
        for village in villages if told_all else [v for v in villages if v in each.shares]:
            near = by_district.get(village - village % DISTRICT, 0.0)
            _add_to_village(found[village], village, each, near, learned=learned)
        for district in districts if told_all else [d for d in districts if d in by_district]:
            share = by_district.get(district, 0.0)
            _add_to_district(found[district], district, each, share, learned=learned)


def _add_to_village(
    evidence: Evidence, village: Number, heard: _Heard, near: float, *, learned: Learned
) -> None:
    share = heard.shares.get(village, 0.0)
    if heard.source == "address":
        prior = max(learned.priors.get(village, 0.0), _LEAST_PRIOR)
        around = max(learned.district_priors.get(village - village % DISTRICT, 0.0), prior)
        told = log(share / prior + _TO_NEIGHBOURS * near / around + heard.rest + _FLOOR)
        evidence["told by address"] = evidence.get("told by address", 0.0) + told
    if share:
        best = f"best in {heard.source}"
        if share > evidence.get(best, 0.0):
            evidence[best] = share
            evidence[f"sure in {heard.source}"] = -log(1 - share + _FLOOR)


def _add_to_district(
    evidence: Evidence, district: Number, heard: _Heard, share: float, *, learned: Learned
) -> None:
    worth = _TEXT_SHARE * share
    if heard.source == "address":
        worth = share
        prior = max(learned.district_priors.get(district, 0.0), _LEAST_PRIOR)
        told = log(share / prior + heard.rest + _FLOOR)
        evidence["district told"] = evidence.get("district told", 0.0) + told
    if worth > evidence.get("district best", 0.0):
        evidence["district best"] = worth


def _add_scores(found: dict[Number, Evidence], scores: Mapping[Number, float]) -> None:
    """How each candidate stands among the villages the phrases speak for."""
    ranked = _highest(scores, _MOST_RIVALS)
    best, second = (*(scores[village] for village in ranked[:2]), 0.0, 0.0)[:2]
    for village in ranked[:_MOST_SCORED]:
        found.setdefault(village, {})
    for village in [number for number in found if number % DISTRICT]:
        found.setdefault(village - village % DISTRICT, {})
    raised = {village: exp(_SHARPNESS * (scores[village] - best)) for village in ranked}
    whole = sum(raised.values())
    inside: dict[Number, float] = {}
    for village, each in raised.items():
        district = village - village % DISTRICT
        inside[district] = inside.get(district, 0.0) + each
    for number, evidence in found.items():
        if number % DISTRICT:
            score = scores.get(number, 0.0)
            rival = second if ranked and number == ranked[0] else best
            evidence["score"] = score
            evidence["score lead"] = score - rival
            evidence["score share"] = raised.get(number, 0.0) / whole
        else:
            evidence["district score share"] = inside.get(number, 0.0) / whole


def _highest(scores: Mapping[Number, float], most: int) -> list[Number]:
    """The villages that score highest, of equal ones the first."""
    ranked = sorted([(-score, village) for village, score in scores.items()])
    return [village for _, village in ranked[:most]]
