"""
What speaks for each place a text may mean, as numbers with names: the evidence that is weighed.

Candidates are the villages and districts whose names were found, the villages the learned streets
point to, and their districts (for "in this district, no village told"); 0 stands for any other
place. The weights that make a probability of it stand in places_weights.py.
"""

from collections.abc import Mapping, Sequence

from normalizer.gazetteer import DISTRICT, Area, Number, lies_in, lies_in_area
from normalizer.places_heard import Evidence, Learned, add_heard
from normalizer.places_meaning import Mention, Named
from normalizer.places_words import Part

_INHERITED = ("district in address", "district in text", "district district", "district best")


def weigh_up(
    said: Sequence[Part], named: Named, *, area: Area, learned: Learned | None
) -> dict[Number, Evidence]:
    """The evidence for every candidate."""
    found: dict[Number, Evidence] = {}
    _add_names(found, named, area)
    if learned:
        add_heard(found, said, learned)
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
    if mention.before_district:
        evidence["name before district"] = 1.0
    if villages > 1:
        evidence["namesakes"] = 1.0
    if villages < len(mention.numbers):
        evidence["shared whole" if mention.cue == "whole" else "shared"] = 1.0


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
