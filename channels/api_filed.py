"""
What the journal keeps of one report: msgpack, so that `parse` needs nothing but the bytes.

Not the request itself: a multipart body differs at every sending, and a retry must be found equal
to what was stored. Looser than the wire structs, for the journal may hold what older rules let in.
"""

from datetime import UTC, datetime
from typing import Literal, TypeVar

from msgspec import Struct, UnsetType

from channels.api_report import FormReport, Report
from channels.contract import Attachment, Ignored, InboundMessage, Point
from channels.media_type import media_type
from channels.webhooks import clean
from channels.windows import pack_address

T = TypeVar("T")


class FiledFile(Struct, frozen=True, kw_only=True):
    """A file as the app sent it."""

    name: str
    content: bytes


class Filed(Struct, frozen=True, kw_only=True):
    """One report of one app."""

    form: Literal["lapor.api/1"] = "lapor.api/1"
    app: str
    #: The app's own id of the report.
    id: str = ""
    text: str = ""
    title: str = ""
    topic: str = ""
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    reporter_id: str = ""
    reporter_name: str = ""
    reporter_contact: str = ""
    anonymous: bool = False
    confidential: bool = False
    sent_at: datetime | None = None
    files: tuple[FiledFile, ...] = ()


def filed(app: str, report: Report | FormReport, files: tuple[FiledFile, ...] = ()) -> Filed:
    """What is kept of a report."""
    if isinstance(report, Report):
        person = report.reporter
        names = (person.id, person.name, person.contact)
    else:
        names = (report.reporter_id, report.reporter_name, report.reporter_contact)
    return Filed(
        app=app,
        id=report.id,
        text=report.text or "",
        title=report.title,
        topic=report.topic,
        place=report.place,
        lat=_given(report.lat),
        lon=_given(report.lon),
        reporter_id=names[0],
        reporter_name=names[1],
        reporter_contact=names[2],
        anonymous=report.anonymous,
        confidential=report.confidential,
        sent_at=_moment(_given(report.sent_at)),
        files=files,
    )


def message_of(kept: Filed) -> InboundMessage | Ignored:
    """What a kept report says."""
    if not (kept.text.strip() or kept.files):
        return Ignored(reason="an empty report")
    point, doubts = _point(kept.lat, kept.lon)
    app, contact = _line(kept.app), _line(kept.reporter_contact)
    person = _line(kept.reporter_id) or contact
    return InboundMessage(
        # Two apps may number their users alike.
        sender=f"{app}:{person}" if person else "",
        text=clean(kept.text),
        title=_line(kept.title),
        sent_at=_moment(kept.sent_at),
        return_address=pack_address(app, id=_line(kept.id)),
        name=_line(kept.reporter_name),
        contact=contact,
        attachments=tuple(map(_attachment, kept.files)),
        place=_line(kept.place),
        point=point,
        anonymous=kept.anonymous,
        confidential=kept.confidential,
        topic=_line(kept.topic),
        remarks=(f"app: {app}", *doubts),
    )


def _given(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _moment(at: datetime | None) -> datetime | None:
    """In UTC; None for the first and last hours of the calendar, which have no such time."""
    try:
        return at.astimezone(UTC) if at and at.tzinfo else None
    except OverflowError:
        return None


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _attachment(file: FiledFile) -> Attachment:
    kind = media_type(file.content)
    return Attachment(name=_line(file.name), media_type=kind, content=file.content)


def _point(lat: float | None, lon: float | None) -> tuple[Point | None, tuple[str, ...]]:
    if lat is None and lon is None:
        return None, ()
    if lat is None or lon is None:
        return None, ("half a map point: one of lat and lon is missing",)
    if not (lat or lon):
        return None, ("map point 0, 0 left out: the telephone did not know where it was",)
    return Point(lat=lat, lon=lon), ()
