"""What an officer may choose from, and the record after they chose. Pure but for reading config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec

from gateway.build_routes import read_taxonomy
from gateway.config_files import find_config_file
from gateway.decode import Decoder, read_toml
from gateway.handling.place_choices import NO_PLACES, Places
from gateway.secrets import Secrets
from gateway.settings import Settings
from normalizer.record import Agency, Judgement, Place, Record, ReportType, Urgency
from normalizer.shapes import AgenciesFile

Field = Literal["type", "topic", "agency", "urgency", "place"]
FIELDS: tuple[Field, ...] = get_args(Field)
TYPES: tuple[str, ...] = get_args(ReportType)
URGENCIES = ("darurat", "segera", "biasa")
_SURE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The values there are."""

    #: What topics are called, by name.
    topics: Mapping[str, str]
    #: Offices by name; those named after a place come from the record itself.
    agencies: tuple[str, ...]
    #: The usual office of a topic.
    usual: Mapping[str, str]
    #: Where reports may be from, beside what their own words may mean.
    places: Places = NO_PLACES

    def has(self, record: Record, field: Field, value: str) -> bool:
        """Whether somebody may put this value there."""
        if field == "place":
            known = self.places.get(value) or _candidate(record, value)
            return known is not None if value else bool(record.place)
        if field == "agency":
            return value in (*self.agencies, record.agency.value, *record.agency.alternatives)
        if field == "topic":
            return value in self.topics or value == record.topic.value
        return value in (TYPES if field == "type" else URGENCIES)

    def changed(self, record: Record, field: Field, value: str) -> Record:
        """The record with another value; what it already was is confirmed."""
        if field == "place" and not _candidate(record, value) and (spot := self.places.get(value)):
            placed = _placed(record, (spot.code, spot.name, spot.level))
            return msgspec.structs.replace(record, place=placed)
        return changed(record, field, value)

    def with_usual_office(self, record: Record) -> Record:
        """The usual office of a topic an officer chose, unless an officer chose that as well."""
        office = self.usual.get(record.topic.value or "")
        if record.agency.by == "officer" or not office or office == record.agency.value:
            return record
        return changed(record, "agency", office, by="rules")


def read_choices(settings: Settings) -> Choices:
    """What config/taxonomy.toml and config/agencies.toml offer."""
    file = find_config_file(settings.config_dir, "agencies.toml")
    agencies = Decoder(file, Secrets({})).section(read_toml(file), AgenciesFile)
    offices = {key: name for named in agencies.offices.values() for key, name in named.items()}
    plain = {key: name for key, name in offices.items() if "{" not in name}
    topics = read_taxonomy(settings).topics
    usual = {}
    for topic in topics:
        keys = agencies.topics.get(topic.name) or agencies.topics.get(topic.under, [])
        if keys and keys[0] in plain:
            usual[topic.name] = plain[keys[0]]
    return Choices(
        topics={topic.name: topic.title for topic in topics},
        agencies=tuple(dict.fromkeys(plain.values())),
        usual=usual,
    )


def accepted(record: Record, field: Field) -> Record:
    """The record with a suggestion as the officer's own; its reasons stay."""
    before: Judgement = getattr(record, field)
    if before.value is None or before.by == "officer":
        return record
    after = msgspec.structs.replace(before, confidence=_SURE, by="officer")
    return msgspec.structs.replace(record, **{field: after})


def changed(
    record: Record, field: Field, value: str, *, by: Literal["officer", "rules"] = "officer"
) -> Record:
    """The record with another value; what it already was is confirmed."""
    if field == "place":
        place = _placed(record, _candidate(record, value)) if record.place else None
        return msgspec.structs.replace(record, place=place)
    if field == "urgency":
        urgency = msgspec.convert({"value": value, "by": by}, Urgency)
        return msgspec.structs.replace(record, urgency=urgency)
    before: Judgement = getattr(record, field)
    if before.value == value:
        return accepted(record, field)
    if isinstance(before, Agency):
        others = tuple(one for one in (before.value, *before.alternatives) if one and one != value)
        after: Judgement = Agency(value=value, confidence=_SURE, by=by, alternatives=others[:3])
    else:
        after = Judgement(value=value, confidence=_SURE, by=by)
    return msgspec.structs.replace(record, **{field: after})


def _placed(record: Record, other: tuple[str, str, str] | None) -> Place:
    """Another place, or none of those the words may mean; what was said of the street stays."""
    before = record.place or Place()
    return msgspec.structs.replace(
        before,
        code=other[0] if other else None,
        name=other[1] if other else before.name,
        level=other[2] if other else None,
        confidence=_SURE,
        by="officer",
    )


def _candidate(record: Record, code: str) -> tuple[str, str, str] | None:
    place = record.place
    if place is None or not code:
        return None
    if place.code == code:
        return code, place.name, place.level or ""
    found = (one for one in place.candidates if one.code == code)
    return next(((one.code, one.name, one.level) for one in found), None)
