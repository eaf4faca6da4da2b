"""A case goes to another agency: a correction that teaches, a step of its timeline, a notice."""

from dataclasses import dataclass

import msgspec

from forwarder.ports import Transaction
from gateway.access.person import Person
from gateway.back import notices, timeline
from gateway.back.planning import people_of
from gateway.back.timeline import Told
from gateway.handling.deciding import Decider, Outcome
from gateway.handling.replying import OFFICE
from gateway.handling.seeing import Seen
from gateway.vault import Vault

TRANSFER = "transfer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """Hands cases from one agency to another."""

    vault: Vault
    decider: Decider

    def transfer(
        self, tx: Transaction, seen: Seen, agency: str, *, person: Person, now: int
    ) -> Outcome:
        """
        Put the case into other hands, and tell everybody who reported it.

        That it was passed on stops no clock: the deadlines of the case stay what they are.
        """
        record_id, revision = seen.status.record_id, seen.record.revision
        if agency == seen.record.agency.value:
            return Outcome.SAME
        outcome = self.decider.correct(
            tx, person, record_id, {"agency": agency}, revision=revision, now=now
        )
        if outcome is not Outcome.DONE:
            return outcome
        entry = timeline.Entry(
            record_id=record_id,
            store=OFFICE,
            update_id=f"{record_id} {TRANSFER} {revision}",
            at=now,
            kind=TRANSFER,
            sealed=self.vault.seal(msgspec.json.encode(Told(agency=agency))),
        )
        new = timeline.put(tx, [entry], now)
        people = people_of(tx, record_id) or {record_id: seen.status.pseudonym}
        notices.add(tx, people, [one[0] for one in new], due=now, now=now)
        return outcome
