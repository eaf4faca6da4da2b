"""
Short forms with several meanings, decided by the words beside them.

"kel" is a kelurahan, but in "kartu kel" a family. The words stand in abbreviations.toml; the first
meaning that fits counts, and where none fits the short form is not decided here.
"""

import re
from collections.abc import Sequence

from normalizer.text_table import NUMBER, Abbreviations

_SPOKEN = re.compile(r"[^\W\d_]+|\d+")


def meant(
    at: int, core: str, chunks: Sequence[str], table: Abbreviations, *, shouting: bool
) -> str:
    """What the neighbours make of the short form `core` in `chunks[at]`; empty where nothing."""
    short = core.lower()
    if short not in table.meanings:
        return ""
    # "SD" in a text that is not in capitals is the school; "KEL" and "NO" are what they always are.
    if core.isupper() and not (shouting or short in table.address or short == "no"):
        return ""
    before = _neighbours(chunks[max(0, at - 1) : at])[-1:]
    after = _neighbours(chunks[at + 1 : at + 4])
    for meaning in table.meanings[short]:
        behind = not meaning.after.isdisjoint(before)
        in_front = not meaning.before.isdisjoint(after[:1])
        if meaning.between:
            fits = behind and in_front
        else:
            fits = behind or in_front or not meaning.near.isdisjoint(after)
        if fits:
            return meaning.full
    return ""


def _neighbours(chunks: Sequence[str]) -> list[str]:
    spoken = _SPOKEN.findall(" ".join(chunks).lower())
    return [NUMBER if word.isdigit() else word for word in spoken]
