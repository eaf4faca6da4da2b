"""
From a report to its record: the one place where everything that is derived comes together.

Pure and total: the same report, rules and neighbours give the same record, and no text makes it
fail. The text stays as the citizen wrote it, but for signs no database can hold.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import msgspec

from channels.contract import InboundMessage
from normalizer.classify import classify
from normalizer.flags import flags_of
from normalizer.language import language_of
from normalizer.match import match
from normalizer.places import VERSION as PLACES_VERSION
from normalizer.places import Located, locate
from normalizer.privacy import kinds_of, spans_in
from normalizer.record import MapPoint, Place, PlaceCandidate, Record, Reporter, StoredFile
from normalizer.report import Neighbour, Report
from normalizer.rules import Rules
from normalizer.text import clean, matter_in, storable, title_of, words
from normalizer.urgency import urgency_of

# Enough to judge a complaint by; a mail may hold megabytes.
_READ = 20_000
_NOWHERE = "the map point is not a place on earth"


def normalize(
    report: Report, rules: Rules, neighbours: Sequence[Neighbour], *, clean_text: str | None = None
) -> Record:
    """
    Make the record of a report, compared with the neighbours the gateway found for it.

    `clean_text` is `clean(matter_of(message))`, from whoever has made it already.
    """
    message = report.message
    text = storable(message.text)
    if clean_text is None:
        clean_text = clean(matter_of(message), rules.abbreviations)
    title = storable(message.title)
    judged_text = f"{title}\n{clean_text}"[:_READ]
    located = locate(judged_text, message.place, rules.places)
    place = _place(message, located)
    point = _point(message) or _point_in_words(located)
    spoken = words(f"{title}\n{matter_in(clean_text[:_READ])}")
    judged = classify(spoken, rules, chosen=message.topic, located=located)
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
        title=title_of(title) or title_of(clean_text, _where(place)),
        language=language_of(judged_text),
        attachments=_files(report),
        type=judged.type,
        topic=judged.topic,
        agency=judged.agency,
        urgency=urgency_of(spoken, rules.taxonomy),
        flags=flags_of(f"{title}\n{text}", rules.flags),
        place=place,
        point=point,
        duplicate=match(clean_text, _comparable(message, neighbours), place.name if place else ""),
        privacy=kinds_of((*private, *spans_in(title))),
        privacy_spans=private,
        remarks=tuple(storable(remark) for remark in (*message.remarks, *nowhere)),
    )


def matter_of(message: InboundMessage) -> str:
    """The new words of a message, where the channel told them apart, else all it says."""
    return message.matter if message.matter and message.matter.strip() else message.text


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


def _where(place: Place | None) -> str:
    """What a title says of the place, the smallest part first."""
    return (place.street or place.landmark or place.name) if place else ""


def _point(message: InboundMessage) -> MapPoint | None:
    point = message.point
    if point is None or not (isfinite(point.lat) and isfinite(point.lon)):
        return None
    on_earth = abs(point.lat) <= 90 and abs(point.lon) <= 180  # noqa: PLR2004 (degrees)
    return MapPoint(lat=point.lat, lon=point.lon) if on_earth else None
