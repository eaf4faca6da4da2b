"""
What config/abbreviations.toml knows of short and careless writing, ready to be looked up.

Three kinds of tables: short forms (`words`, `address`, `slashed`, `meanings`) are written out in
`clean_text`; everyday speech (`spoken`, `emoji`) only in the form that is compared and classified;
`vocabulary` are the ordinary words by which a rule knows that it has guessed right.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from normalizer.shapes import AbbreviationsFile, MeaningEntry

#: Stands for a number in the neighbours of a short form.
NUMBER = "#"

_VOWELS = re.compile("[aeiou]")
_LEAST_SKELETON = 4


class Meaning(NamedTuple):
    """One of the things a short form can mean, and the neighbours it has then."""

    full: str
    #: Directly in front of the short form.
    after: frozenset[str]
    #: Directly behind it.
    before: frozenset[str]
    #: Among the three words behind it.
    near: frozenset[str]
    #: Whether both the first and the second must fit.
    between: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Abbreviations:
    """The tables of abbreviations.toml; all keys are in lower case."""

    words: Mapping[str, str]
    #: Parts of an address: written out in capitals too, and their full stop goes.
    address: Mapping[str, str]
    #: Forms with a slash or a full stop inside: "a/n", "a.n".
    slashed: Mapping[str, str]
    #: Short forms whose neighbours decide; the first that fits.
    meanings: Mapping[str, tuple[Meaning, ...]]
    #: Not a short form when a full stop follows: "dr." is a doctor.
    keep_before_dot: frozenset[str]
    #: Everyday speech and its formal word; empty where formal writing has none.
    spoken: Mapping[str, str]
    emoji: Mapping[str, str]
    emoji_pattern: re.Pattern[str]
    vocabulary: frozenset[str]
    verbs: frozenset[str]
    #: Verbs that take -i rather than -kan.
    verbs_i: frozenset[str]
    #: Words by their consonants, where only one word has them.
    skeletons: Mapping[str, str]
    #: Words that are counted: "gang2" is a number, no plural.
    numbered: frozenset[str]
    #: Matches the keywords an advert asks to put first; empty at the least.
    keyword: re.Pattern[str]
    #: What is known to stay as it is, in `clean` and `formal`, and what other pieces become, in a
    #: text in capitals or not, at the beginning of a sentence or not: only a memory, no rule.
    settled: set[str] = field(default_factory=set)
    replaced: dict[tuple[str, bool, bool], str] = field(default_factory=dict)
    settled_formal: set[str] = field(default_factory=set)


def abbreviations_of(file: AbbreviationsFile) -> Abbreviations:
    """Arrange what the file says."""
    verbs = frozenset((*file.stems.verbs.split(), *file.stems.verbs_i.split()))
    full = (*file.words.values(), *file.address.values(), *file.spoken.values())
    vocabulary = verbs.union(
        file.stems.others.split(), (word for word in full if word.isalpha() and word.islower())
    )
    return Abbreviations(
        words=MappingProxyType(file.words),
        address=MappingProxyType(file.address),
        slashed=MappingProxyType(file.slashed),
        meanings=_meanings(file.meanings),
        keep_before_dot=frozenset(file.keep_before_dot),
        spoken=MappingProxyType(file.spoken),
        emoji=MappingProxyType(file.emoji),
        emoji_pattern=_any_of(file.emoji, "[\ufe0f\U0001f3fb-\U0001f3ff]*"),
        vocabulary=vocabulary,
        verbs=verbs,
        verbs_i=frozenset(file.stems.verbs_i.split()),
        skeletons=_skeletons(vocabulary),
        numbered=frozenset(file.stems.numbered.split()),
        keyword=_keyword(file.keywords),
    )


def skeleton_of(word: str) -> str:
    """Its consonants: "jalan" and "jln" have the same."""
    return _VOWELS.sub("", word)


def _meanings(entries: Iterable[MeaningEntry]) -> Mapping[str, tuple[Meaning, ...]]:
    found: dict[str, tuple[Meaning, ...]] = {}
    for entry in entries:
        for short in entry.short.split():
            meaning = Meaning(
                entry.full,
                frozenset(entry.after.split()),
                frozenset(entry.before.split()),
                frozenset(entry.near.split()),
                entry.between,
            )
            found[short] = (*found.get(short, ()), meaning)
    return MappingProxyType(found)


def _skeletons(vocabulary: Iterable[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for word in vocabulary:
        skeleton = skeleton_of(word)
        if len(skeleton) >= _LEAST_SKELETON:
            found[skeleton] = "" if skeleton in found else word
    return MappingProxyType({skeleton: word for skeleton, word in found.items() if word})


def _any_of(forms: Iterable[str], ending: str) -> re.Pattern[str]:
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'}){ending}")


def _keyword(keywords: Iterable[str]) -> re.Pattern[str]:
    any_keyword = "|".join(map(re.escape, sorted(keywords, key=len, reverse=True)))
    return re.compile(
        rf"(?:[\s#@]*(?:{any_keyword})(?=[\s:;.,!/\-\u2013#@]|$)[\s:;.,!/\-\u2013]*+)+"
        if any_keyword
        else "",
        re.IGNORECASE,
    )
