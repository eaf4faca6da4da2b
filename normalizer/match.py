"""
Whether a complaint is already known: the first version, by its words.

`keys` gives the few numbers under which a text is looked up: near-equal texts share some of them,
because every text keeps those of its neighbouring word pairs that a checksum puts first. `match`
then compares with what was found. Similarity alone never decides: "rt 05" and "rt 07", "sudah" and
"belum", or another name behind "desa" in otherwise equal texts are two reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from zlib import crc32

from rapidfuzz.distance import Levenshtein

from normalizer.record import Duplicate
from normalizer.report import Neighbour
from normalizer.text import without_greeting, words

SAME = 0.93
RELATED = 0.6

_MOST_PAIRS = 7
_FEWEST_WORDS = 4
_MOST_WORDS = 600
_MOST_SIGNS = 20_000
_FEWEST_LETTERS = 4
_LONG_WORD = 8
_TYPED_BADLY = 0.9

_COURTESY = frozenset(
    words("""
    ? admin assalamualaikum bapak bpk bu dong ditindaklanjuti hormat ibu kasih kasihnya makasih
    min mohon pak perhatian perhatiannya salam sekian demikian terima terimakasih tolong trims wb
    wr ya yth""")
)
_POLARITY = frozenset(words("belum bukan jangan kurang lebih sudah tak telah tidak nggak tanpa"))
_LABELS = frozenset(words("blok gang jalur kilometer km nomor no rt rw sd sdn sma smk smp tps"))
# A word behind one of these is most likely a name: another name is another place.
_PLACE_CUES = frozenset(
    words("""
    banjar blok desa di dukuh dusun gang jalan jembatan jorong kabupaten kampung kecamatan
    kelurahan komplek kompleks kota lingkungan nagari pasar perumahan perum provinsi raya simpang
    sungai""")
)


def keys(clean_text: str) -> tuple[int, ...]:
    """At most eight stable numbers below 2^63, the first for the text as a whole."""
    spoken = _matter(clean_text)
    if not spoken:
        return ()
    whole = _hash(" ".join(spoken))
    if len(spoken) < _FEWEST_WORDS:
        return (whole,)
    pairs = {f"{first} {second}" for first, second in pairwise(spoken)}
    # A quick checksum draws the pairs, equally for every text; only those drawn are hashed well.
    drawn = sorted(pairs, key=lambda pair: (crc32(pair.encode("utf-8", "replace")), pair))
    return tuple(dict.fromkeys((whole, *map(_hash, drawn[:_MOST_PAIRS]))))


def match(clean_text: str, neighbours: Sequence[Neighbour], place: str = "") -> Duplicate | None:
    """The best of the neighbours this text repeats or belongs to, if any does."""
    where = set(words(place))
    found = [
        duplicate
        for neighbour in neighbours
        if (duplicate := _compare(clean_text, where, neighbour)) is not None
    ]
    return max(found, key=lambda d: (d.relation == "same", d.score), default=None)


@dataclass(slots=True, kw_only=True)
class _Alignment:
    """How two lists of words lie on each other."""

    shared: float = 0.0
    #: Words of either side that are not on the other.
    ours: list[str] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)
    #: Another name stands behind the same "desa" or "jalan".
    elsewhere: bool = False
    #: A longer word stands in the place of another.
    reworded: bool = False

    def numbered(self) -> list[bool]:
        """For either side, whether it has a number that the other has not."""
        return [any(map(_numbered, side)) for side in (self.ours, self.theirs)]

    def conflict(self) -> bool:
        """Whether one says something else than the other, not only more."""
        opposed = any(word in _POLARITY for word in (*self.ours, *self.theirs))
        return self.elsewhere or opposed or all(self.numbered())


def _compare(clean_text: str, where: set[str], other: Neighbour) -> Duplicate | None:
    spoken, theirs = _matter(clean_text), _matter(other.text)
    elsewhere = set(words(other.place))
    if not spoken or not theirs or not (where <= elsewhere or elsewhere <= where):
        return None
    if spoken == theirs and (other.same_sender or len(spoken) >= _FEWEST_WORDS):
        return _duplicate(other, 1.0)
    if min(len(spoken), len(theirs)) < _FEWEST_WORDS:
        return None
    # Aligning would say the same of a number on one side alone, but slowly.
    ours_alone, theirs_alone = _numbers_alone(clean_text, other.text)
    if (ours_alone and theirs_alone) or (not other.same_sender and (ours_alone or theirs_alone)):
        return None
    return _compare_wording(spoken, theirs, other)


def _numbers_alone(clean_text: str, other: str) -> tuple[bool, bool]:
    """For either text, whether it has a number that is nowhere in the other."""
    ours, theirs = _numbers(clean_text), _numbers(other)
    return not ours <= theirs, not theirs <= ours


def _compare_wording(
    spoken: Sequence[str], theirs: Sequence[str], other: Neighbour
) -> Duplicate | None:
    least = RELATED if other.same_sender else SAME
    length = len(spoken) + len(theirs)
    if 1 - abs(len(spoken) - len(theirs)) / length < least:
        return None
    lying = _align(spoken, theirs)
    ratio = 2 * lying.shared / length
    if ratio < least or lying.conflict():
        return None
    # Another sender's street may be the one word that differs, or a number more: "gang Mawar 2".
    if not other.same_sender and (lying.reworded or any(lying.numbered())):
        return None
    return _duplicate(other, ratio)


def _duplicate(other: Neighbour, score: float) -> Duplicate:
    wording = "same words" if score == 1.0 else f"{int(score * 100)} % of the words"
    return Duplicate(
        cluster=other.cluster,
        relation="same" if score >= SAME else "related",
        of=other.record_id,
        score=round(score, 2),
        why=("same sender", wording) if other.same_sender else (wording,),
    )


def _align(ours: Sequence[str], theirs: Sequence[str]) -> _Alignment:
    lying = _Alignment()
    for edit in Levenshtein.opcodes(ours, theirs):
        a = ours[edit.src_start : edit.src_end]
        b = theirs[edit.dest_start : edit.dest_end]
        if edit.tag == "equal":
            lying.shared += len(a)
        elif edit.tag == "replace":
            cue = edit.src_start > 0 and ours[edit.src_start - 1] in _PLACE_CUES
            _weigh(list(zip(a, b, strict=True)), lying, cue=cue)
        else:
            lying.ours.extend(a)
            lying.theirs.extend(b)
    return lying


def _weigh(pairs: Sequence[tuple[str, str]], lying: _Alignment, *, cue: bool) -> None:
    """Count words that stand in each other's place; behind a cue a typing error is a name."""
    unlike = [(x, y) for x, y in pairs if cue or not _misspelled(x, y)]
    lying.shared += _TYPED_BADLY * (len(pairs) - len(unlike))
    lying.elsewhere |= cue
    lying.reworded |= any(min(len(x), len(y)) >= _FEWEST_LETTERS for x, y in unlike)
    lying.ours.extend(x for x, _ in unlike)
    lying.theirs.extend(y for _, y in unlike)


def _misspelled(one: str, other: str) -> bool:
    """Whether two words are one word, typed badly; numbers and "belum" are never that."""
    length = min(len(one), len(other))
    if length < _FEWEST_LETTERS or one[0] != other[0] or {one, other} & _POLARITY:
        return False
    if _numbered(one) or _numbered(other):
        return False
    return Levenshtein.distance(one, other, score_cutoff=2) <= (2 if length >= _LONG_WORD else 1)


def _numbered(word: str) -> bool:
    return not word.isalpha() and any(map(str.isdigit, word))


@lru_cache(maxsize=4096)
def _matter(text: str) -> tuple[str, ...]:
    """
    The words that say something, with labels glued to their numbers: "rt 05" is "rt5".

    Remembered, because the same neighbours are compared with many texts.
    """
    spoken: list[str] = []
    for word in words(without_greeting(text[:_MOST_SIGNS])):
        if word in _COURTESY:
            continue
        number = word.lstrip("0") or "0" if word.isdigit() else ""
        if number and spoken and spoken[-1] in _LABELS:
            spoken[-1] += number
        else:
            spoken.append(number or word)
    return tuple(spoken[:_MOST_WORDS])


@lru_cache(maxsize=4096)
def _numbers(text: str) -> frozenset[str]:
    return frozenset(filter(_numbered, _matter(text)))


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
