"""
Text with Telegram's entities: they count UTF-16 units, so an emoji is two of them and one of ours.

Everything here is pure; offsets that lead nowhere do no harm.
"""

from collections.abc import Iterable

from channels.webhooks import clean

_UTF16 = "utf-16-le"


def one_line(text: str) -> str:
    """The text in one line without blanks around it, for names and titles."""
    return " ".join(clean(text).split())


def piece(text: str, offset: int, length: int) -> str:
    """What an entity covers."""
    octets = text.encode(_UTF16, "surrogatepass")
    start = max(offset, 0) * 2
    return octets[start : start + max(length, 0) * 2].decode(_UTF16, "replace")


def without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without what these entities (offset, length) cover, nor the blanks before them."""
    octets = text.encode(_UTF16, "surrogatepass")
    for offset, length in sorted(spans, reverse=True):
        start, end = max(offset, 0) * 2, (max(offset, 0) + max(length, 0)) * 2
        while octets[:start].endswith(b" \x00") and length > 0:
            start -= 2
        octets = octets[:start] + octets[end:]
    return octets.decode(_UTF16, "replace")
