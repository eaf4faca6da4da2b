"""
Short forms written out within a text, with care for what is no ordinary word.

Links, addresses of the net, codes, numbers and words in capitals stay as they are, and what could
be a name is left alone. A short form with two meanings is decided by its neighbours. Nine pieces of
ten stay as they are wherever they stand; those are remembered and cost one look.
"""

import re
from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase

from normalizer.text_meanings import meant
from normalizer.text_spelling import is_elongated, spelled
from normalizer.text_table import Abbreviations

_SAMPLE = 120
_REMEMBERED = 16_384
# Longer pieces are hardly ever seen twice.
_LONGEST_REMEMBERED = 24

_CAPITALS, _SMALL = ascii_uppercase.encode(), ascii_lowercase.encode()
_WORD = re.compile(r"(\w+)(\.?)")
_SPOKEN = re.compile(r"[^\W\d_]+|\d+")
_LINK = re.compile(
    r"://|[@\\_]|^[#/]|^www\."
    r"|\.(?:com|net|org|info|go|co|id|ac|sch|gov|me|ly|gl|io|app|tv|xyz)(?![^\W_])",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?=\S*\d)\S*\w-\w")
_VOWEL = re.compile("[aeiou]")
_DIGIT = re.compile(r"\d")
# A name stands behind one of these.
_NAMED = frozenset(
    _SPOKEN.findall("""
    desa dukuh dusun gang jorong kabupaten kampung kecamatan kelurahan kepenghuluan nagari pekon""")
)
# ... but these are said there as well: "di desa blom ada lampu".
_NEVER_NAMES = frozenset(
    _SPOKEN.findall("""
    atau belum bisa dan dapat dengan harus ini itu jangan juga kalau kami karena kurang lagi masih
    pada saja sampai saya sekarang sering setiap sudah supaya tapi telah tetap tidak untuk yang""")
)
_EDGES = ".,;:!?()\"'"
_ENDS = (".", "!", "?")


def written_out(text: str, table: Abbreviations) -> str:
    """The text, with single blanks between its words, with its short forms written out."""
    shouting = shouts(text)
    settled = table.settled
    lines = []
    for line in text.split("\n"):
        chunks = line.split(" ")
        if not settled.issuperset(chunks):
            said = [
                chunk if chunk in settled else _expand_at(at, chunks, table, shouting=shouting)
                for at, chunk in enumerate(chunks)
            ]
            line = " ".join(said)  # noqa: PLW2901 (the same line, written out)
        lines.append(line)
    return "\n".join(lines)


def is_untouchable(chunk: str) -> bool:
    """Whether a piece is a link, a name of the net, a tag or a code."""
    return bool(_LINK.search(chunk) or _CODE.match(chunk))


def shouts(text: str) -> bool:
    """Whether a text is written in capitals, so that capitals say nothing about a word."""
    sample = text[:_SAMPLE].encode("utf-8", "surrogatepass")
    capitals = len(sample) - len(sample.translate(None, _CAPITALS))
    return capitals > 2 * (len(sample) - len(sample.translate(None, _SMALL)))


def opens_sentence(at: int, chunks: Sequence[str]) -> bool:
    """Whether a sentence begins here, where a capital does not make a name."""
    return at == 0 or chunks[at - 1].endswith(_ENDS)


def names_follow(chunk: str, table: Abbreviations) -> bool:
    """Whether a village has its name behind this word: "desa", "kp."."""
    before = chunk.strip(_EDGES).lower()
    return table.address.get(before, before) in _NAMED


def settle(chunk: str, settled: set[str]) -> None:
    """Remember a piece that stays as it is, unless its digits may be somebody's number."""
    if len(chunk) <= _LONGEST_REMEMBERED and chunk.strip(_EDGES).isalpha():
        if len(settled) >= _REMEMBERED:
            settled.clear()
        settled.add(chunk)


def _expand_at(at: int, chunks: Sequence[str], table: Abbreviations, *, shouting: bool) -> str:
    chunk = chunks[at]
    core = chunk.strip(_EDGES)
    if not core or core.isdigit():
        return chunk
    full = meant(at, core, chunks, table, shouting=shouting)
    if full:
        said = chunk.replace(core, _in_case(full, core, shouting=shouting), 1)
        # "no. 5": the full stop is of the short form, not of the sentence.
        ends = at + 1 == len(chunks) or full == core.lower()
        return said if ends else said.removesuffix(".")
    # Only a word like a name depends on where it stands.
    opens = core.istitle() and opens_sentence(at, chunks)
    full = table.replaced.get((chunk, shouting, opens), "")
    if not full:
        full = _expand_first(chunk, table, shouting=shouting, opens=opens)
    return chunk if full != chunk and _may_be_name(at, core, chunks, table) else full


def _expand_first(chunk: str, table: Abbreviations, *, shouting: bool, opens: bool) -> str:
    """What becomes of a piece that is not remembered yet."""
    if chunk.strip(_EDGES).lower() not in table.meanings and (
        _expand(chunk, table, shouting=True, opens=True) == chunk
    ):
        settle(chunk, table.settled)
        return chunk
    full = _expand(chunk, table, shouting=shouting, opens=opens)
    if len(chunk) <= _LONGEST_REMEMBERED and not _DIGIT.search(chunk):
        if len(table.replaced) >= _REMEMBERED:
            table.replaced.clear()
        table.replaced[chunk, shouting, opens] = full
    return full


def _may_be_name(at: int, core: str, chunks: Sequence[str], table: Abbreviations) -> bool:
    """Whether a piece stands where a village has its name: "desa solokan", "kp lobang"."""
    if not (at and core.isalpha() and _VOWEL.search(core)):
        return False
    return names_follow(chunks[at - 1], table) and table.words.get(core) not in _NEVER_NAMES


def _expand(chunk: str, table: Abbreviations, *, shouting: bool, opens: bool) -> str:
    if not chunk.isalpha():
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
    if word.isdigit():
        return word
    if key in table.keep_before_dot and (dot or (word.istitle() and not opens)):
        return word
    elongated = is_elongated(key)
    # A word without a vowel can open a sentence, but is nobody's name.
    plain = word.islower() or shouting or elongated
    if plain or opens or (word.istitle() and not _VOWEL.search(key)):
        full = spelled(key, table)
        if word.isupper() and not shouting and full not in table.vocabulary:
            return word  # a case code may have a letter three times
        return word if full == key else _in_case(full, word, shouting=shouting or elongated)
    return word


def _in_case(full: str, word: str, *, shouting: bool) -> str:
    if shouting and word.isupper():
        return full.upper()
    return full[0].upper() + full[1:] if word[0].isupper() else full
