"""
Teaching: from reports to a new version, and from later corrections to its taking over.

Runs where somebody trains, a process of its own; the gateway takes in and thinks on meanwhile.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from gateway.learning.corrections import Corrected
from gateway.learning.past import Past, past_of
from gateway.learning.shadow import Trial, try_out
from gateway.learning.versions import Versions
from normalizer.model import Head, Model
from normalizer.model_features import Evidence
from normalizer.model_judging import evidence_of
from normalizer.rules import Rules
from normalizer.text import clean

#: How often `teach` tells that it is further on.
STEPS = 6


class TooFew(Exception):
    """There are too few reports to learn from; the message says how many it takes."""


def teach(
    versions: Versions, reports: Sequence[Past], rules: Rules, note: Callable[[int], None]
) -> str:
    """Make a version that is tried from now on, and give its name; TooFew where it cannot be."""
    from gateway.learning import training  # noqa: PLC0415 (numpy: only where somebody trains)

    version = versions.next
    head = partial(
        Head,
        task=versions.task,
        version=version,
        trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    lessons = [
        training.lesson_of(evidence(report, rules), report.label, report.text) for report in reports
    ]
    try:
        content = training.train(lessons, head, note)
    except training.TooFewLessons as exc:
        raise TooFew(str(exc)) from exc
    versions.add(version, content)
    return version


def try_shadow(versions: Versions, corrected: Sequence[Corrected], rules: Rules) -> Trial | None:
    """
    Ask the version that is tried about the corrections after it; it takes over where it won.

    None where none is tried.
    """
    if not versions.shadow:
        return None
    model = Model(versions.file(versions.shadow).read_bytes())
    made = datetime.fromisoformat(model.head.trained_at).timestamp() * 1000
    later = [one for one in corrected if one.at > made]
    trial = try_out(model, later, lambda one: evidence(past_of(one), rules))
    if trial.won:
        versions.activate(versions.shadow)
    return trial


def evidence(report: Past, rules: Rules) -> Evidence:
    """What a model sees of a past report."""
    text = clean(report.text, rules.abbreviations)
    return evidence_of(text, report.title, report.address, rules)
