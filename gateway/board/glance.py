"""
What of a record is seen at a glance: the impersonal part of it, and how soon it asks for attention.

Pure. Only the fields that are wanted are read from the record's JSON, which is most of the cost.
"""

from datetime import datetime

import msgspec

from normalizer.privacy_hidden import ERASED
from normalizer.record import Duplicate, Flag

CLOSED = frozenset({"selesai", "diarsipkan", "dibatalkan"})
#: Below so many hundredths a judgement is one to look at.
LOW = 60
# Classes of attention, the first first.
EMERGENCY, UNSURE, WAITING, ACCEPTED, OVER = range(5)
# Within a class the newest is first: a time of 2^42 milliseconds is in the year 2109.
CLASS_BITS = 42
_LATEST = (1 << CLASS_BITS) - 1
_INCOMPLETE = "incomplete"
_NO_REPORT = "bukan_laporan"


class _Judged(msgspec.Struct, frozen=True):
    value: str | None = None
    confidence: float = 0.0
    by: str = "rules"


class _Urgent(msgspec.Struct, frozen=True):
    value: str = "biasa"
    by: str = "rules"


class _Placed(msgspec.Struct, frozen=True):
    code: str | None = None
    name: str = ""
    level: str | None = None
    confidence: float = 0.0
    by: str = "rules"


class Seen(msgspec.Struct, frozen=True):
    """As much of `normalizer.record.Record` as is looked at; with no values, an erased one."""

    text: str = ""
    clean_text: str = ""
    title: str = ""
    sent_at: datetime | None = None
    anonymous: bool = False
    confidential: bool = False
    language: str | None = None
    type: _Judged = _Judged()
    topic: _Judged = _Judged()
    agency: _Judged = _Judged()
    urgency: _Urgent = _Urgent()
    flags: tuple[Flag, ...] = ()
    place: _Placed | None = None
    duplicate: Duplicate | None = None
    remarks: tuple[str, ...] = (ERASED,)

    def texts(self) -> tuple[str, ...]:
        """What it may be found by the words of, the best first."""
        place = self.place.name if self.place else ""
        return self.clean_text, self.title, place, self.text


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the record; times are milliseconds since 1970."""

    received_at: int
    updated_at: int
    state: str
    accepted_by: str | None = None
    accepted_at: int | None = None
    answered_at: int | None = None
    closed_at: int | None = None
    due_at: int | None = None


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of a row that come from the record and its surroundings."""

    sent_at: int | None
    type: str | None
    type_confidence: int
    type_by: str
    topic: str | None
    topic_confidence: int
    topic_by: str
    agency: str | None
    agency_confidence: int
    agency_by: str
    urgency: str
    urgency_confidence: int
    urgency_by: str
    place: str | None
    place_level: str | None
    place_confidence: int
    place_by: str
    language: str | None
    anonymous: int
    confidential: int
    flags: str
    relation: str
    suggested: str | None
    incomplete: int
    unrouted: int
    least: int
    accepted_by: str | None
    accepted_at: int | None
    answered_at: int | None
    closed_at: int | None
    due_at: int | None
    rank: int
    erased: int


_SEEN = msgspec.json.Decoder(Seen)


def seen_in(document: bytes) -> Seen:
    """What is looked at of a record's JSON; an erased one has none."""
    return _SEEN.decode(document) if document else Seen()


def glance_of(seen: Seen, around: Around) -> Glance:
    """What is seen of a record at a glance; of an erased one, that it was there."""
    judged = (seen.type, seen.topic, seen.agency)
    least = min(_hundredths(one.confidence) for one in judged)
    unrouted = seen.agency.value is None
    place = seen.place or _Placed()
    duplicate = seen.duplicate
    kinds = [flag.value for flag in seen.flags]
    closed = around.state in CLOSED
    erased = _remarked(seen, ERASED)
    return Glance(
        sent_at=int(seen.sent_at.timestamp() * 1000) if seen.sent_at else None,
        type=seen.type.value,
        type_confidence=_hundredths(seen.type.confidence),
        type_by=seen.type.by,
        topic=seen.topic.value,
        topic_confidence=_hundredths(seen.topic.confidence),
        topic_by=seen.topic.by,
        agency=seen.agency.value,
        agency_confidence=_hundredths(seen.agency.confidence),
        agency_by=seen.agency.by,
        urgency=seen.urgency.value,
        # Words tell how urgent it is or do not: there is no share of them.
        urgency_confidence=100,
        urgency_by=seen.urgency.by,
        place=place.code,
        place_level=place.level,
        place_confidence=_hundredths(place.confidence),
        place_by=place.by,
        language=seen.language,
        anonymous=int(seen.anonymous),
        confidential=int(seen.confidential),
        flags=f" {' '.join(kinds)} " if kinds else "",
        relation=duplicate.relation if duplicate else "",
        suggested=duplicate.of if duplicate and duplicate.relation == "related" else None,
        incomplete=int(_remarked(seen, _INCOMPLETE)),
        unrouted=int(unrouted),
        least=least,
        accepted_by=around.accepted_by,
        accepted_at=around.accepted_at,
        answered_at=around.answered_at,
        closed_at=(around.closed_at or around.updated_at) if closed else None,
        due_at=None if closed else around.due_at,
        rank=_rank(seen, around, unsure=unrouted or least < LOW, erased=erased),
        erased=int(erased),
    )


def floor(attention: int) -> int:
    """The lowest rank of a class."""
    return attention << CLASS_BITS


def _rank(seen: Seen, around: Around, *, unsure: bool, erased: bool) -> int:
    if around.state in CLOSED or erased:
        attention = OVER
    elif around.accepted_by is not None:
        attention = ACCEPTED
    elif seen.urgency.value == "darurat":
        attention = EMERGENCY
    elif unsure and seen.type.value != _NO_REPORT:
        attention = UNSURE
    else:
        attention = WAITING
    return floor(attention) + _LATEST - around.received_at


def _remarked(seen: Seen, beginning: str) -> bool:
    return any(remark.startswith(beginning) for remark in seen.remarks)


def _hundredths(confidence: float) -> int:
    return round(confidence * 100)
