"""What a public text says by itself: the words that may rise, and what it is found by."""

import msgspec

from normalizer.match_words import FUNCTION
from normalizer.matter import spoken_in
from normalizer.record import Judgement, Place

#: Shorter ones are parts of numbers and abbreviations that say little alone.
_LEAST_LETTERS = 4
_MOST_WORDS = 60
#: What is compared of a text; a newspaper's article goes on.
_MOST_TEXT = 1_000


class Glance(msgspec.Struct, frozen=True):
    """Made where the rules are, and kept in memory alone."""

    words: frozenset[str] = frozenset()
    keys: tuple[int, ...] = ()
    clean_text: str = ""
    topic: str | None = None
    place_code: str | None = None
    place_name: str = ""


def glanced(
    clean_text: str, place: Place | None, topic: Judgement, keys: tuple[int, ...]
) -> Glance:
    """The words that say something, and where it is if that is known."""
    spoken = dict.fromkeys(filter(_telling, spoken_in(clean_text)))
    return Glance(
        words=frozenset(list(spoken)[:_MOST_WORDS]),
        keys=keys,
        clean_text=clean_text[:_MOST_TEXT],
        topic=topic.value,
        place_code=place.code if place else None,
        place_name=_name(place) if place else "",
    )


def _telling(word: str) -> bool:
    return len(word) >= _LEAST_LETTERS and word.isalpha() and word not in FUNCTION


def _name(place: Place) -> str:
    """The name the tables have for it, else the writer's own."""
    named = (one.name for one in place.candidates if one.code == place.code)
    return next(named, place.name)
