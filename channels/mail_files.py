"""Names of files that came by mail: only ever shown, and still they hold nothing of a path."""

import unicodedata

MAX_NAME = 100

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
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/pgp-signature": ".asc",
}


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
