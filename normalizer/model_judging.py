"""
What becomes of the rules' judgements where models have been learned.

A model is asked with the words of a report and with what the rules found in them, so it begins
where the rules end. Sure, it decides; unsure, nothing is decided, for a guess costs an office's
time: the likeliest offices stand as alternatives. What a citizen chose stays, and so does what a
model cannot know because nobody has ever corrected towards it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt

import msgspec

from normalizer.classify import Classification, Heard
from normalizer.lexicon import Score
from normalizer.model import Answer, Model
from normalizer.model_features import Evidence, Hint, hashed
from normalizer.record import Agency, Judgement
from normalizer.rules import Rules
from normalizer.text import matter_in, words

TYPE, TOPIC, AGENCY = TASKS = ("type", "topic", "agency")
# Where misconduct is complained of it does not matter what it is about.
_SUPERVISION = "pengaduan_pengawasan"
_READ = 20_000


def evidence_of(
    clean_text: str, title: str, address: str, rules: Rules, *, heard: Heard | None = None
) -> Evidence:
    """
    What the models see of a report.

    `title` and `address` are the citizen's own, "" where none was given; `heard` is what title and
    matter speak for, from whoever has it already.
    """
    taxonomy = rules.taxonomy
    if heard is None:
        heard = Heard.of(words(f"{title}\n{matter_in(clean_text[:_READ])}"), taxonomy)
    return Evidence(
        spoken=words(clean_text[:_READ]),
        title=words(title[:_READ]),
        address=words(address[:_READ]),
        hints=(
            *_hints("topic", heard.topics),
            *_branches(heard.topics, taxonomy.groups),
            *_hints("type", heard.types),
        ),
    )


def learned(
    judged: Classification,
    evidence: Evidence,
    models: Mapping[str, Model],
    agency_for: Callable[[str], Agency],
    *,
    chosen: bool,
) -> Classification:
    """
    The judgements after the models were heard.

    `agency_for` tells whom the rules would give a topic; `chosen`: the topic is the citizen's.
    """
    report_type, topic, agency = judged.type, judged.topic, judged.agency
    blocks = hashed(evidence)
    if TYPE in models and _knows(models[TYPE], report_type.value):
        report_type = _judgement(report_type, models[TYPE].ask(evidence, blocks), models[TYPE])
    if TOPIC in models and not chosen:
        topic = _judgement(topic, models[TOPIC].ask(evidence, blocks), models[TOPIC])
        if topic.value and topic.value != judged.topic.value:
            agency = _follows(agency_for(topic.value), topic)
    if AGENCY in models and report_type.value != _SUPERVISION:
        agency = _agency(agency, models[AGENCY].ask(evidence, blocks), models[AGENCY])
    return Classification(type=report_type, topic=topic, agency=agency)


def _hints(kind: str, scores: Sequence[Score]) -> Iterator[Hint]:
    """The share of each label in all the rules found; its root, for a small share says much."""
    total = sum(score.weight for score in scores) + 1.0
    for score in scores:
        yield Hint(f"{kind} {score.label}", sqrt(score.weight / total), score.why)


def _branches(topics: Sequence[Score], groups: Mapping[str, str]) -> Iterator[Hint]:
    """The share of each branch of the national tree."""
    total = sum(score.weight for score in topics) + 1.0
    shares: dict[str, float] = {}
    for score in topics:
        branch = groups[score.label]
        shares[branch] = shares.get(branch, 0.0) + score.weight / total
    for branch, share in shares.items():
        yield Hint(f"branch {branch}", sqrt(share))


def _knows(model: Model, value: str | None) -> bool:
    return value is None or value in model.head.labels


def _judgement(by_rules: Judgement, answer: Answer, model: Model) -> Judgement:
    if answer.value is None and not _knows(model, by_rules.value):
        return by_rules
    return Judgement(
        value=answer.value,
        confidence=answer.confidence,
        by="model",
        version=model.head.version,
        why=answer.why,
    )


def _agency(by_rules: Agency, answer: Answer, model: Model) -> Agency:
    judged = _judgement(by_rules, answer, model)
    if judged is by_rules:
        return by_rules
    others = tuple(label for label, _ in answer.best if label != answer.value)
    return Agency(**msgspec.structs.asdict(judged), alternatives=others)


def _follows(agency: Agency, topic: Judgement) -> Agency:
    """The rules' office for a topic the model found: no surer than the topic."""
    return msgspec.structs.replace(
        agency, confidence=topic.confidence, by="model", version=topic.version, why=topic.why
    )
