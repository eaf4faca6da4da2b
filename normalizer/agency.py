"""
Who should get a report: by its topic, the layer of government its words tell, and its place.

Nothing is refused because it belongs to somebody else. A road of the province goes to the
province, a lamp in the next regency to that regency's government; both are named, with the words
that told so. What cannot be told stays null, with up to three offices it might be.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from normalizer.agencies import Agencies, Instead, Office
from normalizer.gazetteer import lies_in
from normalizer.jurisdiction import Jurisdiction
from normalizer.record import Agency, Judgement

_SUPERVISION = "pengaduan_pengawasan"
_MOST_ALTERNATIVES = 3
_MOST_REASONS = 5
# An office is named, but not what the report is about.
_ONLY_NAMED = 0.5
# "bukan jalan provinsi", "bukan milik PLN"
_DENIAL, _DENIED_WITHIN = "bukan", 2

# An office with the words that led to it besides its topic, empty where none did.
_Candidate: TypeAlias = tuple[Office, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What was judged before the office."""

    type: Judgement
    topic: Judgement
    #: Topics the words speak for, the likeliest first.
    topics: tuple[str, ...]
    spoken: Sequence[str]


def agency_of(matter: Matter, agencies: Agencies, area: Jurisdiction) -> Agency:
    """The office for a report, and those it might be."""
    clues = _clues(matter.spoken, agencies)
    called = [(agencies.offices[key], words) for key, words in clues.items() if key[0] != "#"]
    ranked = _ranked(matter, clues, area, agencies)
    decided = matter.topic
    chosen: _Candidate | None = None
    if matter.topic.value:
        chosen = next(ranked)
    elif len(called) == 1 and _looks_after(called[0][0], matter.topics, agencies):
        chosen = called[0]
        decided = Judgement(value=None, confidence=_ONLY_NAMED)
    if matter.type.value == _SUPERVISION:
        ranked = chain([chosen] if chosen else [], ranked)
        accused = _accused(chosen, matter, clues, area, agencies=agencies)
        chosen, decided = _supervisor(accused, agencies), matter.type
    return _told(chosen, decided, chain(called[:1], ranked, called[1:]), agencies, area=area)


def _clues(spoken: Sequence[str], agencies: Agencies) -> dict[str, str]:
    """What names an office or tells a layer, with the words that do."""
    found: dict[str, str] = {}
    for at, end, _, marks in agencies.clues.hits(spoken):
        if _DENIAL not in spoken[max(0, at - _DENIED_WITHIN) : at]:
            for label, _ in marks:
                found.setdefault(label, " ".join(spoken[at:end]))
    return found


def _ranked(
    matter: Matter, clues: Mapping[str, str], area: Jurisdiction, agencies: Agencies
) -> Iterator[_Candidate]:
    """All offices of the topic, else the first of each likely one; then the rest."""
    first = matter.topic.value or next(iter(matter.topics), None)
    if matter.topic.value:
        yield from _for_topic(matter.topic.value, clues, area, agencies)
    for topic in matter.topics:
        yield next(_for_topic(topic, clues, area, agencies))
    if first and not matter.topic.value:
        yield from _for_topic(first, clues, area, agencies)


def _for_topic(
    topic: str, clues: Mapping[str, str], area: Jurisdiction, agencies: Agencies
) -> Iterator[_Candidate]:
    for instead in agencies.instead[topic]:
        if (instead.clue is None or instead.clue in clues) and _is_there(instead, area):
            words = clues[instead.clue] if instead.clue else ""
            for office in instead.offices:
                yield office, words
    usual = agencies.by_topic[topic]
    for office in usual if clues else ():
        if office.key in clues:
            yield office, clues[office.key]
    for office in usual:
        yield office, ""


def _is_there(instead: Instead, area: Jurisdiction) -> bool:
    return not instead.places or any(lies_in(area.known, place) for place in instead.places)


def _looks_after(office: Office, topics: Iterable[str], agencies: Agencies) -> bool:
    return all(office in agencies.by_topic[topic] for topic in topics)


def _accused(
    chosen: _Candidate | None,
    matter: Matter,
    clues: Mapping[str, str],
    area: Jurisdiction,
    *,
    agencies: Agencies,
) -> _Candidate | None:
    """The office complained about; of "pungli" alone it is that of what else is told."""
    if chosen and chosen[0] in agencies.supervision.values() and matter.topics:
        return next(_for_topic(matter.topics[0], clues, area, agencies))
    return chosen


def _supervisor(chosen: _Candidate | None, agencies: Agencies) -> _Candidate | None:
    """Who looks into misconduct of the chosen office; a layer without one does so itself."""
    layer = chosen[0].layer if chosen else "kabupaten"
    supervisor = agencies.supervision.get(layer)
    return (supervisor, "") if supervisor else chosen


def _told(
    chosen: _Candidate | None,
    decided: Judgement,
    others: Iterable[_Candidate],
    agencies: Agencies,
    *,
    area: Jurisdiction,
) -> Agency:
    value, confidence, why = None, decided.confidence, list(decided.why)
    at_home: list[str] = []
    if chosen:
        office, words = chosen
        value = area.name(office, agencies)
        why = [words, *why] if words else why
    if area.abroad and (chosen is None or chosen[0].layer in area.foreign):
        value = value or area.government(agencies, "kabupaten")
        confidence, why = area.confidence, [*area.why, *why]
        # The place may have been understood wrongly.
        at_home = [chosen[0].name] if chosen and "{" not in chosen[0].name else []
    return Agency(
        value=value,
        confidence=round(confidence, 2),
        version=agencies.version,
        why=tuple(dict.fromkeys(why))[:_MOST_REASONS],
        alternatives=_names(at_home, others, value, agencies, area=area),
    )


def _names(
    names: list[str],
    others: Iterable[_Candidate],
    value: str | None,
    agencies: Agencies,
    *,
    area: Jurisdiction,
) -> tuple[str, ...]:
    """Three of the names at most: those given, and those of the other offices."""
    for office, _ in others:
        name = area.name(office, agencies)
        if name != value and name not in names:
            names.append(name)
            if len(names) == _MOST_ALTERNATIVES:
                break
    return tuple(names)
