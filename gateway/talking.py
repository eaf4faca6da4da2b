"""
Carrying out what the dialog decides about a message.

`turn` (normalizer/dialog.py) decides; here, in `beginning.py` and in `changing.py` its decision
becomes the rows of commit 2.
"""

from dataclasses import replace

from msgspec import structs

from gateway.answering import Words, addressed, say
from gateway.back.history import in_short, last_answer
from gateway.beginning import Beginner
from gateway.changing import Changer
from gateway.earlier import Earlier
from gateway.members import QUIET
from gateway.naming import hidden_lane, moment
from gateway.questions import Open
from gateway.reading import Reader
from gateway.recording import Recorder
from gateway.turn import Forgotten, Made, Talk, Turn
from gateway.work import Settled
from normalizer.dialog import hear
from normalizer.dialog import turn as decide
from normalizer.dialog_talk import (
    Asked,
    Begin,
    Change,
    Conversation,
    Decision,
    Discard,
    Forget,
    Hold,
    Known,
    Say,
)
from normalizer.record import Record


class Talker:
    """Makes what one message leads to."""

    def __init__(self, reader: Reader, recorder: Recorder) -> None:
        self._recorder = recorder
        self._beginner = Beginner(reader, recorder)
        self._changer = Changer(reader, recorder)

    def make(self, turn: Turn, earlier: Earlier) -> Made:
        """Everything that follows from one message; `earlier` are records of the same batch."""
        if turn.context.existing:
            return self._changer.remake(turn, turn.context.existing)
        decision = self._decide(turn)
        if isinstance(decision, Begin):
            return self._beginner.begin(turn, decision, earlier)
        if isinstance(decision, Change):
            made = self._changer.change(turn, decision)
            return _noted(self._recorder, made, turn, decision.asks, closes=decision.closes)
        return self._quiet(turn, decision)

    def _decide(self, turn: Turn) -> Decision:
        question, talk = turn.question, turn.context.talk
        if question.plain and talk is None:
            return Begin()
        conversation = talk.conversation if talk else Conversation()
        at = moment(question.ready.row.received_at)
        return decide(hear(question.ready.message), conversation, at, self._recorder.rules)

    def _quiet(self, turn: Turn, decision: Hold | Say | Discard | Forget) -> Made:
        """What makes no record and changes none."""
        match decision:
            case Hold():
                return _hold(turn)
            case Say():
                made = self._answered(turn, decision)
                if decision.silences is not None:
                    lane = turn.question.ready.lane
                    made.effects.silenced.append((lane, decision.silences))
                return _noted(self._recorder, made, turn, decision.asks, closes=decision.closes)
            case Discard():
                return self._discard(turn, decision)
        return self._forget(turn)

    def _forget(self, turn: Turn) -> Made:
        """All of a person goes; of what is held they are told."""
        ready, talk = turn.question.ready, turn.context.talk
        held = talk.held if talk else ()
        said = Say(sentence="erased_but_held" if held else "erased", given=", ".join(held))
        made = self._answered(turn, said)
        gone = Forgotten(lane=ready.lane, row=ready.row.id, held=len(held))
        made.effects.forgotten.append(gone)
        return made

    def _discard(self, turn: Turn, decision: Discard) -> Made:
        """What waits is not passed on: all of it, or the one message that was taken back."""
        ready, talk = turn.question.ready, turn.context.talk
        made = self._answered(turn, Say(sentence=decision.say) if decision.say else None)
        made.settled += [
            Settled(id=row.id, state="command", lane=ready.lane, reason="discarded")
            for row in (talk.waiting if talk else ())
            if not ready.message.edits or row.external_id == ready.message.edits
        ]
        return made

    def _answered(self, turn: Turn, decision: Say | None) -> Made:
        """A message that ends with an answer, or without one."""
        question, recorder = turn.question, self._recorder
        ready = question.ready
        reason = str(question.command.name) if question.command else "answered"
        full = turn.context.answers >= recorder.manners.replies_per_hour
        if decision and full:
            reason = f"{reason}: too many answers"
        settled = Settled(
            id=ready.row.id, state="command", lane=ready.lane, batch=ready.batch, reason=reason
        )
        made = Made(settled=[settled, *(structs.replace(settled, id=id_) for id_ in ready.joined)])
        if decision and not full:
            words = say(
                decision.sentence,
                recorder.rules,
                ready.message.text,
                report=decision.report,
                given=decision.given,
                record=self._record_of(turn.context.talk, decision.report),
            )
            if decision.sentence in {"status", "status_own"} and turn.context.talk:
                words = self._with_history(words, turn.context.talk, decision)
            made.entries += addressed(words, question, turn.now)
        return made

    def _with_history(self, words: Words, talk: Talk, decision: Say) -> Words:
        """A status with what happened when; its sender also reads what the office wrote last."""
        recorder, report = self._recorder, decision.report
        steps, rules, language = talk.steps, recorder.rules, words.language
        lines = [words.text]
        lines.append(in_short(steps, rules, language, utc_hours=recorder.manners.utc_hours))
        if report and report.own:
            code = report.case_code
            lines.append(last_answer(steps, recorder.vault, rules, language, code=code))
        return replace(words, text="\n".join(filter(None, lines)))

    def _record_of(self, talk: Talk | None, report: Known | None) -> Record | None:
        """What was reported, for nobody but its sender."""
        target = talk.targets.get(report.record_id) if talk and report and report.own else None
        return self._recorder.open(target.stored) if target and target.stored.data_key else None


def _hold(turn: Turn) -> Made:
    """It waits in the journal, so that a crash forgets nothing."""
    ready, talk = turn.question.ready, turn.context.talk
    waiting = Settled(
        id=ready.row.id,
        state="waiting",
        lane=ready.lane,
        batch=ready.batch,
        due=talk.hold_until if talk else ready.row.received_at,
        reason=QUIET,
    )
    return Made(settled=[waiting, *(structs.replace(waiting, id=id_) for id_ in ready.joined)])


def _noted(recorder: Recorder, made: Made, turn: Turn, asks: Asked | None, *, closes: bool) -> Made:
    """The same, with what is asked now or was answered."""
    lane = turn.question.ready.lane
    if closes:
        made.effects.closed.append(lane)
        made.effects.closed.append(hidden_lane(recorder.vault, lane))
    if asks:
        made.effects.asked.append(
            Open(
                lane=lane,
                topic=asks.topic,
                record_id=asks.report.record_id if asks.report else None,
                choices=asks.choices,
                asked_at=turn.now,
            )
        )
    return made
