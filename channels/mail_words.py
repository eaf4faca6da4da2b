"""
Bytes to words, whatever charset they say they are in.

What is declared is tried first, then UTF-8, then Windows-1252, which takes anything. Programs
label text with the name of a smaller relative of what they send, so those labels mean the larger
one (as browsers do, https://encoding.spec.whatwg.org/#names-and-labels).
RFC 2047 for encoded words.
"""

import binascii
import codecs
import re

# Labels that stand for more than they say.
_LARGER = {
    "gb2312": "gb18030", "gbk": "gb18030", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949",
    "euc-kr": "cp949", "shift_jis": "cp932", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "iso-8859-8-i": "iso-8859-8", "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874", "unicode-1-1-utf-7": "utf-7", "macintosh": "mac-roman",
}  # fmt: skip
_UNDECLARED = ("", "us-ascii", "ascii", "unknown-8bit", "default", "x-unknown")
# Not charsets of any mail; the first two also take time that grows with the square of the length.
_NEVER = ("punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "rot-13")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,40}")
# NUL is refused by PostgreSQL in text, lone surrogates by every encoder of UTF-8.
_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")


def to_text(raw: bytes, charset: str = "") -> str:
    """The text these bytes most probably are; never fails, never holds NUL or half characters."""
    name = _NAME.match(charset.strip(" \t\"'").lower())
    label = name[0] if name else ""
    if label in _UNDECLARED:
        return _speakable(_guessed(raw))
    if label in ("utf-8", "utf8"):
        return _speakable(_mostly_utf8(raw))
    try:
        codec = codecs.lookup(_LARGER.get(label, label))
        if codec.name in _NEVER:
            return _speakable(_guessed(raw))
        return _speakable(str(raw, codec.name, "replace"))
    except (LookupError, ValueError):
        return _speakable(_guessed(raw))


def _guessed(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _mostly_utf8(raw: bytes) -> str:
    """UTF-8 with a few broken bytes stays UTF-8; text that is none at all is taken for 1252."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken and broken >= sum(character > "\x7f" for character in text) - broken:
        return _guessed(raw)
    return text


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("\ufffd", text)


_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")


def decode_words(value: bytes | str) -> str:
    """A header's text with its encoded words decoded and its white space made single."""
    raw = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    out: list[str] = []
    at, charset, pending = 0, "", b""
    for found in _WORD.finditer(raw):
        between = raw[at : found.start()]
        label = found[1].partition(b"*")[0].decode("ascii", "replace").lower()
        # A character may be cut in two between neighbouring words, so their bytes go together.
        if pending and (between.strip() or label != charset):
            out.append(to_text(pending, charset))
            pending = b""
        if between.strip() or at == 0:
            out.append(to_text(between))
        charset = label
        pending += (
            binascii.a2b_qp(found[3], header=True) if found[2] in b"qQ" else from_base64(found[3])
        )
        at = found.end()
    out.append(to_text(pending, charset))
    out.append(to_text(raw[at:]))
    return " ".join("".join(out).split())


_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
)


def from_base64(raw: bytes) -> bytes:
    """Base64 with anything in between, and without the end if that is missing."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        letters = raw.translate(None, _NOT_BASE64)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
