"""
From a whole message to everything commit 2 writes: record, settled rows, outbox rows.

Runs in a worker thread and touches no database: what it must know of earlier records comes in as
`Context`, read beforehand. The receipt stands in the outbox from the first moment, due a little
later: a central store that answers brings it forward, one that is down cannot hold it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec

from channels.contract import InboundMessage, Reply
from forwarder.outbox import Entry, reply_id
from gateway.assembly import Ready
from gateway.codes import CaseCodes
from gateway.files import Files
from gateway.records import Status, Stored, Written
from gateway.vault import Vault
from gateway.work import Settled
from normalizer.dialog import command_of
from normalizer.match import keys
from normalizer.normalize import matter_of, normalize
from normalizer.record import Record
from normalizer.replies import phrase
from normalizer.report import Command, Neighbour, Report
from normalizer.rules import Rules
from normalizer.text import clean, language_of
from normalizer.wording import Sentence

# UUIDv5 namespace of record ids; never change it: a replay must find its record again.
RECORDS = UUID("6f0a3c1e-52a4-5d0b-9a57-1f6a4d1c0c55")
Kind = Literal["receipt", "status", "help"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What must be read from the database before a message can be recorded."""

    ready: Ready
    record_id: str
    keys: tuple[int, ...]
    command: Command | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the database knew about one message."""

    existing: tuple[int, Stored] | None
    neighbours: Sequence[Stored]
    status: Status | None
    #: Automatic answers this sender got within the last hour.
    answers: int


@dataclass(slots=True, kw_only=True)
class Made:
    """What one commit writes for a batch of messages."""

    settled: list[Settled] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the gateway answers, from the settings."""

    centrals: tuple[str, ...]
    #: Milliseconds a receipt waits for the central store's own.
    receipt_patience: int
    replies_per_hour: int
    share_identity: bool


def record_id_of(channel: str, external_id: str) -> str:
    """The id of the record a journal row becomes."""
    return str(uuid5(RECORDS, f"{channel}\n{external_id}"))


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

    def ask(self, ready: Ready) -> Question:
        """What must be looked up for this message."""
        command = None if ready.joined else command_of(ready.message)
        return Question(
            ready=ready,
            record_id=record_id_of(ready.row.channel, ready.row.external_id),
            keys=() if command else keys(clean(matter_of(ready.message), self.rules.abbreviations)),
            command=command,
        )

    def make(self, question: Question, context: Context, earlier: "Earlier", now: int) -> Made:
        """Everything that follows from one message; `earlier` are records of the same batch."""
        if question.command:
            return self._answer(question, question.command, context, now)
        return self._record(question, context, earlier, now)

    def again(self, ready: Ready, stored: Stored) -> tuple[Record, Record]:
        """A stored record, and what today's rules make of the same message."""
        before = self._open(stored)
        context = Context(existing=(before.revision, stored), neighbours=(), status=None, answers=0)
        question = Question(ready=ready, record_id=stored.record_id, keys=(), command=None)
        return before, normalize(self._report(question, context), self.rules, [])

    # --- commands ------------------------------------------------------------------------------

    def _answer(self, question: Question, command: Command, context: Context, now: int) -> Made:
        ready = question.ready
        text, code = self._answer_text(command, context.status, language_of(ready.message.text))
        entries = self._reply(question, command.name, text, code, due=now)
        settled = Settled(id=ready.row.id, state="command", lane=ready.lane, reason=command.name)
        if context.answers >= self._manners.replies_per_hour:
            entries, settled = [], replace(settled, reason=f"{command.name}: too many answers")
        return Made(settled=[settled], entries=entries)

    def _answer_text(
        self, command: Command, status: Status | None, language: str | None
    ) -> tuple[str, str]:
        code = command.case_code or command.given
        if command.name == "help":
            return phrase(self.rules, "help", language), ""
        if status:
            code = status.case_code
            return phrase(self.rules, "status", language, code=code, state=status.state), code
        if code:
            return phrase(self.rules, "status_unknown", language, code=code), code
        return phrase(self.rules, "status_without_code", language), ""

    # --- reports -------------------------------------------------------------------------------

    def _record(self, question: Question, context: Context, earlier: "Earlier", now: int) -> Made:
        ready = question.ready
        settled = self._settled(question)
        report = self._report(question, context)
        neighbours = self._neighbours(question, context, earlier)
        record = normalize(report, self.rules, neighbours)
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
        self, question: Question, context: Context, earlier: "Earlier"
    ) -> list[Neighbour]:
        found = [
            self._neighbour(stored, question.ready.lane)
            for stored in context.neighbours
            if stored.record_id != question.record_id and stored.data_key
        ]
        return found + earlier.like(question)

    def _neighbour(self, stored: Stored, lane: str) -> Neighbour:
        record = self._open(stored)
        return Neighbour(
            record_id=record.record_id,
            cluster=record.duplicate.cluster if record.duplicate else record.record_id,
            same_sender=stored.pseudonym == lane and not record.anonymous,
            text=record.clean_text,
            received_at=record.received_at,
            place=record.place.name if record.place else "",
        )

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
        text = phrase(self.rules, _receipt_for(record), record.language, code=record.case_code)
        patience = self._manners.receipt_patience if self._manners.centrals else 0
        return self._reply(question, "receipt", text, record.case_code, due=now + patience)

    def _reply(
        self, question: Question, kind: Kind, text: str, code: str, *, due: int
    ) -> list[Entry]:
        ready = question.ready
        if ready.message.return_address is None:
            return []
        entry = Entry(
            record_id=question.record_id,
            kind=kind,
            revision=1,
            target=f"channel:{ready.row.channel}",
            lane=ready.lane,
            body=b"",
            due=due,
        )
        reply = Reply(
            id=reply_id(entry),
            to=ready.message.return_address,
            text=text,
            subject=self._subject(kind, code, language_of(text)),
            case_code=code,
        )
        return [replace(entry, body=msgspec.json.encode(reply))]

    def _subject(self, kind: Kind, code: str, language: str | None) -> str:
        match kind:
            case "receipt":
                return phrase(self.rules, "subject_receipt", language, code=code)
            case "status":
                return phrase(self.rules, "subject_status", language, code=code)
        return phrase(self.rules, "subject_help", language)


def _receipt_for(record: Record) -> Sentence:
    """112 comes before everything else; then whether we heard the whole message."""
    if record.urgency.value == "darurat":
        return "receipt_emergency"
    incomplete = any(remark.startswith("incomplete") for remark in record.remarks)
    return "receipt_incomplete" if incomplete else "receipt"


class Earlier:
    """Records made in this batch, which the database does not know yet."""

    def __init__(self) -> None:
        self._by_key: dict[int, list[tuple[str, Neighbour]]] = {}
        self._by_lane: dict[str, list[tuple[str, Neighbour]]] = {}

    def add(self, record: Record, keys: Sequence[int], lane: str) -> None:
        """Remember a record for the ones after it."""
        neighbour = Neighbour(
            record_id=record.record_id,
            cluster=record.duplicate.cluster if record.duplicate else record.record_id,
            same_sender=False,
            text=record.clean_text,
            received_at=record.received_at,
            place=record.place.name if record.place else "",
        )
        if record.anonymous:
            lane = ""  # no later report may show who this one is from
        self._by_lane.setdefault(lane, []).append((lane, neighbour))
        for key in keys:
            self._by_key.setdefault(key, []).append((lane, neighbour))

    def like(self, question: Question) -> list[Neighbour]:
        """Those that share a key or the sender with a message."""
        lane = question.ready.lane
        found = [pair for key in question.keys for pair in self._by_key.get(key, ())]
        found += self._by_lane.get(lane, ())
        unique = {neighbour.record_id: (owner, neighbour) for owner, neighbour in found}
        return [
            replace(neighbour, same_sender=owner == lane)
            for owner, neighbour in unique.values()
            if neighbour.record_id != question.record_id
        ]


def moment(milliseconds: int) -> datetime:
    """A database time as a datetime, UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def lane_of(vault: Vault, channel: str, message: InboundMessage, external_id: str) -> str:
    """The sender's pseudonym; a message without a sender stands alone."""
    sender = message.sender or f"\0{external_id}"
    return vault.pseudonym(channel, sender)
