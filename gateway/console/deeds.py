"""
What the trail says, in the language of its reader.

An entry keeps the English sentence it was written with, for ever. The sentences stand in
words/en.toml under [trail.said]; one that is known is said as the other language has it there, with
its codes and numbers in their places, and one that is not stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from gateway.console.words import LANGUAGES, read_words

WRITTEN = "en"
#: More sentences than a search would mean.
MOST_MEANT = 8
FEWEST_LETTERS = 3
# {role} and {was} are a role, of an agency perhaps; {x} and {fields} are any words, every other
# name is one word.
PLACE = re.compile(r"\{(\w+)\}")
KINDS = {
    **{name: f"(?P<{name}>.+)" for name in ("x", "fields")},
    **{name: rf"(?P<{name}>\w+(?: of .+?)?)" for name in ("role", "was")},
}


class _Sentence(NamedTuple):
    written: str
    pattern: re.Pattern[str]
    said: Mapping[str, str]


def said(what: str, language: str) -> str:
    """An entry's sentence in this language; the reason somebody gave stays as they typed it."""
    if language == WRITTEN:
        return what
    if whole := _said(what, language):
        return whole
    head, colon, reason = what.partition(": ")
    known = _said(head, language) if colon else ""
    return f"{known}: {reason}" if known else what


def meant(words: str, language: str) -> Sequence[str]:
    """What may stand in entries that say these words in this language, as patterns for `like`."""
    typed = words.casefold()
    if language == WRITTEN or len(typed) < FEWEST_LETTERS:
        return ()
    found = [one for one in _sentences() if typed in PLACE.sub("", one.said[language]).casefold()]
    return [PLACE.sub("%", one.written) for one in found[:MOST_MEANT]]


def _said(what: str, language: str) -> str:
    for one in _sentences():
        if found := one.pattern.fullmatch(what):
            words = _words()[language]
            values = {
                name: SAYING[name](value, words) if name in SAYING else value
                for name, value in found.groupdict().items()
            }
            return one.said[language].format_map(values)
    return ""


@cache
def _sentences() -> Sequence[_Sentence]:
    """Every sentence, the ones with most words of their own first."""
    words = {language: _words()[language]["trail"]["said"] for language in LANGUAGES}
    found = [
        _Sentence(
            written=sentence,
            pattern=_pattern(sentence),
            said={language: words[language][name] for language in LANGUAGES},
        )
        for name, sentence in words[WRITTEN].items()
    ]
    return sorted(found, key=lambda one: len(PLACE.sub("", one.written)), reverse=True)


@cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    return read_words()


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = PLACE.split(sentence)
    texts, names = parts[::2], parts[1::2]
    places = [KINDS.get(name, rf"(?P<{name}>\S+)") for name in names]
    return re.compile(
        "".join(re.escape(text) + place for text, place in zip(texts, [*places, ""], strict=True))
    )


def _role(value: str, words: Mapping[str, Any]) -> str:
    role, of, agency = value.partition(" of ")
    name = str(words["roles"].get(role, role))
    return f"{name} ({agency})" if of else name


def _fields(value: str, words: Mapping[str, Any]) -> str:
    named = [one.partition(" ") for one in value.split(", ")]
    known = words["trail"]["field"]
    return ", ".join(f"{known.get(name, name)}{gap}{rest}" for name, gap, rest in named)


SAYING = {"role": _role, "was": _role, "fields": _fields}
