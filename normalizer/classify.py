"""
Which type of report this is, what it is about and who should get it: the first version, by words.

Every judgement carries the citizen's words that led to it. The confidence is the share of the best
label in all that was found, so a second label nearly as strong lowers it; below the limit in
taxonomy.toml the value is null and the report goes on unrouted. No wrong door: nothing is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from normalizer.lexicon import Score
from normalizer.record import Agency, Judgement
from normalizer.rules import Agencies, Rules, Taxonomy

_SUPERVISION = "pengaduan_pengawasan"
_MOST_ALTERNATIVES = 3
_MOST_REASONS = 5
_BY_CITIZEN = ("chosen by the citizen",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """The three judgements about a report."""

    type: Judgement
    topic: Judgement
    agency: Agency


def classify(spoken: Sequence[str], rules: Rules, *, chosen: str = "") -> Classification:
    """
    Judge a report by its words, as `text.words` gives them.

    A topic the citizen or their app has chosen counts, if it is one of ours.
    """
    taxonomy = rules.taxonomy
    topics = taxonomy.topics.scores(spoken)
    if chosen in rules.agencies.by_topic:
        others = (score for score in topics if score.label != chosen)
        topics = [Score(label=chosen, weight=0.0, why=_BY_CITIZEN), *others]
    types = _types(spoken, taxonomy, priors=taxonomy.priors if topics else {})
    report_type = _judge(types, taxonomy.type_limit, taxonomy.version)
    topic = _judge(topics, taxonomy.topic_limit, taxonomy.version)
    if chosen in rules.agencies.by_topic:
        topic = Judgement(value=chosen, confidence=1.0, version=taxonomy.version, why=_BY_CITIZEN)
    return Classification(
        type=report_type, topic=topic, agency=_agency(report_type, topic, topics, rules.agencies)
    )


def _types(spoken: Sequence[str], taxonomy: Taxonomy, priors: Mapping[str, float]) -> list[Score]:
    """What speaks for each type; who says only what it is about most likely complains (a prior)."""
    found = {score.label: score for score in taxonomy.types.scores(spoken)}
    for label, prior in priors.items():
        known = found.get(label)
        weight, why = (known.weight, known.why) if known else (0.0, ())
        found[label] = Score(label=label, weight=weight + prior, why=why)
    for label, most in taxonomy.at_most_words.items():
        if len(spoken) > most:
            found.pop(label, None)
    return sorted(found.values(), key=lambda score: (-score.weight, score.label))


def _judge(scores: Sequence[Score], limit: float, version: str) -> Judgement:
    if not scores:
        return Judgement(value=None, confidence=0.0, version=version)
    best = scores[0]
    second = scores[1].weight if len(scores) > 1 else 0.0
    confidence = round(best.weight / (best.weight + second + 1.0), 2)
    value = best.label if confidence >= limit else None
    return Judgement(
        value=value, confidence=confidence, version=version, why=best.why[:_MOST_REASONS]
    )


def _agency(
    report_type: Judgement, topic: Judgement, topics: Sequence[Score], agencies: Agencies
) -> Agency:
    firsts = [agencies.by_topic[score.label][0] for score in topics]
    rest = agencies.by_topic[topics[0].label][1:] if topics else ()
    candidates = [*firsts[:1], *rest, *firsts[1:]] if topic.value else [*firsts, *rest]
    value: str | None = agencies.supervision
    decided = report_type
    if report_type.value != _SUPERVISION:
        value = firsts[0] if topic.value else None
        decided = topic
    return Agency(
        value=value,
        confidence=decided.confidence,
        version=agencies.version,
        why=decided.why,
        alternatives=_others(candidates, value),
    )


def _others(candidates: Iterable[str], value: str | None) -> tuple[str, ...]:
    others = dict.fromkeys(office for office in candidates if office != value)
    return tuple(others)[:_MOST_ALTERNATIVES]
