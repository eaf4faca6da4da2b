"""
The fields of a GeoReport form: every one as it came, and what they mean.

`attribute[CODE]`, `attribute[CODE][]` and a repeated key are the same thing in three spellings. An
empty field counts as not sent, as the specification has it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias
from urllib.parse import parse_qsl

#: Name and value, in the order they came.
Pairs: TypeAlias = tuple[tuple[str, str], ...]

MOST_FIELDS = 1000
_ATTRIBUTE = re.compile(r"attribute\[([^\]]+)\](?:\[\d*\])?", re.DOTALL)
_LIST = re.compile(r"(.+?)\[\d*\]", re.DOTALL)
# Degrees in digits with a point; Python's float would read "1_0", "nan" and other alphabets too.
_DEGREES = re.compile(r"[+-]?\d{1,3}(\.\d{1,20})?", re.ASCII)


def pairs_of(query: str) -> Pairs:
    """The pairs of a query or an urlencoded body; ValueError where there are far too many."""
    found = parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    return tuple(found)


def first(pairs: Pairs, name: str) -> str:
    """The first value under this name that says anything, or ""."""
    return next((value.strip() for key, value in pairs if key == name and value.strip()), "")


def every(pairs: Pairs, name: str) -> list[str]:
    """Every value under this name, also written as a list."""
    return [value.strip() for key, value in pairs if _plain(key) == name and value.strip()]


def listed(pairs: Pairs, name: str) -> tuple[str, ...]:
    """The values of a comma list."""
    return tuple(filter(None, (one.strip() for one in first(pairs, name).split(","))))


def attributes(pairs: Pairs) -> dict[str, list[str]]:
    """The answers to a service's questions, by the question's code."""
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        named = _ATTRIBUTE.fullmatch(key)
        if named and value.strip():
            found.setdefault(named[1], []).append(value.strip())
    return found


def without(pairs: Iterable[tuple[str, str]], names: Sequence[str]) -> Pairs:
    """The pairs without those of these names."""
    return tuple(pair for pair in pairs if pair[0] not in names)


def degrees(written: str, most: int) -> float | None:
    """A coordinate, or None where it is none: comma, words, out of range."""
    value = float(written) if _DEGREES.fullmatch(written) else None
    return value if value is not None and abs(value) <= most else None


def _plain(key: str) -> str:
    found = _LIST.fullmatch(key)
    return found[1] if found else key
