"""
How soon somebody must look, by words.

"darurat" makes the first reply say 112, so a false alarm costs one sentence and a missed one may
cost a life. Still most texts that name a danger tell of the past, of every day or of what might
be ("rawan kecelakaan", "kebakaran tahun lalu"): the words around a phrase of danger take it back.
"""

from collections.abc import Iterator, Sequence

from normalizer.record import Urgency
from normalizer.taxonomy import Taxonomy, Urgencies

_MOST_REASONS = 5
# How many words away what takes a danger back may stand.
_DIRECTLY, _BEFORE, _AFTER = 2, 6, 8
# The longest phrase there, so that its first words are read as well.
_LONGEST = 3
# Words that are a danger together stand in one or two sentences.
_TOGETHER = 30


def urgency_of(spoken: Sequence[str], taxonomy: Taxonomy) -> Urgency:
    """The urgency of a report by its words, as `text.words` gives them."""
    rules = taxonomy.urgency
    now: dict[str, None] = {}
    soon: dict[str, None] = {}
    for at, end, _, marks in rules.phrases.hits(spoken):
        for label, _ in marks:
            if label == "segera":
                soon[" ".join(spoken[at:end])] = None
            elif not _not_now(spoken, at, end, rules):
                now[" ".join(spoken[at:end])] = None
    for words in _together(spoken, rules):
        now.update(dict.fromkeys(words))
    if now:
        return Urgency(value="darurat", why=tuple(now)[:_MOST_REASONS])
    if soon:
        return Urgency(value="segera", why=tuple(soon)[:_MOST_REASONS])
    return Urgency()


def _not_now(spoken: Sequence[str], at: int, end: int, rules: Urgencies) -> bool:
    """Whether the words around it say that it was, might be, often is or is not."""
    earlier = spoken[max(0, at - _BEFORE - _LONGEST) : at]
    later = spoken[end : end + _AFTER]
    close = len(earlier) - _BEFORE
    return (
        any(marks for *_, marks in rules.directly_before.hits(earlier[-_DIRECTLY:]))
        or any(marks and last > close for _, last, _, marks in rules.before.hits(earlier))
        or any(marks for *_, marks in rules.after.hits(later))
    )


def _together(spoken: Sequence[str], rules: Urgencies) -> Iterator[tuple[str, ...]]:
    """The words of each emergency of which every group of words occurs in one place."""
    said = set(spoken)
    for groups in rules.together:
        if any(map(said.isdisjoint, groups)):
            continue
        for at in (at for at, word in enumerate(spoken) if word in groups[0]):
            nearby = spoken[max(0, at - _TOGETHER) : at + _TOGETHER]
            found = [next((word for word in nearby if word in group), "") for group in groups]
            if all(found) and not _not_now(spoken, at, at + 1, rules):
                yield tuple(found)
                break
