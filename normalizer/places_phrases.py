"""
The phrases of a report that may tell where it is: what is learned of streets is kept by them.

The words of an address, and those of a text behind a word such as "jalan", are cut into phrases of
one to four words in one spelling. House numbers are left out.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from normalizer.places_words import ANNOUNCING, EMPTY, ROMAN, Source

#: Where a phrase starts and ends among the words of its part, and its spelling.
Phrase: TypeAlias = tuple[int, int, str]

#: A phrase of more words is seldom written twice in the same way.
LONGEST = 4
#: So many words behind an announcing word of a text are looked up.
REACH = 3
_TWICE = re.compile(r"(.)\1+")
_NUMBERED = frozenset({"gg", "gang", "rt", "rw", "blok"})
_SPELLINGS = 8_192


def phrases(spoken: Sequence[str], source: Source) -> Iterator[Phrase]:
    """The phrases of one part that may tell where it is."""
    written = _written(spoken, source)
    for start, first in enumerate(written):
        key = ""
        telling = False
        # Behind the last word of the reach a phrase may go on, but none begins.
        for end in range(start, min(start + LONGEST, len(spoken))) if first else ():
            word = written[end] or _one_written(spoken, end)
            if not word:
                break
            key += f"/{word}" if key and word[0].isdigit() else word
            telling = telling or (len(word) > 1 and word.isalpha() and spoken[end] not in EMPTY)
            if telling:
                yield start, end + 1, key


def _written(spoken: Sequence[str], source: Source) -> list[str]:
    """Every word a phrase may begin with, in one spelling; empty for the others."""
    if source == "address":
        return [_one_written(spoken, at) for at in range(len(spoken))]
    written = [""] * len(spoken)
    last = -REACH - 1
    for at, word in enumerate(spoken):
        if word in ANNOUNCING:
            last = at
        elif at <= last + REACH:
            written[at] = _one_written(spoken, at)
    return written


def _one_written(spoken: Sequence[str], at: int) -> str:
    """A word in one spelling; empty for a house number or any other number that tells nothing."""
    word = spoken[at]
    if not word.isdigit():
        before_number = at > 0 and spoken[at - 1] in {"no", "nomor"}
        return ROMAN[word] if word in ROMAN and not before_number else _one_spelling(word)
    numbered = at > 0 and spoken[at - 1] in _NUMBERED
    return word.lstrip("0") if numbered and len(word) < 3 else ""  # noqa: PLR2004 (gang 12)


@lru_cache(maxsize=_SPELLINGS)
def _one_spelling(word: str) -> str:
    return _TWICE.sub(r"\1", word).replace("oe", "u").replace("dj", "j").replace("tj", "c")
