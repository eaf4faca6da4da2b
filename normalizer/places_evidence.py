"""
What speaks for each place a text may mean, as numbers with names: the evidence that is weighed.

Candidates are the villages and districts whose names were found, the villages the learned streets
point to, and their districts (for "in this district, no village told"); 0 stands for any other
place. The weights that make a probability of it stand in places_weights.py.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from normalizer.gazetteer import DISTRICT, Number, lies_in
from normalizer.places_names import Named
from normalizer.places_streets import Phrase, Streets, phrases
from normalizer.places_words import Source, parts

Evidence: TypeAlias = dict[str, float]

_MOST_LEARNED = 8
_MOST_DISTRICTS = 6
# Reports of "somewhere else" a phrase of one, two or more words is believed to have besides those
# that were counted, and more for each further village that has it.
_UNSEEN = (2.0, 1.0, 0.6)
_UNSEEN_PER_VILLAGE = 0.3
_TEXT_SHARE = 0.5
_FLOOR = 0.01
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """A phrase that was learned: the share of each village in it, and what is left for others."""

    source: Source
    shares: Mapping[Number, float]
    rest: float


def weigh_up(
    address: str, text: str, named: Named, tenant: Number, learned: Learned | None
) -> dict[Number, Evidence]:
    """The evidence for every candidate."""
    found: dict[Number, Evidence] = {}
    _add_names(found, named, tenant)
    if learned:
        _add_learned(found, _heard(address, text, learned.streets), learned)
    return _with_districts(found)


def _add_names(found: dict[Number, Evidence], named: Named, tenant: Number) -> None:
    regencies = [number for mention in named.large for number in mention.numbers]
    for mention in named.small:
        villages = sum(number % DISTRICT > 0 for number in mention.numbers)
        shared = 0 < villages < len(mention.numbers)
        for number in mention.numbers:
            evidence = found.setdefault(number, {})
            kind = "name" if number % DISTRICT else "district"
            evidence[f"{kind} {mention.cue}{' shared' if shared else ''}"] = 1.0
            evidence[f"{kind} in {mention.source}"] = 1.0
            if mention.after and number % DISTRICT:
                evidence[f"before {mention.after}"] = 1.0
            if mention.typo:
                evidence["typo"] = 1.0
            if number % DISTRICT and villages > 1:
                evidence["namesakes"] = 1.0
            if regencies and any(lies_in(number, regency) for regency in regencies):
                evidence["regency named"] = 1.0
            elif regencies:
                evidence["other regency named"] = 1.0
            if not lies_in(number, tenant):
                evidence["outside"] = 1.0


def _heard(address: str, text: str, streets: Streets) -> list[_Heard]:
    """The longest learned phrases of each part; what stands in the address and again in the text counts once."""
    heard: dict[str, _Heard] = {}
    for said, source in ((address, "address"), (text, "text")):
        for spoken in parts(said):
            _hear(spoken, source, streets, heard)  # type: ignore[arg-type]
    return list(heard.values())


def _hear(
    spoken: list[str], source: Source, streets: Streets, heard: dict[str, _Heard]
) -> None:
    known: list[tuple[Phrase, Mapping[Number, float]]] = []
    for phrase in phrases(spoken, source):
        counts = streets.share(phrase.key)
        if counts:
            known.append((phrase, counts))
    for phrase, counts in known:
        nested = any(
            other is not phrase
            and other.start <= phrase.start
            and phrase.end <= other.end
            and sum(more.values()) >= 1
            for other, more in known
        )
        if nested or phrase.key in heard:
            continue
        length = min(phrase.end - phrase.start, len(_UNSEEN))
        unseen = _UNSEEN[length - 1] + _UNSEEN_PER_VILLAGE * (len(counts) - 1)
        total = sum(counts.values()) + unseen
        shares = {village: count / total for village, count in counts.items()}
        heard[phrase.key] = _Heard(source=source, shares=shares, rest=unseen / total)


def _add_learned(
    found: dict[Number, Evidence], heard: Iterable[_Heard], learned: Learned
) -> None:
    told: dict[Number, float] = {}
    heard = list(heard)
    for each in heard:
        worth = 1.0 if each.source == "address" else _TEXT_SHARE
        for village, share in each.shares.items():
            told[village] = told.get(village, 0.0) + worth * share
    best = sorted(told, key=lambda village: (-told[village], village))[:_MOST_LEARNED]
    villages = {*best, *(number for number in found if number % DISTRICT)}
    districts: dict[Number, Evidence] = {}
    for each in heard:
        by_district: dict[Number, float] = {}
        for village, share in each.shares.items():
            district = village - village % DISTRICT
            by_district[district] = by_district.get(district, 0.0) + share
        for village in villages:
            _add_phrase(found.setdefault(village, {}), village, each, by_district, learned)
        for district in {
            *(village - village % DISTRICT for village in villages), *by_district, *districts,
            *(number for number in found if number % DISTRICT == 0),
        }:
            _add_to_district(districts.setdefault(district, {}), district, each, by_district, learned)
    likely = sorted(districts, key=lambda d: (-districts[d]["district told"], d))[:_MOST_DISTRICTS]
    for district in {*likely, *(village - village % DISTRICT for village in villages)}:
        found.setdefault(district, {}).update(districts.get(district, {}))
    for district in districts.keys() & found.keys():
        found[district].update(districts[district])


def _add_phrase(
    evidence: Evidence,
    village: Number,
    heard: _Heard,
    by_district: Mapping[Number, float],
    learned: Learned,
) -> None:
    share = heard.shares.get(village, 0.0)
    prior = max(learned.priors.get(village, 0.0), _LEAST_PRIOR)
    district = village - village % DISTRICT
    inside = prior / max(learned.district_priors.get(district, 0.0), prior)
    near = _TO_NEIGHBOURS * by_district.get(district, 0.0) * inside
    told = math.log((share + near + (heard.rest + _FLOOR) * prior) / prior)
    name = f"told by {heard.source}"
    evidence[name] = evidence.get(name, 0.0) + told
    if share:
        best = f"best in {heard.source}"
        evidence[best] = max(evidence.get(best, 0.0), share)
        sure = f"sure in {heard.source}"
        evidence[sure] = max(evidence.get(sure, 0.0), -math.log(1 - share + 0.02))


def _add_to_district(
    evidence: Evidence,
    district: Number,
    heard: _Heard,
    by_district: Mapping[Number, float],
    learned: Learned,
) -> None:
    prior = max(learned.district_priors.get(district, 0.0), _LEAST_PRIOR)
    share = by_district.get(district, 0.0)
    told = math.log((share + (heard.rest + _FLOOR) * prior) / prior)
    name = "district told" if heard.source == "address" else "district told by text"
    evidence[name] = evidence.get(name, 0.0) + told
    evidence.setdefault("district told", 0.0)
    worth = share if heard.source == "address" else 0.6 * share
    evidence["district best"] = max(evidence.get("district best", 0.0), worth)


def _with_districts(found: Mapping[Number, Evidence]) -> dict[Number, Evidence]:
    """Each village with what speaks for its district, and each district for itself."""
    whole: dict[Number, Evidence] = {0: {"elsewhere": 1.0}}
    for number, evidence in found.items():
        district = number - number % DISTRICT
        above = found.get(district, {})
        if number == district:
            whole[number] = {"district": 1.0, **evidence}
            continue
        inherited = {
            f"its {name}": above[name]
            for name in ("district in address", "district in text", "district district", "district whole", "district best")
            if name in above
        }
        whole[number] = {"village": 1.0, **evidence, **inherited}
        whole.setdefault(district, {"district": 1.0, **above})
    return whole
