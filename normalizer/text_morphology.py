"""
Everyday endings and beginnings of Indonesian verbs, turned into the written ones.

"benerin" is "benarkan", "dibersihin" "dibersihkan", "nungguin" "menunggui", "ngecek" "mengecek",
"ketabrak" "tertabrak", "cepet" "cepat", "dipake" "dipakai", "ujan" "hujan". Every rule must end at
a known word, so names and foreign words pass through.
"""

import re
from collections.abc import Iterator

from normalizer.text_spelling import spelled, with_vowels
from normalizer.text_table import Abbreviations

#: Verbs that are places as well: "di jalan" stays apart, "di buka" does not.
PLACES = frozenset(
    re.findall(
        r"\w+",
        """
    akhir alam arah atas awal baik barat batas dalam dekat hadap jalan kandang kantong kerja kontrak
    kubur lapor luar makam muka nomor pagar pasar panggung parkir rapat rumah samping seberang
    sela simpang sisi tangan tempat tengah tepi tingkat undang""",
    )
)

_LEAST_LETTERS = 4
_ENDINGS = ("", "nya", "lah", "kah", "ku", "mu")
_STOPPED = re.compile(r"[aeiou][kqh]$")
_LAST_E = re.compile(r"e(ng|n|t|r|s|l|m|p|k)$")
_DOUBLE_END = re.compile(r"(.)\1$")
_DROPPED = re.compile(r"(?:ng|ny|n|m)")
_ONE_SYLLABLE = re.compile(r"[^aeiou]+[aeiou][^aeiou]*")
_TWO_LETTERS = re.compile(r"[kpst][lrt]")


def written(word: str, table: Abbreviations) -> str:
    """The written form of a spoken word in small letters; the word itself where no rule fits."""
    if word in table.vocabulary or len(word) < _LEAST_LETTERS or not word.isalpha():
        return word
    for ending in _ENDINGS:
        if not word.endswith(ending):
            continue
        base = word.removesuffix(ending)
        if base in table.vocabulary:
            return word
        full = _verb(base, table) or _root(base, table)
        if full:
            return full + ending
    return with_vowels(word, table) or word


def _root(word: str, table: Abbreviations) -> str:
    """An ordinary word behind its spoken sound."""
    if len(word) < _LEAST_LETTERS - 1:
        return ""
    spoken = table.spoken.get(word) or table.spoken.get(_DOUBLE_END.sub(r"\1", word), "")
    if spoken.isalpha():
        return spoken
    return next((form for form in _sounds(word, table) if form in table.vocabulary), "")


def _sounds(word: str, table: Abbreviations) -> Iterator[str]:
    yield word
    yield spelled(word, table)
    yield _LAST_E.sub(r"a\1", word)
    if word.endswith("e"):
        yield f"{word[:-1]}ai"
        yield f"{word[:-1]}a"
    if word.endswith("o"):
        yield f"{word[:-1]}au"
    if _STOPPED.search(word):
        yield word[:-1]
    if word[0] in "aeiou":
        yield f"h{word}"
    if word[-1] in "aeiou":
        yield f"{word}h"
    yield word.replace("oe", "u").replace("dj", "j").replace("tj", "c")


def _verb(word: str, table: Abbreviations) -> str:
    if word.endswith("in"):
        full = _prefixed(word[:-2], table, causing=True)
        if full:
            return full
    return _prefixed(word, table, causing=False)


def _prefixed(word: str, table: Abbreviations, *, causing: bool) -> str:
    """The verb in `word`, with the ending -kan or -i where something is caused."""

    def ending(root: str) -> str:
        if not causing:
            return ""
        return "i" if root in table.verbs_i and not root.endswith("i") else "kan"

    for prefix in ("di", "ter", "ber", "se", "pe", ""):
        if not word.startswith(prefix) or not (prefix or causing):
            continue
        root = _verb_root(word.removeprefix(prefix), table, causing=causing)
        if root:
            return _joined(prefix, root) + ending(root)
    for root in _without_nasal(word, table):
        return active(root) + ending(root)
    root = _verb_root(word.removeprefix("ke"), table) if word.startswith("ke") else ""
    if not root or root in PLACES or root.startswith("ter"):
        return ""
    return _joined("ter", root) + ending(root)


def _joined(prefix: str, root: str) -> str:
    """One r only: "terasa", "berumah"."""
    return prefix[:-1] + root if prefix.endswith("r") and root.startswith("r") else prefix + root


def _verb_root(word: str, table: Abbreviations, *, causing: bool = False) -> str:
    """A verb, or before -kan and -i any ordinary word of some length: "aktifin"."""
    if causing and len(word) >= _LEAST_LETTERS and word in table.vocabulary:
        return word
    root = _root(word, table)
    return root if root in table.verbs else ""


def _without_nasal(word: str, table: Abbreviations) -> Iterator[str]:
    """The verbs that "ng…", "ny…", "n…" or "m…" can stand for."""
    found = _DROPPED.match(word)
    if not found:
        return
    rest = word[found.end() :]
    if rest[:1] not in "aeiou" and found.group() != "ny":
        tried = [rest]
    else:
        hidden = {"ng": ("", "k"), "ny": ("s", "c"), "n": ("t",), "m": ("p",)}[found.group()]
        tried = [f"{letter}{rest}" for letter in hidden]
    if rest.startswith("e"):
        tried.insert(0, rest[1:])
    for form in tried:
        root = _verb_root(form, table) if len(form) >= _LEAST_LETTERS - 1 else ""
        if root:
            yield root


def active(root: str) -> str:
    """The verb with me-: "kirim" is "mengirim", "cek" "mengecek"."""
    first = root[0]
    if _ONE_SYLLABLE.fullmatch(root):
        return f"menge{root}"
    if first in "lmnrwy":
        return f"me{root}"
    if first in "kpst" and not _TWO_LETTERS.match(root):
        return {"k": "meng", "p": "mem", "s": "meny", "t": "men"}[first] + root[1:]
    if first in "bfpv":
        return f"mem{root}"
    if first in "cdjstz":
        return f"men{root}"
    return f"meng{root}"
