"""
The form of a text that is compared and classified, not shown: everyday speech made formal.

It begins where `clean` ends and uses the same tables. What the citizen wrote, as an officer reads
it, is `clean_text`; here "gue", "nungguin" and "dong" would keep two reports of the same thing
apart. Names, numbers, links and codes come out as they went in.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from normalizer.text_morphology import PLACES, written
from normalizer.text_short import is_untouchable, names_follow, opens_sentence, settle, shouts
from normalizer.text_table import Abbreviations

_REMEMBERED = 8192
_WORDS = re.compile(r"[^\W\d_]+")
_SIGNS = ".,!?;:"
# What follows them, or what they follow, decides.
_JOINED = frozenset({"nya", "lanjuti", "min"})
_DI = frozenset({"di", "Di"})


def formal(clean_text: str, table: Abbreviations) -> str:
    """The normal form of what `clean` gives."""
    text = clean_text
    if not text.isascii():
        text = table.emoji_pattern.sub(lambda found: f" {table.emoji[found[1]]} ", text)
    shouting = shouts(text)
    return "\n".join(_line(line.split(" "), table, shouting=shouting) for line in text.split("\n"))


def _line(chunks: Sequence[str], table: Abbreviations, *, shouting: bool) -> str:
    settled = table.settled_formal
    said: list[str] = []
    for at, chunk in enumerate(chunks):
        if chunk in settled and not (said and said[-1] in _DI):
            said.append(chunk)
            continue
        plain = shouting or chunk.islower() or opens_sentence(at, chunks)
        full = _formal_at(at, chunks, table) if plain else chunk
        if said and full and _belongs(full.rstrip(_SIGNS), said[-1], table):
            said[-1] += full
        elif full:
            said.append(full)
    return " ".join(said)


def _formal_at(at: int, chunks: Sequence[str], table: Abbreviations) -> str:
    chunk = chunks[at]
    if is_untouchable(chunk) or (chunk == "min" and "".join(chunks[at + 1 : at + 2]).isdigit()):
        return chunk
    if at and chunk not in table.spoken and names_follow(chunks[at - 1], table):
        return chunk
    full = _said(chunk, table)
    if full == chunk and chunk.rstrip(_SIGNS) not in _JOINED:
        settle(chunk, table.settled_formal)
    return full


def _belongs(core: str, before: str, table: Abbreviations) -> bool:
    """Whether a word is only written apart from the one before: "di buka", "jalan nya"."""
    return (
        (before in _DI and _is_verb(core, table))
        or (core == "nya" and before.isalpha())
        or (core == "lanjuti" and before.endswith("tindak"))
    )


def _is_verb(word: str, table: Abbreviations) -> bool:
    if word in PLACES:
        return False
    return any(
        word.endswith(ending) and word.removesuffix(ending) in table.verbs
        for ending in ("", "kan", "i")
    )


def _said(chunk: str, table: Abbreviations) -> str:
    """A piece in formal words; empty where formal writing has none for it."""

    def replace(found: re.Match[str]) -> str:
        word = found.group()
        full = _remembered(word.lower(), table)
        if full == word.lower():
            return word
        return full.upper() if word.isupper() and len(word) > 1 else full

    said = _WORDS.sub(replace, chunk)
    return said if said == chunk or _WORDS.search(said) else ""


@lru_cache(maxsize=_REMEMBERED)
def _remembered(word: str, table: Abbreviations) -> str:
    full = table.spoken.get(word)
    return written(word, table) if full is None else full
