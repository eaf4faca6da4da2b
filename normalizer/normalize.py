"""
From a report to its record: the one place where everything that is derived comes together.

Pure and total: the same report, rules and neighbours give the same record, and no text makes it
fail. The text stays as the citizen wrote it, but for signs no database can hold.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import isfinite

import msgspec

from channels.contract import InboundMessage
from normalizer.match import match
from normalizer.privacy import kinds_of, spans_in
from normalizer.record import MapPoint, Place, Record, Reporter, StoredFile
from normalizer.report import Complaint, Neighbour, Report, written_at
from normalizer.rules import Rules
from normalizer.text import storable
from normalizer.understand import Understood, understand

_NOWHERE = "the map point is not a place on earth"


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
    understood = understood or understand(message, rules)
    clean_text, place = understood.clean_text, understood.place
    # That of a photo came later than the words.
    point = _point(message) or understood.point
    judged, private = understood.judged, understood.private
    title = storable(message.title)
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
        text=storable(message.text),
        clean_text=clean_text,
        title=understood.title,
        language=understood.language,
        attachments=_files(report),
        type=judged.type,
        topic=judged.topic,
        agency=judged.agency,
        urgency=understood.urgency,
        flags=understood.flags,
        place=place,
        point=point,
        duplicate=match(
            complaint(
                clean_text,
                place,
                judged.topic.value,
                written_at(message.sent_at, report.received_at),
            ),
            _comparable(message, neighbours),
        ),
        deadlines=rules.clock.of(judged.type.value, message.sent_at, report.received_at),
        privacy=kinds_of((*private, *(spans_in(title) if title else ()))),
        privacy_spans=private,
        remarks=tuple(storable(remark) for remark in (*message.remarks, *nowhere)),
    )


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


def _point(message: InboundMessage) -> MapPoint | None:
    point = message.point
    if point is None or not (isfinite(point.lat) and isfinite(point.lon)):
        return None
    on_earth = abs(point.lat) <= 90 and abs(point.lon) <= 180  # noqa: PLR2004 (degrees)
    return MapPoint(lat=point.lat, lon=point.lon) if on_earth else None
