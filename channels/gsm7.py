"""
How long an SMS is: GSM 03.38 in septets, everything else as UCS-2 in UTF-16 units.

A character of the extension table costs two septets. One SMS holds 160 septets or 70 units, a part
of a longer one 153 or 67, and no character may stand in two parts: neither an extension character
nor a surrogate pair. Source: 3GPP TS 23.038 and 23.040.
"""

from bisect import bisect_right
from dataclasses import dataclass

_ESCAPE = "\x1b"
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = dict(
    zip(b"\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "\f^{}\\[~]|€", strict=True),
)
_SEPTETS = {letter: 1 for letter in _BASIC if letter != _ESCAPE} | dict.fromkeys(
    _EXTENSION.values(), 2
)

_BMP_END = 0xFFFF

ELLIPSIS = "..."

# What word processors and telephones put in place of characters every telephone has.
_TYPEWRITTEN = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u2032": "'", "`": "'", "\u00b4": "'",
        "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"', "\u2033": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u2026": ELLIPSIS, "\u2022": "-", "\u00b7": "-", "\t": " ",
        "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u200b": "", "\ufeff": "",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alphabet:
    """What fits into one SMS alone and into one part of several."""

    alone: int
    part: int


_GSM7 = _Alphabet(alone=160, part=153)
_UCS2 = _Alphabet(alone=70, part=67)


def is_gsm7(text: str) -> bool:
    """Whether every character stands in GSM 03.38 or its extension table."""
    return all(letter in _SEPTETS for letter in text)


def units(text: str) -> int:
    """The length in septets, or in UTF-16 units where one character needs UCS-2."""
    return sum(_widths(text))


def segments(text: str) -> int:
    """How many SMS the text takes; the empty text takes one."""
    return len(split(text))


def split(text: str) -> list[str]:
    """The parts a telephone or gateway would send, none cut inside a character."""
    widths, alphabet = _widths(text), _alphabet(text)
    if sum(widths) <= alphabet.alone:
        return [text]
    parts, start, filled = [], 0, 0
    for position, width in enumerate(widths):
        if filled + width > alphabet.part:
            parts.append(text[start:position])
            start, filled = position, 0
        filled += width
    return [*parts, text[start:]]


def shorten(text: str, most: int) -> str:
    """The text in at most that many SMS, its end replaced by three dots where it is too long."""
    if segments(text) <= most:
        return text
    # The longer the beginning, the more segments: so the longest that fits is found by halving.
    kept = bisect_right(range(1, len(text)), most, key=lambda n: segments(text[:n] + ELLIPSIS))
    return text[:kept].rstrip() + ELLIPSIS


def typewritten(text: str) -> str:
    """Curly quotes, dashes and special blanks as plain ones, so that none of them costs UCS-2."""
    return text.translate(_TYPEWRITTEN)


def decode(septets: bytes) -> str:
    """Text from unpacked septets, one per octet, as SMPP links hand them on."""
    letters, escaped = [], False
    for septet in septets:
        letter = _EXTENSION.get(septet) if escaped else None
        if letter is None:
            letter = _BASIC[septet] if septet < len(_BASIC) else "\N{REPLACEMENT CHARACTER}"
        # An escape after an escape is reserved and shown as a blank.
        is_escape = letter == _ESCAPE and not escaped
        letters.append("" if is_escape else letter.replace(_ESCAPE, " "))
        escaped = is_escape
    return "".join(letters)


def _alphabet(text: str) -> _Alphabet:
    return _GSM7 if is_gsm7(text) else _UCS2


def _widths(text: str) -> list[int]:
    if is_gsm7(text):
        return [_SEPTETS[letter] for letter in text]
    return [2 if ord(letter) > _BMP_END else 1 for letter in text]
