"""How the words of two complaints lie on each other: what they share, and where they differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from normalizer.match_words import (
    PLACE_CUES,
    POLARITY,
    RARE,
    SOME,
    UNITS,
    misspelled,
    numbered,
    weight,
)
from normalizer.matter import Matter

_TYPED_BADLY = 0.9
# With less in common two texts are different ones, whatever stands where.
_WORTH_IT = 0.4
# An insertion longer than this is a sentence more, not a word that turns the meaning.
_WORD_OR_TWO = 3


@dataclass(slots=True, kw_only=True)
class Alignment:
    """How two lists of words lie on each other; weights are sums of `match_words.weight`."""

    ours: float = 0.0
    theirs: float = 0.0
    shared: float = 0.0
    #: Of that the rare words, each once.
    rare: float = 0.0
    #: The heaviest word that stands in the place of another.
    replaced: float = 0.0
    #: What either has that the other has not, without the small words; of both the lighter.
    reworded: float = 0.0
    #: Why one says something else than the other: "number", "place", "opposite", or nothing.
    conflict: str = ""
    #: A number that one of them has more: "gang Mawar" and "gang Mawar 2".
    added: str = ""

    @property
    def cover(self) -> float:
        """The share of the shorter that is in the longer, by weight."""
        shorter = min(self.ours, self.theirs)
        return min(1.0, self.shared / shorter) if shorter else 0.0

    @property
    def ratio(self) -> float:
        """The share of both that is in both, by weight."""
        both = self.ours + self.theirs
        return 2 * self.shared / both if both else 0.0


def align(one: Matter, other: Matter) -> Alignment:
    """Lay two texts on each other; words that only moved are shared."""
    ours, theirs = one.spoken, other.spoken
    shared, rare = one.common(other)
    found = Alignment(ours=one.heft, theirs=other.heft, shared=shared, rare=rare)
    if ours == theirs or found.cover < _WORTH_IT:
        return found
    only = _Only(one.without(other), other.without(one))
    if not (only.ours or only.theirs):
        return found
    only.cut_off(found, ours, theirs)
    only.unlabelled(found)
    if only.differ_in_numbers():
        found.conflict = "number"
        return found
    for edit in Levenshtein.opcodes(ours, theirs):
        a = ours[edit.src_start : edit.src_end]
        b = theirs[edit.dest_start : edit.dest_end]
        if edit.tag == "replace":
            for at, (mine, its) in enumerate(zip(a, b, strict=True)):
                before = ours[edit.src_start + at - 1] if edit.src_start + at else ""
                only.replace(found, mine, its, cue=before in PLACE_CUES)
        elif edit.tag != "equal" and len(a) + len(b) <= _WORD_OR_TWO:
            only.insert(found, a or b)
    only.finish(found)
    return found


class _Only:
    """The words that one text has and the other has not, until they are explained."""

    def __init__(self, ours: dict[str, int], theirs: dict[str, int]) -> None:
        self.ours = ours
        self.theirs = theirs

    def cut_off(self, found: Alignment, ours: Sequence[str], theirs: Sequence[str]) -> None:
        """The last word of a text that was cut off is the beginning of a longer one."""
        for last, mine, others in (
            (ours[-1], self.ours, self.theirs),
            (theirs[-1], self.theirs, self.ours),
        ):
            if last not in mine:
                continue
            whole = next((word for word in others if word.startswith(last)), "")
            if whole:
                found.shared += weight(last)
                _take(mine, last)
                _take(others, whole)

    def unlabelled(self, found: Alignment) -> None:
        """A number whose label was left out or typed badly is the number still."""
        for mine, others in ((self.ours, self.theirs), (self.theirs, self.ours)):
            for number in [word for word in mine if word.isdigit()]:
                labelled = next((word for word in others if _is_number(word, number)), "")
                if labelled:
                    found.shared += weight(number)
                    _take(mine, number)
                    _take(others, labelled)

    def differ_in_numbers(self) -> bool:
        """Whether nothing else is left to explain: one form, filled in twice."""
        if not (self.ours and self.theirs and all(map(numbered, (*self.ours, *self.theirs)))):
            return False
        ours, theirs = _numbers(self.ours), _numbers(self.theirs)
        return bool(ours - theirs and theirs - ours)

    def replace(self, found: Alignment, one: str, other: str, *, cue: bool) -> None:
        """Two words that stand in the same place."""
        if one not in self.ours or other not in self.theirs:
            if one in self.ours or other in self.theirs:
                self.insert(found, [one if one in self.ours else other])
            return
        if misspelled(one, other, name=cue):
            found.shared += _TYPED_BADLY * min(weight(one), weight(other))
            _take(self.ours, one)
            _take(self.theirs, other)
            return
        if (numbered(one) and numbered(other)) or {one, other} <= UNITS:
            found.conflict = found.conflict or "number"
        elif one in POLARITY or other in POLARITY:
            found.conflict = found.conflict or "opposite"
        elif cue and max(weight(one), weight(other)) >= RARE:
            found.conflict = found.conflict or "place"
        found.replaced = max(found.replaced, min(weight(one), weight(other)))

    def insert(self, found: Alignment, words: Sequence[str]) -> None:
        """A word or two that stand in one text alone."""
        if any(word in POLARITY and (word in self.ours or word in self.theirs) for word in words):
            found.conflict = found.conflict or "opposite"
        more = [
            word for word in words if numbered(word) and (word in self.ours or word in self.theirs)
        ]
        found.added = found.added or " ".join(more)

    def finish(self, found: Alignment) -> None:
        """What nothing explained."""
        ours, theirs = _numbers(self.ours), _numbers(self.theirs)
        if ours - theirs and theirs - ours:
            found.conflict = found.conflict or "number"
        found.reworded = min(_heavy(self.ours), _heavy(self.theirs))


def _take(words: dict[str, int], word: str) -> None:
    words[word] -= 1
    if words[word] <= 0:
        del words[word]


def _is_number(word: str, number: str) -> bool:
    """Whether a word is this number, with a label or without."""
    return not word.isalpha() and _digits(word) == number


def _numbers(words: Iterable[str]) -> set[str]:
    """The numbers in words, without their labels: one may be typed badly."""
    return {_digits(word) for word in words if not word.isalpha() and numbered(word)}


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _heavy(words: dict[str, int]) -> float:
    return sum(count * weight(word) for word, count in words.items() if weight(word) >= SOME)
