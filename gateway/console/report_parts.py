"""Pieces of page Laporan as its templates show them; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.handling.choices import Field
from normalizer.privacy import IDENTIFYING, masked, spans_in
from normalizer.record import Agency, Judgement, PrivateSpan, Record, StoredFile

#: So much of a text is shown at first.
FIRST_WORDS = 6_000
FILES_ROWS = 12
#: Pictures a browser shows by itself and that lost their metadata when they came.
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif"})
LARGEST_PICTURE = 16 << 20


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of a citizen; with a kind they are personal data, and empty where hidden."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """Something the software or an officer decided."""

    task: Field
    value: str | None
    #: None where nothing tells how sure it is.
    confidence: float | None
    by: str
    version: str
    why: tuple[str, ...]
    others: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file as the page shows it."""

    number: int
    file: StoredFile
    is_picture: bool


def pieces(
    text: str, spans: Iterable[PrivateSpan], *, plain: bool, most: int | None = FIRST_WORDS
) -> list[Piece]:
    """A text with its personal data apart; what identifies somebody is left out unless `plain`."""
    return list(_pieces(text if most is None else text[:most], spans, plain=plain))


def _pieces(text: str, spans: Iterable[PrivateSpan], *, plain: bool) -> Iterator[Piece]:
    at = 0
    for span in sorted(spans, key=lambda one: one.start):
        if span.start < at or span.start >= len(text):
            continue
        if text[at : span.start]:
            yield Piece(text[at : span.start])
        hides = span.kind in IDENTIFYING and not plain
        yield Piece("" if hides else text[span.start : span.end], span.kind)
        at = min(span.end, len(text))
    if text[at:]:
        yield Piece(text[at:])


def plainly(text: str, *, plain: bool) -> str:
    """A short text as this reader may see it."""
    return text if plain else masked(text, spans_in(text))


def derived(record: Record, *, plain: bool) -> list[Derived]:
    """What was decided about a report, in the order of the form, each with its reasons."""
    private = [
        record.text[span.start : span.end].lower()
        for span in record.privacy_spans
        if span.kind in IDENTIFYING and not plain
    ]

    def told(words: Iterable[str]) -> tuple[str, ...]:
        """Reasons are words of the citizen: what is masked there is not told here."""
        return tuple(word for word in words if not any(word.lower() in one for one in private))

    judgements: tuple[tuple[Field, Judgement], ...] = (
        ("type", record.type),
        ("topic", record.topic),
        ("agency", record.agency),
    )
    found = [
        Derived(
            task=task,
            value=judged.value,
            confidence=judged.confidence,
            by=judged.by,
            version=judged.version,
            why=told(judged.why),
            others=tuple((one, one) for one in judged.alternatives)
            if isinstance(judged, Agency)
            else (),
        )
        for task, judged in judgements
    ]
    urgency, place = record.urgency, record.place
    found.append(
        Derived(
            task="urgency",
            value=urgency.value,
            confidence=None,
            by=urgency.by,
            version="",
            why=told(urgency.why),
        )
    )
    found.append(
        Derived(
            task="place",
            value=place.name or None if place else None,
            confidence=place.confidence if place and place.code else None,
            by=place.by if place else "rules",
            version=place.version if place else "",
            why=told(place.why) if place else (),
            others=tuple((one.code, one.name) for one in place.candidates) if place else (),
        )
    )
    return found


def below_the_village(record: Record, *, plain: bool) -> list[tuple[str, str]]:
    """Street, landmark and the like, by the name of the field."""
    place = record.place
    if place is None:
        return []
    names = ("street", "landmark", "hamlet", "rt", "rw")
    found = [(name, getattr(place, name)) for name in names]
    hides = not plain and any(span.kind == "address" for span in record.privacy_spans)
    return [] if hides else [(name, value) for name, value in found if value]


def files_of(record: Record, page: int) -> list[Attachment]:
    """A page of the attachments."""
    first = (page - 1) * FILES_ROWS
    return [
        Attachment(number=number, file=file, is_picture=is_picture(file))
        for number, file in enumerate(record.attachments[first : first + FILES_ROWS], first + 1)
    ]


def is_picture(file: StoredFile) -> bool:
    """Whether a browser may show it, as far as the record tells."""
    return file.media_type in PICTURES and file.bytes <= LARGEST_PICTURE


def pages(count: int, rows: int) -> int:
    """How many pages so many things take; one at least."""
    return max(1, -(-count // rows))


def page_in(typed: str | None, last: int) -> int:
    """The page an address asks for, within what there is."""
    number = int(typed) if typed and typed.isdecimal() and len(typed) < 7 else 1  # noqa: PLR2004
    return min(max(number, 1), last)
