"""
The sentences citizens receive, as config/replies/<language>.toml must hold them.

Every sentence has a fixed set of placeholders, checked when the file is read: a reply never goes
out with a hole in it, and never fails to go out for a misspelled name.
"""

from string import Formatter
from typing import Literal, TypeAlias, get_args

import msgspec

Sentence: TypeAlias = Literal[
    "receipt",
    "receipt_emergency",
    "receipt_incomplete",
    "status",
    "status_unknown",
    "status_without_code",
    "help",
    "subject_receipt",
    "subject_status",
    "subject_help",
]
State: TypeAlias = Literal["diterima", "diteruskan", "ditindaklanjuti", "selesai"]

SENTENCES: tuple[Sentence, ...] = get_args(Sentence)
STATES: tuple[State, ...] = get_args(State)

_PLACEHOLDERS: dict[Sentence, frozenset[str]] = {
    "receipt": frozenset({"code"}),
    "receipt_emergency": frozenset({"code"}),
    "receipt_incomplete": frozenset({"code"}),
    "status": frozenset({"code", "state"}),
    "status_unknown": frozenset({"code"}),
    "subject_receipt": frozenset({"code"}),
    "subject_status": frozenset({"code"}),
}


class States(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The citizen's words for the public states of a case."""

    diterima: str
    diteruskan: str
    ditindaklanjuti: str
    selesai: str


class Replies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    #: After a report; every one of these carries the case code.
    receipt: str
    #: Instead of it when the words say that somebody is in danger: 112 comes first.
    receipt_emergency: str
    #: Instead of it when a part of a long message never arrived.
    receipt_incomplete: str
    #: To STATUS with a code we know, and with one we do not know.
    status: str
    status_unknown: str
    #: To STATUS without a code, from somebody who has sent no report.
    status_without_code: str
    help: str
    #: Subject lines, for mail.
    subject_receipt: str
    subject_status: str
    subject_help: str
    states: States


def hole_in(replies: Replies) -> str | None:
    """What is wrong with the placeholders of a language, in words; None when nothing is."""
    for sentence in SENTENCES:
        expected = _PLACEHOLDERS.get(sentence, frozenset())
        try:
            found = _placeholders(getattr(replies, sentence))
        except ValueError:
            return f"{sentence} has an unpaired brace"
        if found != expected:
            return f"{sentence} must have {_listed(expected)} and has {_listed(found)}"
    return None


def _placeholders(text: str) -> frozenset[str]:
    parsed = Formatter().parse(text)
    return frozenset(
        f"{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}"
        for _, name, form, conversion in parsed
        if name is not None
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "no placeholder"
