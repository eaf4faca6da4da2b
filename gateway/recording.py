"""
From a whole message to its record, sealed and ready to be written, and to what the stores get.

Runs in a worker thread and touches no database: what it must know of earlier records comes in as
`Context`, read beforehand.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from channels.contract import InboundMessage, Signal
from gateway.assembly import Ready
from gateway.codes import CaseCodes
from gateway.earlier import Earlier
from gateway.files import Files, Kept
from gateway.identities import Sender, sealed_told
from gateway.ministry import Ministry, joined
from gateway.monitor.glance import Glance, glanced
from gateway.naming import hidden_lane, moment, record_id_of
from gateway.records import Joined, Stored, Written
from gateway.remembered import Remembered
from gateway.revise import opened, pushes
from gateway.turn import Context, Hidden, Made, Manners, Question
from gateway.vault import Vault
from gateway.work import Claimed
from normalizer.dialog import hear, is_plain
from normalizer.dialog_talk import Heard
from normalizer.fingerprint import Fingerprints
from normalizer.match import SAME_SENDER
from normalizer.normalize import normalize
from normalizer.privacy_hidden import hidden_message
from normalizer.record import Duplicate, Judgement, Place, Record
from normalizer.report import Neighbour, Report
from normalizer.rules import Rules
from normalizer.text import clean
from normalizer.understand import Understood, matter_of, understand_all


class Draft(msgspec.Struct, frozen=True):
    """A message that becomes a record, under the names it gets."""

    message: InboundMessage
    lane: str
    record_id: str
    case_code: str
    channel: str
    external_id: str
    received_at: int
    revision: int = 1
    #: Of a new record: the journal row it begins with.
    number: int | None = None
    #: The matter made readable and what it is found by, if somebody has done that already.
    understood: Understood | None = None
    keys: tuple[int, ...] | None = None


class Recorder:
    """Composes records."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        *,
        rules: Rules,
        vault: Vault,
        codes: CaseCodes,
        files: Files,
        manners: Manners,
        ministry: Ministry | None = None,
    ) -> None:
        self.rules = rules
        self.vault = vault
        self._manners = manners
        self._ministry = ministry
        self._codes = codes
        self._files = files
        self._fingerprints = Fingerprints(vault.derive("fingerprints"))
        self.remembered = Remembered(vault)

    @property
    def manners(self) -> Manners:
        """How the gateway answers."""
        return self._manners

    def ask(self, ready: Sequence[Ready]) -> list[Question]:
        """What must be looked up for these messages; each step is taken with all of them."""
        heard = [hear(one.message) for one in ready]
        ready = [
            one
            if said.message is one.message
            else msgspec.structs.replace(one, message=said.message)
            for one, said in zip(ready, heard, strict=True)
        ]
        texts = [self._matter(said) for said in heard]
        found = self._understood([one.message for one in ready], texts)
        understood = [said if text else None for said, text in zip(found, texts, strict=True)]
        keys = [
            self._keys(said.clean_text, said.place, said.judged.topic) if said else ()
            for said in understood
        ]
        return [
            Question(
                ready=one,
                record_id=one.record_id or record_id_of(one.row.channel, one.row.external_id),
                understood=understood[at],
                keys=keys[at],
                command=heard[at].command,
                plain=is_plain(heard[at]),
            )
            for at, one in enumerate(ready)
        ]

    def _matter(self, heard: Heard) -> str:
        """What is reported or added, made readable; empty where nothing is."""
        command = heard.command
        added = command.text if command and command.name == "add" else ""
        matter = added if command else matter_of(heard.message)
        return clean(matter, self.rules.abbreviations) if matter else ""

    def draft(self, row: Claimed, message: InboundMessage, question: Question) -> Draft:
        """A new record, named by the journal row it begins with."""
        own = row is question.ready.row
        return Draft(
            message=message,
            lane=question.ready.lane,
            record_id=question.record_id if own else record_id_of(row.channel, row.external_id),
            case_code=self._codes.of(row.id),
            channel=row.channel,
            external_id=row.external_id,
            received_at=row.received_at,
            number=row.id,
        )

    def record(self, draft: Draft, neighbours: list[Neighbour]) -> Record:
        """The record of a draft, its files kept; masked where it is anonymous."""
        message, understood = draft.message, draft.understood
        if message.anonymous:
            message, understood = hidden_message(message), None
        taken = self._take(message)
        if taken:
            # Where a photo was taken may be where its sender lives.
            points = () if message.anonymous else taken
            point = next((kept.point for kept in points if kept.point), None)
            remarks = (*message.remarks, *(remark for kept in taken for remark in kept.remarks))
            message = replace(
                message, point=message.point or point, remarks=tuple(dict.fromkeys(remarks))
            )
        report = Report(
            message=message,
            record_id=draft.record_id,
            case_code=draft.case_code,
            channel=draft.channel,
            external_id=draft.record_id if message.anonymous else draft.external_id,
            received_at=moment(draft.received_at),
            pseudonym=self._public_pseudonym(draft),
            revision=draft.revision,
            files=tuple(kept.file for kept in taken if kept.file),
            share_identity=self.manners.share_identity,
        )
        return normalize(report, self.rules, neighbours, understood=understood)

    def _take(self, message: InboundMessage) -> tuple[Kept, ...]:
        if not message.attachments:
            return ()
        return self._files.take(message.attachments, anonymous=message.anonymous)

    def neighbours(self, question: Question, context: Context, earlier: Earlier) -> list[Neighbour]:
        """Earlier records this one may repeat."""
        found = [
            self._neighbour(stored, question.ready.lane)
            for stored in context.neighbours
            if stored.record_id != question.record_id and stored.data_key
        ]
        return found + earlier.like(question)

    def fingerprint(self, stored: Stored) -> tuple[int, ...]:
        """What a stored record is found by."""
        if stored.data_key is None:
            return ()
        record = self.open(stored)
        return self._keys(record.clean_text, record.place, record.topic)

    def glance(self, signal: Signal) -> Glance:
        """What a signal tells of."""
        message = InboundMessage(sender="", text=f"{signal.title}\n{signal.text}".strip())
        text = clean(message.text, self.rules.abbreviations)
        [found] = self._understood([message], [text])
        if found is None:
            return Glance()
        place, topic = found.place, found.judged.topic
        return glanced(found.clean_text, place, topic, self._keys(found.clean_text, place, topic))

    def regard(self, record: Record) -> Glance:
        """What a record tells of, as the monitor compares it with signals."""
        text, place, topic = record.clean_text, record.place, record.topic
        return glanced(text, place, topic, self._keys(text, place, topic))

    def open(self, stored: Stored) -> Record:
        """A stored record, readable."""
        return opened(self.vault, stored)

    def put(
        self,
        made: Made,
        draft: Draft,
        record: Record,
        now: int,
        *,
        commented: tuple[str, ...] = (),
    ) -> None:
        """
        Write a record down and send it to the stores whose rules name it.

        Those in `commented` get what is new as a comment instead, if they have the record.
        """
        message, lane = draft.message, draft.lane
        sender = Sender.of(message)
        keys = draft.keys
        if record.anonymous:
            record = self._with_box(record, draft, now)
            sender, lane, keys = sender.only_address, hidden_lane(self.vault, lane), None
            made.effects.hidden.append(Hidden(record_id=record.record_id, lane=lane))
        document = self.vault.seal(msgspec.json.encode(record))
        self.remembered.add(document[1], record)
        made.written.append(
            Written(
                record_id=record.record_id,
                revision=record.revision,
                case_code=record.case_code,
                channel=record.channel,
                external_id=draft.external_id,
                received_at=draft.received_at,
                pseudonym=lane,
                document=document,
                identity=self.vault.seal_identity(msgspec.json.encode(sender)),
                keys=self._keys(record.clean_text, record.place, record.topic)
                if keys is None
                else keys,
                number=draft.number,
                joined=_joined(record.duplicate),
                files=tuple(file.sha256 for file in record.attachments),
                commented=commented,
            )
        )
        stores = [name for name in self.manners.centrals.of(record) if name not in commented]
        made.entries += pushes((record.record_id, record.revision), document, stores, now)

    def _with_box(self, record: Record, draft: Draft, now: int) -> Record:
        """The record with who sent it, sealed for the ministry; without its key nothing is kept."""
        if self._ministry is None:
            return record
        box = sealed_told(
            self._ministry, record, draft.message, external_id=draft.external_id, now=now
        )
        sealed = joined(record.reporter.sealed, box)
        reporter = msgspec.structs.replace(record.reporter, sealed=sealed)
        return msgspec.structs.replace(record, reporter=reporter)

    def _understood(
        self, messages: Sequence[InboundMessage], texts: Sequence[str]
    ) -> list[Understood | None]:
        """What the messages say: all together, and where that fails each by itself."""
        try:
            return [*understand_all(messages, texts, self.rules)]
        except Exception:  # noqa: BLE001 (our bug: it shows again in `record`, which parks it alone)
            if len(messages) == 1:
                return [None]
        return [
            said
            for message, text in zip(messages, texts, strict=True)
            for said in self._understood([message], [text])
        ]

    def _keys(self, text: str, place: Place | None, topic: Judgement) -> tuple[int, ...]:
        made, code = self._fingerprints, place.code if place else None
        return (*made.of_words(text), *made.of_incident(code, topic.value))

    def _public_pseudonym(self, draft: Draft) -> str:
        """An anonymous report must not be tied to its sender's other reports."""
        if draft.message.anonymous:
            return self.vault.pseudonym("anonymous", draft.record_id)
        return draft.lane

    def _neighbour(self, stored: Stored, lane: str) -> Neighbour:
        """What a stored record is to a message of this sender."""
        neighbour, anonymous = self.remembered.of(stored)
        mine = stored.pseudonym == lane and not anonymous
        return replace(
            neighbour,
            same_sender=mine,
            cluster=stored.cluster or neighbour.cluster,
            volume=stored.volume,
        )


def _joined(duplicate: Duplicate | None) -> Joined | None:
    if duplicate is None:
        return None
    return Joined(
        cluster=duplicate.cluster,
        same=duplicate.relation == "same",
        fresh=SAME_SENDER not in duplicate.why,
        joins=duplicate.joins,
    )
