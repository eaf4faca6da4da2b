"""
What a file really is, told by its first bytes.

The type a sender claims is the citizen's word: an `image/png` may be a page with a script in it.
What is not recognised is `application/octet-stream`, which no browser opens. A claim counts only
for kinds that nothing renders or runs: it says what plain text is about, or which office program
fits a container whose bytes tell no more. HTML, SVG, XML and scripts are never among them.
Signatures: https://mimesniff.spec.whatwg.org/ and the formats' own specifications.
"""

import re

UNKNOWN = "application/octet-stream"

_HEAD = 1024

# The first that fits wins; only what phones, scanners and offices make.
SIGNATURES: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb".{4}ftyp(heic|heix|heim|heis|mif1|msf1)", re.DOTALL), "image/heic"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "image/avif"),
    (re.compile(rb"II\*\x00|MM\x00\*"), "image/tiff"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "image/bmp"),
    (re.compile(rb".{4}ftyp3g", re.DOTALL), "video/3gpp"),
    (re.compile(rb".{4}ftypqt  ", re.DOTALL), "video/quicktime"),
    (re.compile(rb".{4}ftypM4A", re.DOTALL), "audio/mp4"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "video/mp4"),
    (re.compile(rb"RIFF.{4}AVI ", re.DOTALL), "video/x-msvideo"),
    (re.compile(rb"\x1aE\xdf\xa3"), "video/webm"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]"), "audio/mpeg"),
    (re.compile(rb"\xff[\xf1\xf9]"), "audio/aac"),
    (re.compile(rb"OggS"), "audio/ogg"),
    (re.compile(rb"RIFF.{4}WAVE", re.DOTALL), "audio/wav"),
    (re.compile(rb"#!AMR"), "audio/amr"),
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"PK\x03\x04"), "application/zip"),
    (re.compile(rb"Rar!\x1a\x07"), "application/vnd.rar"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed"),
    (re.compile(rb"\x1f\x8b\x08"), "application/gzip"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "application/x-ole-storage"),
)

# Containers: what their bytes show, and which claims may say more.
_WITHIN = {
    "application/zip": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.android.package-archive",
        "application/vnd.google-earth.kmz",
    ),
    "application/x-ole-storage": (
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.ms-outlook",
    ),
    "video/mp4": ("audio/mp4",),
    "video/3gpp": ("audio/3gpp",),
    "video/webm": ("audio/webm", "video/x-matroska"),
    "audio/ogg": ("video/ogg",),
}
_TEXTS = (
    "text/plain",
    "text/csv",
    "text/calendar",
    "text/vcard",
    "application/json",
    "application/pgp-encrypted",
    "application/pgp-signature",
    "application/pgp-keys",
    "message/rfc822",
)
_SEALED = (
    "application/pkcs7-mime",
    "application/pkcs7-signature",
    "application/x-pkcs7-mime",
    "application/x-pkcs7-signature",
    "application/ms-tnef",
)

# The "binary data bytes" of the mimesniff standard.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def media_type(content: bytes) -> str:
    """The type the bytes show, never the one somebody claims; the first 16 are enough."""
    head = content[:16]
    return next((name for pattern, name in SIGNATURES if pattern.match(head)), UNKNOWN)


def settled_type(content: bytes, claimed: str) -> str:
    """The type to keep: what the bytes show, made finer by a harmless claim; give 1 KiB of it."""
    shown = media_type(content)
    claim = claimed.partition(";")[0].strip().lower()
    if shown != UNKNOWN:
        return claim if claim in _WITHIN.get(shown, ()) else shown
    if claim in _TEXTS and not _BINARY.search(content[:_HEAD]):
        return claim
    return claim if claim in _SEALED else UNKNOWN
