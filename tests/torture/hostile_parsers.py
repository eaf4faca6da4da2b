"""Everything that reads bytes of strangers, with recorded bytes to begin from."""

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec
import openpyxl  # type: ignore[import-untyped]  # it publishes none
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from normalizing import RULES, report, said

from channels import addresses, gsm7, sms_form, sms_text
from channels.capture import unpack
from channels.contract import Channel, Secret
from channels.mail_bounce import read_report
from channels.mail_html import html_to_text
from channels.mail_mime import read_mail
from channels.mail_threads import OurAddresses
from channels.mail_tokens import Tokens
from channels.mail_trim import trimmed
from channels.media_type import settled_type
from channels.multipart import Broken, Parts, TooMuch
from channels.officer_dates import read_date
from channels.officer_plan import plan
from channels.officer_table import NoTable, read_table
from channels.open311_fields import attributes, pairs_of
from channels.open311_search import search_of
from channels.registry import CHANNELS
from channels.rss_feed import NoFeed, entries_of
from channels.signatures import Signatures
from channels.standard_webhooks import verify
from channels.webhooks import decode
from forwarder.backoff import retry_after
from forwarder.central.answers import Answer, outcome_of
from forwarder.central.events import page_in, updates_in
from forwarder.central.open311_read import moment_of, rows_in
from gateway import exif
from gateway.console.inbox_view import filter_in
from gateway.images import clean
from gateway.signing import NotSigned, read_signed
from normalizer.dialog import hear
from normalizer.normalize import normalize

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOW = 1_795_300_000
OURS = OurAddresses(("lapor@localhost",), Tokens(bytes(32)))
#: What a caller of a reader expects of bytes that are none.
REFUSED: tuple[type[Exception], ...] = (ValueError,)
EVENT = (
    b'{"specversion":"1.0","id":"1","source":"s","type":"lapor.update.v1","subject":"r",'
    b'"time":"2026-01-04T08:00:00+07:00","data":{"status":"Selesai","text":"ok","agency":"PU"}}'
)
CASES_XML = (
    b"<?xml version='1.0'?><service_requests><request><service_request_id>1</service_request_id>"
    b"<status>open</status><updated_datetime>2026-01-04T08:00:00Z</updated_datetime></request>"
    b"</service_requests>"
)
CASES_JSON = (
    b'[{"service_request_id":"1","status":"open","updated_datetime":"2026-01-04T08:00:00Z"}]'
)
FEED = (
    b"<?xml version='1.0'?><rss version='2.0'><channel><title>Kabar</title><item><title>Banjir"
    b"</title><link>https://kabar.example/1</link><guid>1</guid><description>&lt;p&gt;Tiga desa"
    b"&lt;/p&gt;</description>"
    b"<pubDate>Sat, 03 Jan 2026 08:30:00 +0700</pubDate></item></channel></rss>"
)
ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom'><title>Kabar</title><entry><id>1</id>"
    b"<title>Banjir</title><updated>2026-01-03T08:30:00Z</updated>"
    b"<content type='html'>x</content></entry></feed>"
)
FORM = (
    b'--frontier\r\nContent-Disposition: form-data; name="text"\r\n\r\nLampu padam\r\n'
    b'--frontier\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    b"\xff\xd8\r\n--frontier--\r\n"
)
HTML = b"<html><head><meta charset=utf-8></head><body><p>Jalan<table><tr><td>rusak</table></body>"
TEXTS = (
    "Lampu jalan padam di Jl. Melati No. 3 RT 02/05 Kel. Sukamaju, Kec. Contoh sejak 3 hari",
    "STATUS 0000000AA",
    "TAMBAH 0000000AA foto menyusul",
    "Pada Sel, 3 Mar 2026 pukul 08.30 Lapor <lapor@localhost> menulis:\n> terima kasih\n-- \nBudi",
    "tlp 0812-0000-0001 nik 3603010101900001 a.n. Warga Satu, budi@example.org 😢 \uff2a\uff21",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """One reader of foreign bytes."""

    name: str
    read: Callable[[bytes], object]
    seeds: Sequence[bytes]
    #: What it may raise: nothing, or its own refusal.
    refuses: tuple[type[Exception], ...] = field(default=())


class _Said(msgspec.Struct):
    text: str = ""
    number: int = 0
    many: tuple[str, ...] = ()
    inner: dict[str, msgspec.Raw] = {}


def parsers() -> Mapping[str, Parser]:
    """All of them, by name."""
    found = [*_channels(), *_mail(), *_forms(), *_files(), *_stores(), *_words(), *_console()]
    return {one.name: one for one in found}


def _channels() -> list[Parser]:
    return [
        Parser(name=f"channel {kind.name}", read=_opened(kind).parse, seeds=_recorded(kind.name))
        for kind in CHANNELS
    ]


def _opened(kind: type[Channel]) -> Channel:
    return kind(kind.Options(), bytes(32))


def _recorded(folder: str) -> list[bytes]:
    files = sorted((FIXTURES / folder).glob("*"))
    return [file.read_bytes() for file in files if not file.name.endswith(".expected.json")]


def _mail() -> list[Parser]:
    mails = [raw.partition(b"\r\n\r\n")[2] for raw in _recorded("mail")]
    return [
        Parser(name="MIME", read=read_mail, seeds=mails),
        Parser(name="bounces", read=_bounce, seeds=mails),
        Parser(name="HTML of a mail", read=_as_text(html_to_text), seeds=[HTML]),
        Parser(name="history of a mail", read=_as_text(trimmed), seeds=_encoded(TEXTS)),
        Parser(name="capture", read=unpack, seeds=_recorded("sms"), refuses=REFUSED),
    ]


def _bounce(raw: bytes) -> object:
    return read_report(read_mail(raw), "mailer-daemon@example.org", ["lapor@localhost"], OURS)


def _forms() -> list[Parser]:
    fields = (
        b"from=%2B6281200000001&text=Lampu+padam&id=1&time=2026-01-03+08%3A30%3A00&udh=050003010201"
    )
    return [
        Parser(name="multipart form", read=_multipart, seeds=[FORM], refuses=(Broken, TooMuch)),
        Parser(name="SMS form", read=_sms, seeds=[fields, b'{"from":"+62812","text":"x","id":1}']),
        Parser(name="UDH", read=sms_text.read_udh, seeds=[b"\x05\x00\x03\x01\x02\x01"]),
        Parser(
            name="UDH in hex",
            read=_as_text(sms_text.udh_octets),
            seeds=[b"050003010201"],
            refuses=REFUSED,
        ),
        Parser(name="septets", read=gsm7.decode, seeds=[b"Halo \x1b\x65 \x00"]),
        Parser(name="SMS of a charset", read=_charsets, seeds=[b"Halo", "é".encode("utf-16-be")]),
        Parser(
            name="SMS time",
            read=_as_text(sms_text.moment),
            seeds=[b"2026-01-03 08:30:00", b"1795300000"],
        ),
        Parser(
            name="telephone number",
            read=_as_text(lambda text: addresses.e164(text, "62")),
            seeds=[b"0812-0000-0001", b"+62 812 0000 0001"],
        ),
        Parser(
            name="Open311 form",
            read=_open311,
            seeds=[
                b"service_code=jalan&lat=-6.9&attribute[a]=1&start_date=2026-01-04T08:00:00Z",
                b"status=open&page=1&end_date=2026-01-04",
            ],
            refuses=REFUSED,
        ),
        Parser(
            name="JSON of a webhook",
            read=lambda raw: decode(raw, _Said),
            seeds=[b'{"text":"a","number":1,"many":["x"],"inner":{"a":1}}'],
            refuses=REFUSED,
        ),
        Parser(
            name="signature header", read=_signatures, seeds=[b"v1,YWJj v1,ZGVm", b"sha256=00ff"]
        ),
    ]


def _files() -> list[Parser]:
    pictures = [file.read_bytes() for file in sorted((FIXTURES / "pictures").iterdir())]
    # Whole pictures are mostly pixels, and what is read of them stands in front.
    heads = [content[:6000] for content in pictures]
    book = openpyxl.Workbook()
    for row in (["No", "Isi Laporan", "Tanggal"], [1, "Lampu padam", datetime(2026, 1, 3)]):  # noqa: DTZ001 (a cell has no zone)
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    csv = b'No;Isi Laporan;Tanggal\r\n1;Lampu padam;03/01/2026 08.30\r\n2;"Dua\nbaris";x\r\n'
    return [
        *(
            Parser(name=kind, read=partial(_picture, kind), seeds=heads)
            for kind in ("image/jpeg", "image/png", "image/webp", "image/heic", "image/tiff")
        ),
        Parser(name="EXIF", read=exif.read, seeds=[_exif(content) for content in pictures]),
        Parser(
            name="kind of a file", read=lambda raw: settled_type(raw, "image/svg+xml"), seeds=heads
        ),
        Parser(name="CSV table", read=partial(_table, "a.csv"), seeds=[csv], refuses=(NoTable,)),
        Parser(
            name="XLSX table",
            read=partial(_table, "a.xlsx"),
            seeds=[out.getvalue()],
            refuses=(NoTable,),
        ),
        Parser(
            name="date in a table",
            read=_as_text(read_date),
            seeds=[b"03/01/2026 08.30", b"3 Maret 2026"],
        ),
        Parser(
            name="feed",
            read=lambda raw: entries_of(raw, {}, "kabar", 20),
            seeds=[FEED, ATOM],
            refuses=(NoFeed,),
        ),
    ]


def _stores() -> list[Parser]:
    page = b'{"events":[' + EVENT + b'],"cursor":"1","more":false}'
    return [
        Parser(
            name="update event",
            read=lambda raw: updates_in({}, raw, NOW),
            seeds=[EVENT, b"[" + EVENT + b"]"],
            refuses=(*REFUSED, RecursionError),
        ),
        Parser(
            name="page of updates",
            read=lambda raw: page_in(raw, NOW),
            seeds=[page],
            refuses=(*REFUSED, RecursionError),
        ),
        Parser(name="Open311 answer", read=_rows, seeds=[CASES_XML, CASES_JSON], refuses=REFUSED),
        Parser(
            name="answer to a push",
            read=_answer,
            seeds=[b'{"reference":"LP-1"}', b'{"title":"no","detail":"why"}', b"OK"],
        ),
        Parser(
            name="Retry-After",
            read=_as_text(lambda text: retry_after(text, NOW)),
            seeds=[b"120", b"Wed, 21 Oct 2026 07:28:00 GMT"],
        ),
        Parser(
            name="signed statement",
            read=lambda raw: read_signed(raw, _Said, frozenset()),
            seeds=[b'{"statement":"{}","signature":"AA==","key":"AA=="}'],
            refuses=(NotSigned,),
        ),
    ]


def _words() -> list[Parser]:
    return [
        Parser(
            name="command of a citizen",
            read=_as_text(lambda text: hear(said(text))),
            seeds=_encoded(TEXTS),
        ),
        Parser(
            name="record of a text",
            read=_as_text(lambda text: normalize(report(said(text)), RULES, ())),
            seeds=_encoded(TEXTS),
        ),
    ]


def _console() -> list[Parser]:
    query = b"stand=open&channel=sms&topic=jalan&since=2026-01-01&sort=newest&after=1&words=lampu"
    return [Parser(name="address of a list", read=_as_text(filter_in), seeds=[query])]


def _as_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """For readers of text, which comes with half characters as an aiohttp header may."""
    return lambda raw: read(raw.decode("utf-8", "surrogateescape"))


def _encoded(texts: Sequence[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def _multipart(raw: bytes) -> object:
    async def read() -> list[bytes]:
        loop = asyncio.get_running_loop()
        stream = StreamReader(BaseProtocol(loop), limit=2**16, loop=loop)
        stream.feed_data(raw)
        stream.feed_eof()
        parts = Parts(stream, "multipart/form-data; boundary=frontier", 10**6)
        found = []
        while await parts.next():
            found += [chunk async for chunk in parts.chunks()]
        return found

    return asyncio.run(read())


def _sms(raw: bytes) -> object:
    found, _ = sms_form.pairs((raw.decode("latin-1"), {}, raw))
    return sms_form.id_finder("id")(("", {}, raw)), sms_form.external_id(found)


def _charsets(raw: bytes) -> object:
    return [
        sms_text.decode(raw, name)
        for name in ("utf-8", "utf-16-be", "gsm7", "latin-1", "utf-7", "x")
    ]


def _open311(raw: bytes) -> object:
    pairs = pairs_of(raw.decode("utf-8", "surrogateescape"))
    return attributes(pairs), search_of(pairs, datetime.fromtimestamp(NOW, UTC))


def _signatures(raw: bytes) -> object:
    shown = raw.decode("utf-8", "surrogateescape")
    told = {"webhook-id": shown, "webhook-timestamp": str(NOW), "webhook-signature": shown}
    assert not verify([b"k" * 24], told, b"{}", NOW)
    stamped = told | {"webhook-id": "1", "webhook-timestamp": shown}
    assert not verify([b"k" * 24], stamped, b"{}", NOW)
    assert not Signatures([Secret("k")], "X").admits({"X": shown}, b"{}")
    return None


def _picture(kind: str, raw: bytes) -> object:
    kept = clean(raw, kind)
    return b"".join(raw[one] if isinstance(one, slice) else one for one in kept.pieces)


def _exif(picture: bytes) -> bytes:
    start = picture.find(b"Exif\x00\x00")
    return picture[start + 6 : start + 3000] if start >= 0 else b"MM\x00*\x00\x00\x00\x08\x00\x00"


def _table(name: str, raw: bytes) -> object:
    return plan(read_table(raw, name))


def _rows(raw: bytes) -> object:
    return [moment_of(row, "updated_datetime", "requested_datetime") for row in rows_in(raw)]


def _answer(raw: bytes) -> object:
    kinds = ("application/json", "application/problem+json", "text/html")
    return [
        outcome_of(Answer(status=status, headers={"content-type": kind}, body=raw), raw, NOW)
        for status in (200, 422, 503)
        for kind in kinds
    ]
