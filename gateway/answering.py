"""
What a citizen is answered, as outbox rows: a receipt, the status of a case, a word on a change.

A message that must not be answered (a robot's) or cannot be (no way back) gets none.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import msgspec

from channels.contract import Button, Reply
from forwarder.outbox import Entry, reply_id
from gateway.assembly import Ready
from gateway.naming import moment
from gateway.turn import CHATS, Question
from normalizer.dialog_phrases import is_alarm
from normalizer.dialog_talk import Begin, Known, Topic
from normalizer.language import language_of
from normalizer.record import PrivateKind, Record
from normalizer.replies import button, kinds_told, phrase
from normalizer.rules import Rules
from normalizer.wording import Sentence

# So much of a title stands in an SMS beside everything else.
TITLE = 40
#: What kind of reply a sentence is; the others are a status.
KINDS: Mapping[Sentence, str] = MappingProxyType(
    {
        **dict.fromkeys(("help", "add_what", "next_hidden"), "help"),
        **dict.fromkeys(("choose", "erase_ask", "prove"), "question"),
        **dict.fromkeys(("added", "place_added", "answered"), "added"),
        **dict.fromkeys(("made_anonymous", "made_confidential", "made_hidden"), "changed"),
        **dict.fromkeys(("withdrawn", "discarded", "solved", "unsolved"), "changed"),
        **dict.fromkeys(("erased", "erased_but_held", "stopped", "resumed"), "changed"),
        "thanks": "thanks",
    }
)
_ENGLISH = (
    "cancel",
    "stop",
    "start",
    "unsolved",
    "anonymous",
    "confidential",
    "add ",
    "delete",
    "erase",
    "not ",
    "solved",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """An answer before it is addressed."""

    kind: str
    text: str
    subject: str
    case_code: str = ""
    buttons: tuple[Button, ...] = ()
    language: str | None = None


def receipt_for(  # noqa: PLR0913 (what a receipt may speak of)
    record: Record,
    rules: Rules,
    *,
    begin: Begin,
    topic: Topic | None,
    chat: bool,
    masked: Sequence[PrivateKind] = (),
) -> Words:
    """The answer to a report: its case code, what was masked, and perhaps the one question."""
    code, language = record.case_code, record.language
    sentence = begin.receipt or _receipt_sentence(record)
    if masked and sentence == "receipt_anonymous":
        sentence = "receipt_masked"  # both in one SMS
    values = {"other": begin.instead_of, "kinds": kinds_told(rules, masked, language)}
    text = phrase(rules, sentence, language, code=code, **values)
    if masked and sentence != "receipt_masked":
        text = f"{text} {phrase(rules, 'masked', language, code=code, **values)}"
    if topic:
        text = f"{text}\n\n{_asked(record, rules, topic)}"
    return Words(
        kind="receipt",
        text=text,
        subject=phrase(rules, "subject_receipt", language, code=code),
        case_code=code,
        buttons=_receipt_buttons(record, rules, topic) if chat else (),
    )


def say(  # noqa: PLR0913 (what an answer may speak of)
    sentence: Sentence,
    rules: Rules,
    said: str,
    *,
    report: Known | None = None,
    given: str = "",
    record: Record | None = None,
) -> Words:
    """An answer to a command, in the language it was given in."""
    language = _language(said, record)
    code = report.case_code if report else given
    if sentence == "status_own" and (record is None or (report and report.state == "diterima")):
        sentence = "status"  # nothing has become of it yet that others may not know
    values = {"code": code, "command": given, "count": given}
    if report:
        values["state"] = report.state
    if record:
        values["title"] = plain_title(record.title)
    return Words(
        kind=KINDS.get(sentence, "status"),
        text=phrase(rules, sentence, language, **values),
        subject=_subject(sentence, rules, language, code),
        case_code=report.case_code if report else "",
        buttons=_erase_buttons(rules, language) if sentence == "erase_ask" else (),
        language=language,
    )


def warned(
    words: Words | None, masked: Sequence[PrivateKind], rules: Rules, record: Record
) -> Words | None:
    """
    The same answer with a word on what was masked in an anonymous report, or that word alone.

    What it is is never quoted: an answer can be read by others.
    """
    if not masked:
        return words
    language = words.language if words else record.language
    code, kinds = record.case_code, kinds_told(rules, masked, language)
    text = phrase(rules, "masked", language, code=code, kinds=kinds)
    if words:
        return replace(words, text=f"{words.text} {text}")
    subject = phrase(rules, "subject_report", language, code=code)
    return Words(kind="changed", text=text, subject=subject, case_code=code, language=language)


def addressed(
    words: Words, question: Question, due: int, record_id: str = "", *, revision: int = 1
) -> list[Entry]:
    """
    The outbox row that carries an answer; none where nobody may be answered.

    It is about a revision of a record, or else about the message it answers.
    """
    ready = question.ready
    if ready.message.return_address is None:
        return []
    entry = Entry(
        record_id=record_id or question.record_id,
        kind=words.kind,
        revision=revision,
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
        kind=words.kind,
        heard_at=_heard(ready),
        buttons=words.buttons if ready.row.channel in CHATS else (),
    )
    return [msgspec.structs.replace(entry, body=msgspec.json.encode(reply))]


def _heard(ready: Ready) -> datetime:
    """When the citizen wrote: operators deliver late, and providers' windows do not wait."""
    received = moment(ready.row.received_at)
    sent = ready.message.sent_at
    return min(received, sent) if sent and sent.tzinfo else received


def plain_title(title: str) -> str:
    """A title in a few plain letters, none of which makes an SMS a third as long."""
    plain = unicodedata.normalize("NFKD", title.replace("…", "")).encode("ascii", "ignore").decode()
    words = " ".join("".join(sign for sign in plain if sign not in "[]{}|^~\\").split())
    return words if len(words) <= TITLE else f"{words[: TITLE - 2].rsplit(' ', 1)[0]}.."


def _receipt_sentence(record: Record) -> Sentence:
    """112 comes before everything else; then whether we heard all of it; then what was asked."""
    if record.urgency.value == "darurat" or is_alarm(record.text):
        return "receipt_emergency"
    if any(remark.startswith("incomplete") for remark in record.remarks):
        return "receipt_incomplete"
    if record.anonymous and record.confidential:
        return "receipt_hidden"
    if record.anonymous:
        return "receipt_anonymous"
    return "receipt_confidential" if record.confidential else "receipt"


def _asked(record: Record, rules: Rules, topic: Topic) -> str:
    """The question behind a receipt, with the numbered places where a name has several."""
    candidates = record.place.candidates if record.place else ()
    if topic == "where" and len(candidates) > 1:
        lines = [f"{number}. {place.name}" for number, place in enumerate(candidates[:9], 1)]
        return "\n".join([phrase(rules, "question_which", record.language), *lines])
    sentence: Sentence = "question_where" if topic == "where" else "question_what"
    return phrase(rules, sentence, record.language)


def _receipt_buttons(record: Record, rules: Rules, topic: Topic | None) -> tuple[Button, ...]:
    code, language = record.case_code, record.language
    candidates = record.place.candidates[:9] if record.place and topic == "where" else ()
    numbers = [Button(label=place.name, says=str(n)) for n, place in enumerate(candidates, 1)]
    if topic and not record.point and not numbers:
        numbers = [Button(label=button(rules, "location", language))]
    hide = []
    if not record.anonymous:
        label = button(rules, "anonymous", language)
        hide.append(Button(label=label, says=f"ANONIM {code}"))
    if not record.confidential:
        label = button(rules, "confidential", language)
        hide.append(Button(label=label, says=f"RAHASIA {code}"))
    withdraw = Button(label=button(rules, "withdraw", language), says=f"BATAL {code}")
    return (*numbers, *hide, withdraw)


def _erase_buttons(rules: Rules, language: str | None) -> tuple[Button, ...]:
    return (
        Button(label=button(rules, "erase", language), says="HAPUS YA"),
        Button(label=button(rules, "keep", language), says="BATAL"),
    )


def _subject(sentence: Sentence, rules: Rules, language: str | None, code: str) -> str:
    if sentence in {"status", "status_own", "status_unknown", "status_without_code"}:
        return phrase(rules, "subject_status", language, code=code).strip()
    if code and sentence not in {"help", "thanks", "choose", "next_hidden", "which_report"}:
        return phrase(rules, "subject_report", language, code=code)
    return phrase(rules, "subject_help", language)


def _language(said: str, record: Record | None) -> str | None:
    """One word tells no language; then what they reported in does."""
    return (
        language_of(said)
        or ("en" if said.strip(" /#").lower().startswith(_ENGLISH) else None)
        or (record.language if record else None)
    )
