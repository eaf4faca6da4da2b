"""
What a notice says: pure, from the steps it tells of and the sentences in config/replies.

How the case stands comes first, then whether it is solved, then what the office wrote, which is
what a short message may cut. Who reported the same elsewhere hears how that case stands; what was
written about it only where its own sender hides nothing, and with no personal data in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from channels.contract import Button
from gateway.back.timeline import Step
from normalizer.dialog_talk import Topic
from normalizer.privacy import masked, spans_in
from normalizer.replies import Speech, button, phrase

SOLVED = "selesai"
#: The kind of a step by which an officer says that somebody is in danger.
ALARM = "alarm"


class Case(Protocol):
    """As much of a record as a notice speaks of."""

    @property
    def case_code(self) -> str:
        """What the citizen knows it by."""

    @property
    def language(self) -> str | None:
        """What they reported it in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One step a notice tells of."""

    step: Step
    #: It is about the reporter's own case.
    own: bool
    #: Whoever it is about wants to stay unknown: only how the case stands is told to others.
    hidden: bool = False

    @property
    def key(self) -> tuple[str | None, ...]:
        """What makes two lines the same news."""
        step = self.step
        return (step.kind, step.state, step.word, step.told.text if step.told else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A notice in words."""

    text: str
    subject: str
    buttons: tuple[Button, ...] = ()
    #: What is asked with it.
    asks: Topic | None = None


def fresh(lines: Sequence[Line], told: Sequence[Line]) -> list[Line]:
    """The lines that are news: the same said of two reports of one thing is told once."""
    known = {line.key: line.own for line in told}
    kept = []
    for line in sorted(lines, key=lambda line: not line.own):
        if line.key in known and not (line.own and known[line.key]):
            continue
        known.setdefault(line.key, line.own)
        kept.append(line)
    return sorted(kept, key=lambda line: (line.step.at, line.step.id))


def say(
    lines: Sequence[Line], record: Case, state: str, speech: Speech, *, first: bool
) -> Said | None:
    """A notice of these lines to the sender of a record; None where there is nothing to tell."""
    code, language = record.case_code, record.language
    head = _head(lines, state)
    alarmed = any(line.own and line.step.kind == ALARM for line in lines)
    parts = [phrase(speech, "notice_emergency", language, code=code)] if alarmed else []
    parts += [_headline(head, record, speech)] if head else []
    closes = head is not None and head.step.state == SOLVED
    if closes:
        parts.append(phrase(speech, "ask_solved", language, code=code))
    parts += dict.fromkeys(_texts(lines, record, speech))
    if not parts:
        return None
    if first:
        parts.append(phrase(speech, "notice_stop", language))
    asked = any(line.own and line.step.kind == "question" for line in lines)
    return Said(
        text="\n".join(parts),
        subject=phrase(speech, "subject_status", language, code=code),
        buttons=_buttons(record, speech) if closes else (),
        asks="solved" if closes else "answer" if asked else None,
    )


def _head(lines: Sequence[Line], state: str) -> Line | None:
    """The line that tells how the case stands now, their own before another's."""
    for own in (True, False):
        mine = [line for line in lines if line.own is own and _stands_for(line, state)]
        if mine:
            return mine[-1]
    return None


def _stands_for(line: Line, state: str) -> bool:
    step = line.step
    if step.kind == "transfer" and step.told and step.told.agency:
        return True
    if step.state is None:
        return bool(step.word)
    return not line.own or step.state == state


def _headline(line: Line, record: Case, speech: Speech) -> str:
    step, code, language = line.step, record.case_code, record.language
    agency = step.told.agency if step.told else ""
    if line.own and step.kind == "transfer" and agency:
        return phrase(speech, "notice_transfer", language, code=code, agency=agency)
    return phrase(
        speech,
        "status" if line.own else "same_status",
        language,
        code=code,
        state=step.state or step.word,
    )


def _texts(lines: Sequence[Line], record: Case, speech: Speech) -> Iterator[str]:
    code, language = record.case_code, record.language
    for line in lines:
        text = " ".join(line.step.told.text.split()) if line.step.told else ""
        if not text or (not line.own and (line.hidden or line.step.kind == "question")):
            continue
        if not line.own:
            text = masked(text, spans_in(text))
            yield phrase(speech, "same_answer", language, code=code, text=text)
        elif line.step.kind == "question":
            yield phrase(speech, "notice_question", language, code=code, text=text)
        else:
            yield phrase(speech, "notice_answer", language, code=code, text=text)


def _buttons(record: Case, speech: Speech) -> tuple[Button, ...]:
    code, language = record.case_code, record.language
    return (
        Button(label=button(speech, "solved", language), says=f"SELESAI {code}"),
        Button(label=button(speech, "unsolved", language), says=f"BELUM {code}"),
    )
