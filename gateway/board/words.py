"""
The words of a record as keyed hashes: it can be found by its words, and they cannot be read.

A word is 64 bits of BLAKE2b under a key of its own. Words are folded alike here and in what an
officer types: small letters, without the endings that say nothing, numbers without leading zeros.
Both the citizen's own spelling and the repaired one are taken, so "jl" finds "jl" and "jalan"
both. Long numbers are not: nobody is found by their NIK.
"""

import hashlib
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice

from normalizer.match_words import COURTESY, FUNCTION
from normalizer.text import words

# Of a long mail its beginning, and of that so many different words: a bound for the table.
_READ = 6_000
_MOST = 64
_LONGEST_NUMBER = 6
_LEAST_STEM = 4
_ENDINGS = ("nya", "lah", "kah", "pun")
_SILENT = COURTESY | FUNCTION | frozenset("abcdefghijklmnopqrstuvwxyz?")
_REMEMBERED = 16_384


class Words:
    """Hashes words with one key."""

    __slots__ = ("_keyed", "hash")

    def __init__(self, key: bytes) -> None:
        # A hash that has the key in already; a copy of it is made for each word.
        self._keyed = hashlib.blake2b(key=key, digest_size=8)
        #: Of a word as it was written; None of one that says nothing.
        self.hash = lru_cache(_REMEMBERED)(self._hash)

    def of(self, texts: Iterable[str]) -> list[int]:
        """The hashes of the words in some texts, each once, the first of them so many."""
        written = dict.fromkeys(words("\n".join(text[:_READ] for text in texts)))
        found = dict.fromkeys(map(self.hash, written))
        found.pop(None, None)
        return [one for one in islice(found, _MOST) if one is not None]

    def _hash(self, word: str) -> int | None:
        plain = folded(word)
        if plain is None:
            return None
        keyed = self._keyed.copy()
        keyed.update(plain.encode())
        return int.from_bytes(keyed.digest(), signed=True)


@lru_cache(maxsize=4)
def words_with(key: bytes) -> Words:
    """The hashes with a key; what was hashed lately is remembered."""
    return Words(key)


def folded(word: str) -> str | None:
    """The word as it is compared; None where it says nothing or is a long number."""
    if word.isdigit():
        return word.lstrip("0") or "0" if len(word) <= _LONGEST_NUMBER else None
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            word = word.removesuffix(ending)
            break
    return None if word in _SILENT else word


def packed(hashes: Sequence[int]) -> bytes:
    """Hashes as a row of the board keeps them."""
    return array("q", hashes).tobytes()


def unpacked(kept: bytes) -> Sequence[int]:
    """What `packed` packed."""
    return array("q", kept)
