"""
What a citizen wrote, made readable beside the original.

`clean` repairs signs and spacing, drops the keyword an advert asked for ("TANGKAB isi aduan") and
writes short forms out; an officer still recognises the citizen's words. `formal` goes on from
there, for comparing and classifying. `words` is the one way a text is cut into words here.
"""

import re

from normalizer.text_formal import formal
from normalizer.text_parts import matter_in, without_greeting
from normalizer.text_short import written_out
from normalizer.text_signs import repaired, storable
from normalizer.text_spaces import has_joined, spaced
from normalizer.text_table import Abbreviations
from normalizer.text_title import title_of

__all__ = (
    "Abbreviations",
    "clean",
    "formal",
    "matter_in",
    "storable",
    "title_of",
    "without_greeting",
    "words",
)

_WORD = re.compile(r"[^\W\d_]+|\d+|\?")
# The same for nearly every text, half as long under way.
_PLAIN_WORD = re.compile(r"[a-z]+|[0-9]+|\?")


def clean(text: str, abbreviations: Abbreviations) -> str:
    """The text in composed Unicode, evenly spaced, without keyword, short forms written out."""
    plain = _without_keyword(repaired(text), abbreviations.keyword)
    return written_out(plain, abbreviations)


def words(text: str) -> list[str]:
    """The words, numbers and question marks of a text in lower case; "rt05" gives two."""
    low = text.lower()
    if not low.isascii():
        return _WORD.findall(low)
    if has_joined(low):
        return _PLAIN_WORD.findall(low)
    return spaced(low, "?").replace("?", " ? ").split()


def _without_keyword(text: str, keyword: re.Pattern[str]) -> str:
    found = keyword.match(text)
    return (text[found.end() :] if found else text) or text
