"""
Where a text holds personal data, of which kind, and the text without it.

Numbers are told by their form and the word before them, names and addresses only behind a word that
announces one ("a.n.", "nama saya", "Bpk", "alamat rumah"): a place or an office must not be masked
out of a complaint. Offsets count characters of the text as it was given.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator
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


def kinds_of(spans: Iterable[PrivateSpan]) -> tuple[PrivateKind, ...]:
    """The kinds of some spans, in the order of KINDS."""
    found = {span.kind for span in spans}
    return tuple(kind for kind in KINDS if kind in found)


def masked(text: str, spans: Iterable[PrivateSpan]) -> str:
    """The text with "[nik]" and the like in place of what identifies somebody."""
    pieces: list[str] = []
    at = 0
    for span in _identifying(spans):
        pieces += (text[at : span.start], f"[{span.kind}]")
        at = span.end
    return "".join((*pieces, text[at:]))


def taken_out(text: str, spans: Iterable[PrivateSpan]) -> tuple[str, ...]:
    """What the masked text has its marks in place of."""
    return tuple(text[span.start : span.end] for span in _identifying(spans))


def _identifying(spans: Iterable[PrivateSpan]) -> Iterator[PrivateSpan]:
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        if span.kind in IDENTIFYING and span.start >= end:
            end = span.end
            yield span
