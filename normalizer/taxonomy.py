"""
What speaks for which type, topic and urgency: config/taxonomy.toml, arranged for finding.

Topics are a tree of three levels: the branches of the national category tree, topics, and leaves
under a topic. What speaks for a leaf speaks for its topic too, so finer leaves never make a topic
less sure; where the words do not tell which leaf, the topic itself is the value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from normalizer.lexicon import Lexicon, Mark, lexicon
from normalizer.shapes import TaxonomyFile, TopicEntry, TypeEntry, UrgencyEntry, Weights
from normalizer.text import words


class TaxonomyError(Exception):
    """A taxonomy cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgencies:
    """What makes a report urgent, and what takes that back."""

    phrases: Lexicon
    #: For each emergency, groups of words of which each must occur: "banjir" and "terjebak".
    together: tuple[tuple[frozenset[str], ...], ...]
    #: Standing right before ("tidak"), before, or after a phrase, these say that it is not now.
    directly_before: Lexicon
    before: Lexicon
    after: Lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """What speaks for which type, topic and urgency."""

    version: str
    types: Lexicon
    topics: Lexicon
    urgency: Urgencies
    #: Every topic and leaf with the topic it belongs to; a topic belongs to itself.
    under: Mapping[str, str]
    #: Every topic and leaf with its branch of the national tree.
    groups: Mapping[str, str]
    #: What every topic and leaf is called.
    titles: Mapping[str, str]
    #: Weight a type has before anything is read.
    priors: Mapping[str, float]
    #: Types that only texts up to so many words can be.
    at_most_words: Mapping[str, int]
    #: A value is given from this confidence on, else null.
    type_limit: float
    topic_limit: float
    leaf_limit: float


def taxonomy_of(file: TaxonomyFile) -> Taxonomy:
    """Arrange what the file says; raise TaxonomyError where its parts do not fit together."""
    _check_names(file)
    under = {entry.name: entry.under or entry.name for entry in file.topics}
    groups = {entry.name: entry.group for entry in file.topics}
    return Taxonomy(
        version=file.version,
        types=lexicon(mark for entry in file.types for mark in _marks(entry, file.weights)),
        topics=lexicon(
            _topic_marks(file.topics, file.weights), file.neutral, early=file.weights.early
        ),
        urgency=_urgencies(file.urgency),
        under=MappingProxyType(under),
        groups=MappingProxyType({name: groups[name] or groups[of] for name, of in under.items()}),
        titles=MappingProxyType({entry.name: entry.title for entry in file.topics}),
        priors=MappingProxyType({entry.name: entry.prior for entry in file.types if entry.prior}),
        at_most_words=MappingProxyType(
            {entry.name: entry.at_most_words for entry in file.types if entry.at_most_words}
        ),
        type_limit=file.limits.type,
        topic_limit=file.limits.topic,
        leaf_limit=file.limits.leaf,
    )


def _check_names(file: TaxonomyFile) -> None:
    named: list[TypeEntry | TopicEntry] = [*file.types, *file.topics]
    seen: set[str] = set()
    for entry in named:
        if entry.name in seen:
            raise TaxonomyError(f"{entry.name} is defined twice")
        seen.add(entry.name)
    roots = {entry.name for entry in file.topics if not entry.under}
    for topic in file.topics:
        if topic.under and topic.under not in roots:
            raise TaxonomyError(f"{topic.name} is under {topic.under}, which is no topic")
        if topic.group not in file.groups and not (topic.under and not topic.group):
            raise TaxonomyError(f"{topic.name} has the group {topic.group!r}, not one of groups")


def _topic_marks(entries: Iterable[TopicEntry], weights: Weights) -> Iterator[Mark]:
    for entry in entries:
        for mark in _marks(entry, weights):
            yield mark
            if entry.under:
                yield Mark(phrase=mark.phrase, label=entry.under, weight=mark.weight)


def _marks(entry: TypeEntry | TopicEntry, weights: Weights) -> Iterator[Mark]:
    lists: tuple[tuple[Literal["sure", "words", "hints"], float], ...] = (
        ("sure", weights.sure),
        ("words", weights.words),
        ("hints", weights.hints),
    )
    for kind, weight in lists:
        for phrase in getattr(entry, kind):
            yield Mark(phrase=phrase, label=entry.name, weight=weight)


def _urgencies(entry: UrgencyEntry) -> Urgencies:
    return Urgencies(
        phrases=lexicon(
            (*_labelled("darurat", entry.darurat), *_labelled("segera", entry.segera)),
            entry.neutral,
        ),
        together=tuple(
            tuple(frozenset(words(" ".join(group))) for group in groups)
            for groups in entry.darurat_together
        ),
        directly_before=lexicon(_labelled("not now", entry.not_now.directly_before)),
        before=lexicon(_labelled("not now", entry.not_now.before), entry.not_now.neutral),
        after=lexicon(_labelled("not now", entry.not_now.after), entry.not_now.neutral),
    )


def _labelled(label: str, phrases: Sequence[str]) -> Iterator[Mark]:
    return (Mark(phrase=phrase, label=label, weight=1.0) for phrase in phrases)
