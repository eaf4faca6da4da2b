"""
Which type of report this is, what it is about and who should get it, by words.

Every judgement carries the citizen's words that led to it. The confidence is the share of the best
label in all that was found, so a second label nearly as strong lowers it; below the limit in
taxonomy.toml the value is null and the report goes on unrouted. No wrong door: nothing is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from normalizer.agency import Matter, agency_of
from normalizer.jurisdiction import Jurisdiction
from normalizer.lexicon import Score
from normalizer.places import Located
from normalizer.record import Agency, Judgement
from normalizer.rules import Rules
from normalizer.taxonomy import Taxonomy

_MOST_REASONS = 5
_MOST_TOPICS = 5
# Who writes a whole sentence most likely complains.
_SENTENCE = 4
# A hint alone tells no leaf from its siblings.
_LEAF = 2.0
_BY_CITIZEN = ("chosen by the citizen",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The three judgements about a report."""

    type: Judgement
    topic: Judgement
    agency: Agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the words of a report speak for, before anything is decided."""

    #: As `text.words` gives them.
    spoken: Sequence[str]
    topics: Sequence[Score]
    types: Sequence[Score]

    @classmethod
    def of(cls, spoken: Sequence[str], taxonomy: Taxonomy) -> "Heard":
        """Look for every word and phrase of the taxonomy."""
        return cls(
            spoken=spoken,
            topics=taxonomy.topics.scores(spoken),
            types=taxonomy.types.scores(spoken),
        )


def classify(
    spoken: Sequence[str], rules: Rules, *, chosen: str = "", located: Located | None = None
) -> Classification:
    """Judge a report by its words, as `text.words` gives them, and by where it is."""
    return judge(Heard.of(spoken, rules.taxonomy), rules, chosen=chosen, located=located)


def judge(
    heard: Heard, rules: Rules, *, chosen: str = "", located: Located | None = None
) -> Classification:
    """
    Judge a report by what its words speak for, and by where it is.

    A topic the citizen or their app has chosen counts, if it is one of ours.
    """
    taxonomy = rules.taxonomy
    topics = [score for score in heard.topics if taxonomy.under[score.label] == score.label]
    report_type = _type(heard, taxonomy, on_topic=bool(topics or chosen))
    if chosen in taxonomy.under:
        topic = Judgement(value=chosen, confidence=1.0, version=taxonomy.version, why=_BY_CITIZEN)
    else:
        topic = _topic(topics, heard.topics, taxonomy)
    names = tuple(score.label for score in topics[:_MOST_TOPICS] if score.label != topic.value)
    matter = Matter(type=report_type, topic=topic, topics=names, spoken=heard.spoken)
    agency = agency_of(matter, rules.agencies, Jurisdiction.of(located, rules.places))
    return Classification(type=report_type, topic=topic, agency=agency)


def _type(heard: Heard, taxonomy: Taxonomy, *, on_topic: bool) -> Judgement:
    """The type of a report; `on_topic` where something is said that offices look after."""
    length = len(heard.spoken)
    priors = taxonomy.priors if on_topic or length >= _SENTENCE else {}
    possible = [
        score
        for score in _with_priors(heard.types, priors)
        if length <= taxonomy.at_most_words.get(score.label, length)
    ]
    return _judge(possible, taxonomy.type_limit, taxonomy.version)


def _with_priors(scores: Sequence[Score], priors: Mapping[str, float]) -> list[Score]:
    found = {score.label: score for score in scores}
    for label, prior in priors.items():
        known = found.get(label, Score(label, 0.0, ()))
        found[label] = Score(label, known.weight + prior, known.why)
    return sorted(found.values(), key=lambda score: (-score.weight, score.label))


def _topic(topics: Sequence[Score], scores: Sequence[Score], taxonomy: Taxonomy) -> Judgement:
    """The topic, or its leaf where one stands out among its siblings."""
    topic = _judge(topics, taxonomy.topic_limit, taxonomy.version)
    if topic.value is None:
        return topic
    leaves = [
        score
        for score in scores
        if taxonomy.under[score.label] == topic.value != score.label and score.weight >= _LEAF
    ]
    leaf = _judge(leaves, taxonomy.leaf_limit, taxonomy.version)
    if leaf.value is None:
        return topic
    why = dict.fromkeys((*leaf.why, *topic.why))
    return Judgement(
        value=leaf.value,
        confidence=min(leaf.confidence, topic.confidence),
        version=taxonomy.version,
        why=tuple(why)[:_MOST_REASONS],
    )


def _judge(scores: Sequence[Score], limit: float, version: str) -> Judgement:
    if not scores:
        return Judgement(value=None, confidence=0.0, version=version)
    best = scores[0]
    second = scores[1].weight if len(scores) > 1 else 0.0
    confidence = best.weight / (best.weight + second + 1.0)
    return Judgement(
        value=best.label if confidence >= limit else None,
        confidence=round(confidence, 2),
        version=version,
        why=best.why[:_MOST_REASONS],
    )
