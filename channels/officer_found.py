"""
What an officer found and put down: a post, a letter, a telephone call, a row of another system.

JSON, as the journal keeps it and as POST /in/officer takes it. Who wrote it first stays the author;
the officer is only who entered it. Its name in the journal comes from the other system's id, or
else from what it says, so that entering it twice is entering it once.
"""

import hashlib
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from channels.contract import Attachment, Ignored, InboundMessage, Point
from channels.media_type import settled_type
from channels.webhooks import clean, decode, place_on_map
from channels.windows import pack_address

FORM = "lapor.officer/1"
_YEARS = range(1990, 2100)


class FoundFile(Struct, frozen=True, kw_only=True):
    """A file that lies beside it: a scan, a screenshot. Base64 in JSON."""

    name: str = ""
    media_type: str = ""
    content: bytes = b""


class Found(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One complaint somebody made elsewhere."""

    form: str = FORM
    text: str = ""
    title: str = ""
    link: str = ""
    #: Who complained, as they call themselves there.
    author: str = ""
    #: How the author may be reached, if they said so.
    contact: str = ""
    place: str = ""
    lat: float | None = None
    lon: float | None = None
    topic: str = ""
    #: When the author wrote it.
    written_at: Annotated[datetime, Meta(tz=True)] | None = None
    files: tuple[FoundFile, ...] = ()
    #: The other system and its own id of this: "instagram", "sp4n-2024".
    system: str = ""
    id: str = ""
    #: The officer who entered it.
    by: str = ""
    anonymous: bool = False
    confidential: bool = False
    #: What else the other system says, by its own names; kept and shown to nobody.
    other: dict[str, str] = {}


def read_found(content: bytes) -> Found:
    """What was put down; ValueError names the field that is wrong, never its content."""
    found = decode(content, Found)
    if found.form != FORM:
        raise ValueError("another form")
    return found


def says_nothing(found: Found) -> bool:
    """Whether there is neither a word nor a link nor a file."""
    return not (found.text.strip() or found.link.strip() or found.files)


def external_id(found: Found) -> str:
    """Its name in the journal; a digest, because ids elsewhere may be a citizen's own number."""
    if found.id:
        said: object = ("id", found.system, found.id)
    else:
        said = (
            "content", found.system, found.link, found.text, found.title, found.author,
            found.contact, found.place, _moment(found.written_at), found.files,
        )  # fmt: skip
    return f"sha256:{hashlib.sha256(msgspec.msgpack.encode(said)).hexdigest()}"


def message_of(found: Found) -> InboundMessage | Ignored:
    """What it says, in the author's name."""
    if says_nothing(found):
        return Ignored(reason="neither text nor link nor file")
    author, contact = _line(found.author), _line(found.contact)
    system, link = _line(found.system), _line(found.link)
    person = contact or author
    point = place_on_map(found.lat, found.lon)
    return InboundMessage(
        # Two networks may have people of one name.
        sender=f"{system}:{person}" if system and person else person,
        text=clean(found.text) if found.text.strip() else link,
        title=_line(found.title),
        sent_at=_moment(found.written_at),
        return_address=pack_address(contact) if contact else None,
        name=author,
        contact=contact,
        attachments=tuple(map(_attachment, found.files)),
        place=_line(found.place),
        point=point if point != Point(lat=0, lon=0) else None,
        anonymous=found.anonymous,
        confidential=found.confidential,
        topic=_line(found.topic),
        source_url=link,
        remarks=tuple(_remarks(system, _line(found.by))),
    )


def _moment(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC) if at and at.year in _YEARS else None


def _remarks(system: str, officer: str) -> list[str]:
    told = {"source": system, "entered by": officer}
    return [f"{what}: {who}" for what, who in told.items() if who]


def _attachment(file: FoundFile) -> Attachment:
    kind = settled_type(file.content, file.media_type)
    return Attachment(name=_line(file.name), media_type=kind, content=file.content)


def _line(text: str) -> str:
    return " ".join(clean(text).split())
