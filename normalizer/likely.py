"""What a report may be about: the likeliest topics, for the officer who chooses."""

from normalizer.classify import Heard
from normalizer.model_judging import TOPIC, evidence_of
from normalizer.record import Record
from normalizer.rules import Rules
from normalizer.text import matter_in, words

MOST = 3
_READ = 20_000


def likely_topics(record: Record, rules: Rules) -> tuple[str, ...]:
    """Three topics at most, the likeliest first; what the words speak for where no model knows."""
    text = record.clean_text[:_READ]
    heard = Heard.of(words(f"{record.title}\n{matter_in(text)}"), rules.taxonomy)
    found: list[str] = []
    if TOPIC in rules.models:
        address = record.place.name if record.place else ""
        evidence = evidence_of(text, record.title, address, rules, heard=heard)
        found += [label for label, _ in rules.models[TOPIC].ask(evidence).best]
    found += [score.label for score in heard.topics]
    return tuple(dict.fromkeys(found))[:MOST]
