"""
What speaks for each place a text may mean, as numbers with names: the evidence that is weighed.

Candidates are the villages and districts whose names were found, the villages the learned streets
point to, and their districts (for "in this district, no village told"); 0 stands for any other
place. The weights that make a probability of it stand in places_weights.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TypeAlias

from normalizer.gazetteer import DISTRICT, Area, Number, lies_in, lies_in_area
from normalizer.places_meaning import Mention, Named
from normalizer.places_streets import Streets, phrases
from normalizer.places_words import Source, parts

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
_LEAST_PRIOR = 1e-4
# What a village's phrases say for the others of its district.
_TO_NEIGHBOURS = 0.1
_INHERITED = ("district in address", "district in text", "district district", "district best")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A phrase that was learned: the share of each village in it, and what is left for others."""

    source: Source
    shares: Mapping[Number, float]
    rest: float


def weigh_up(
    address: str, text: str, named: Named, *, area: Area, learned: Learned | None
) -> dict[Number, Evidence]:
    """The evidence for every candidate."""
    found: dict[Number, Evidence] = {}
    _add_names(found, named, area)
    if learned:
        heard = _heard(address, text, learned.streets)
        if heard:
            _add_learned(found, heard, learned)
    return _with_districts(found)


def _add_names(found: dict[Number, Evidence], named: Named, area: Area) -> None:
    regencies = [number for mention in named.large for number in mention.numbers]
    for mention in named.small:
        villages = sum(number % DISTRICT > 0 for number in mention.numbers)
        for number in mention.numbers:
            evidence = found.setdefault(number, {})
            kind = "name" if number % DISTRICT else "district"
            evidence[f"{kind} {mention.cue}"] = 1.0
            evidence[f"{kind} in {mention.source}"] = 1.0
            if mention.chain:
                evidence[f"{kind} in chain"] = 1.0
            if number % DISTRICT:
                _add_village_name(evidence, mention, villages)
            if mention.typo:
                evidence["typo"] = 1.0
            if regencies:
                inside = any(lies_in(number, regency) for regency in regencies)
                evidence["regency named" if inside else "other regency named"] = 1.0
            if not lies_in_area(number, area):
                evidence["outside"] = 1.0


def _add_village_name(evidence: Evidence, mention: Mention, villages: int) -> None:
    if mention.after:
        evidence[f"before {mention.after}"] = 1.0
    if villages > 1:
        evidence["namesakes"] = 1.0
    if villages < len(mention.numbers):
        evidence["shared whole" if mention.cue == "whole" else "shared"] = 1.0


def _heard(address: str, text: str, streets: Streets) -> list[_Heard]:
    """The longest learned phrases; what stands in the address and again in the text counts once."""
    heard: dict[str, _Heard] = {}
    for spoken in parts(address):
        _hear(spoken, "address", streets, heard)
    for spoken in parts(text):
        _hear(spoken, "text", streets, heard)
    return list(heard.values())[:_MOST_HEARD]


def _hear(spoken: list[str], source: Source, streets: Streets, heard: dict[str, _Heard]) -> None:
    known = []
    # For each phrase, how far the phrases before it and around it reach.
    reaches: dict[int, int] = {}
    for start, end, key in phrases(spoken, source):
        counts = streets.share(key)
        if counts:
            total = sum(counts.values())
            known.append((start, end, key, counts, total))
            if total >= 1:
                reaches[start] = end
    reach = 0
    for start, end, key, counts, total in known:
        around = reaches.get(start, 0)
        nested = end <= reach or end < around
        if around in (0, end):
            reach = max(reach, around)
        if nested or key in heard:
            continue
        length = min(end - start, len(_UNSEEN))
        unseen = _UNSEEN[length - 1] + _UNSEEN_PER_VILLAGE * (len(counts) - 1)
        whole = total + unseen
        shares = {village: count / whole for village, count in counts.items()}
        heard[key] = _Heard(source=source, shares=shares, rest=unseen / whole)


def _add_learned(found: dict[Number, Evidence], heard: Sequence[_Heard], learned: Learned) -> None:
    told: dict[Number, float] = {}
    for each in heard:
        worth = 1.0 if each.source == "address" else _TEXT_SHARE
        for village, share in each.shares.items():
            told[village] = told.get(village, 0.0) + worth * share
    best = sorted(told, key=lambda village: (-told[village], village))[:_MOST_LEARNED]
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
        for village in villages:
            near = by_district.get(village - village % DISTRICT, 0.0)
            _add_to_village(found[village], village, each, near, learned=learned)
        for district in districts:
            _add_to_district(
                found[district], district, each, by_district.get(district, 0.0), learned=learned
            )


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


def _with_districts(found: Mapping[Number, Evidence]) -> dict[Number, Evidence]:
    """Each village with what speaks for its district, and each district for itself."""
    whole: dict[Number, Evidence] = {0: {"elsewhere": 1.0}}
    for number, evidence in found.items():
        district = number - number % DISTRICT
        if number == district:
            whole[number] = {"district": 1.0, **evidence}
            continue
        above = found.get(district, {})
        inherited = {f"its {name}": above[name] for name in _INHERITED if name in above}
        whole[number] = {"village": 1.0, **evidence, **inherited}
        whole.setdefault(district, {"district": 1.0, **above})
    return whole
