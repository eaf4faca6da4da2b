"""
What a message might be beside a complaint: fraud, promotion, spam, prank, and abuse in its words.

A flag asks an officer to look and is never a reason to hold a message back. Words and looks add up;
what only complaints say counts against fraud, promotion and spam, because citizens report frauds in
the fraudster's own words. Anger does not: an abusive complaint is a complaint, with the flag.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from types import MappingProxyType
from typing import Literal, TypeAlias

from normalizer.lexicon import Lexicon, Mark, Score, lexicon
from normalizer.record import Flag, FlagName
from normalizer.shapes import Entry, File, Weights
from normalizer.text import words

Form: TypeAlias = Literal["link", "dial_code", "price", "share", "phone", "bundle", "disguise"]

# A mail may hold megabytes.
_READ = 1_500
_MOST_REASONS = 5
_MOST_DISGUISED = 2
# A long text holds a few of all words by chance.
_SHORT, _PER_WORD = 40, 0.025
# At its limit a flag has a confidence of .6, four above it of .9.
_STEEP, _ALREADY = 0.45, 0.9
_COMPLAINT = "complaint"
_NOTHING = Score(label="", weight=0.0, why=())
_BUSINESS: tuple[FlagName, ...] = ("fraud", "promotion", "spam")

# Each begins with one of a few signs and looks back from there: many times as fast as a search
# that tries all its branches at every letter.
_DISGUISED = re.compile(r"[0134@](?:(?<=[a-z].)(?=[a-z])|(?<=[a-z][a-z][04])(?![a-z0-9]))")
_PLAIN = str.maketrans("0134@", "oieaa")
_LOOKS: Mapping[Form, re.Pattern[str]] = MappingProxyType(
    {
        "link": re.compile(
            r"[:w.](?:(?<=:)//(?!\S{0,40}go\.id)|(?<=w)ww[.,](?!\S{0,40}go\.id)"
            r"|(?<=\.)(?:com|net|org|me|ly|id|tk|ga|cf|gq|site|link)\b(?<!go\.id))"
        ),
        "dial_code": re.compile(r"\*\d{2,4}[\d*]{0,40}\#"),
        "bundle": re.compile(r"\d\s?(?:gb|mb|hr|bln|menit|pcs)\b"),
        "price": re.compile(
            r"[\dr](?:(?<=\d)\s?(?:rb|ribu|jt|jta|juta|k)\b|(?<![a-z]r)(?<=r)p\.?\s?\d)"
        ),
        "share": re.compile(r"\d\s?%"),
        "phone": re.compile(r"[06+](?<!\d.)[\d -]{8,13}\d(?!\d)"),
    }
)


class FlagEntry(Entry, frozen=True, kw_only=True):
    """What speaks for one flag, from which sum on it is given, what complaints may take from it."""

    name: FlagName
    limit: float
    complaint_at_most: float


class ComplaintEntry(Entry, frozen=True, kw_only=True):
    """What only complaints say."""

    weights: Weights


class FlagsFile(File, frozen=True, kw_only=True):
    """flags.toml."""

    version: str
    neutral: list[str]
    weights: Weights
    forms: dict[Form, float]
    complaint: ComplaintEntry
    flags: list[FlagEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRules:
    """What flags.toml says, ready to be looked up."""

    version: str
    entries: tuple[FlagEntry, ...]
    forms: Mapping[Form, float]
    lexicon: Lexicon


def flag_rules(file: FlagsFile) -> FlagRules:
    """Arrange the words of the file."""
    marks = [mark for entry in file.flags for mark in _marks(entry.name, entry, file.weights)]
    marks += _marks(_COMPLAINT, file.complaint, file.complaint.weights)
    return FlagRules(
        version=file.version,
        entries=tuple(file.flags),
        forms=MappingProxyType(file.forms),
        lexicon=lexicon(marks, file.neutral),
    )


def flags_of(text: str, rules: FlagRules) -> tuple[Flag, ...]:
    """The flags of a text as its sender wrote it, the surest first."""
    plain, disguised = _DISGUISED.subn(_letter, text[:_READ].lower())
    spoken = words(plain)
    scores = {score.label: score for score in rules.lexicon.scores(spoken)}
    complaint = scores.pop(_COMPLAINT, _NOTHING).weight
    if not scores:
        return ()  # without a word for it, looks are nothing
    business = max(_BUSINESS, key=lambda name: scores.get(name, _NOTHING).weight)
    shared = sum(scores.get(name, _NOTHING).weight for name in _BUSINESS)
    shown: tuple[str, ...] = ()
    if shared:
        looks, shown = _looks(plain, disguised, rules.forms)
        shared += looks
    length = max(0, len(spoken) - _SHORT) * _PER_WORD
    found = []
    for entry in rules.entries:
        score = scores.get(entry.name)
        if score is None or (entry.name in _BUSINESS and entry.name != business):
            continue
        weight = shared if entry.name == business else score.weight
        over = weight - min(complaint, entry.complaint_at_most) - entry.limit - length
        if over >= 0:
            why = (*score.why, *shown) if entry.name == business else score.why
            found.append(_flag(entry.name, over, why, rules.version))
    return tuple(sorted(found, key=lambda flag: -flag.confidence))


def _flag(name: FlagName, over: float, why: Sequence[str], version: str) -> Flag:
    return Flag(
        value=name,
        confidence=round(1 / (1 + exp(-_STEEP * (over + _ALREADY))), 2),
        version=version,
        why=tuple(why[:_MOST_REASONS]),
    )


def _looks(
    plain: str, disguised: int, forms: Mapping[Form, float]
) -> tuple[float, tuple[str, ...]]:
    """What the looks of a text weigh, and the pieces that have them."""
    weight = forms.get("disguise", 0.0) * min(disguised, _MOST_DISGUISED)
    shown = []
    for form, pattern in _LOOKS.items():
        found = pattern.search(plain)
        if found:
            weight += forms.get(form, 0.0)
            if form != "phone":  # private, and the text has it
                shown.append(found.group().strip())
    return weight, tuple(shown)


def _letter(found: re.Match[str]) -> str:
    return found.group().translate(_PLAIN)


def _marks(label: str, entry: Entry, weights: Weights) -> Iterator[Mark]:
    lists = (
        (entry.sure, weights.sure),
        (entry.words, weights.words),
        (entry.hints, weights.hints),
    )
    for phrases, weight in lists:
        for phrase in phrases:
            yield Mark(phrase=phrase, label=label, weight=weight)
