"""
The form of a text that is compared and classified, not shown: everyday speech made formal.

It begins where `clean` ends and uses the same tables. What the citizen wrote, as an officer reads
it, is `clean_text`; here "gue", "nungguin" and "dong" would keep two reports of the same thing
apart. Names, numbers, links and codes come out as they went in.
"""

import re
from functools import lru_cache

from normalizer.text_morphology import written
from normalizer.text_short import is_untouchable, opens_sentence, shouts
from normalizer.text_table import Abbreviations

_REMEMBERED = 8192
_PIECE = re.compile(r"(\s*)(\S+)")
_WORDS = re.compile(r"[^\W\d_]+")
#: "min 5 derajat" is cold, "min, lampu mati" is said to an admin.
_MINUS = "min"
# Verbs that are places as well: "di jalan" stays apart, "di buka" does not.
_PLACES = frozenset(
    _WORDS.findall("""
    akhir alam atas awal baik barat batas dalam dekat hadap jalan kandang kantong kerja kontrak
    kubur lapor luar makam muka nomor pagar pasar panggung parkir rapat rumah samping seberang
    sela simpang sisi tangan tempat tengah tepi tingkat undang""")
)


def formal(clean_text: str, table: Abbreviations) -> str:
    """The normal form of what `clean` gives."""
    text = clean_text
    if not text.isascii():
        text = table.emoji_pattern.sub(lambda found: f" {table.emoji[found[1]]} ", text)
    shouting = shouts(text)
    pieces: list[str] = []
    for found in _PIECE.finditer(text):
        blank, chunk = found.groups()
        if is_untouchable(chunk):
            pieces.append(blank + chunk)
            continue
        plain = shouting or chunk.islower() or opens_sentence(text, found.start(2))
        said = _said(chunk, table) if plain else chunk
        if chunk == _MINUS and text[found.end() + 1 : found.end() + 2].isdigit():
            said = chunk
        _add(pieces, blank, said, table)
    return "".join(pieces).strip()


def _add(pieces: list[str], blank: str, said: str, table: Abbreviations) -> None:
    """Put a piece behind the others, joining what is only written apart: "di buka", "jalan nya"."""
    if not said:
        return
    before = pieces[-1].strip() if pieces else ""
    core = said.rstrip(".,!?")
    joined = (
        (core == "nya" and before.isalpha())
        or (core == "lanjuti" and before.endswith("tindak"))
        or (before.lower() == "di" and _is_verb(core, table))
    )
    pieces.append(said if joined else blank + said)


def _is_verb(word: str, table: Abbreviations) -> bool:
    if word in _PLACES:
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
