"""
Signs put right before anything is read: encodings, look-alike letters, invisible signs, blanks.

A phone keyboard with a beautiful font, a copy from a PDF or a gateway that took UTF-8 for Latin-1
must not hide a complaint from search. Nearly all texts are plain ASCII and cost one pass; ftfy is
imported only when a line looks like UTF-8 read as Latin-1, which few processes ever see.
"""

import re
import unicodedata
from html import unescape

# Zero-width signs, direction marks, the byte order mark, lines drawn through letters: split words.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u0332-\u0338]"
)
# A joiner means something between two signs of one emoji only.
_LOOSE_JOINER = re.compile("\u200d(?![\u2190-\u2bff\U0001f000-\U0001faff])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
# "\\r" alone is most likely the middle of "RT\\RW".
_ESCAPED = re.compile(r"(?:\\r)?\\n", re.IGNORECASE)
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_LINES = re.compile(r" ?\n[ \n]*")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{2,5}|#x[\da-fA-F]{2,5});")
# UTF-8 read as Latin-1 or Windows-1252: no Indonesian word has these pairs.
_BROKEN = re.compile(
    "[\u00c2-\u00c5\u00d8\u00d9\u00e2][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u2122]"
    "|\u00f0(?:\u0178|[\u0080-\u00bf])"
)
# Letters in another dress: full width, mathematical, in circles or squares, joined. Superscripts
# and fractions are no dress: "m\u00b2" is not "m2".
_STYLED = re.compile(
    "[\uff01-\uff5e\u24b6-\u24e9\u2100-\u2115\u2119-\u211d\u2124-\u2138"
    "\ufb00-\ufb06\U0001d400-\U0001d7ff\U0001f130-\U0001f149]+"
)
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
# Cyrillic and Greek letters that look like ours; Indonesian has none of its own of these.
_ALIKE = str.maketrans(
    "аеіјкорсухѕԁԛԝҺһАВЕЅІЈКМНОРСТУХαειορτυνκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeijkopcyxsdqwhhABESIJKMHOPCTYXaeioptuvkABEZHIKMNOPTYX",
)
_FOREIGN_WORD = re.compile(r"(?<![^\W\d_])[^\W\d_]*[\u0370-\u052f][^\W\d_]*")
_LATIN = re.compile("[A-Za-z]")


def storable(text: str) -> str:
    """The text with what neither JSON nor PostgreSQL can hold (NUL, half signs) made visible."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def repaired(text: str) -> str:
    """The text in composed Unicode and plain letters, evenly spaced, without invisible signs."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\\" in plain:  # what JSON escaped once too often
        plain = _ESCAPED.sub("\n", plain)
    if "&" in plain:
        plain = _ENTITY.sub(lambda found: unescape(found.group()), plain)
    if not plain.isascii():
        plain = _repaired_signs(plain)
    plain = _CONTROL.sub(" ", plain)
    if "  " in plain or "\t" in plain or not plain.isascii():
        plain = _BLANKS.sub(" ", plain)
    if "\n" in plain:
        plain = _LINES.sub("\n", plain)
    return plain.strip()


def _repaired_signs(text: str) -> str:
    if _BROKEN.search(text):
        text = "\n".join(map(_decoded_again, text.split("\n")))
    text = unicodedata.normalize("NFC", text.replace("\u2028", "\n").replace("\u2029", "\n"))
    text = _LOOSE_JOINER.sub("", _INVISIBLE.sub("", text))
    text = _STYLED.sub(lambda found: unicodedata.normalize("NFKC", found.group()), text)
    text = text.translate(_SMALL_CAPITALS)
    # A sentence in Greek or Russian is one; a letter of theirs within our words is a disguise.
    return _FOREIGN_WORD.sub(_in_our_letters, text) if _LATIN.search(text) else text


def _in_our_letters(found: re.Match[str]) -> str:
    word = found.group()
    ours = word.translate(_ALIKE)
    return ours if ours.isascii() else word


def _decoded_again(line: str) -> str:
    if not _BROKEN.search(line):
        return line
    import ftfy  # noqa: PLC0415 (6 MB and a tenth of a second, which hardly any process needs)

    return ftfy.fix_encoding(line)
