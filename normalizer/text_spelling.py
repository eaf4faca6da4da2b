"""
One careless word, written out: by the tables, and where they are silent by the rules of SMS.

"jlnnya" is "jalannya", "rumah2" "rumah-rumah", "tolooong" "tolong", "j4lan" "jalan", "smbrngn" the
only word with these consonants. A rule counts only where it ends at a known word: a name, a code or
a foreign word is left alone, because nothing tells what it should have been.
"""

import re
from collections.abc import Iterator

from normalizer.text_table import Abbreviations, skeleton_of

_LEAST_LETTERS = 3
_LEAST_CONSONANTS = 4
# Shorter ones are names as often: "sekarng" can be one thing only.
_LONG_WORD = 6
_LONGEST_WORD = 30
# "XXX" hides something on purpose.
_RUN = re.compile(r"([^\W\d_x])\1{2,}")
# "pertanyaaan", "mengggunakan": one letter too many.
_TWO_MEANT = re.compile(r"(?<!a)(a)\1{2,20}(?=n)|(?<=n)(g)\2{2,}")
_DOUBLE = re.compile(r"([^\W\d_])\1")
_ROMAN = re.compile(r"[ivxlcm]+|www")
_TWICE = re.compile(r"([^\W\d_]{3,})[2²](nya|ny|an|lah|kan|ku)?")
_PREFIX = re.compile(r"(ber|ter|se|ke|di)([^\W\d_]{3,})")
_DISGUISED = re.compile(r"(?=.{4})[a-z0-9]*?(?:[a-z][0-9]+[a-z]|^[0-9][a-z]{2})[a-z0-9]*")
_LETTERS = (str.maketrans("013457869", "oieastbgg"), str.maketrans("013457869", "oleastbgg"))
_ENDINGS = {"nya": "nya", "ny": "nya", "x": "nya", "lah": "lah", "kah": "kah", "pun": "pun"}
_VOWEL = re.compile("[aeiou]")


def spelled(word: str, table: Abbreviations) -> str:
    """A word in small letters as it is meant, or as it is where nothing is known about it."""
    full = _short(word, table)
    if full or word in table.vocabulary:
        return full or word
    if not word.isalpha():
        return _disguised(word, table) or _twice(word, table) or word
    if _RUN.search(word) and not _ROMAN.fullmatch(word):
        return _shortened(word, table)
    if not _VOWEL.search(word):
        held = word[:-1] if word[-1:] == word[-2:-1] else ""
        return (
            _with_ending(word, table) or _short(held, table) or _by_consonants(word, table) or word
        )
    return (
        _with_ending(word, table)
        or _with_double_letter(word, table)
        or (with_vowels(word, table) if len(word) >= _LONG_WORD else "")
        or word
    )


def with_vowels(word: str, table: Abbreviations) -> str:
    """The only word with these consonants, where it has all letters of this one: "bgaimana"."""
    full = table.skeletons.get(skeleton_of(word), "")
    if len(full) <= len(word) or full[0] != word[0]:
        return ""
    letters = iter(full)
    return full if all(letter in letters for letter in word) else ""


def is_elongated(word: str) -> bool:
    """Whether a letter stands three times in a row, which no name has."""
    return _RUN.search(word) is not None


def _short(word: str, table: Abbreviations) -> str:
    return table.words.get(word) or table.address.get(word) or ""


def _known(word: str, table: Abbreviations) -> str:
    return word if word in table.vocabulary else _short(word, table)


def _shortened(word: str, table: Abbreviations) -> str:
    """A letter held down: "maaaaf" has two of them, "tolooong" one."""
    once = _RUN.sub(r"\1", _TWO_MEANT.sub(r"\1\1\2\2", word))
    for attempt in (once, _RUN.sub(r"\1\1", word)):
        known = _known(attempt, table) or _with_ending(attempt, table)
        if known:
            return known
    return once


def _with_ending(word: str, table: Abbreviations) -> str:
    for ending, full_ending in _ENDINGS.items():
        if not word.endswith(ending):
            continue
        stem = word[: -len(ending)]
        full = _short(stem, table) if len(stem) > 1 else ""
        if full.replace(" ", "").isalpha():
            return full + full_ending
        if len(stem) >= _LEAST_LETTERS and stem in table.vocabulary:
            return stem + full_ending
    return ""


def _with_double_letter(word: str, table: Abbreviations) -> str:
    if len(word) <= _LEAST_LETTERS:
        return ""
    if word[-1] == word[-2] and word[:-1] in table.spoken:
        return word[:-1]
    once = _DOUBLE.sub(r"\1", word)
    return _known(once, table) if once != word else ""


def _by_consonants(word: str, table: Abbreviations) -> str:
    return table.skeletons.get(word, "") if len(word) >= _LEAST_CONSONANTS else ""


def _twice(word: str, table: Abbreviations) -> str:
    """The plural of SMS: "org2nya", "berkali2"."""
    found = _TWICE.fullmatch(word)
    if not found:
        return ""
    stem, ending = found[1], _ENDINGS.get(found[2], found[2]) if found[2] else ""
    for prefix, base in _stems(stem):
        full = _known(base, table)
        if full.isalpha() and full not in table.numbered:
            return f"{prefix}{full}-{full}{ending}"
    return ""


def _stems(word: str) -> Iterator[tuple[str, str]]:
    yield "", word
    found = _PREFIX.fullmatch(word)
    if found:
        yield found[1], found[2]


def _disguised(word: str, table: Abbreviations) -> str:
    """Digits that look like letters, inside a word: "s4mp4h"; "rt05" or "blok4" is none."""
    if len(word) > _LONGEST_WORD or word[-1] == "2" or not _DISGUISED.fullmatch(word):
        return ""
    for letters in _LETTERS:
        attempt = word.translate(letters)
        if attempt in table.vocabulary:
            return attempt
        plain = _with_ending(attempt, table) if attempt.isalpha() else ""
        if plain:
            return plain
        for ending in ("nya", "an"):
            if attempt.removesuffix(ending) in table.vocabulary:
                return attempt
    return ""
