"""
ANONIM and RAHASIA in the words of a report: `flagged`.

As the first word ("ANONIM jalan rusak"), a line of its own, a last word in capitals, or asked for
in a sentence ("tolong rahasiakan identitas saya"). A doubt is decided for the citizen: a flag too
many hides a name, one too few may cost a job. The text stays as it was written; only the new words
(`matter`) begin behind the keyword.
"""

import re
from dataclasses import replace

from channels.contract import InboundMessage
from normalizer.dialog_commands import has_things

_WORD = r"anonim|anonymous|rahasia|confidential"
# "Rahasia umum" and its like are no wish of the writer's.
_FIRST = re.compile(
    rf"[\s/#*\"'(\[]*(?P<flags>(?:{_WORD})\b(?!\s+(?:umum|negara|dapur|bank|jabatan|perusahaan|dagang))"
    rf"(?:(?:\s+(?:dan|and)\s+|[\s,&+/]+)(?:{_WORD})\b)?)[\s/#*\"')\].:;,\u2013\u2014-]*",
    re.IGNORECASE,
)
_OWN_LINE = re.compile(
    rf"^[^\w\n]*(?P<flags>(?:{_WORD})(?:[\s,&+/]+(?:dan\s+|and\s+)?(?:{_WORD}))?)[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LAST = re.compile(r"[\s.,;(\[-](?P<flags>ANONIM|RAHASIA)[\s).\]!]*\Z")
_WISH = re.compile(
    r"(?:rahasiakan|merahasiakan|dirahasiakan|sembunyikan|samarkan|"
    r"jangan\s+(?:di\s?)?(?:sebut|sebar|bocor|cantum|tampil)(?:kan)?)"
    r"\s+(?:identitas|nama|nomor|no|data)\b"
    r"|(?:identitas|nama|nomor|no\s?hp|data(?:\s+diri)?)\s+(?:saya|sy|kami|pelapor)"
    r"(?:\s+(?:mohon|tolong|minta|agar|harap|untuk|jangan|di))*"
    r"\s+(?:di\s?)?(?:rahasia|sembunyi|samar|sebar|bocor|sebut)"
    r"|(?:lapor|melapor)\s+(?:secara\s+)?anonim|(?:keep|stay|remain)\s+(?:me\s+)?anonymous",
    re.IGNORECASE,
)
# One of these stands in every text that one of the above finds.
_HINTS = (
    "anonim",
    "anonym",
    "rahasia",
    "confidential",
    "sebut",
    "samar",
    "sembunyi",
    "bocor",
    "sebar",
    "cantum",
    "tampil",
)


def flagged(message: InboundMessage) -> InboundMessage:
    """The message with the flags its words ask for."""
    said = message.text if message.matter is None else message.matter
    if not _hinted(said) and not (message.title and _hinted(message.title)):
        return message
    # A photo with nothing but ANONIM below it.
    flags, matter = _asked(said, alone=has_things(message))
    subject = _FIRST.match(message.title)
    flags += subject["flags"].lower() if subject else ""
    if not flags:
        return message
    return replace(
        message,
        matter=matter if matter != message.text else message.matter,
        anonymous=message.anonymous or "anon" in flags,
        confidential=message.confidential or "rahasia" in flags or "confidential" in flags,
    )


def _hinted(text: str) -> bool:
    low = text.lower()
    for hint in _HINTS:  # noqa: SIM110 (a generator costs twice as much, for every message)
        if hint in low:
            return True
    return False


def _asked(said: str, *, alone: bool) -> tuple[str, str]:
    """Which flags the words ask for, and the words without the keyword before them."""
    flags, matter = "", said
    first = _FIRST.match(said)
    if first and (alone or said[first.end() :].strip()):
        flags, matter = first["flags"].lower(), said[first.end() :]
    for found in (_OWN_LINE.search(matter), _LAST.search(matter)):
        if found and matter.replace(found.group(), "").strip():
            flags += found["flags"].lower()
            matter = (matter[: found.start()] + matter[found.end() :]).strip()
    if _WISH.search(matter):
        flags += "anonim"
    return flags, matter
