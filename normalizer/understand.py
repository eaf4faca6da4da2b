"""
What messages say by themselves, before they are compared with others.

Many are read together, and one question is asked of all of them before the next: what a question
needs then stays in the processor's nearest memory, which takes a third off the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import InboundMessage
from normalizer.classify import Classification, Heard, judge
from normalizer.flags import flags_of
from normalizer.language import language_of
from normalizer.model_judging import evidence_of, learned
from normalizer.places import VERSION as PLACES_VERSION
from normalizer.places import Located, locate
from normalizer.privacy import spans_in
from normalizer.record import Flag, MapPoint, Place, PlaceCandidate, PrivateSpan, Urgency
from normalizer.rules import Rules
from normalizer.text import clean, matter_in, storable, title_of, words
from normalizer.urgency import urgency_of

# Enough to judge a complaint by; a mail may hold megabytes.
_READ = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a message says by itself."""

    #: `clean(matter_of(message))`.
    clean_text: str
    title: str
    language: str | None
    place: Place | None
    #: Coordinates in its words.
    point: MapPoint | None
    judged: Classification
    urgency: Urgency
    flags: tuple[Flag, ...]
    #: What is private in its text.
    private: tuple[PrivateSpan, ...]


def understand(message: InboundMessage, rules: Rules) -> Understood:
    """What one message says."""
    text = clean(matter_of(message), rules.abbreviations)
    return understand_all([message], [text], rules)[0]


def understand_all(
    messages: Sequence[InboundMessage], clean_texts: Sequence[str], rules: Rules
) -> list[Understood]:
    """What each message says; its clean text is `clean(matter_of(message))`."""
    titles = [storable(message.title) for message in messages]
    read = [f"{title}\n{text}"[:_READ] for title, text in zip(titles, clean_texts, strict=True)]
    located = [
        locate(text, message.place, rules.places)
        for text, message in zip(read, messages, strict=True)
    ]
    matters = [matter_in(text[:_READ]) for text in clean_texts]
    spoken = [words(f"{title}\n{matter}") for title, matter in zip(titles, matters, strict=True)]
    heard = [Heard.of(each, rules.taxonomy) for each in spoken]
    judged = [
        _judged(*asked, rules)
        for asked in zip(messages, clean_texts, titles, located, heard, strict=True)
    ]
    places = [_place(*found) for found in zip(messages, located, strict=True)]
    lines = [
        title_of(title) or title_of(text, where_of(place), matter)
        for title, text, place, matter in zip(titles, clean_texts, places, matters, strict=True)
    ]
    languages = [language_of(text) for text in read]
    urgencies = [urgency_of(each, rules.taxonomy) for each in spoken]
    texts = [storable(message.text) for message in messages]
    flags = [
        flags_of(f"{title}\n{text}", rules.flags) for title, text in zip(titles, texts, strict=True)
    ]
    private = [spans_in(text) for text in texts]
    return [
        Understood(
            clean_text=clean_texts[at],
            title=lines[at],
            language=languages[at],
            place=places[at],
            point=_point(located[at]),
            judged=judged[at],
            urgency=urgencies[at],
            flags=flags[at],
            private=private[at],
        )
        for at in range(len(messages))
    ]


def matter_of(message: InboundMessage) -> str:
    """The new words of a message, where the channel told them apart, else all it says."""
    return message.matter if message.matter and message.matter.strip() else message.text


def where_of(place: Place | None) -> str:
    """What a title says of the place, the smallest part first."""
    return (place.street or place.landmark or place.name) if place else ""


def _judged(  # noqa: PLR0913, PLR0917 (what was found out before)
    message: InboundMessage,
    clean_text: str,
    title: str,
    located: Located,
    heard: Heard,
    rules: Rules,
) -> Classification:
    judged = judge(heard, rules, chosen=message.topic, located=located)
    if not rules.models:
        return judged
    return learned(
        judged,
        evidence_of(clean_text, title, storable(message.place), rules, heard=heard),
        rules.models,
        lambda topic: judge(heard, rules, chosen=topic, located=located).agency,
        chosen=bool(message.topic and judged.topic.value == message.topic),
    )


def _point(located: Located) -> MapPoint | None:
    if located.point is None:
        return None
    return MapPoint(lat=located.point[0], lon=located.point[1])


def _place(message: InboundMessage, located: Located) -> Place | None:
    """The citizen's own words where they gave a place apart, else the name that was found."""
    said = " ".join(storable(message.place).split())
    parts = located.parts
    if not (said or located.code or located.candidates or any(parts)):
        return None
    return Place(
        code=located.code,
        name=said or located.name,
        level=located.level,
        confidence=located.confidence,
        candidates=tuple(
            PlaceCandidate(code=each.code, name=each.name, level=each.level)
            for each in located.candidates
        ),
        by="model" if located.learned else "rules",
        version=PLACES_VERSION,
        why=located.why,
        street=parts.street,
        landmark=parts.landmark,
        hamlet=parts.hamlet,
        rt=parts.rt,
        rw=parts.rw,
    )
