"""
A report becomes anonymous or confidential because somebody on the staff sees that it must be.

The same as if the citizen had asked for it at once: the text is masked, who it was goes into the
ministry's box, the messages lose their keys, and every store gets a revision that names nobody.
Nothing here or elsewhere takes a flag back.
"""

from dataclasses import dataclass

import msgspec

from channels.contract import InboundMessage
from forwarder.ports import Transaction
from forwarder.routing import Routes
from gateway import hiding, records
from gateway.custody.duty import Done, Duty, case_of, note
from gateway.identities import Sender, replace_sender, sealed_told, sender_of
from gateway.ministry import Ministry, joined
from gateway.naming import hidden_lane
from gateway.revise import opened, revise
from gateway.turn import Hidden
from gateway.vault import Vault
from normalizer.privacy_hidden import hidden_record
from normalizer.record import Record, Reporter


@dataclass(frozen=True, slots=True, kw_only=True)
class Tightener:
    """Tightens flags; the command line and the console call the same."""

    vault: Vault
    ministry: Ministry | None
    centrals: Routes

    def tighten(self, tx: Transaction, duty: Duty, now: int) -> Done:
        """Set the flags an order asks for; a case that has them already stays as it is."""
        status = case_of(tx, duty.case_code)
        found = records.find(tx, status.record_id)
        if found is None or found[1].data_key is None:
            raise LookupError(f"case {duty.case_code}")
        before = opened(self.vault, found[1])
        sender = sender_of(tx, self.vault, before.record_id) or Sender()
        after = revise(
            tx,
            self.vault,
            before.record_id,
            lambda record: self._tightened(record, sender, duty, now),
            centrals=self.centrals,
            now=now,
        )
        if after is None:
            return Done(lines=(f"{duty.case_code} is so already",))
        if after.anonymous and not before.anonymous:
            replace_sender(tx, self.vault, after.record_id, sender.only_address)
            lane = hidden_lane(self.vault, status.pseudonym)
            hiding.hide(tx, [Hidden(record_id=after.record_id, lane=lane)], now=now)
        flags = " and ".join(_flags(after))
        note(tx, duty, f"made case {duty.case_code} {flags}", now)
        return Done(lines=(f"{duty.case_code} is {flags}, revision {after.revision}",))

    def _tightened(self, record: Record, sender: Sender, duty: Duty, now: int) -> Record:
        confidential = record.confidential or duty.confidential
        after = msgspec.structs.replace(
            record,
            confidential=confidential,
            visibility="private" if confidential else record.visibility,
        )
        if record.anonymous or not duty.anonymous:
            return after
        box = self._box(record, sender, now)
        pseudonym = self.vault.pseudonym("anonymous", record.record_id)
        return msgspec.structs.replace(
            hidden_record(after),
            anonymous=True,
            reporter=Reporter(pseudonym=pseudonym, sealed=joined(record.reporter.sealed, box)),
        )

    def _box(self, record: Record, sender: Sender, now: int) -> str | None:
        if self.ministry is None:
            return None
        told = InboundMessage(
            sender=sender.sender,
            return_address=sender.return_address,
            name=sender.name or record.reporter.name or "",
            contact=sender.contact or record.reporter.contact or "",
            text=record.text,
            title=record.title,
            context=record.context or "",
            source_url=record.source_url or "",
        )
        return sealed_told(self.ministry, record, told, external_id=record.external_id, now=now)


def _flags(record: Record) -> list[str]:
    words = {"anonymous": record.anonymous, "confidential": record.confidential}
    return [word for word, is_set in words.items() if is_set]
