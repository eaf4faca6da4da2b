"""
What in a text tells who wrote it: the spans that are taken out of an anonymous report.

Numbers, mail addresses and home addresses as `privacy` finds them, but of names only the writer's
own: behind "saya" and "nama saya", below a greeting at the end, in a signature. Who is complained
about stays, and so does a plate or an account that is no "mobil saya" or "rekening saya": they are
what the report is about. In doubt a piece is taken out; the ministry can read it in the sealed box.
"""

import re
from bisect import bisect
from collections.abc import Iterator

from normalizer.privacy import IDENTIFYING, kinds_of, spans_in
from normalizer.privacy_people import name_at
from normalizer.record import PrivateKind, PrivateSpan

_NEAR = 40
_LONGEST_SIGNATURE = 300

_OWN = re.compile(r"\b(?:saya|sy|aku|kami|ku|milik\s+pribadi|pelapor)\b", re.IGNORECASE)
_OWN_BEHIND = re.compile(r"\s*(?:saya|sy|aku|kami|ku|pribadi)\b", re.IGNORECASE)
#: Whose account takes bribes must be told; one the writer was charged with is theirs.
_OTHERS = re.compile(r"\b(?:transfer\w*|setor\w*|kirim\w*|bayar\w*)\b", re.IGNORECASE)

_SELF = re.compile(
    r"(?<!\w)(?:(?:nama|nm)\s+(?:lengkap\s+)?(?:saya|sy|aku|pelapor|pengadu|pengirim)"
    r"(?:\s*(?:adalah|ialah|itu))?|(?:per)?kenalkan,?\s+(?:nama\s+)?(?:saya|sy|aku)|nama\s*[:=]"
    r"|(?:saya|sy|aku)\s+(?:adalah|ialah|bernama|yang\s+bernama|atas\s+nama|a\.?\s?n\.?)"
    r"|(?:pelapor|pengadu|pengirim|dari)\s*[:=]|ttd\.?|tertanda)[\s,:=-]*(?=[A-Za-z])",
    re.IGNORECASE,
)
_PLAIN_SELF = re.compile(r"(?<!\w)(?:[Ss]aya|SAYA|[Ss]y|SY|[Aa]ku)[,:]?\s+(?=[A-Z][a-z]|[A-Z]\.)")
_GREETING = re.compile(
    r"(?:hormat\s+(?:saya|kami)|salam(?:\s+hormat|\s+sejahtera)?|wassalam\w*|wass\w*\.?\s?wr\.?\s?wb"
    r"|terima\s?kasih(?:\s+banyak)?|makasih|trims|tks|thx|thanks|regards|ttd|tertanda)"
    r"[\s,.!:()~-]*\n?[\s()~-]*(?P<name>[A-Za-z][A-Za-z.'` ]{1,40})[\s().~-]*$",
    re.IGNORECASE,
)
_DASHED = re.compile(r"(?:^|\n)\s*(?:--?|~|—)\s*(?P<name>[A-Za-z][A-Za-z.'` ]{1,40})\s*$")
_BLOCK = re.compile(r"\n-- ?\n(?P<name>[\s\S]{1,300})$")
#: What ends a report and is nobody's name.
_NO_NAME = re.compile(
    r"\b(?:atas|kasih|banyak|mohon|tolong|segera|bantu\w*|respon\w*|tindak\w*|perhatian\w*|sekali"
    r"|warga|masyarakat|hormat|salam|semoga|ditunggu|sebelumnya|min|admin|pak|bu|bapak|ibu|wr|wb"
    r"|sehat|sejahtera|dan|kami|saya|kpd|kepada|untuk|yang|ya)\b",
    re.IGNORECASE,
)


def self_spans(text: str) -> tuple[PrivateSpan, ...]:
    """What tells who wrote a text, in the order of the text and without overlaps."""
    kept: list[PrivateSpan] = []
    for span in sorted((*_told(text), *_names(text)), key=lambda span: span.start):
        at = bisect(kept, span.start, key=lambda one: one.start)
        if at and kept[at - 1].end > span.start:
            if span.end > kept[at - 1].end:
                kept[at - 1] = PrivateSpan(
                    kind=kept[at - 1].kind, start=kept[at - 1].start, end=span.end
                )
            continue
        kept.append(span)
    return tuple(kept)


def self_kinds(*texts: str) -> tuple[PrivateKind, ...]:
    """The kinds of what in these texts tells who wrote them, in the order of `privacy.KINDS`."""
    return kinds_of(span for text in texts for span in self_spans(text))


def _told(text: str) -> Iterator[PrivateSpan]:
    """Numbers and addresses; a plate only where it is said to be the writer's own."""
    for span in spans_in(text):
        if span.kind not in IDENTIFYING or span.kind == "name":
            continue
        if span.kind == "plate" and not _is_own(text, span):
            continue
        if span.kind == "account" and _is_others(text, span):
            continue
        yield span


def _names(text: str) -> Iterator[PrivateSpan]:
    for found in _SELF.finditer(text):
        yield from name_at(text, found.end(), small=True)
    for found in _PLAIN_SELF.finditer(text):
        yield from name_at(text, found.end(), small=False)
    tail = max(0, len(text) - _LONGEST_SIGNATURE)
    for form in (_BLOCK, _GREETING, _DASHED):
        signed = form.search(text, tail)
        if signed and (form is _BLOCK or not _NO_NAME.search(signed["name"])):
            yield _span("name", *signed.span("name"))


def _is_own(text: str, span: PrivateSpan) -> bool:
    before = text[max(0, span.start - _NEAR) : span.start]
    return bool(_OWN.search(before) or _OWN_BEHIND.match(text, span.end))


def _is_others(text: str, span: PrivateSpan) -> bool:
    before = text[max(0, span.start - _NEAR) : span.start]
    return bool(_OTHERS.search(before)) and not _is_own(text, span)


def _span(kind: PrivateKind, start: int, end: int) -> PrivateSpan:
    return PrivateSpan(kind=kind, start=start, end=end)
