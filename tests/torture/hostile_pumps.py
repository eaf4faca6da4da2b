"""
Texts that make a regular expression go back and forth, made from the expression itself.

Each is something the pattern begins with, then what one of its repetitions swallows (many times
over), then what it does not end with.
"""

import re._constants as op  # type: ignore[import-not-found]  # typeshed leaves it out
import re._parser as sre  # type: ignore[import-not-found]  # so is this
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from re import _compiler  # type: ignore[attr-defined]
from typing import Any

#: One of each kind of character, as far as patterns tell them apart.
KINDS = "aZ0 \t\n.,-_/@:\"'<>()[]=+*#é٣\u00a0😢"
ENDS = ("", "\x00", "\n\x00", "a\x00", " ")
#: Repetitions of fewer than so many times cost what they cost.
MANY = 8
MOST_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Pump:
    """A text of any length."""

    start: str
    body: str
    end: str

    def text(self, length: int) -> str:
        """About so many characters of it."""
        return self.start + self.body * max(1, length // len(self.body)) + self.end


def pumps_of(pattern: str | bytes, flags: int, most: int) -> list[Pump]:
    """The most telling first."""
    tree = sre.parse(pattern, flags)
    found: dict[tuple[str, str], None] = {}
    for start, body in _repetitions(tree, "", tree.state.flags):
        found.setdefault((start, body))
        found.setdefault(("", body))
        found.setdefault(("", start + body))
    for whole in _samples(tree, tree.state.flags):
        found.setdefault(("", whole))
        found.setdefault(("", whole[:-1]))
    for kind in KINDS:
        found.setdefault(("", kind))
    all_of_them = (Pump(start, body, end) for start, body in found if body for end in ENDS)
    return list(islice(all_of_them, most))


def _repetitions(tree: Any, start: str, flags: int) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (sre's own)
    """What stands before each repetition, and what it repeats."""
    for kind, value in tree:
        inner = _inner(kind, value)
        if kind in _REPEATS:
            _, most, body = value
            if most is op.MAXREPEAT or most >= MANY:
                for sample in _samples(body, flags):
                    yield start, sample
        for part in inner:
            yield from _repetitions(part, start, flags)
        start += next(iter(_samples([(kind, value)], flags)), "")


_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def _inner(kind: Any, value: Any) -> list[Any]:  # noqa: ANN401 (sre's own)
    """The parts within one part."""
    if kind in _REPEATS:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def _samples(tree: Any, flags: int) -> list[str]:  # noqa: ANN401 (sre's own)
    """Some texts that it fits, the shortest of each kind."""
    found = [""]
    for kind, value in tree:
        ways = _one(kind, value, flags)
        if len(found) * len(ways) > MOST_SAMPLES:
            # All ways of this part, and one of the others.
            found = [found[0] + way for way in ways][:MOST_SAMPLES] if len(ways) > 1 else found
            continue
        found = [before + way for before in found for way in ways]
    return [one for one in dict.fromkeys(found) if one][:MOST_SAMPLES]


def _one(kind: Any, value: Any, flags: int) -> list[str]:  # noqa: ANN401 (sre's own)
    if kind is op.LITERAL:
        return [chr(value)]
    if kind in (op.IN, op.ANY, op.NOT_LITERAL):
        return _characters(kind, value, flags) or [""]
    if kind in _REPEATS:
        least, _, body = value
        return [one * max(1, least) for one in _samples(body, flags)] or [""]
    if kind is op.BRANCH:
        each = [_samples(way, flags) for way in value[1]]
        return [one[0] for one in each if one][:MOST_SAMPLES] or [""]
    if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
        return _samples(value[3] if kind is op.SUBPATTERN else value, flags) or [""]
    return [""]


def _characters(kind: Any, value: Any, flags: int) -> list[str]:  # noqa: ANN401 (sre's own)
    """One of each kind of character that a class takes."""
    named = value if kind is op.IN else []
    own = [chr(one[1] if one[0] is op.LITERAL else one[1][0]) for one in named if one[0] in _OWN]
    state = sre.State()
    state.flags = flags
    fits = _compiler.compile(sre.SubPattern(state, [(kind, value)]), flags).fullmatch
    found: dict[tuple[bool, bool, bool], str] = {}
    for character in (*own, *KINDS):
        if fits(character):
            sort = (character.isalpha(), character.isdigit(), character.isspace())
            found.setdefault(sort, character)
    return list(found.values())


_OWN = (op.LITERAL, op.RANGE)
