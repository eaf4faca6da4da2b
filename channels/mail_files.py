"""
Names and kinds of files that came by mail, neither of them taken on trust.

A name is only ever shown, never used as a path, and still holds nothing that could be one.
The kind is read from the first bytes where they are known (https://mimesniff.spec.whatwg.org/).
"""

import re
import unicodedata

MAX_NAME = 100

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"PK\x03\x04", "application/zip"),
)
# Containers whose content only the declared type can tell: office files, Android packages, …
_CONTAINERS = ("application/zip", "application/x-ole-storage", "video/webm", "audio/ogg")
# Not the system's table, which differs from machine to machine.
_EXTENSIONS = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "application/pdf": ".pdf",
    "audio/ogg": ".ogg",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
}
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"avif": "image/avif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}


def sniffed(content: bytes, declared: str) -> str:
    """The media type of these bytes; a picture, sound or film is one only if it looks like it."""
    found = _by_magic(content[:16])
    if not _TYPE.fullmatch(declared):
        declared = "application/octet-stream"
    if not found:
        # An "image" that is none may be a script in disguise.
        claims = declared.startswith(("image/", "video/"))
        return "application/octet-stream" if claims else declared
    if found in _CONTAINERS and declared.startswith(("application/", "video/", "audio/")):
        return found if declared == "application/octet-stream" else declared
    return found


def _by_magic(head: bytes) -> str:
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:4] == b"RIFF":
        riff = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
        return riff.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "video/3gpp" if brand.startswith(b"3gp") else _BRANDS.get(brand, "video/mp4")
    return ""


def file_name(written: str, media_type: str, number: int) -> str:
    """A name fit to be shown: the last part of a path, no control or direction marks, not long."""
    last = written.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    name = " ".join(kept.split()).strip(". ")
    if not name:
        return f"file-{number}{_EXTENSIONS.get(media_type, '.bin')}"
    stem, dot, extension = name.rpartition(".")
    if dot and len(extension) <= 10:  # noqa: PLR2004 (longer is not an extension)
        return f"{stem[: MAX_NAME - len(extension) - 1]}.{extension}"
    return name[:MAX_NAME]
