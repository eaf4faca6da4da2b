"""
What follows from a command: `obey`.

A command names a report by its code, or means the newest one of whoever sends it, if that is not
long ago. About somebody else's report there is the public status and a polite word, nothing more.
"""

from datetime import datetime

from normalizer.dialog_talk import (
    ANSWER,
    THREAD,
    TOGETHER,
    WITHDRAWN,
    Asked,
    Begin,
    Change,
    Conversation,
    Decision,
    Discard,
    Forget,
    Heard,
    Hold,
    Known,
    Say,
    Topic,
)
from normalizer.report import Command
from normalizer.wording import Sentence

# Enough words to be worth a report of their own, where they cannot go where they were meant to.
_WORTH_KEEPING = 3
# A report still on its way cannot be solved yet.
_AWAITS_NEWS = ("diteruskan", "ditindaklanjuti", "selesai", "diarsipkan")


def obey(command: Command, heard: Heard, talk: Conversation, now: datetime) -> Decision:  # noqa: C901, PLR0911, PLR0912 (one line for each command)
    """The decision on a command; an open question may be what it answers."""
    match command.name:
        case "status":
            return _status(command, talk)
        case "help" | "hello":
            return Say(sentence="help")
        case "thanks":
            return Say(sentence="thanks")
        case "start":
            return Say(sentence="resumed", silences=False) if talk.silent else Say(sentence="help")
        case "send":
            return Begin() if talk.waiting else _status(command, talk)
        case "choice":
            return _choose(command, talk)
    if not talk.known_sender:
        # Who typed another's address into a form must not act in their name.
        return Begin()
    match command.name:
        case "yes" | "no" | "solved" | "unsolved":
            return _verdict(command, talk)
        case "stop":
            return Say(sentence="stopped", silences=True)
        case "hide":
            return _hide(command, talk, now)
        case "withdraw":
            return _withdraw(command, talk, now)
        case "erase":
            return _erase(command, talk, now)
        case "add":
            return _add(command, heard, talk, now)
    raise AssertionError(command.name)


def _status(command: Command, talk: Conversation) -> Say:
    report = talk.named if command.case_code or command.given else talk.about or talk.newest
    if report is None:
        return _unknown(command)
    return Say(sentence="status_own" if report.own else "status", report=report)


def _choose(command: Command, talk: Conversation) -> Decision:
    question = talk.question
    if not question or not question.choices or not question.report:
        return Say(sentence="help")
    if command.number > question.choices:
        return Say(sentence="choose", given=str(question.choices))
    return Change(report=question.report, role="choice", say="place_added", closes=True)


def _verdict(command: Command, talk: Conversation) -> Decision:
    topic = talk.question.topic if talk.question else ""
    if topic == "erase" and command.name in {"yes", "no"}:
        yes = command.name == "yes" and talk.proven
        return Forget() if yes else Say(sentence="kept", closes=True)
    asked = talk.question.report if talk.question and topic == "solved" else None
    report = asked or talk.about or talk.newest
    if command.case_code:
        report = talk.named
        if report is None or not report.own:
            return Say(sentence="not_yours", report=report) if report else _unknown(command)
    if report is None or not report.own or (command.name in {"yes", "no"} and not asked):
        return Say(sentence="help")
    if report.state not in _AWAITS_NEWS:
        return Say(sentence="status_own", report=report)
    if command.name in {"yes", "solved"}:
        return Change(report=report, role="solved", say="solved", closes=bool(asked), comment=True)
    return Change(report=report, role="unsolved", say="unsolved", closes=bool(asked), comment=True)


def _hide(command: Command, talk: Conversation, now: datetime) -> Decision:
    if talk.waiting and not talk.waited and not command.case_code:
        return Hold()  # meant for what is still coming
    report = _meant(command, talk, now)
    wish = Asked(topic=_wish(command), asked_at=now)
    if isinstance(report, Say):
        if command.case_code or command.given:
            return report
        word = "ANONIM" if command.anonymous else "RAHASIA"
        return Say(sentence="next_hidden", given=word, asks=wish)
    # Not said right behind a report, it may be meant for the next one: then for both.
    fresh = command.case_code or now - report.received_at <= TOGETHER
    return Change(report=report, role="hide", say=_hidden(command), asks=None if fresh else wish)


def _wish(command: Command) -> Topic:
    if command.anonymous and command.confidential:
        return "hidden"
    return "anonymous" if command.anonymous else "confidential"


def _hidden(command: Command) -> Sentence:
    if command.anonymous and command.confidential:
        return "made_hidden"
    return "made_anonymous" if command.anonymous else "made_confidential"


def _withdraw(command: Command, talk: Conversation, now: datetime) -> Decision:
    if not command.case_code and talk.question and talk.question.topic in {"erase", "more"}:
        return Say(sentence="kept", closes=True)
    if not command.case_code and talk.waiting:
        return Discard()
    report = _meant(command, talk, now)
    if isinstance(report, Say):
        return report
    if report.state == WITHDRAWN:
        return Say(sentence="status_own", report=report)
    if not talk.proven:
        return Say(sentence="prove", report=report, given=f"BATAL {report.case_code}")
    return Change(report=report, role="withdraw", say="withdrawn", closes=True)


def _erase(command: Command, talk: Conversation, now: datetime) -> Decision:
    asked = talk.question and talk.question.topic == "erase"
    if command.sure and asked and talk.proven:
        return Forget()
    return Say(sentence="erase_ask", asks=Asked(topic="erase", asked_at=now))


def _add(command: Command, heard: Heard, talk: Conversation, now: datetime) -> Decision:
    """An addition is never lost: what cannot go where it was meant to is a report of its own."""
    named = bool(command.case_code or command.given)
    report = talk.named if named else talk.about or talk.newest
    late = report and not named and now - report.received_at > THREAD
    if report and report.own and report.state != WITHDRAWN and not late:
        if not command.text and not heard.things:
            asks = Asked(topic="more", asked_at=now, report=report)
            return Say(sentence="add_what", report=report, asks=asks)
        return Change(report=report, role="add", say="added", comment=True)
    if heard.things or len(command.text.split()) >= _WORTH_KEEPING:
        meant = command.case_code or command.given
        if not meant:
            return Begin()
        remark = f"meant as an addition to {meant}"
        return Begin(receipt="receipt_instead", instead_of=meant, remark=remark)
    if report is None:
        return _unknown(command)
    return Say(sentence="status_own" if report.own else "not_yours", report=report)


def _meant(command: Command, talk: Conversation, now: datetime) -> Known | Say:
    """The own report a command is about, or what to say where there is none."""
    if command.case_code or command.given:
        if talk.named is None:
            return _unknown(command)
        return talk.named if talk.named.own else Say(sentence="not_yours", report=talk.named)
    report = talk.about if talk.about and talk.about.own else talk.newest
    if report is None:
        return _unknown(command)
    if report is not talk.about and now - report.received_at > ANSWER:
        return Say(sentence="which_report", given="BATAL")
    return report


def _unknown(command: Command) -> Say:
    given = command.case_code or command.given
    return Say(sentence="status_unknown" if given else "status_without_code", given=given)
