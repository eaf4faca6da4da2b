"""
A report begins: its record, its push to every store, its receipt, perhaps one question.

The receipt stands in the outbox from the first moment, due a little later: a central store that
answers brings it forward, one that is down cannot hold it back.
"""

from collections.abc import Sequence
from dataclasses import replace

from msgspec import structs

from channels.contract import InboundMessage
from gateway.answering import addressed, receipt_for
from gateway.earlier import Earlier
from gateway.naming import moment
from gateway.questions import Open
from gateway.reading import Opened, Reader
from gateway.recording import Draft, Recorder
from gateway.turn import CHATS, Fetch, Made, Question, Turn
from gateway.work import Settled
from normalizer.dialog import question_after
from normalizer.dialog_fold import Member, fold
from normalizer.dialog_talk import Begin, Topic
from normalizer.privacy_hidden import self_told
from normalizer.record import PrivateKind, Record


class Beginner:
    """Makes new records."""

    def __init__(self, reader: Reader, recorder: Recorder) -> None:
        self._reader = reader
        self._recorder = recorder

    def begin(self, turn: Turn, decision: Begin, earlier: Earlier) -> Made:
        """Everything a new report brings about, that of the messages which waited included."""
        question, context = turn.question, turn.context
        waited = self._reader.read(context.talk.waiting) if context.talk else []
        draft = self._draft(question, waited, decision)
        neighbours = self._recorder.neighbours(question, context, earlier)
        record = self._recorder.record(draft, neighbours)
        earlier.add(record, question.keys, question.ready.lane)
        made = Made(
            settled=_settled(question, waited, draft), fetches=fetches(record, draft.message)
        )
        self._recorder.put(made, draft, record, turn.now)
        self._answer(made, turn, decision, record, masked=self_told(draft.message))
        return made

    def _draft(self, question: Question, waited: Sequence[Opened], decision: Begin) -> Draft:
        ready = question.ready
        message, row = ready.message, ready.row
        if question.command and question.command.text:
            message = replace(message, matter=question.command.text)
        if waited:
            message = fold([m for _, m in _members(question, message, waited)]).message
            row = min([row, *(read.row for read in waited)], key=lambda claimed: claimed.id)
        if decision != Begin():
            message = replace(
                message,
                anonymous=message.anonymous or decision.anonymous,
                confidential=message.confidential or decision.confidential,
                remarks=(*message.remarks, *filter(None, [decision.remark])),
            )
        draft = self._recorder.draft(row, message, question)
        if waited or not question.understood:
            return draft
        return structs.replace(draft, understood=question.understood, keys=question.keys)

    def _answer(
        self,
        made: Made,
        turn: Turn,
        decision: Begin,
        record: Record,
        *,
        masked: Sequence[PrivateKind],
    ) -> None:
        """The receipt, with the one question behind it that the report may raise."""
        ready, manners, rules = turn.question.ready, self._recorder.manners, self._recorder.rules
        chat = ready.row.channel in CHATS
        full = turn.context.answers >= manners.replies_per_hour
        silent = full or ready.message.return_address is None
        asked: tuple[Topic, int] | None = None
        if ready.row.channel in manners.asks and not silent:
            asked = question_after(record, rules)
        aloud = asked[0] if asked else None
        if chat and not asked and not record.clean_text.strip():
            asked = ("words", 0)
        if asked:
            made.effects.asked.append(_open(turn, record, *asked))
        elif decision.anonymous or decision.confidential:
            made.effects.closed.append(ready.lane)  # the wish was for this report
        if not silent:
            patience = manners.receipt_patience if manners.centrals else 0
            words = receipt_for(
                record,
                rules,
                begin=decision,
                topic=aloud,
                chat=chat,
                masked=masked,
            )
            made.entries += addressed(words, turn.question, turn.now + patience, record.record_id)


def fetches(record: Record, message: InboundMessage) -> list[Fetch]:
    """The files of a message that are yet to be fetched for a record."""
    return [
        Fetch(record_id=record.record_id, channel=record.channel, file=file)
        for file in message.remote
    ]


def _members(
    question: Question, message: InboundMessage, waited: Sequence[Opened]
) -> list[tuple[int, Member]]:
    """The messages of a report by their rows, oldest first; some may correct others of them."""
    said = [(read.row, read.said) for read in waited if isinstance(read.said, InboundMessage)]
    said = sorted([*said, (question.ready.row, message)], key=lambda pair: pair[0].id)
    ids = {row.external_id for row, _ in said}
    return [
        (
            row.id,
            Member(
                external_id=row.external_id,
                role="edit" if piece.edits in ids else "",
                message=piece,
                received_at=moment(row.received_at),
            ),
        )
        for row, piece in said
    ]


def _settled(question: Question, waited: Sequence[Opened], draft: Draft) -> list[Settled]:
    """Every journal row of the report: the oldest names the record, the others join it."""
    ready = question.ready
    ids = sorted({*ready.ids, *(read.row.id for read in waited)})
    members = _members(question, ready.message, waited) if waited else []
    edits = {id_ for id_, member in members if member.role == "edit"}
    return [
        Settled(
            id=id_,
            state="joined" if number else "recorded",
            lane=ready.lane,
            batch=ready.batch,
            record_id=draft.record_id,
            reason="edit" if id_ in edits else None,
        )
        for number, id_ in enumerate(ids)
    ]


def _open(turn: Turn, record: Record, topic: Topic, choices: int) -> Open:
    return Open(
        lane=turn.question.ready.lane,
        topic=topic,
        record_id=record.record_id,
        choices=choices,
        asked_at=turn.now,
    )
