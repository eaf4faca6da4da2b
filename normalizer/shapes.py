"""
The shapes of the files in config/ that `rules.py` reads, decoded strictly.

A key that is not here, or a value of another type, is an error: a misspelled word in a file must
not go unnoticed. What the keys mean stands in the files themselves.
"""

from typing import Literal, TypeAlias

import msgspec

from normalizer.record import ReportType

#: The layers of government, the nearest to the citizen first.
Layer: TypeAlias = Literal["desa", "kabupaten", "provinsi", "pusat"]


class File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file, or a table in one."""


class MeaningEntry(File, frozen=True, kw_only=True):
    """What short forms mean beside some words, "#" standing for a number."""

    short: str
    full: str
    after: str = ""
    before: str = ""
    near: str = ""
    between: bool = False


class Stems(File, frozen=True, kw_only=True):
    """Ordinary words, by which the rules of spelling know that they have guessed right."""

    verbs: str = ""
    verbs_i: str = ""
    others: str = ""
    numbered: str = ""


class AbbreviationsFile(File, frozen=True, kw_only=True):
    """abbreviations.toml."""

    keywords: list[str]
    keep_before_dot: list[str]
    address: dict[str, str]
    slashed: dict[str, str]
    words: dict[str, str]
    meanings: list[MeaningEntry] = []
    spoken: dict[str, str] = {}
    emoji: dict[str, str] = {}
    stems: Stems = Stems()


class Limits(File, frozen=True, kw_only=True):
    """From which confidence on a value is given."""

    type: float
    topic: float
    leaf: float


class Weights(File, frozen=True, kw_only=True):
    """What a phrase of each list weighs."""

    sure: float
    words: float
    hints: float
    #: How much more a phrase for a topic weighs at the beginning of a text than at its end.
    early: float = 0.0


class Entry(File, frozen=True, kw_only=True):
    """Phrases in three strengths."""

    sure: list[str] = []
    words: list[str] = []
    hints: list[str] = []


class TypeEntry(Entry, frozen=True, kw_only=True):
    """One type of report."""

    name: ReportType
    prior: float = 0.0
    at_most_words: int = 0


class TopicEntry(Entry, frozen=True, kw_only=True):
    """One topic, or a leaf `under` a topic; `group` is its branch of the national category tree."""

    name: str
    title: str
    group: str = ""
    under: str = ""


class NotNowEntry(File, frozen=True, kw_only=True):
    """Words around a phrase of danger that say that it is not now."""

    directly_before: list[str] = []
    before: list[str] = []
    after: list[str] = []
    neutral: list[str] = []


class UrgencyEntry(File, frozen=True, kw_only=True):
    """What makes a report urgent."""

    darurat: list[str]
    segera: list[str]
    neutral: list[str]
    darurat_together: list[list[list[str]]]
    not_now: NotNowEntry


class TaxonomyFile(File, frozen=True, kw_only=True):
    """taxonomy.toml."""

    version: str
    groups: list[str]
    limits: Limits
    weights: Weights
    neutral: list[str]
    urgency: UrgencyEntry
    types: list[TypeEntry]
    topics: list[TopicEntry]


class PlacesFile(File, frozen=True, kw_only=True):
    """places.toml."""

    common: list[str]


class InsteadEntry(File, frozen=True, kw_only=True):
    """Who looks after topics where certain words stand or the place lies in certain areas."""

    topics: list[str]
    words: list[str] = []
    places: list[str] = []
    offices: list[str]


class AgenciesFile(File, frozen=True, kw_only=True):
    """agencies.toml."""

    version: str
    #: By layer of government, then by short name.
    offices: dict[Layer, dict[str, str]]
    supervision: dict[Layer, str]
    elsewhere: dict[Literal["kabupaten", "provinsi"], str]
    topics: dict[str, list[str]]
    called: dict[str, list[str]] = {}
    instead: list[InsteadEntry] = []
