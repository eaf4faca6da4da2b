"""
What the journal keeps of one request: msgpack, with every field as the client sent it.

Not the body itself: it holds the api_key, and a multipart body differs at every sending. Fields
nobody knows today are kept as well.
"""

from typing import Literal
from urllib.parse import unquote

import msgspec
from msgspec import Struct
from yarl import URL

from channels.contract import Attachment, Ignored, InboundMessage, Point, RemoteFile
from channels.media_type import media_type
from channels.open311_fields import Pairs, attributes, degrees, every, first
from channels.webhooks import clean
from channels.windows import pack_address

MOST_MEDIA = 10
MOST_REMARKS = 40
LONGEST_REMARK = 300


class FiledFile(Struct, frozen=True, kw_only=True):
    """A file that came with a multipart form."""

    name: str
    content: bytes


class Filed(Struct, frozen=True, kw_only=True):
    """One request of one client."""

    form: Literal["lapor.open311/1"] = "lapor.open311/1"
    client: str
    #: When it came, in seconds since 1970: within ten minutes the same request is the same.
    at: int
    #: As the service was called when it came.
    service_name: str = ""
    fields: Pairs = ()
    files: tuple[FiledFile, ...] = ()

    def is_like(self, other: "Filed") -> bool:
        """Whether both say the same, whenever they came and in whichever order."""
        return sorted(self.fields) == sorted(other.fields) and self.files == other.files


def message_of(kept: Filed) -> InboundMessage | Ignored:
    """What a kept request says."""
    pairs = kept.fields
    if not (pairs or kept.files):
        return Ignored(reason="an empty request")
    client = _line(kept.client)
    contact = _line(first(pairs, "email") or first(pairs, "phone"))
    person = _line(first(pairs, "account_id")) or contact or _line(first(pairs, "device_id"))
    urls = every(pairs, "media_url")
    media, rest = urls[:MOST_MEDIA], urls[MOST_MEDIA:]
    links = [url for url in media if _is_address(url)]
    return InboundMessage(
        # Two clients may number their accounts alike.
        sender=f"{client}:{person}" if person else "",
        text=_words(kept),
        return_address=pack_address(client),
        name=_line(f"{first(pairs, 'first_name')} {first(pairs, 'last_name')}"),
        contact=contact,
        attachments=tuple(map(_attachment, kept.files)),
        remote=tuple(RemoteFile(key=clean(url), name=_file_name(url)) for url in links),
        place=_line(first(pairs, "address_string")),
        point=_point(pairs),
        topic=_line(first(pairs, "service_code")),
        remarks=(
            f"open311: {client}",
            *_remarks(pairs),
            *["media_url is no address" for url in media if url not in links],
            *[f"{len(rest)} more media_url left out" for _ in rest[:1]],
        ),
    )


def _words(kept: Filed) -> str:
    """The description; a request without one is still a report about its service."""
    written = clean(first(kept.fields, "description"))
    service = kept.service_name or first(kept.fields, "service_code")
    return written or f"Laporan tanpa keterangan: {_line(service)}"


def _remarks(pairs: Pairs) -> list[str]:
    found = [f"address_id: {first(pairs, 'address_id')}"] if first(pairs, "address_id") else []
    found += [f"{code}: {', '.join(values)}" for code, values in attributes(pairs).items()]
    return [_line(remark)[:LONGEST_REMARK] for remark in found[:MOST_REMARKS]]


def _point(pairs: Pairs) -> Point | None:
    lat, lon = degrees(first(pairs, "lat"), 90), degrees(first(pairs, "long"), 180)
    return None if lat is None or lon is None else Point(lat=lat, lon=lon)


def _attachment(file: FiledFile) -> Attachment:
    kind = media_type(file.content)
    return Attachment(name=_line(file.name), media_type=kind, content=file.content)


def _is_address(url: str) -> bool:
    try:
        address = URL(url)
        return address.scheme in {"http", "https"} and bool(address.host)
    except ValueError:
        return False


def _file_name(url: str) -> str:
    return _line(unquote(url.partition("?")[0].rpartition("/")[2], errors="replace"))[:100]


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def read_filed(payload: bytes) -> Filed | None:
    """What was kept, or None where these bytes are nothing we kept."""
    try:
        return msgspec.msgpack.decode(payload, type=Filed)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
