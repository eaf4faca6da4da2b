"""
What an operator may edit about understanding and answering, read once and never changed.

`read_rules` takes the bytes of the files in config/ and gives `Rules`; the gateway reads them at
start and again on SIGHUP. A file that does not fit ends in a RulesError, one sentence that names
the file and the key, and the old rules stay in force.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

import msgspec

from normalizer.flags import FlagRules, FlagsFile, flag_rules
from normalizer.gazetteer import GazetteerError, area_of, check_table
from normalizer.lexicon import Lexicon, Mark, lexicon
from normalizer.places import Places
from normalizer.places_evidence import Learned
from normalizer.places_streets import StreetsError, read_streets
from normalizer.shapes import (
    AbbreviationsFile,
    AgenciesFile,
    PlacesFile,
    TaxonomyFile,
    TopicEntry,
    TypeEntry,
    Weights,
)
from normalizer.text import words
from normalizer.text_table import Abbreviations, abbreviations_of
from normalizer.wording import Replies, hole_in

LANGUAGES = ("id", "en")
FILES = (
    "abbreviations.toml",
    "taxonomy.toml",
    "agencies.toml",
    "flags.toml",
    "places.toml",
    "places.csv",
    *(f"replies/{language}.toml" for language in LANGUAGES),
)

#: Learned by `places learn`; read where it is there.
STREETS = "streets.json"

T = TypeVar("T")


class RulesError(Exception):
    """A file of rules cannot be used; the message names it and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """What speaks for which type, topic and urgency."""

    version: str
    types: Lexicon
    topics: Lexicon
    urgency: Lexicon
    #: For each emergency, groups of words of which each must occur: "banjir" and "terjebak".
    together: tuple[tuple[frozenset[str], ...], ...]
    #: Weight a type has before anything is read.
    priors: Mapping[str, float]
    #: Types that only texts up to so many words can be.
    at_most_words: Mapping[str, int]
    #: A value is given from this confidence on, else null.
    type_limit: float
    topic_limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agencies:
    """Which offices look after which topic, the usual one first."""

    version: str
    by_topic: Mapping[str, tuple[str, ...]]
    #: Where complaints about misconduct go, whatever their topic.
    supervision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything `normalize` and `phrase` know."""

    abbreviations: Abbreviations
    taxonomy: Taxonomy
    agencies: Agencies
    flags: FlagRules
    places: Places
    replies: Mapping[str, Replies]


def read_rules(files: Mapping[str, bytes], tenant: str = "") -> Rules:
    """
    Read the files by their names in `FILES`; raise RulesError where one does not fit.

    `tenant` is the code of the area this gateway serves, such as "36.03", or several with commas;
    empty: the country.
    """
    taxonomy = _decoded(files, "taxonomy.toml", TaxonomyFile)
    agencies = _decoded(files, "agencies.toml", AgenciesFile)
    _compare_topics(taxonomy, agencies)
    return Rules(
        abbreviations=_abbreviations(_decoded(files, "abbreviations.toml", AbbreviationsFile)),
        taxonomy=_taxonomy(taxonomy),
        agencies=_agencies(agencies),
        flags=flag_rules(_decoded(files, "flags.toml", FlagsFile)),
        places=_places(files, tenant),
        replies=MappingProxyType({language: _replies(files, language) for language in LANGUAGES}),
    )


def _decoded(files: Mapping[str, bytes], name: str, shape: type[T]) -> T:
    content = files.get(name)
    if content is None:
        raise RulesError(f"{name} is missing.")
    try:
        return msgspec.toml.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise RulesError(f"{name}: {exc}.") from exc


def _places(files: Mapping[str, bytes], tenant: str) -> Places:
    words_about_places = _decoded(files, "places.toml", PlacesFile)
    table = files.get("places.csv")
    if table is None:
        raise RulesError("places.csv is missing.")
    learned = files.get(STREETS)
    try:
        check_table(table)
        area = area_of(tenant)
        streets = read_streets(learned) if learned else None
    except (GazetteerError, StreetsError) as exc:
        raise RulesError(f"{exc}.") from exc
    return Places(
        table,
        frozenset(words_about_places.common),
        area,
        Learned.of(streets) if streets else None,
    )


def _abbreviations(file: AbbreviationsFile) -> Abbreviations:
    for table in ("address", "slashed", "words", "spoken"):
        for short, full in getattr(file, table).items():
            if short != short.lower() or not (full or table == "spoken"):
                where = f"{table}.{short}"
                raise RulesError(f"abbreviations.toml: {where} must be lower case and not empty.")
    return abbreviations_of(file)


def _taxonomy(file: TaxonomyFile) -> Taxonomy:
    named: list[TypeEntry | TopicEntry] = [*file.types, *file.topics]
    for entry in named:
        if sum(other.name == entry.name for other in named) > 1:
            raise RulesError(f"taxonomy.toml: {entry.name} is defined twice.")
    urgent = (("darurat", file.urgency.darurat), ("segera", file.urgency.segera))
    return Taxonomy(
        version=file.version,
        types=lexicon(mark for entry in file.types for mark in _marks(entry, file.weights)),
        topics=lexicon(
            (mark for entry in file.topics for mark in _marks(entry, file.weights)), file.neutral
        ),
        urgency=lexicon(
            (Mark(phrase=p, label=label, weight=1.0) for label, phrases in urgent for p in phrases),
            file.urgency.neutral,
        ),
        together=tuple(
            tuple(frozenset(words(" ".join(group))) for group in groups)
            for groups in file.urgency.darurat_together
        ),
        priors=MappingProxyType({entry.name: entry.prior for entry in file.types if entry.prior}),
        at_most_words=MappingProxyType(
            {entry.name: entry.at_most_words for entry in file.types if entry.at_most_words}
        ),
        type_limit=file.limits.type,
        topic_limit=file.limits.topic,
    )


def _marks(entry: TypeEntry | TopicEntry, weights: Weights) -> Iterator[Mark]:
    lists: tuple[tuple[Literal["sure", "words", "hints"], float], ...] = (
        ("sure", weights.sure),
        ("words", weights.words),
        ("hints", weights.hints),
    )
    for kind, weight in lists:
        for phrase in getattr(entry, kind):
            yield Mark(phrase=phrase, label=entry.name, weight=weight)


def _agencies(file: AgenciesFile) -> Agencies:
    return Agencies(
        version=file.version,
        by_topic=MappingProxyType(
            {topic: tuple(file.offices[key] for key in keys) for topic, keys in file.topics.items()}
        ),
        supervision=file.offices[file.supervision],
    )


def _compare_topics(taxonomy: TaxonomyFile, agencies: AgenciesFile) -> None:
    known = {entry.name for entry in taxonomy.topics}
    for topic in sorted(known ^ agencies.topics.keys()):
        place = "agencies.toml: topics" if topic in known else "taxonomy.toml: topics"
        raise RulesError(f"{place} must name {topic}, as the other file does.")
    for topic, keys in (*agencies.topics.items(), ("supervision", [agencies.supervision])):
        unknown = [key for key in keys if key not in agencies.offices]
        if unknown or not keys:
            wrong = f"names {unknown[0]}, which is not in offices" if unknown else "names no office"
            raise RulesError(f"agencies.toml: {topic} {wrong}.")


def _replies(files: Mapping[str, bytes], language: str) -> Replies:
    name = f"replies/{language}.toml"
    replies = _decoded(files, name, Replies)
    wrong = hole_in(replies)
    if wrong:
        raise RulesError(f"{name}: {wrong}.")
    return replies
