"""
Which language a text is written in, by its small words and by what its other words look like.

A word speaks for the languages whose list has it, the less the more lists have it; a word in no
list speaks a little by its beginning, its ending and its letters. Indonesian with words of another
language in it stays Indonesian: the other language must be ahead by more than a word.
"""

import re
from collections.abc import Mapping
from itertools import chain
from math import log
from typing import TypeAlias

from normalizer.language_words import BEGINNINGS, ENDINGS, LETTERS, WORDS
from normalizer.remembered import Remembered

#: The languages told apart.
LANGUAGES = tuple(WORDS)

# How far each language is spoken for, in the order of LANGUAGES.
_Evidence: TypeAlias = tuple[tuple[int, float], ...]

# What a look weighs beside a word that is in one list only.
_LOOK = 0.35
_LEAST = 0.5
# One odd word, or a name, is not yet a language of the archipelago.
_LEAST_OTHER = 1.2
_LEAD = 0.5
# Enough to know a language by; a mail may hold megabytes.
_READ = 500
_SHORTEST = 4
# How far the known words of one language must lead to decide alone.
_CLEAR = 4.0

_SIGNS_AROUND = ".,;:!?()[]*_~@#0123456789" + '"'
_PLAIN = str.maketrans("\u2019\u00b4\u2018éèêëöôóòâáà", "'''eeeeooooaaa")
_INDONESIAN = LANGUAGES.index("id")


def language_of(text: str) -> str | None:
    """The ISO 639 code of the language of a text; None where its words do not tell."""
    totals = [0.0] * len(LANGUAGES)
    chunks = _chunks(text[:_READ].lower())
    heard = list(map(_HEARD.__getitem__, chunks))
    for language, weight in chain.from_iterable(heard):
        totals[language] += weight
    if not _clear(totals):
        _add_looks(
            [chunk for chunk, owners in zip(chunks, heard, strict=True) if not owners], totals
        )
    best = max(totals)
    if best < _LEAST:
        return None
    indonesian = totals[_INDONESIAN]
    if indonesian >= _LEAST and best - indonesian <= _LEAD:
        return "id"
    told = LANGUAGES[totals.index(best)]
    return told if best >= _LEAST_OTHER or told == "en" else None


def _chunks(text: str) -> list[str]:
    """
    What stands between blanks, with the apostrophes some languages write a sound with.

    Three times as fast as the words that places and topics need.
    """
    plain = text if text.isascii() else text.translate(_PLAIN)
    return plain.replace("-", " ").replace("/", " ").split()


def _clear(totals: list[float]) -> bool:
    """Whether the known words decide alone, as they mostly do."""
    *_, second, best = sorted(totals)
    return best - second > _CLEAR


def _add_looks(unknown: list[str], totals: list[float]) -> None:
    """What words in no list speak for."""
    for chunk in unknown:
        word = chunk.strip(_SIGNS_AROUND)
        if len(word) < _SHORTEST:
            continue
        evidence = [_SIGNS[sign] for sign in _LETTERS.findall(word)]
        for length in (2, 3, 4):
            evidence += (_ENDS.get(word[-length:], ()), _BEGINS.get(word[:length], ()))
        for language, weight in chain.from_iterable(evidence):
            totals[language] += weight


def _weighed(lists: Mapping[str, str]) -> dict[str, _Evidence]:
    """For each piece the languages that have it, each weighing less the more they are."""
    owners: dict[str, set[int]] = {}
    for language, pieces in lists.items():
        for piece in pieces.translate(_PLAIN).split():
            owners.setdefault(piece, set()).add(LANGUAGES.index(language))
    most = log(len(LANGUAGES))
    return {
        piece: tuple((language, 1 - log(len(having)) / most) for language in sorted(having))
        for piece, having in owners.items()
    }


def _lighter(evidence: Mapping[str, _Evidence]) -> dict[str, _Evidence]:
    return {
        piece: tuple((language, weight * _LOOK) for language, weight in owners)
        for piece, owners in evidence.items()
    }


_WORDS = _weighed(WORDS)
#: The same of what stands between blanks, with the signs around a word.
_HEARD = Remembered[str, _Evidence](
    lambda chunk: _WORDS.get(chunk) or _WORDS.get(chunk.strip(_SIGNS_AROUND), ())
)
_ENDS = _lighter(_weighed(ENDINGS))
_BEGINS = _lighter(_weighed(BEGINNINGS))
_SIGNS = _lighter(_weighed(LETTERS))
_LETTERS = re.compile("|".join(sorted(_SIGNS, key=len, reverse=True)))
