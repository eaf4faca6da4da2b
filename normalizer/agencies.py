"""
Which offices look after which topic, on which layer of government: config/agencies.toml.

The usual offices of a topic stand in one list. Where the words of a report ("jalan provinsi") or
its place say that somebody else is competent, an `instead` puts that office first. Offices that
citizens call by name are known by those names.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from normalizer.gazetteer import Number, number_of
from normalizer.lexicon import Lexicon, Mark, lexicon
from normalizer.shapes import AgenciesFile, InsteadEntry, Layer
from normalizer.taxonomy import Taxonomy

#: What a name may be filled with: "Kecamatan {kecamatan}".
HOLES = frozenset({"desa", "kecamatan", "kabupaten", "provinsi"})
_HOLE = re.compile(r"\{([^{}]*)\}")


class AgenciesError(Exception):
    """A table of offices cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office, with the layer of government it belongs to."""

    key: str
    #: May have holes: "Kecamatan {kecamatan}".
    name: str
    layer: Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Instead:
    """Offices that come first where one of the words stands there and the place lies inside."""

    offices: tuple[Office, ...]
    #: What its words are marked with in the clues; None: no words needed.
    clue: str | None
    #: Areas; empty: anywhere.
    places: tuple[Number, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """Which offices look after which topic, the usual one first."""

    version: str
    #: For every topic and leaf.
    by_topic: Mapping[str, tuple[Office, ...]]
    instead: Mapping[str, tuple[Instead, ...]]
    #: Every office by its key, for what was called by name.
    offices: Mapping[str, Office]
    #: Words that name an office (marked with its key) or fit an `instead`.
    clues: Lexicon
    #: Where complaints about the misconduct of an office go; a layer that is missing: to itself.
    supervision: Mapping[Layer, Office]
    #: What the government of another area is called.
    elsewhere: Mapping[Literal["kabupaten", "provinsi"], str]


def agencies_of(file: AgenciesFile, taxonomy: Taxonomy) -> Agencies:
    """Arrange what the file says; raise AgenciesError where its parts do not fit together."""
    offices = {office.key: office for office in _offices(file)}
    _check_topics(file, taxonomy)
    for topic, keys in file.topics.items():
        _check_keys(f"topics.{topic}", keys, offices)
    for number, entry in enumerate(file.instead, start=1):
        _check_instead(f"instead {number}", entry, offices, taxonomy)
    _check_keys("called", [*file.called], offices)
    _check_keys("supervision", [*file.supervision.values()], offices)
    for where, name in file.elsewhere.items():
        _check_holes(f"elsewhere.{where}", name)
    return Agencies(
        version=file.version,
        by_topic=MappingProxyType(
            {
                topic: tuple(offices[key] for key in file.topics.get(topic, file.topics[root]))
                for topic, root in taxonomy.under.items()
            }
        ),
        instead=MappingProxyType(_instead_by_topic(file, offices, taxonomy)),
        offices=MappingProxyType(offices),
        clues=lexicon(_clues(file)),
        supervision=MappingProxyType(
            {layer: offices[key] for layer, key in file.supervision.items()}
        ),
        elsewhere=MappingProxyType(file.elsewhere),
    )


def _offices(file: AgenciesFile) -> Iterator[Office]:
    seen: set[str] = set()
    for layer, named in file.offices.items():
        for key, name in named.items():
            if key in seen:
                raise AgenciesError(f"offices.{layer}.{key} is defined twice")
            if not name.strip():
                raise AgenciesError(f"offices.{layer}.{key} has no name")
            _check_holes(f"offices.{layer}.{key}", name)
            seen.add(key)
            yield Office(key=key, name=name, layer=layer)


def _check_holes(where: str, name: str) -> None:
    unknown = [hole for hole in _HOLE.findall(name) if hole not in HOLES]
    if unknown:
        raise AgenciesError(f"{where} has {{{unknown[0]}}}, which is none of {sorted(HOLES)}")


def _check_topics(file: AgenciesFile, taxonomy: Taxonomy) -> None:
    for topic in file.topics:
        if topic not in taxonomy.under:
            raise AgenciesError(f"topics names {topic}, which is not in taxonomy.toml")
    for root in taxonomy.under.values():
        if root not in file.topics:
            raise AgenciesError(f"topics must name {root}, which is in taxonomy.toml")


def _check_keys(where: str, keys: Sequence[str], offices: Mapping[str, Office]) -> None:
    for key in keys:
        if key not in offices:
            raise AgenciesError(f"{where} names {key}, which is not in offices")
    if not keys and where.startswith(("topics", "instead")):
        raise AgenciesError(f"{where} names no office")


def _check_instead(
    where: str, entry: InsteadEntry, offices: Mapping[str, Office], taxonomy: Taxonomy
) -> None:
    _check_keys(where, entry.offices, offices)
    for topic in entry.topics:
        if topic not in taxonomy.under:
            raise AgenciesError(f"{where} names {topic}, which is not in taxonomy.toml")
    for code in entry.places:
        if not number_of(code):
            raise AgenciesError(f"{where} names {code}, which is no code of an area such as 36.03")
    if not entry.words and not entry.places:
        raise AgenciesError(f"{where} has neither words nor places")


def _clues(file: AgenciesFile) -> Iterator[Mark]:
    for key, phrases in file.called.items():
        for phrase in phrases:
            yield Mark(phrase=phrase, label=key, weight=1.0)
    for number, entry in enumerate(file.instead):
        for phrase in entry.words:
            yield Mark(phrase=phrase, label=_clue(number), weight=1.0)


def _clue(number: int) -> str:
    """No key of an office can begin like this."""
    return f"# {number}"


def _instead_by_topic(
    file: AgenciesFile, offices: Mapping[str, Office], taxonomy: Taxonomy
) -> dict[str, tuple[Instead, ...]]:
    entries = [
        Instead(
            offices=tuple(offices[key] for key in entry.offices),
            clue=_clue(number) if entry.words else None,
            places=tuple(map(number_of, entry.places)),
        )
        for number, entry in enumerate(file.instead)
    ]
    return {
        topic: tuple(
            entries[number]
            for number, entry in enumerate(file.instead)
            if _meant({topic, root}, entry.topics)
        )
        for topic, root in taxonomy.under.items()
    }


def _meant(names: set[str], topics: Collection[str]) -> bool:
    return not names.isdisjoint(topics)
