"""
A long answer in pieces that a provider takes, or cut to fit; each provider counts in its own way.

Cuts are made between words where that is possible, and never within an emoji or a letter with its
accent.
"""

import unicodedata
from collections.abc import Callable

MARK = "…"

# Joins emoji to one another or chooses how one is drawn; skin tones do the latter as well.
_JOINED = {"\u200d", "\ufe0e", "\ufe0f", *map(chr, range(0x1F3FB, 0x1F400))}


def utf16(text: str) -> int:
    """Length in UTF-16 units, as LINE and Meta's apps count."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8(text: str) -> int:
    """Length in bytes."""
    return len(text.encode("utf-8", "replace"))


def pieces(text: str, limit: int, *, size: Callable[[str], int] = len, most: int = 1) -> list[str]:
    """The text in at most `most` pieces of at most `limit`; what is cut off shows as "…"."""
    found: list[str] = []
    rest = text.strip()
    while rest:
        if size(rest) <= limit:
            return [*found, rest]
        is_last = len(found) == most - 1
        end = _end(rest, limit - size(MARK) if is_last else limit, size)
        head, rest = rest[:end].rstrip(), rest[end:].lstrip()
        if is_last:
            return [*found, head + MARK]
        found.append(head)
    return found


def cut(text: str, limit: int, *, size: Callable[[str], int] = len) -> str:
    """The text in one piece."""
    return "".join(pieces(text, limit, size=size))


def _end(text: str, limit: int, size: Callable[[str], int]) -> int:
    """Where the first piece ends."""
    low, high = 1, min(len(text) - 1, limit)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        low, high = (middle, high) if size(text[:middle]) <= limit else (low, middle - 1)
    for end in range(low, low // 2, -1):
        if text[end].isspace():
            return end
    end = low
    while end > 1 and _belongs(text, end):
        end -= 1
    return end


def _belongs(text: str, end: int) -> bool:
    """Whether the character after the cut continues the one before it."""
    after = text[end]
    return bool(unicodedata.combining(after)) or after in _JOINED or text[end - 1] == "\u200d"
