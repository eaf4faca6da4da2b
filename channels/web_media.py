"""
What a file really is, told by its first bytes.

The type a browser claims is the citizen's word: an `image/png` may be a page with a script in it.
What is not recognised is `application/octet-stream`, which no browser opens. Nothing is unpacked.
Signatures: https://mimesniff.spec.whatwg.org/ and the formats' own specifications.
"""

import re

UNKNOWN = "application/octet-stream"

# The first that fits wins; only what phones, scanners and offices make.
SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftyp(heic|heix|heim|heis|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb".{4}ftyp3g", re.DOTALL), "video/3gpp"),
    (re.compile(rb".{4}ftypqt  ", re.DOTALL), "video/quicktime"),
    (re.compile(rb".{4}ftypM4A", re.DOTALL), "audio/mp4"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"#!AMR"), "audio/amr"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage"),
)


def media_type(content: bytes) -> str:
    """The type the bytes show, never the one somebody claims."""
    head = content[:16]
    return next((name for pattern, name in SIGNATURES if pattern.match(head)), UNKNOWN)
