"""
The dialog with a citizen, as one pure state machine: `turn(heard, conversation, now, rules)`.

A plain text is a complete report, at once; nothing is asked before it is safe. What else a message
can be is decided by its words and by what the gateway remembers of its sender: a command, a word on
an earlier report, an answer to the one question a report may raise, or a photo that waits a moment
for its words. Only the sender of a report can change it, and flags are only ever tightened.
"""

from dataclasses import replace
from datetime import datetime

from channels.contract import InboundMessage
from normalizer.dialog_commands import command_of, has_things, words_of
from normalizer.dialog_flags import flagged
from normalizer.dialog_orders import obey
from normalizer.dialog_phrases import is_signs_only
from normalizer.dialog_places import answers_where, complains, does_not_know, is_brief, tells_place
from normalizer.dialog_talk import (
    ANSWER,
    PATIENCE,
    THREAD,
    TOGETHER,
    WITHDRAWN,
    Asked,
    Begin,
    Change,
    Conversation,
    Decision,
    Discard,
    Heard,
    Hold,
    Known,
    Role,
    Say,
    Topic,
)
from normalizer.record import Record
from normalizer.rules import Rules
from normalizer.text import words

# A report of fewer words that is about nothing we know: what happened?
_POOR = 2
_NO_PLACE_NEEDED = ("permintaan_informasi", "aspirasi", "bukan_laporan")
_VERDICTS = {"belum": False, "blm": False, "masih": False, "sudah": True, "selesai": True}


def hear(message: InboundMessage) -> Heard:
    """A message and what it is by itself."""
    command = None if message.withdrawn else command_of(message)
    if command is None:
        message = flagged(message)
    said = words_of(message)
    return Heard(message=message, command=command, said=said, things=has_things(message))


def is_plain(heard: Heard) -> bool:
    """Whether it is a report for anybody who was not asked anything and has nothing waiting."""
    message = heard.message
    if heard.command or not heard.said or message.edits or message.answers or message.album:
        return False
    return not is_signs_only(heard.said)


def turn(heard: Heard, talk: Conversation, now: datetime, rules: Rules) -> Decision:
    """What follows from a message."""
    question = talk.question
    if question and (_is_over(question, now) or (question.report and not question.report.own)):
        talk = replace(talk, question=None)
    if heard.message.edits and (decision := _edited(heard, talk)):
        return decision
    if heard.command:
        return obey(heard.command, heard, talk, now)
    if not talk.known_sender:
        return Begin()
    if not heard.said:
        return _things(heard, talk, now)
    return _words(heard, talk, now, rules)


def _is_over(question: Asked, now: datetime) -> bool:
    return now - question.asked_at > PATIENCE[question.topic]


def question_after(record: Record, rules: Rules) -> tuple[Topic, int] | None:
    """The one question a new report raises, and how many numbered answers it has."""
    place = record.place
    if place and place.code is None and len(place.candidates) > 1:
        return "where", min(len(place.candidates), 9)
    said = f"{record.title}\n{record.clean_text}"
    if len(words(record.clean_text)) <= _POOR and not _means_something(record, rules):
        return "what", 0
    if place or record.point or record.type.value in _NO_PLACE_NEEDED or tells_place(said):
        return None
    return "where", 0


def _means_something(record: Record, rules: Rules) -> bool:
    return bool(record.topic.value or complains(record.clean_text, rules))


# --- edits ------------------------------------------------------------------------------------


def _edited(heard: Heard, talk: Conversation) -> Decision | None:
    """A new version of an earlier message, or that message taken back; None where it is unknown."""
    if talk.about and talk.about.own:
        role: Role = "unsent" if heard.message.withdrawn else "edit"
        return Change(report=talk.about, role=role)
    if talk.original_waits:
        return Discard(say=None) if heard.message.withdrawn else Hold()
    return Discard(say=None) if heard.message.withdrawn else None


# --- files and places without words -----------------------------------------------------------


def _things(heard: Heard, talk: Conversation, now: datetime) -> Decision:
    if not talk.chat:
        return Begin()
    report = talk.question.report if talk.question else None
    if talk.question and report and _still_fits(talk.question, now):
        if heard.message.point and talk.question.topic == "where":
            return Change(report=report, role="add", say="place_added", closes=True)
        return Change(report=report, role="add", say="added", once=True)
    if talk.about and talk.about.own and talk.about.state != WITHDRAWN:
        return Change(report=talk.about, role="add", say="added", once=True)
    if talk.newest and now - talk.newest.received_at <= TOGETHER and not talk.waiting:
        return Change(report=talk.newest, role="add", say="added", once=True)
    return _begin(talk) if talk.waited else Hold()


# --- words ------------------------------------------------------------------------------------


def _words(heard: Heard, talk: Conversation, now: datetime, rules: Rules) -> Decision:
    about = talk.about
    if about and about.own and about.state != WITHDRAWN and now - about.received_at <= THREAD:
        return _in_thread(heard, talk, now, rules)
    if talk.waiting:
        return _begin(talk)
    if talk.question and (decision := _reply(heard, talk.question, now, rules)):
        return decision
    if is_signs_only(heard.said):
        recent = talk.newest and now - talk.newest.received_at <= TOGETHER
        if talk.chat and talk.newest and recent:
            return Change(report=talk.newest, role="add")
        return _begin(talk, remark="no words, only signs")
    return _begin(talk)


def _in_thread(heard: Heard, talk: Conversation, now: datetime, rules: Rules) -> Decision:
    """Words in the thread of one of our answers."""
    question, report = talk.question, talk.about
    assert report  # noqa: S101 (there is no thread without)
    if question and question.report == report:
        decision = _reply(heard, question, now, rules)
        if decision:
            return decision
        if question.topic == "answer":
            return _answer(report)
    return Change(report=report, role="add", say="added", comment=True)


def _answer(report: Known) -> Change:
    """What the office wanted to know."""
    return Change(report=report, role="add", say="answered", closes=True, comment=True)


def _still_fits(question: Asked, now: datetime) -> bool:
    """Whether a photo is about what was asked: news of a case is waited for much longer."""
    longest = {"solved": TOGETHER, "answer": ANSWER}.get(question.topic)
    return longest is None or now - question.asked_at <= longest


def _reply(  # noqa: PLR0911 (one for each topic)
    heard: Heard, question: Asked, now: datetime, rules: Rules
) -> Decision | None:
    """What the words are to the question that is open; None: a report of their own."""
    report, said = question.report, heard.said
    if report is None:
        return None
    if question.topic in {"what", "words", "more"}:
        told_later = question.topic == "more"
        return Change(report=report, role="add", say="added", closes=True, comment=told_later)
    if question.topic == "answer":
        # Later than that only what is no complaint of its own.
        fits = now - question.asked_at <= ANSWER or (is_brief(said) and not complains(said, rules))
        return _answer(report) if fits else None
    if question.topic == "solved":
        return _news(report, said)
    if question.topic == "where" and does_not_know(said):
        return Say(sentence="kept", closes=True)
    if question.topic == "where" and answers_where(said, rules):
        return Change(report=report, role="place", say="place_added", closes=True)
    brief = is_brief(said) and not complains(said, rules)
    return Change(report=report, role="add", say="added") if brief else None


def _news(report: Known, said: str) -> Change | None:
    verdict = verdict_of(said)
    if verdict is None:
        return None
    if verdict:
        return Change(report=report, role="solved", say="solved", closes=True, comment=True)
    return Change(report=report, role="unsolved", say="unsolved", closes=True, comment=True)


def verdict_of(said: str) -> bool | None:
    """SELESAI or BELUM at the beginning of a few words: "Belum, masih gelap"."""
    first = words(said)[:1]
    return _VERDICTS.get(first[0]) if first and is_brief(said) else None


def _begin(talk: Conversation, remark: str = "") -> Begin:
    """A report of its own, under the flags the citizen asked for just before."""
    wish = talk.question.topic if talk.question else ""
    return Begin(
        remark=remark,
        anonymous=wish in {"anonymous", "hidden"},
        confidential=wish in {"confidential", "hidden"},
    )
