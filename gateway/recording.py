"""
From a whole message to everything commit 2 writes: record, settled rows, outbox rows.

Runs in a worker thread and touches no database: what it must know of earlier records comes in as
`Context`, read beforehand. The receipt stands in the outbox from the first moment, due a little
later: a central store that answers brings it forward, one that is down cannot hold it back.
"""

from dataclasses import replace

import msgspec

from forwarder.outbox import Entry
from gateway.answering import addressed, answer_to, receipt_for
from gateway.assembly import Ready
from gateway.codes import CaseCodes
from gateway.earlier import Earlier, neighbour_of
from gateway.files import Files
from gateway.naming import moment, record_id_of
from gateway.records import Stored, Written
from gateway.turn import Context, Made, Manners, Question
from gateway.vault import Vault
from gateway.work import Settled
from normalizer.dialog import command_of
from normalizer.match import keys
from normalizer.normalize import matter_of, normalize
from normalizer.record import Record
from normalizer.report import Command, Neighbour, Report
from normalizer.rules import Rules
from normalizer.text import clean

# Opening a record and reading its JSON costs more than comparing it; about 10 MB of memory.
REMEMBERED = 8_192


class Recorder:
    """Composes records and answers."""

    def __init__(
        self, *, rules: Rules, vault: Vault, codes: CaseCodes, files: Files, manners: Manners
    ) -> None:
        self.rules = rules
        self.vault = vault
        self._codes = codes
        self._files = files
        self._manners = manners
        #: Opened neighbours by their data key, which is new with every revision.
        self._opened: dict[bytes, tuple[Neighbour, bool]] = {}

    def ask(self, ready: Ready) -> Question:
        """What must be looked up for this message."""
        command = None if ready.joined else command_of(ready.message)
        text = "" if command else clean(matter_of(ready.message), self.rules.abbreviations)
        return Question(
            ready=ready,
            record_id=record_id_of(ready.row.channel, ready.row.external_id),
            clean_text=text,
            keys=keys(text),
            command=command,
        )

    def make(self, question: Question, context: Context, earlier: Earlier, now: int) -> Made:
        """Everything that follows from one message; `earlier` are records of the same batch."""
        if question.command:
            status = earlier.status(question) or context.status
            return self._answer(question, question.command, replace(context, status=status), now)
        return self._record(question, context, earlier, now)

    def again(self, ready: Ready, stored: Stored) -> tuple[Record, Record]:
        """A stored record, and what today's rules make of the same message."""
        before = self._open(stored)
        context = Context(existing=(before.revision, stored), neighbours=(), status=None, answers=0)
        question = self.ask(ready)
        return before, normalize(self._report(question, context), self.rules, [])

    def _answer(self, question: Question, command: Command, context: Context, now: int) -> Made:
        ready = question.ready
        settled = Settled(id=ready.row.id, state="command", lane=ready.lane, reason=command.name)
        if context.answers >= self._manners.replies_per_hour:
            return Made(settled=[replace(settled, reason=f"{command.name}: too many answers")])
        words = answer_to(command, context.status, self.rules, ready.message.text)
        return Made(settled=[settled], entries=addressed(words, question, now))

    # --- reports -------------------------------------------------------------------------------

    def _record(self, question: Question, context: Context, earlier: Earlier, now: int) -> Made:
        ready = question.ready
        settled = self._settled(question)
        report = self._report(question, context)
        neighbours = self._neighbours(question, context, earlier)
        record = normalize(report, self.rules, neighbours, clean_text=question.clean_text)
        earlier.add(record, question.keys, ready.lane)
        if context.existing and not self._changed(record, context.existing[1]):
            return Made(settled=settled)
        entries = self._push(record, now) + self._receipt(question, record, context, now)
        return Made(settled=settled, written=[self._written(question, record)], entries=entries)

    def _settled(self, question: Question) -> list[Settled]:
        ready = question.ready
        first = Settled(
            id=ready.row.id,
            state="recorded",
            lane=ready.lane,
            batch=ready.batch,
            record_id=question.record_id,
        )
        return [first, *(replace(first, id=id_, state="joined") for id_ in ready.joined)]

    def _report(self, question: Question, context: Context) -> Report:
        row, message = question.ready.row, question.ready.message
        return Report(
            message=message,
            record_id=question.record_id,
            case_code=self._codes.of(row.id),
            channel=row.channel,
            external_id=row.external_id,
            received_at=moment(row.received_at),
            pseudonym=self._public_pseudonym(question),
            revision=context.existing[0] + 1 if context.existing else 1,
            files=self._files.keep(message.attachments),
            share_identity=self._manners.share_identity,
        )

    def _public_pseudonym(self, question: Question) -> str:
        """An anonymous report must not be tied to its sender's other reports."""
        if question.ready.message.anonymous:
            return self.vault.pseudonym("anonymous", question.record_id)
        return question.ready.lane

    def _neighbours(
        self, question: Question, context: Context, earlier: Earlier
    ) -> list[Neighbour]:
        found = [
            self._neighbour(stored, question.ready.lane)
            for stored in context.neighbours
            if stored.record_id != question.record_id and stored.data_key
        ]
        return found + earlier.like(question)

    def _neighbour(self, stored: Stored, lane: str) -> Neighbour:
        """What a stored record is to a message of this sender."""
        found = self._opened.get(stored.data_key or b"")
        if found is None:
            record = self._open(stored)
            found = (neighbour_of(record), record.anonymous)
            if len(self._opened) >= REMEMBERED:
                self._opened.clear()
            self._opened[stored.data_key or b""] = found
        neighbour, anonymous = found
        return replace(neighbour, same_sender=stored.pseudonym == lane and not anonymous)

    def _open(self, stored: Stored) -> Record:
        document = self.vault.open(stored.document, stored.data_key or b"")
        return msgspec.json.decode(document, type=Record)

    def _changed(self, record: Record, stored: Stored) -> bool:
        """Whether a message that is run again now says something else."""
        before = self._open(stored) if stored.data_key else None
        if before is None:
            return False
        same = msgspec.structs.replace(record, revision=before.revision, duplicate=before.duplicate)
        return same != before

    def _written(self, question: Question, record: Record) -> Written:
        message = question.ready.message
        identity = {
            "return_address": message.return_address,
            "sender": message.sender,
            "name": message.name,
            "contact": message.contact,
        }
        return Written(
            record_id=record.record_id,
            revision=record.revision,
            case_code=record.case_code,
            channel=record.channel,
            external_id=record.external_id,
            received_at=question.ready.row.received_at,
            pseudonym=question.ready.lane,
            document=self.vault.seal(msgspec.json.encode(record)),
            identity=self.vault.seal(msgspec.json.encode(identity)),
            keys=question.keys,
        )

    # --- what goes out -------------------------------------------------------------------------

    def _push(self, record: Record, now: int) -> list[Entry]:
        document = msgspec.json.encode(record)
        return [
            Entry(
                record_id=record.record_id,
                kind="record",
                revision=record.revision,
                target=f"central:{name}",
                lane=record.record_id,
                body=document,
                due=now,
            )
            for name in self._manners.centrals
        ]

    def _receipt(
        self, question: Question, record: Record, context: Context, now: int
    ) -> list[Entry]:
        if context.existing or context.answers >= self._manners.replies_per_hour:
            return []
        patience = self._manners.receipt_patience if self._manners.centrals else 0
        return addressed(receipt_for(record, self.rules), question, now + patience)
