"""
Where a text holds personal data, of which kind, and the text without it.

Numbers are told by their form and the word before them, names and addresses only behind a word that
announces one ("a.n.", "nama saya", "Bpk", "alamat rumah"): a place or an office must not be masked
out of a complaint. Offsets count characters of the text as it was given.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from normalizer.privacy_numbers import numbers_in
from normalizer.privacy_people import people_in
from normalizer.record import PrivateKind, PrivateSpan

#: In the order in which they are told; where two overlap the earlier one holds.
KINDS: tuple[PrivateKind, ...] = (
    "nik",
    "kk",
    "phone",
    "email",
    "account",
    "plate",
    "address",
    "name",
    "health",
    "child",
)
#: What tells who somebody is, or where to find them; the rest is what the complaint is about.
IDENTIFYING: frozenset[PrivateKind] = frozenset(KINDS) - {"health", "child"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A piece that was masked: where its mark begins in the masked text, and both."""

    at: int
    mark: str
    original: str


def spans_in(text: str) -> tuple[PrivateSpan, ...]:
    """What is private in a text, in the order of the text and without overlaps."""
    kept: list[PrivateSpan] = []
    found = sorted(
        chain(numbers_in(text), people_in(text)),
        key=lambda span: (KINDS.index(span.kind), span.start),
    )
    for span in found:
        at = bisect(kept, span.start, key=_start)
        behind = at == 0 or kept[at - 1].end <= span.start
        before = at == len(kept) or span.end <= kept[at].start
        if behind and before:
            kept.insert(at, span)
    return tuple(kept)


def _start(span: PrivateSpan) -> int:
    return span.start


def personal_data_in(text: str) -> tuple[PrivateKind, ...]:
    """The kinds found in a text, in the order of KINDS."""
    return kinds_of(spans_in(text))


def kinds_of(spans: Iterable[PrivateSpan]) -> tuple[PrivateKind, ...]:
    """The kinds of some spans, in the order of KINDS."""
    found = {span.kind for span in spans}
    return tuple(kind for kind in KINDS if kind in found)


def masked(text: str, spans: Iterable[PrivateSpan]) -> str:
    """The text with "[nik]" and the like in place of what identifies somebody."""
    return taken_out(text, spans)[0]


def taken_out(text: str, spans: Iterable[PrivateSpan]) -> tuple[str, tuple[Taken, ...]]:
    """The masked text and what was taken out of it, for `put_back`."""
    pieces: list[str] = []
    taken: list[Taken] = []
    at = length = 0
    for span in _identifying(spans):
        before, mark = text[at : span.start], f"[{span.kind}]"
        length += len(before)
        taken.append(Taken(at=length, mark=mark, original=text[span.start : span.end]))
        pieces += (before, mark)
        length += len(mark)
        at = span.end
    return "".join((*pieces, text[at:])), tuple(taken)


def put_back(masked_text: str, taken: Iterable[Taken]) -> str:
    """The text as it was; ValueError where this is not the text the pieces were taken from."""
    pieces: list[str] = []
    at = 0
    for piece in taken:
        if not masked_text.startswith(piece.mark, piece.at) or piece.at < at:
            raise ValueError("these pieces were taken from another text")
        pieces += (masked_text[at : piece.at], piece.original)
        at = piece.at + len(piece.mark)
    return "".join((*pieces, masked_text[at:]))


def _identifying(spans: Iterable[PrivateSpan]) -> Iterator[PrivateSpan]:
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.kind in IDENTIFYING and span.start >= end:
            end = span.end
            yield span
