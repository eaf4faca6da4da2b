"""
What a citizen is answered, as outbox rows: the receipt, the status of a case, help.

A message that must not be answered (a robot's) or cannot be (no way back) gets none.
"""

from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from channels.contract import Reply
from forwarder.outbox import Entry, reply_id
from gateway.records import Status
from gateway.turn import Question
from normalizer.record import Record
from normalizer.replies import phrase
from normalizer.report import Command
from normalizer.rules import Rules
from normalizer.text import language_of
from normalizer.wording import Sentence

Kind = Literal["receipt", "status", "help"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An answer before it is addressed."""

    kind: Kind
    text: str
    subject: str
    case_code: str = ""


def receipt_for(record: Record, rules: Rules) -> Words:
    """The answer to a report: its case code."""
    code, language = record.case_code, record.language
    return Words(
        kind="receipt",
        text=phrase(rules, _receipt_sentence(record), language, code=code),
        subject=phrase(rules, "subject_receipt", language, code=code),
        case_code=code,
    )


def answer_to(command: Command, status: Status | None, rules: Rules, said: str) -> Words:
    """The answer to a command, in the language it was given in."""
    language = language_of(said)
    if command.name == "help":
        subject = phrase(rules, "subject_help", language)
        return Words(kind="help", text=phrase(rules, "help", language), subject=subject)
    code = status.case_code if status else command.case_code or command.given
    if status:
        text = phrase(rules, "status", language, code=code, state=status.state)
    elif code:
        text = phrase(rules, "status_unknown", language, code=code)
    else:
        text = phrase(rules, "status_without_code", language)
    subject = phrase(rules, "subject_status", language, code=code).strip()
    return Words(kind="status", text=text, subject=subject, case_code=code)


def addressed(words: Words, question: Question, due: int) -> list[Entry]:
    """The outbox row that carries an answer; none where nobody may be answered."""
    ready = question.ready
    if ready.message.return_address is None:
        return []
    entry = Entry(
        record_id=question.record_id,
        kind=words.kind,
        revision=1,
        target=f"channel:{ready.row.channel}",
        lane=ready.lane,
        body=b"",
        due=due,
    )
    reply = Reply(
        id=reply_id(entry),
        to=ready.message.return_address,
        text=words.text,
        subject=words.subject,
        case_code=words.case_code,
    )
    return [replace(entry, body=msgspec.json.encode(reply))]


def _receipt_sentence(record: Record) -> Sentence:
    """112 comes before everything else; then whether we heard the whole message."""
    if record.urgency.value == "darurat":
        return "receipt_emergency"
    incomplete = any(remark.startswith("incomplete") for remark in record.remarks)
    return "receipt_incomplete" if incomplete else "receipt"
