"""
What the journal keeps of one form: msgpack, so that `parse` needs nothing but the bytes.

Not the multipart body itself: its boundary differs at every sending, and the same form sent twice
must be the same bytes. Text is cleaned twice, on its way in and on its way out, because the journal
may hold what an older version let through.
"""

import re
import unicodedata
from typing import Literal

import msgspec


class FiledFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the browser sent it."""

    name: str
    content: bytes


class Filing(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal keeps of one form; the fields are as the citizen filled them."""

    form: Literal["lapor.web/1"] = "lapor.web/1"
    text: str
    place: str = ""
    date: str = ""
    name: str = ""
    contact: str = ""
    anonymous: bool = False
    confidential: bool = False
    #: What stood in the field that people do not see.
    trap: str = ""
    files: tuple[FiledFile, ...] = ()


def is_blank(text: str) -> bool:
    """Whether there is nothing to see: only blanks, control and invisible characters."""
    return all(unicodedata.category(character)[0] in "ZC" for character in text)


def clean(text: str) -> str:
    """Text that every database, file and page can hold; line breaks as one character."""
    text = re.sub("[\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")
