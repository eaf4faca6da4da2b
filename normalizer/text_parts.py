"""
What of a text is the matter, and what is greeting, quoted words, slogan or signature.

`parts_of` covers a text with spans and changes nothing, so an officer still sees all of it. Where
only courtesies are said, they are the matter: a report is never empty because it was polite.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["greeting", "matter", "quoted", "slogan", "signature"]

# Enough to find a signature in; a mail may hold megabytes.
_TAIL = 300
_COURTESY_WORDS = 12
_NAME_WORDS = 8
_LOOSE_NAME_WORDS = 2

_GREETING = re.compile(
    r"(?:(?:as+ala+mu+'?\s?ala[iy]k+u+m|(?:wr|wb|warahmatullahi|wabarakatuh)\b|om\sswastiastu"
    r"|salam\s(?:sejahtera|sehat|hormat)(?:\s(?:bagi|untuk|buat)\skita\ssemua)?|shal?om|syalom"
    r"|selamat\s(?:pagi|siang|sore|malam)"
    r"|(?:pagi|siang|sore|malam)(?=\s*(?:[,.!]|(?:ba?pak|pak|i?bu|admin|min|kak)\b))"
    r"|hal+o+|hai|hi|hello|dear|permisi|yth|punten|sampurasun"
    r"|yang\sterhormat|kepada|mohon\smaaf|maaf|admin|min"
    r"|(?:(?:ba?pak|i?bu)\s)?(?:bupati|gubernur|wali\s?kota|presiden|menteri|camat|lurah|kades"
    r"|kepala\s(?:desa|dinas)(?:\s\w+)?)(?=\s*[,.!:;\n])"
    # "Bapak saya sakit" is no greeting.
    r"|(?:ba?pak|pak|ibu|bu)(?=\s*[,.!:;/]|\s+(?:dan|ba?pak|pak|i?bu|admin)\b)|dan(?=\s+i?bu\b))"
    r"\b[\s,.!:;/-]*)+",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"^(?:[ ]?>.*|(?:pada|on)\b.{5,120}\b(?:menulis|wrote):[ ]*(?:\n.*)*"
    r"|-{2,}[ ]?(?:original message|pesan asli|forwarded message|pesan terusan).*(?:\n.*)*)$",
    re.IGNORECASE | re.MULTILINE,
)
_SLOGAN = re.compile(
    r"(?:(?<=^)|(?<=[.!?\n])[ ]*)(?:#[\w]+[ ]*){1,20}(?=$|\n)"
    r"|(?:\bnkri harga mati\b|\bsalam (?:perubahan|perjuangan|reformasi|literasi|lestari|olahraga|"
    r"indonesia (?:maju|raya|jaya)|(?:satu|dua|tiga) jari)\b|\bmerdeka!+|\bbersatu kita teguh\b"
    r"|\bindonesia (?:maju|jaya|emas)!+|\bsave our \w+!*|\btangkap koruptor!+)[ !.]*",
    re.IGNORECASE | re.MULTILINE,
)
_SEGMENT = re.compile(r"[^,.;!?\n]*[,.;!?\n]*[ \n]*")
_THANKS = r"(?:terima ?kasih|makasih|trims|thanks|thank you|matur ?nuwun|hatur ?nuhun|suksma)"
_CLOSES = re.compile(
    rf"(?:(?:demikian|sekian|was+alam\w*|hormat (?:kami|saya)|salam hormat|tertanda|ttd"
    rf"|atas (?:perhatian|bantuan|kerja|respons?|tanggapan|waktu|pengertian|tindak)\w*"
    rf"|sent from|dikirim dari|terkirim dari|get outlook|best regards|regards|salam)\b"
    rf"|(?:sebelumnya )?(?:dan )?{_THANKS}"
    rf"(?:$|[^\w]|\s(?:banyak|sebelumnya|atas|ya|pak|bapak|bu|ibu|min|admin|kak|untuk|wassalam)\b)"
    rf"|(?:wr|wb|warahmatullahi|wabarakatuh)\b)",
    re.IGNORECASE,
)
# What closes a text has one of these in it: so many texts need not be looked through.
_CLOSING = (
    *("kasih", "thank", "trims", "nuwun", "nuhun", "suksma", "demikian", "sekian", "salam"),
    *("hormat", "atas ", "tertanda", "ttd", " from", " dari", "regards", "outlook"),
    *("wr", "wb", "warahmatullahi", "wabarakatuh"),
)
_SLOGAN_SIGNS = (
    *("#", "salam ", "merdeka!", "harga mati", "save our", "bersatu kita", "tangkap koruptor"),
    *("indonesia maju!", "indonesia jaya!", "indonesia emas!"),
)
_QUOTE_SIGNS = (">", ":", "--")
_TRAILING_THANKS = re.compile(rf"\s{_THANKS}(?:\s\w+){{0,3}}\W*$", re.IGNORECASE)
_WORD = re.compile(r"\w+")


class Part(NamedTuple):
    """A piece of a text, by its offsets."""

    kind: Kind
    start: int
    end: int


def parts_of(text: str) -> tuple[Part, ...]:
    """The text from beginning to end in parts."""
    begins, ends = _greeting_end(text), _signature_start(text)
    parts = [Part("greeting", 0, begins)]
    at = begins
    for inside in _inside(text, begins, max(begins, ends)):
        if inside.start >= at:
            parts += [Part("matter", at, inside.start), inside]
            at = inside.end
    parts += [Part("matter", at, max(at, ends)), Part("signature", max(at, ends), len(text))]
    kept = tuple(part for part in parts if part.start < part.end)
    says = any(part.kind == "matter" and _WORD.search(text, part.start, part.end) for part in kept)
    return kept if says else (Part("matter", 0, len(text)),)


def matter_in(text: str) -> str:
    """What is reported, without greeting, quoted words, slogans and signature."""
    return "\n".join(
        said
        for part in parts_of(text)
        if part.kind == "matter" and (said := text[part.start : part.end].strip())
    )


def without_greeting(text: str) -> str:
    """The text after its opening courtesy, or all of it where nothing else is said."""
    return text[_greeting_end(text) :] or text


def _inside(text: str, start: int, end: int) -> list[Part]:
    """What stands between the words of the matter and is none, in order."""
    found: list[Part] = []
    if any(map(text.__contains__, _QUOTE_SIGNS)):
        found += (Part("quoted", *found.span()) for found in _QUOTED.finditer(text, start, end))
    if _has_one(_SLOGAN_SIGNS, text):
        found += (Part("slogan", *found.span()) for found in _SLOGAN.finditer(text, start, end))
        found.sort(key=lambda part: part.start)
    return found


def _greeting_end(text: str) -> int:
    found = _GREETING.match(text)
    return found.end() if found and found.end() < len(text) else 0


def _signature_start(text: str) -> int:
    """Where the courtesies at the end begin: thanks, a name, "sent from my phone"."""
    start = len(text)
    tail = max(0, start - _TAIL)
    if not _has_one(_CLOSING, text[tail:]):
        return start
    for begin, end in reversed([found.span() for found in _SEGMENT.finditer(text, tail)]):
        said = text[begin:end].strip()
        if _CLOSES.match(said) and len(said.split()) <= _COURTESY_WORDS:
            start = begin
        elif said and not _is_name(said):
            break
    found = _TRAILING_THANKS.search(text, max(0, start - _TAIL // 3), start)
    return found.start() if found and found.end() == start else start


def _has_one(signs: Sequence[str], text: str) -> bool:
    return any(map(text.lower().__contains__, signs))


def _is_name(said: str) -> bool:
    """Whether a piece behind a courtesy can be who wrote it: "Budi, RT 05"."""
    spoken = _WORD.findall(said)
    if len(spoken) <= _LOOSE_NAME_WORDS:
        return True
    return len(spoken) <= _NAME_WORDS and all(
        word[0].isupper() or word.isdigit() for word in spoken
    )
