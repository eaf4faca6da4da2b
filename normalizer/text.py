"""
What a citizen wrote, made readable beside the original: the first version.

`clean` repairs signs and spacing, drops the keyword an advert asked for ("TANGKAB isi aduan") and
writes short forms out. It is careful: numbers, links, addresses of the net, codes and words in
capitals stay as they are, and what could be a name is left alone.
`words` is the one way a text is cut into words here, for the lexicons as for the matching.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

TITLE_LENGTH = 80

_SAMPLE = 120

# Zero-width signs, direction marks and the byte order mark are invisible and split words.
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_BLANKS = re.compile(r"[^\S\n]{2,}|[^\S\n ]")
_LINES = re.compile(r" ?\n[ \n]*")
_CHUNK = re.compile(r"\S+")
_SHORT_FORM = re.compile(r"(\w+)(\.?)")
_VOWEL = re.compile("[aeiou]")
_WORD = re.compile(r"[^\W\d_]+|\d+|\?")
_GREETING = re.compile(
    r"(?:(?:as+ala+mu+'?\s?ala[iy]k+u+m|(?:wr|wb|warahmatullahi|wabarakatuh)\b"
    r"|selamat\s(?:pagi|siang|sore|malam)|hal+o+|hai|hi|hello|dear|permisi|yth"
    r"|yang\sterhormat|kepada|mohon\smaaf|maaf|min|admin"
    # "Bapak saya sakit" is no greeting.
    r"|(?:ba?pak|pak|ibu|bu)(?=\s*[,.!:;/]|\s+(?:dan|ba?pak|pak|i?bu|admin)\b)|dan(?=\s+i?bu\b))"
    r"\b[\s,.!:;/-]*)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abbreviations:
    """The short forms of config/abbreviations.toml, ready to be looked up in lower case."""

    words: Mapping[str, str]
    #: Parts of an address: written out in capitals too, and their full stop goes.
    address: Mapping[str, str]
    #: Forms with a slash: "a/n".
    slashed: Mapping[str, str]
    #: Not a short form when a full stop follows: "dr." is a doctor.
    keep_before_dot: frozenset[str]
    #: Every short form without a slash.
    known: frozenset[str]
    #: Matches the keywords an advert asks to put first; empty at the least.
    keyword: re.Pattern[str]


def storable(text: str) -> str:
    """The text with what neither JSON nor PostgreSQL can hold (NUL, half signs) made visible."""
    return _UNSTORABLE.sub("\ufffd", text)


def clean(text: str, abbreviations: Abbreviations) -> str:
    """The text in composed Unicode, evenly spaced, without keyword, short forms written out."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    if not plain.isascii():
        plain = _INVISIBLE.sub("", unicodedata.normalize("NFC", plain))
    plain = _CONTROL.sub(" ", plain)
    plain = _LINES.sub("\n", _BLANKS.sub(" ", plain)).strip()
    plain = _without_keyword(plain, abbreviations.keyword)
    shouting = _shouting(plain)

    def expand(found: re.Match[str]) -> str:
        chunk = found.group()
        if chunk.isalpha():
            known = chunk.lower() in abbreviations.known
            return _expand_word(chunk, "", abbreviations, shouting=shouting) if known else chunk
        return _expand_chunk(chunk, abbreviations, shouting=shouting)

    return _CHUNK.sub(expand, plain)


def words(text: str) -> list[str]:
    """The words, numbers and question marks of a text in lower case; "rt05" gives two."""
    return _WORD.findall(text.lower())


def without_greeting(text: str) -> str:
    """The text after its opening courtesy, or all of it where nothing else is said."""
    found = _GREETING.match(text)
    return (text[found.end() :] if found else text) or text


def title_of(text: str) -> str:
    """One line of at most 80 characters that ends at the border of a word."""
    line = " ".join(without_greeting(text.strip()[:2000]).split())
    if len(line) <= TITLE_LENGTH:
        return line
    cut = line[:TITLE_LENGTH]
    border = cut.rfind(" ")
    kept = cut[:border] if border > TITLE_LENGTH // 2 else cut[: TITLE_LENGTH - 1]
    return kept.rstrip(" ,.;:-") + "…"


def _without_keyword(text: str, keyword: re.Pattern[str]) -> str:
    found = keyword.match(text)
    return (text[found.end() :] if found else text) or text


def _shouting(text: str) -> bool:
    """Whether a text is written in capitals, so that capitals say nothing about a word."""
    sample = text[:_SAMPLE]
    return sum(map(str.isupper, sample)) > 2 * sum(map(str.islower, sample))


def _expand_chunk(chunk: str, abbreviations: Abbreviations, *, shouting: bool) -> str:
    if "://" in chunk or "@" in chunk or chunk.startswith(("#", "www.")):
        return chunk
    core = chunk.rstrip(".,;:")
    slashed = abbreviations.slashed.get(core.lower())
    if slashed:
        return slashed + chunk[len(core) :]

    def expand(found: re.Match[str]) -> str:
        word, dot = found.groups()
        full = _expand_word(word, dot, abbreviations, shouting=shouting)
        if not dot or word.lower() in abbreviations.address:
            return full + (" " if dot and found.end() < len(chunk) else "")  # "Jl.Mawar"
        return full + dot

    return _SHORT_FORM.sub(expand, chunk)


def _expand_word(word: str, dot: str, abbreviations: Abbreviations, *, shouting: bool) -> str:
    key = word.lower()
    full = abbreviations.words.get(key)
    if full is None:
        part = abbreviations.address.get(key)
        return _in_case(part, word, shouting=shouting) if part else word
    if dot and key in abbreviations.keep_before_dot:
        return word
    # A word without a vowel can open a sentence, but is nobody's name.
    if word.islower() or shouting or (word.istitle() and not _VOWEL.search(key)):
        return _in_case(full, word, shouting=shouting)
    return word


def _in_case(full: str, word: str, *, shouting: bool) -> str:
    if shouting and word.isupper():
        return full.upper()
    return full[0].upper() + full[1:] if word[0].isupper() else full
