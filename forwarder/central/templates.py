"""
Values of a record by name, and templates such as "{title} ({place})" over them; pure.

A name nobody knows stays as it stands, so that a mistake is seen. What a citizen wrote is put in
once and never read as a template itself.
"""

import re
from collections.abc import Iterable, Mapping

from normalizer.record import Record

#: What `words_of` knows.
WORDS = (
    *("record_id", "case_code", "revision", "received_at", "date", "channel", "source_url"),
    *("title", "text", "clean_text", "language", "type", "topic", "agency", "urgency"),
    *("place", "place_code", "address", "lat", "long", "anonymous", "confidential"),
    *("reporter_name", "reporter_contact"),
)
NAME = re.compile(r"\{([a-z0-9_]+)\}")


def words_of(record: Record) -> Mapping[str, str]:
    """What a template may name; empty where the record does not tell."""
    place, point, reporter = record.place, record.point, record.reporter
    return {
        "record_id": record.record_id,
        "case_code": record.case_code,
        "revision": str(record.revision),
        "received_at": record.received_at.isoformat(),
        "date": record.received_at.date().isoformat(),
        "channel": record.channel,
        "source_url": record.source_url or "",
        "title": record.title,
        "text": record.text,
        "clean_text": record.clean_text,
        "language": record.language or "",
        "type": record.type.value or "",
        "topic": record.topic.value or "",
        "agency": record.agency.value or "",
        "urgency": record.urgency.value,
        "place": place.name if place else "",
        "place_code": (place.code or "") if place else "",
        "address": address_of(record),
        "lat": f"{point.lat:.6f}" if point else "",
        "long": f"{point.lon:.6f}" if point else "",
        "anonymous": "1" if record.anonymous else "0",
        "confidential": "1" if record.confidential else "0",
        "reporter_name": reporter.name or "",
        "reporter_contact": reporter.contact or "",
    }


def filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its names replaced."""
    return NAME.sub(lambda found: words.get(found[1], found[0]), template)


def unknown_names(templates: Iterable[str], known: Iterable[str]) -> list[str]:
    """Names in templates that nothing stands for."""
    known = set(known)
    return sorted({name for one in templates for name in NAME.findall(one) if name not in known})


def address_of(record: Record) -> str:
    """What the report says about the place, in one line."""
    place = record.place
    if place is None:
        return ""
    numbers = [f"RT {place.rt}" if place.rt else "", f"RW {place.rw}" if place.rw else ""]
    parts = [place.street, place.landmark, place.hamlet, *numbers, place.name]
    return ", ".join(dict.fromkeys(part for part in parts if part))
