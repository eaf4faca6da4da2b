"""
The new words of a mail: without the conversation quoted below, without the signature.

A view for reading and classifying; the full text is kept beside it. When in doubt more is kept:
what was forwarded stays, answers written between quoted lines stay, and where nothing would be
left everything is. Indonesian and English mail programs. Takes time linear in the text.
"""

import re

# "Pada tanggal Sen, 5 Jan 2026 pukul 10.12 Budi <…> menulis:", wrapped to at most three lines.
_ATTRIBUTION_START = re.compile(r"(?:> ?)*(?:pada|on|tanggal|em|le|am)\s+\S", re.IGNORECASE)
_ATTRIBUTION_END = re.compile(r"\b(?:menulis|wrote|writes|tulis)\s*:\s*$", re.IGNORECASE)
_ATTRIBUTION_LENGTH = 400

_ORIGINAL = re.compile(
    r"\s*-{2,}\s*(?:original message|original appointment|pesan asli|pesan awal|reply message)"
    r"\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"\s*(?:-{2,}\s*)?(?:forwarded message|pesan terusan|pesan yang diteruskan|"
    r"begin forwarded message|awal pesan terusan|mulai pesan yang diteruskan)\b",
    re.IGNORECASE,
)
# Outlook: a rule or nothing, then "Dari: … Dikirim: … Kepada: … Perihal: …".
_FROM_LINE = re.compile(r"\s*\*{0,2}(?:dari|from)\s*:\*{0,2}\s*\S", re.IGNORECASE)
_BLOCK_LINE = re.compile(
    r"\s*\*{0,2}(?:dikirim|sent|tanggal|date|kepada|ke|to|cc|subjek|perihal|subject)\s*:",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[_-]{5,}\s*$")

_DEVICE = re.compile(
    r"\s*(?:sent from (?:my |yahoo|mail |outlook|samsung|proton)|dikirim dari |terkirim dari |"
    r"get outlook for |dapatkan outlook untuk |unduh outlook untuk |sent via |"
    r"dikirim (?:melalui|lewat) )[^\n]{0,80}$",
    re.IGNORECASE,
)
# The longest signature; what stands above is somebody's way to draw a line.
_SIGNATURE_LINES = 15
# How far from the end a line about the device is still a footer.
_FOOTER_LINES = 6


def trimmed(text: str) -> str:
    """The new words, or the whole text where no others can be told."""
    lines = text.split("\n")
    own = _without_footer(_without_history(lines))
    kept = "\n".join(own).strip()
    return kept or text.strip()


def _without_history(lines: list[str]) -> list[str]:
    out: list[str] = []
    at, spoken = 0, False
    while at < len(lines):
        line = lines[at]
        if _FORWARDED.match(line):
            return out + lines[at:]
        if spoken and _ends_the_new(lines, at):
            return out
        if after := _attribution(lines, at):
            # Below an attribution either lines marked ">" follow, or the rest is history unmarked.
            if spoken and not _quoted_follows(lines, after):
                return out
            at = after
            continue
        if not line.startswith(">"):
            out.append(line)
            spoken = spoken or _says_something(line)
        at += 1
    return out


def _ends_the_new(lines: list[str], at: int) -> bool:
    if _ORIGINAL.match(lines[at]):
        return True
    if _RULE.match(lines[at]) and at + 1 < len(lines):
        at += 1
    return bool(_FROM_LINE.match(lines[at])) and any(map(_BLOCK_LINE.match, lines[at + 1 : at + 4]))


def _attribution(lines: list[str], at: int) -> int:
    """Where the lines after "Pada … menulis:" begin, 0 if none stands here."""
    if not _ATTRIBUTION_START.match(lines[at]):
        return 0
    joined = ""
    for end in range(at, min(at + 3, len(lines))):
        joined += lines[end] + " "
        if len(joined) > _ATTRIBUTION_LENGTH:
            return 0
        if _ATTRIBUTION_END.search(joined.rstrip()):
            return end + 1 if _names_a_time_or_person(joined) else 0
    return 0


def _names_a_time_or_person(words: str) -> bool:
    """Whether this is a mail program speaking: "Pada rapat itu dia menulis:" is a citizen."""
    return "@" in words or sum(c.isdigit() for c in words) >= 4  # noqa: PLR2004 (a year, an hour)


def _quoted_follows(lines: list[str], at: int) -> bool:
    return any(line.startswith(">") for line in lines[at : at + 3])


def _says_something(line: str) -> bool:
    return any(map(str.isalnum, line))


def _without_footer(lines: list[str]) -> list[str]:
    # Above the first words there is no footer.
    start = next((at for at, line in enumerate(lines) if _says_something(line)), len(lines)) + 1
    while lines and not lines[-1].strip():
        lines.pop()
    for at in range(max(start, len(lines) - _SIGNATURE_LINES), len(lines)):
        # "-- " by the standard, "--" after programs that strip line ends.
        if lines[at] in ("-- ", "--"):
            lines = lines[:at]
            break
    while lines and not lines[-1].strip():
        lines.pop()
    last = max(start, len(lines) - _FOOTER_LINES)
    return lines[:last] + [line for line in lines[last:] if not _DEVICE.match(line)]
