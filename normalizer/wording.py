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
    "receipt_anonymous",
    "receipt_confidential",
    "receipt_hidden",
    "receipt_masked",
    "receipt_instead",
    "masked",
    "question_where",
    "question_what",
    "question_which",
    "status",
    "status_own",
    "status_unknown",
    "status_without_code",
    "not_yours",
    "which_report",
    "help",
    "thanks",
    "choose",
    "added",
    "place_added",
    "add_what",
    "made_anonymous",
    "made_confidential",
    "made_hidden",
    "next_hidden",
    "withdrawn",
    "discarded",
    "kept",
    "solved",
    "unsolved",
    "erase_ask",
    "erased",
    "erased_but_held",
    "prove",
    "ask_solved",
    "notice_emergency",
    "notice_transfer",
    "notice_answer",
    "notice_question",
    "notice_stop",
    "same_status",
    "same_answer",
    "stopped",
    "resumed",
    "answered",
    "history",
    "subject_receipt",
    "subject_status",
    "subject_report",
    "subject_help",
]
State: TypeAlias = Literal[
    "diterima", "diteruskan", "ditindaklanjuti", "selesai", "diarsipkan", "dibatalkan"
]

ButtonName: TypeAlias = Literal[
    "anonymous", "confidential", "location", "withdraw", "erase", "keep", "solved", "unsolved"
]

#: What a timeline shows in one word each.
StepName: TypeAlias = Literal[
    "diterima",
    "diteruskan",
    "ditindaklanjuti",
    "selesai",
    "diarsipkan",
    "answer",
    "question",
    "transfer",
]

SENTENCES: tuple[Sentence, ...] = get_args(Sentence)
STATES: tuple[State, ...] = get_args(State)
STEPS: tuple[StepName, ...] = get_args(StepName)
BUTTONS: tuple[ButtonName, ...] = get_args(ButtonName)
# The shortest that a provider shows in full.
LONGEST_LABEL = 20

_CODE = frozenset({"code"})
_PLACEHOLDERS: dict[Sentence, frozenset[str]] = {
    **dict.fromkeys(
        (
            "receipt",
            "receipt_emergency",
            "receipt_incomplete",
            "receipt_anonymous",
            "receipt_confidential",
            "receipt_hidden",
            "status_unknown",
            "added",
            "place_added",
            "add_what",
            "made_anonymous",
            "made_confidential",
            "made_hidden",
            "withdrawn",
            "solved",
            "unsolved",
            "erased_but_held",
            "ask_solved",
            "notice_emergency",
            "answered",
            "subject_receipt",
            "subject_status",
            "subject_report",
        ),
        _CODE,
    ),
    **dict.fromkeys(("receipt_masked", "masked"), frozenset({"code", "kinds"})),
    "receipt_instead": frozenset({"code", "other"}),
    "status": frozenset({"code", "state"}),
    "status_own": frozenset({"code", "title", "state"}),
    "not_yours": frozenset({"code", "state"}),
    "which_report": frozenset({"command"}),
    "next_hidden": frozenset({"command"}),
    "prove": frozenset({"command"}),
    "choose": frozenset({"count"}),
    "notice_transfer": frozenset({"code", "agency"}),
    **dict.fromkeys(
        ("notice_answer", "notice_question", "same_answer"), frozenset({"code", "text"})
    ),
    "history": frozenset({"steps"}),
    "same_status": frozenset({"code", "state"}),
}


class States(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The citizen's words for the public states of a case."""

    diterima: str
    diteruskan: str
    ditindaklanjuti: str
    selesai: str
    diarsipkan: str
    dibatalkan: str


class Steps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same in one word each, for a line that tells all of a case, and what else happens."""

    diterima: str
    diteruskan: str
    ditindaklanjuti: str
    selesai: str
    diarsipkan: str
    answer: str
    question: str
    transfer: str


class Buttons(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stands on the buttons of channels that have them; a few short words each."""

    anonymous: str
    confidential: str
    location: str
    withdraw: str
    erase: str
    keep: str
    solved: str
    unsolved: str


class Private(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What tells who somebody is, in a short word each, and a word for what is not listed."""

    nik: str
    kk: str
    phone: str
    email: str
    account: str
    plate: str
    address: str
    name: str
    more: str


class Replies(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One language."""

    #: After a report; every one of these carries the case code.
    receipt: str
    #: Instead of it when the words say that somebody is in danger: 112 comes first.
    receipt_emergency: str
    #: Instead of it when a part of a long message never arrived.
    receipt_incomplete: str
    #: Instead of it when the citizen asked to stay unnamed, to keep the report unpublished, both.
    receipt_anonymous: str
    receipt_confidential: str
    receipt_hidden: str
    #: Instead of it when the words of somebody anonymous tell who they are; and the same behind any
    #: other answer.
    receipt_masked: str
    masked: str
    #: Instead of it when an addition could not go where it was meant to.
    receipt_instead: str
    #: Behind a receipt, at most one: the place is missing; there are no words at all; a name that
    #: several places have, with the numbered places below it.
    question_where: str
    question_what: str
    question_which: str
    #: To STATUS with a code we know: to anybody, and to whoever reported it.
    status: str
    status_own: str
    #: ... with a code we do not know, and without one from somebody who has sent no report.
    status_unknown: str
    status_without_code: str
    #: To a command about a report somebody else has sent.
    not_yours: str
    #: To a command without a code where it is not clear which report is meant.
    which_report: str
    help: str
    #: To "terima kasih".
    thanks: str
    #: To a number that was not offered.
    choose: str
    #: After an addition; after the answer to "where?"; to TAMBAH with nothing behind it.
    added: str
    place_added: str
    add_what: str
    #: After ANONIM, RAHASIA and both together; and before any report.
    made_anonymous: str
    made_confidential: str
    made_hidden: str
    next_hidden: str
    #: After BATAL: a report; something that was not a report yet; a question of ours.
    withdrawn: str
    discarded: str
    kept: str
    #: After SELESAI and BELUM.
    solved: str
    unsolved: str
    #: To HAPUS, when it is done, and when all is gone but what is held.
    erase_ask: str
    erased: str
    erased_but_held: str
    #: To BATAL by mail: anybody can write another's address as sender.
    prove: str
    #: In a notice: when a case is closed; when an officer sees that somebody is in danger; who has
    #: it now; what the office wrote or asks; once, how to get no more of them.
    ask_solved: str
    notice_emergency: str
    notice_transfer: str
    notice_answer: str
    notice_question: str
    notice_stop: str
    #: ... about a report of somebody else that says the same.
    same_status: str
    same_answer: str
    #: After BERHENTI and MULAI.
    stopped: str
    resumed: str
    #: After an answer to what the office asked.
    answered: str
    #: Behind a status: what happened when.
    history: str
    #: Subject lines, for mail.
    subject_receipt: str
    subject_status: str
    subject_report: str
    subject_help: str
    states: States
    steps: Steps
    private: Private
    buttons: Buttons


def hole_in(replies: Replies) -> str | None:
    """What is wrong with the sentences of a language, in words; None when nothing is."""
    for sentence in SENTENCES:
        expected = _PLACEHOLDERS.get(sentence, frozenset())
        try:
            found = _placeholders(getattr(replies, sentence))
        except ValueError:
            return f"{sentence} has an unpaired brace"
        if found != expected:
            return f"{sentence} must have {_listed(expected)} and has {_listed(found)}"
    for name in BUTTONS:
        if not 0 < len(getattr(replies.buttons, name)) <= LONGEST_LABEL:
            return f"buttons.{name} must have 1 to {LONGEST_LABEL} letters"
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
