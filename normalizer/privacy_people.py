"""
Private words: names behind a cue, exact home addresses, somebody's health, a child.

A name is taken where something announces it: "nama saya", "a.n.", "atas nama", "Bpk". Behind a
title it must be written with a capital and be no office ("Bapak Bupati"). The place of a broken
lamp is no home address: that needs "alamat rumah" or "saya tinggal di", and a house number.
"""

import re
from collections.abc import Iterator

from normalizer.privacy_words import (
    CHILDREN,
    HOMES,
    ILLNESSES,
    NAME_CUES,
    NOT_NAMES,
    SHORT_TITLES,
    TITLES,
)
from normalizer.record import PrivateKind, PrivateSpan

_MOST_NAMES = 5
# How many words are taken for a name that is written without capitals.
_MOST_SMALL = 3
_SHORTEST_NAME = 2
_LONGEST_ADDRESS = 100
_NEAR = 60
_OF_AGE = 18

_GAPS = str.maketrans(dict.fromkeys(".,:;()/\\'\"-_!?\n\t\r", " "))

_NAME_CUE = re.compile(
    r"(?<!\w)(?:(?<!balik )(?<!ganti )(?P<bare>nama)|atas\s+nama)"
    r"(?P<whose>(?:\s+(?:lengkap|pelapor|saya|sy|ibu|bapak|ayah|suami|istri|anak|kk)\b)*)"
    r"(?:\s|\\n)*(?P<colon>[:=;,]?)(?:\s|\\n)*(?=[A-Za-z])"
    r"|(?<!\w)(?:a\s?[/.]\s?n\b\.?|an\.|bernama|(?:per)?kenalkan,?\s+(?:nama\s+)?(?:saya|sy)\b"
    r"|(?P<regards>hormat\s+(?:saya|kami)),?)(?:\s|\\n)*[:=;,]?(?:\s|\\n)*(?=[A-Za-z])",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"[ ][ ]?(?=[A-Z][a-z]|[A-Z]\.|[A-Z]{3})")
_WORD_BEFORE = re.compile(r"([A-Za-z]+)(\.?)$")
_LONGEST_TITLE = 14
# "M." and "Moh." go on, a longer word with a full stop ends the sentence.
_NAME_WORD = re.compile(r"[A-Za-z]{1,3}\.\s?(?=[A-Z])|[A-Za-z][A-Za-z'`]*(?![\w@])[ ]{0,2}")

_HOME = re.compile(
    r"(?<!\w)(?:(?<!di )alamat(?:nya)?"
    r"(?:\s+(?:rumah|lengkap|saya|sy|kami|ktp|kk|tinggal|domisili|pelapor|sesuai)\b)*"
    r"|rumah\s+(?:saya|sy|kami|ibu saya|orang tua saya)(?:\s+(?:ada|terletak))?\s+di"
    r"|(?:saya|sy|kami)\s+(?:\w+\s+){0,2}tinggal\s+di(?:\s+alamat)?|beralamat(?:kan)?"
    r"|(?:ber)?domisili|tempat\s+tinggal(?:\s+(?:saya|kami))?|almt)"
    r"(?:\s|\\n)*[:=.,]?(?:\s|\\n)*(?:di\s+)?(?=[A-Za-z])",
    re.IGNORECASE,
)
_HOUSE = re.compile(
    r"\b(?:no(?:mor|mer)?\b\.?\s*\d+\s?[a-z]?\b|blok\s+[a-z]{1,2}[\s/.-]*\d+[a-z]?"
    r"|rt(?![a-z])\.?(?:\s*/\s*rw)?\s*[:.]?\s*\d+(?:\s*/\s*\d+)?|rw(?![a-z])\.?\s*\d+"
    r"|\d+\s?[a-z]?\s?/\s?\d+[a-z]?|[ivx]+\s?/\s?\d+[a-z]?)",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"\n|\\n|;|(?<=\w{4})\.\s|\s(?:hp|telp|nik|no hp|wa)\b", re.IGNORECASE)

_ILLNESS = re.compile(
    r"(?<!\w)(?:(?:sakit|penyakit|menderita|gangguan|gagal|positif)\s+)?"
    r"(?:" + "|".join(sorted(ILLNESSES, key=len, reverse=True)) + r")(?:\s+(?:inap|jiwa))?(?!\w)",
    re.IGNORECASE,
)
_SOMEBODY = re.compile(
    r"(?<!\w)(?:saya|sy|aku|kami|anak|ank|ibu|bapak|ayah|suami|istri|adik|kakak|nenek|kakek"
    r"|orang ?tua|ortu|mertua|pasien|almarhum|beliau|keponakan|cucu|tetangga)(?:ku|nya)?(?!\w)",
    re.IGNORECASE,
)
_CHILD = re.compile(
    r"(?<!\w)(?:(?:anak|ank|putr[ai]|bayi|balita|cucu|keponakan|adi?k|adek)\s+"
    r"(?:(?:perempuan|laki-laki|laki2|pertama|kedua|ketiga|bungsu|sulung|kandung)\s+)?"
    r"(?:saya|sy|kami|beliau|tetangga)|anakku)(?!\w)",
    re.IGNORECASE,
)
_YOUNG = re.compile(
    r"(?<!\w)(?:anak|ank|putr[ai]|bayi|balita|cucu|keponakan|adi?k|adek|sisw[ai]|murid)\b[^.\n]{0,40}?"
    r"\b(\d{1,2})\s?(th|thn|tahun|bln|bulan)\b",
    re.IGNORECASE,
)


def people_in(text: str) -> Iterator[PrivateSpan]:
    """What is private in a text for its words; spans may overlap."""
    said = frozenset(text.lower().translate(_GAPS).split())
    if not NAME_CUES.isdisjoint(said):
        for found in _NAME_CUE.finditer(text):
            yield from name_at(text, found.end(), small=_names_for_sure(found))
    if not TITLES.isdisjoint(said):
        for found in _CAPITAL.finditer(text):
            if _behind_title(text, found.start()):
                yield from name_at(text, found.end(), small=False)
    if not HOMES.isdisjoint(said):
        yield from _addresses(text)
    if not ILLNESSES.isdisjoint(said):
        yield from _illnesses(text)
    if not CHILDREN.isdisjoint(said):
        yield from _children(text)


def _names_for_sure(cue: re.Match[str]) -> bool:
    """Whether a name follows; "hormat saya sampaikan" and "nama jalan" go on as a sentence."""
    if cue["regards"] is not None:
        return False
    return cue["bare"] is None or bool(cue["whose"] or cue["colon"])


def _behind_title(text: str, at: int) -> bool:
    """Only short titles have a full stop of their own: "tolong Pak. Terima kasih"."""
    before = _WORD_BEFORE.search(text, max(0, at - _LONGEST_TITLE), at)
    if before is None or before[1].lower() not in TITLES:
        return False
    shouted = before[1].isupper()  # then capitals tell no name
    return not shouted and (not before[2] or before[1].lower() in SHORT_TITLES)


def name_at(text: str, start: int, *, small: bool) -> Iterator[PrivateSpan]:
    """The words from here on that can be a name; `small`: also without capitals."""
    capital = text[start].isupper()
    if not (capital or small):
        return
    most = _MOST_NAMES if capital else _MOST_SMALL
    at, taken = start, 0
    while taken < most and (found := _NAME_WORD.match(text, at)):
        word = found.group().strip(" .")
        if word.lower() in NOT_NAMES or (capital and not word[0].isupper()):
            break
        at, taken = found.end(), taken + 1
    end = start + len(text[start:at].rstrip(" ."))
    if end - start > _SHORTEST_NAME:
        yield PrivateSpan(kind="name", start=start, end=end)


def _addresses(text: str) -> Iterator[PrivateSpan]:
    """From behind the cue to the last house, RT or RW number in the same line."""
    for found in _HOME.finditer(text):
        start = found.end()
        stop = _LINE_END.search(text, start, start + _LONGEST_ADDRESS)
        limit = stop.start() if stop else start + _LONGEST_ADDRESS
        houses = list(_HOUSE.finditer(text, start, limit))
        if houses:
            last = houses[-1]
            end = last.start() + len(last.group().rstrip())
            yield PrivateSpan(kind="address", start=start, end=end)


def _illnesses(text: str) -> Iterator[PrivateSpan]:
    """An illness near a person: a fever in the whole village is nobody's."""
    for found in _ILLNESS.finditer(text):
        if _SOMEBODY.search(text, max(0, found.start() - _NEAR), found.end() + _NEAR):
            yield _span("health", found)


def _children(text: str) -> Iterator[PrivateSpan]:
    """Somebody's own child, or one with an age."""
    for found in _CHILD.finditer(text):
        yield _span("child", found)
    for found in _YOUNG.finditer(text):
        if found.group(2).lower().startswith("b") or int(found.group(1)) < _OF_AGE:
            yield _span("child", found)


def _span(kind: PrivateKind, found: re.Match[str]) -> PrivateSpan:
    return PrivateSpan(kind=kind, start=found.start(), end=found.end())
