"""
What an SMS holds beside plain fields: octets in some charset, a user data header, a time.

All of it comes from telephones and provider software of every age, so each function answers
something for any input: damaged text with a remark, no part, no time. Charsets are a closed list,
because Python's codec names reach further than text. UDH: 3GPP TS 23.040 section 9.2.3.24.
"""

import re
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from channels import gsm7

Udh = tuple[str, int, int, int]  # kind "8" or "16", reference, total, number

_CODECS = {
    **dict.fromkeys(("utf-8", "utf8"), "utf-8"),
    **dict.fromkeys(("us-ascii", "ascii"), "ascii"),
    **dict.fromkeys(("utf-16be", "ucs-2", "ucs2", "utf-16", "iso-10646-ucs-2"), "utf-16-be"),
    "utf-16le": "utf-16-le",
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1"), "latin-1"),
    "iso-8859-15": "iso-8859-15",
    **dict.fromkeys(("windows-1252", "cp1252"), "cp1252"),
}
_SEPTETS = ("gsm", "gsm7", "gsm-7", "gsm03.38", "gsm0338")
_BINARY = ("binary", "8-bit", "8bit")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_CONCATENATED = {0x00: ("8", 3), 0x08: ("16", 4)}

_EPOCH = re.compile(r"(\d{9,10})(?:\d{3}|\d{6})?(?:\.\d{1,9})?", re.ASCII)
_YEARS = range(2000, 2100)


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL and UTF-8 cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def octets(characters: str) -> bytes:
    """The octets a field was sent as; fields carry one octet per character (Latin-1)."""
    return characters.encode("latin-1", "replace")


def is_binary(charset: str) -> bool:
    """Whether the octets are data for a telephone and no text in any charset."""
    return charset.strip().lower() in _BINARY


def decode(raw: bytes, charset: str) -> tuple[str, str]:
    """The text as declared, and a remark for the officer where that did not go smoothly, or ""."""
    declared = charset.strip().lower()
    if declared in _SEPTETS:
        return clean(gsm7.decode(raw)), ""
    codec = _CODECS.get(declared, "utf-8")
    try:
        return clean(raw.decode(codec)), ""
    except UnicodeDecodeError:
        if declared in _CODECS:
            return clean(raw.decode(codec, "replace")), f"characters damaged: not {declared}"
        return clean(raw.decode("cp1252", "replace")), "charset unknown, read as windows-1252"


def words(characters: str) -> str:
    """A short field (number, id, time) as text: UTF-8 unless it cannot be."""
    if characters.isascii():
        return clean(characters)
    return decode(octets(characters), "")[0]


def udh_octets(characters: str) -> bytes:
    """The header from hex (050003CC0201), from %05%00… or from the raw octets."""
    if characters.startswith("%"):
        return unquote_to_bytes(octets(characters))
    raw = octets(characters)
    try:
        return bytes.fromhex(characters)
    except ValueError:
        pass
    try:  # octets above 7F that a form or JSON sent as characters
        narrowed = raw.decode().encode("latin-1")
    except UnicodeError:
        return raw
    return narrowed if _is_whole(narrowed) else raw


def read_udh(header: bytes) -> tuple[Udh | None, str]:
    """The concatenation element, and a remark where the header is malformed, or ""."""
    if not _is_whole(header):
        return None, "malformed SMS header"
    found: Udh | None = None
    position = 1
    while position < len(header):
        kind, length = header[position], int.from_bytes(header[position + 1 : position + 2])
        element = header[position + 2 : position + 2 + length]
        if position + 1 >= len(header) or len(element) < length:
            return None, "malformed SMS header"
        found = _concatenation(kind, element) or found
        position += 2 + length
    return found, ""


def moment(text: str) -> datetime | None:
    """
    A provider's time: epoch seconds to microseconds, ISO 8601, Kannel's "2026-11-21 22:58:22".

    A time without a zone is UTC. None for everything else, years out of this century included.
    """
    try:
        seconds = _EPOCH.fullmatch(text.strip())
        if seconds:
            return _plausible(datetime.fromtimestamp(int(seconds[1]), UTC))
        return _plausible(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        return None


def _is_whole(header: bytes) -> bool:
    return bool(header) and len(header) == header[0] + 1


def _concatenation(kind: int, element: bytes) -> Udh | None:
    name, length = _CONCATENATED.get(kind, ("", -1))
    if len(element) != length:
        return None
    *reference, total, number = element
    # One part of one is a whole message; a number beyond the total is to be ignored (23.040).
    if not 1 <= number <= total or total == 1:
        return None
    return name, int.from_bytes(bytes(reference)), total, number


def _plausible(when: datetime) -> datetime | None:
    if when.year not in _YEARS:
        return None
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
