"""
Short forms written out within a text, with care for what is no ordinary word.

Links, addresses of the net, codes, numbers and words in capitals stay as they are, and what could
be a name is left alone. A short form with two meanings is decided by its neighbours. What became
of a piece between two blanks is remembered, as complaints use the same few thousand words.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from normalizer.text_spelling import is_elongated, spelled
from normalizer.text_table import NUMBER, Abbreviations, Meaning

_SAMPLE = 120
_REMEMBERED = 8192
# Longer pieces are hardly ever seen twice.
_LONGEST_REMEMBERED = 24
_CONTEXT = 48

_CHUNK = re.compile(r"\S+")
_WORD = re.compile(r"(\w+)(\.?)")
_SPOKEN = re.compile(r"[^\W\d_]+|\d+")
_LINK = re.compile(
    r"://|[@\\_]|^[#/]|^www\."
    r"|\.(?:com|net|org|info|go|co|id|ac|sch|gov|me|ly|gl|io|app|tv|xyz)(?![^\W_])",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?=\S*\d)\S*\w-\w")
_VOWEL = re.compile("[aeiou]")
# A name stands behind one of these.
_NAMED = frozenset(
    _SPOKEN.findall("""
    desa dukuh dusun gang jorong kabupaten kampung kecamatan kelurahan kepenghuluan nagari pekon""")
)
# ... but these are said there as well: "di desa blom ada lampu".
_NEVER_NAMES = frozenset(
    _SPOKEN.findall("""
    atau belum bisa dan dapat dengan harus ini itu jangan juga kalau kami karena
    kurang lagi masih pada saja sampai saya sekarang sering setiap sudah supaya tapi telah tetap
    tidak untuk yang""")
)
_EDGES = ".,;:!?()\"'"
_ENDS = ".!?\n"


def written_out(text: str, table: Abbreviations) -> str:
    """The text with its short forms written out."""
    shouting = shouts(text)

    def expand(found: re.Match[str]) -> str:
        chunk = found.group()
        core = chunk.strip(_EDGES)
        opens = chunk[0].isupper() and opens_sentence(text, found.start())
        # What has digits may be somebody's number: it is not kept in memory.
        if not core.isalpha() or len(chunk) > _LONGEST_REMEMBERED:
            return _expand(chunk, table, shouting=shouting, opens=opens)
        if core.lower() in table.meanings:
            full = _meant(core, text, found, table)
            if full:
                return chunk.replace(core, _in_case(full, core, shouting=shouting), 1)
        return _remembered(chunk, table, shouting, opens)

    def expand_or_name(found: re.Match[str]) -> str:
        full, chunk = expand(found), found.group()
        return chunk if full != chunk and _may_be_name(text, found, table) else full

    return _CHUNK.sub(expand_or_name, text)


def is_untouchable(chunk: str) -> bool:
    """Whether a piece is a link, a name of the net, a tag or a code."""
    return bool(_LINK.search(chunk) or _CODE.match(chunk))


def shouts(text: str) -> bool:
    """Whether a text is written in capitals, so that capitals say nothing about a word."""
    sample = text[:_SAMPLE]
    return sum(map(str.isupper, sample)) > 2 * sum(map(str.islower, sample))


def opens_sentence(text: str, start: int) -> bool:
    """Whether a sentence begins here, where a capital does not make a name."""
    before = text[max(0, start - 2) : start]
    return not before or before[-1] == "\n" or (before[0] in _ENDS and before[-1] == " ")


def _may_be_name(text: str, found: re.Match[str], table: Abbreviations) -> bool:
    """Whether a piece stands where a village has its name: "desa solokan", "kp lobang"."""
    word = found.group().strip(_EDGES)
    if not word.isalpha() or not _VOWEL.search(word) or table.words.get(word) in _NEVER_NAMES:
        return False
    before = _SPOKEN.findall(text[max(0, found.start() - _CONTEXT) : found.start()].lower())
    return bool(before) and table.address.get(before[-1], before[-1]) in _NAMED


def _meant(core: str, text: str, found: re.Match[str], table: Abbreviations) -> str:
    """What the neighbours make of a short form with several meanings; empty where nothing."""
    before = _spoken(text[max(0, found.start() - _CONTEXT) : found.start()])
    after = _spoken(text[found.end() : found.end() + _CONTEXT])
    for meaning in table.meanings[core.lower()]:
        if _fits(meaning, before[-1:], after):
            return meaning.full
    return ""


def _spoken(text: str) -> list[str]:
    return [NUMBER if word.isdigit() else word for word in _SPOKEN.findall(text.lower())]


def _fits(meaning: Meaning, before: Sequence[str], after: Sequence[str]) -> bool:
    return (
        not meaning.after.isdisjoint(before)
        or not meaning.before.isdisjoint(after[:1])
        or not meaning.near.isdisjoint(after[:3])
    )


@lru_cache(maxsize=_REMEMBERED)
def _remembered(chunk: str, table: Abbreviations, shouting: bool, opens: bool) -> str:  # noqa: FBT001 (a cache has no names)
    return _expand(chunk, table, shouting=shouting, opens=opens)


def _expand(chunk: str, table: Abbreviations, *, shouting: bool, opens: bool) -> str:
    core = chunk.rstrip(_EDGES)
    slashed = table.slashed.get(core.lower())
    if slashed:
        return slashed + chunk[len(core) :].removeprefix("." if "." in core else "")
    if is_untouchable(chunk):
        return chunk

    def expand(found: re.Match[str]) -> str:
        word, dot = found.groups()
        full = _expand_word(word, dot, table, shouting=shouting, opens=opens)
        if not dot or word.lower() not in table.address:
            return full + dot
        return full + (" " if found.end() < len(chunk) else "")  # "Jl.Mawar"

    return _WORD.sub(expand, chunk)


def _expand_word(word: str, dot: str, table: Abbreviations, *, shouting: bool, opens: bool) -> str:
    key = word.lower()
    part = table.address.get(key)
    if part:
        return _in_case(part, word, shouting=shouting)
    if word.isdigit() or (dot and key in table.keep_before_dot):
        return word
    elongated = is_elongated(key)
    # A word without a vowel can open a sentence, but is nobody's name.
    plain = word.islower() or shouting or elongated
    if plain or opens or (word.istitle() and not _VOWEL.search(key)):
        full = spelled(key, table)
        return word if full == key else _in_case(full, word, shouting=shouting or elongated)
    return word


def _in_case(full: str, word: str, *, shouting: bool) -> str:
    if shouting and word.isupper():
        return full.upper()
    return full[0].upper() + full[1:] if word[0].isupper() else full
