"""
The one line by which a report stands in a list: what is wrong, and where.

It begins with the first sentence that says something. Who writes, and that they want to report,
is no part of it.
"""

import re
from collections.abc import Iterator

from normalizer.text_parts import matter_in

TITLE_LENGTH = 80

# Enough to find a title in; a mail may hold megabytes.
_READ = 600
_SENTENCE_WORDS = 3
_WHO_WORDS = 9
_LONGEST_PLACE = 36
_INTRODUCTION = re.compile(
    r"(?:(?:saya|kami|sy|aku)\b(?:(?!\b(?:di|ke|tidak|belum|sudah)\b)[^.,;\n]){0,60}?\s)?"
    r"(?:(?:mohon|minta)\s(?:izin|ijin)\s)?"
    r"(?:(?:ingin|mau|hendak|akan|bermaksud|izin)\s)*"
    r"(?:(?:me|ber)?lapor(?:kan)?|menyampaikan|mengadu(?:kan)?|mengeluhkan|(?:ber)?keluh|"
    r"menginformasikan|memberitahukan|bertanya|menanyakan|tanya)\b"
    r"(?:\s(?:bahwa|tentang|mengenai|soal|perihal|terkait|masalah|kalau|keluhan|laporan))*[\s,:.-]*",
    re.IGNORECASE,
)
# A sentence that tells no more than who writes.
_WHO = re.compile(
    r"(?:perkenalkan|nama\s(?:saya|sy)|saya|sy|kami)\b.{0,60}"
    r"\b(?:warga|dari|tinggal|penduduk|bernama)\b",
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?\n](?:(?<=\n)|(?=\s|$))")
_SHORT = 6
_SHORT_FORM = re.compile(
    r"\b(?:\w|jl|jln|gg|no|kel|kec|kab|ds|dsn|dr|pak|bpk|drs|ir|st|rt|rw|km|prov)$", re.IGNORECASE
)
_WORD = re.compile(r"\w+")


def title_of(text: str, where: str = "", matter: str | None = None) -> str:
    """
    One line of at most 80 characters that ends at the border of a word.

    It begins with the first sentence that says something; `where` is added if it does not tell.
    `matter` is `matter_in(text)`, from whoever has it already.
    """
    begin = text.strip()[:_READ]
    if not (begin or where):
        return ""
    line = _saying(matter if matter is not None and begin == text else matter_in(begin))
    place = _place_to_add(line, where)
    return _cut(line, TITLE_LENGTH - len(place)) + place


def _saying(matter: str) -> str:
    """From the first sentence that says enough on, on one line."""
    start = 0
    for end in _sentence_ends(matter):
        sentence = " ".join(matter[start:end].split())
        said = _without_introduction(sentence)
        who = _WHO.match(said) and len(said.split()) <= _WHO_WORDS and end < len(matter)
        # Two words are enough behind "saya mau lapor", where alone they would be "Mohon bantuan".
        if len(_WORD.findall(said)) >= _SENTENCE_WORDS - (said != sentence) and not who:
            more = matter[end:].split() if len(said) < TITLE_LENGTH // 2 else ()
            return " ".join((said, *more))
        start = end
    return " ".join(matter.split())


def _sentence_ends(text: str) -> Iterator[int]:
    for found in _STOP.finditer(text):
        at = found.start()
        if found.group() != "." or not _SHORT_FORM.search(text[max(0, at - _SHORT) : at]):
            yield found.end()
    yield len(text)


def _without_introduction(sentence: str) -> str:
    found = _INTRODUCTION.match(sentence)
    return sentence[found.end() :] if found and found.end() < len(sentence) else sentence


def _place_to_add(line: str, where: str) -> str:
    """What the line does not tell: of "Mlati, Kabupaten Sleman" perhaps only the regency."""
    if _tells(line[:TITLE_LENGTH], where):
        return ""
    # What is cut off to make room tells nothing.
    kept = line[: TITLE_LENGTH - len(where)]
    parts = [" ".join(part.split()) for part in where.split(",")]
    place = ", ".join(part for part in parts if not _tells(kept, part))
    return f" ({place})" if len(place) <= _LONGEST_PLACE else ""


def _tells(line: str, place: str) -> bool:
    told = _WORD.findall(line.lower())
    return set(told).issuperset(_WORD.findall(place.lower()))


def _cut(line: str, length: int) -> str:
    plain = line.rstrip(" ,.;:-")
    if len(plain) <= length:
        return plain
    cut = line[:length]
    border = cut.rfind(" ")
    kept = cut[:border] if border > length // 2 else cut[: length - 1]
    return kept.rstrip(" ,.;:-") + "…"
