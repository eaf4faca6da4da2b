"""
From a report to its record: the one place where everything that is derived comes together.

Pure and total: the same report, rules and neighbours give the same record, and no text makes it
fail. The text stays as the citizen wrote it, but for signs no database can hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite

import msgspec

from channels.contract import InboundMessage
from normalizer.classify import Classification, Heard, judge
from normalizer.flags import flags_of
from normalizer.language import language_of
from normalizer.match import match
from normalizer.model_judging import evidence_of, learned
from normalizer.places import VERSION as PLACES_VERSION
from normalizer.places import Located, locate
from normalizer.privacy import kinds_of, spans_in
from normalizer.record import MapPoint, Place, PlaceCandidate, Record, Reporter, StoredFile
from normalizer.report import Complaint, Neighbour, Report
from normalizer.rules import Rules
from normalizer.text import clean, matter_in, storable, title_of, words
from normalizer.urgency import urgency_of

# Enough to judge a complaint by; a mail may hold megabytes.
_READ = 20_000
_NOWHERE = "the map point is not a place on earth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a message says by itself, before it is compared with others."""

    #: `clean(matter_of(message))`.
    clean_text: str
    #: `matter_in(clean_text)`, of a long text its beginning.
    matter: str
    #: The words of its title and matter.
    spoken: Sequence[str]
    place: Place | None
    point: MapPoint | None
    judged: Classification


def understand(message: InboundMessage, rules: Rules, clean_text: str | None = None) -> Understood:
    """Where it is and what it is about; `clean_text` from whoever has made it already."""
    if clean_text is None:
        clean_text = clean(matter_of(message), rules.abbreviations)
    located = locate(_read(message, clean_text), message.place, rules.places)
    title = storable(message.title)
    matter = matter_in(clean_text[:_READ])
    spoken = words(f"{title}\n{matter}")
    heard = Heard.of(spoken, rules.taxonomy)
    judged = judge(heard, rules, chosen=message.topic, located=located)
    if rules.models:
        judged = learned(
            judged,
            evidence_of(clean_text, title, storable(message.place), rules, heard=heard),
            rules.models,
            lambda topic: judge(heard, rules, chosen=topic, located=located).agency,
            chosen=bool(message.topic and judged.topic.value == message.topic),
        )
    return Understood(
        clean_text=clean_text,
        matter=matter,
        spoken=spoken,
        place=_place(message, located),
        point=_point(message) or _point_in_words(located),
        judged=judged,
    )


def normalize(
    report: Report,
    rules: Rules,
    neighbours: Sequence[Neighbour],
    *,
    understood: Understood | None = None,
) -> Record:
    """
    Make the record of a report, compared with the neighbours the gateway found for it.

    `understood` is `understand(report.message, rules)`, from whoever has asked it already.
    """
    message = report.message
    text = storable(message.text)
    understood = understood or understand(message, rules)
    clean_text, place, point = understood.clean_text, understood.place, understood.point
    judged = understood.judged
    title = storable(message.title)
    judged_text = _read(message, clean_text)
    private = spans_in(text)
    nowhere = (_NOWHERE,) if message.point and not point else ()
    return Record(
        record_id=report.record_id,
        revision=report.revision,
        case_code=report.case_code,
        received_at=report.received_at,
        sent_at=message.sent_at,
        channel=storable(report.channel),
        external_id=storable(report.external_id),
        visibility="private" if message.confidential else "public",
        source_url=storable(message.source_url) or None,
        context=storable(message.context) or None,
        reporter=_reporter(report),
        anonymous=message.anonymous,
        confidential=message.confidential,
        text=text,
        clean_text=clean_text,
        title=title_of(title) or title_of(clean_text, where_of(place), understood.matter),
        language=language_of(judged_text),
        attachments=_files(report),
        type=judged.type,
        topic=judged.topic,
        agency=judged.agency,
        urgency=urgency_of(understood.spoken, rules.taxonomy),
        flags=flags_of(f"{title}\n{text}", rules.flags),
        place=place,
        point=point,
        duplicate=match(
            complaint(clean_text, place, judged.topic.value, message.sent_at or report.received_at),
            _comparable(message, neighbours),
        ),
        deadlines=rules.clock.of(judged.type.value, message.sent_at, report.received_at),
        privacy=kinds_of((*private, *spans_in(title))),
        privacy_spans=private,
        remarks=tuple(storable(remark) for remark in (*message.remarks, *nowhere)),
    )


def matter_of(message: InboundMessage) -> str:
    """The new words of a message, where the channel told them apart, else all it says."""
    return message.matter if message.matter and message.matter.strip() else message.text


def complaint(
    clean_text: str, place: Place | None, topic: str | None, at: datetime | None
) -> Complaint:
    """What of a record is compared with others."""
    if place is None:
        return Complaint(text=clean_text, topic=topic, at=at)
    parts = [place.name, place.street, place.landmark, place.hamlet]
    parts += [f"rt {place.rt}" if place.rt else "", f"rw {place.rw}" if place.rw else ""]
    where = ", ".join(filter(None, parts))
    return Complaint(text=clean_text, place=where, code=place.code, topic=topic, at=at)


def where_of(place: Place | None) -> str:
    """What a title says of the place, the smallest part first."""
    return (place.street or place.landmark or place.name) if place else ""


def _read(message: InboundMessage, clean_text: str) -> str:
    """The words a complaint is judged by."""
    return f"{storable(message.title)}\n{clean_text}"[:_READ]


def _comparable(message: InboundMessage, neighbours: Sequence[Neighbour]) -> Sequence[Neighbour]:
    """An anonymous report is matched by its words alone: "same sender" would tell who sent it."""
    if not message.anonymous:
        return neighbours
    return [replace(neighbour, same_sender=False) for neighbour in neighbours]


def _reporter(report: Report) -> Reporter:
    message = report.message
    shared = report.share_identity and not message.anonymous
    return Reporter(
        pseudonym=storable(report.pseudonym),
        name=storable(message.name) or None if shared else None,
        contact=storable(message.contact) or None if shared else None,
    )


def _files(report: Report) -> tuple[StoredFile, ...]:
    return tuple(
        msgspec.structs.replace(
            file, name=storable(file.name), media_type=storable(file.media_type)
        )
        for file in report.files
    )


def _point_in_words(located: Located) -> MapPoint | None:
    if located.point is None:
        return None
    return MapPoint(lat=located.point[0], lon=located.point[1])


def _place(message: InboundMessage, located: Located) -> Place | None:
    """The citizen's own words where they gave a place apart, else the name that was found."""
    said = " ".join(storable(message.place).split())
    parts = located.parts
    if not (said or located.code or located.candidates or any(parts)):
        return None
    return Place(
        code=located.code,
        name=said or located.name,
        level=located.level,
        confidence=located.confidence,
        candidates=tuple(
            PlaceCandidate(code=each.code, name=each.name, level=each.level)
            for each in located.candidates
        ),
        by="model" if located.learned else "rules",
        version=PLACES_VERSION,
        why=located.why,
        street=parts.street,
        landmark=parts.landmark,
        hamlet=parts.hamlet,
        rt=parts.rt,
        rw=parts.rw,
    )


def _point(message: InboundMessage) -> MapPoint | None:
    point = message.point
    if point is None or not (isfinite(point.lat) and isfinite(point.lon)):
        return None
    on_earth = abs(point.lat) <= 90 and abs(point.lon) <= 180  # noqa: PLR2004 (degrees)
    return MapPoint(lat=point.lat, lon=point.lon) if on_earth else None
