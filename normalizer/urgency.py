"""
How soon somebody must look: the first version, by words.

"darurat" makes the first reply say 112, so a false alarm costs one sentence and a missed one may
cost a life; still, "pemadam kebakaran" and "rawan kecelakaan" are no emergency (neutral phrases).
"""

from collections.abc import Sequence

from normalizer.record import Urgency
from normalizer.rules import Taxonomy

_MOST_REASONS = 5


def urgency_of(spoken: Sequence[str], taxonomy: Taxonomy) -> Urgency:
    """The urgency of a report by its words, as `text.words` gives them."""
    reasons = {score.label: score.why for score in taxonomy.urgency.scores(spoken)}
    together = _together(spoken, taxonomy)
    if "darurat" in reasons or together:
        why = tuple(dict.fromkeys((*reasons.get("darurat", ()), *together)))
        return Urgency(value="darurat", why=why[:_MOST_REASONS])
    if "segera" in reasons:
        return Urgency(value="segera", why=reasons["segera"][:_MOST_REASONS])
    return Urgency()


def _together(spoken: Sequence[str], taxonomy: Taxonomy) -> tuple[str, ...]:
    """The words of the first emergency of which every group of words occurs."""
    said = set(spoken)
    for groups in taxonomy.together:
        if not any(map(said.isdisjoint, groups)):
            return tuple(next(word for word in spoken if word in group) for group in groups)
    return ()
