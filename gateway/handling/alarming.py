"""
An officer sees that somebody is in danger: the case becomes an emergency.

The citizen hears of 112 at any hour, every store gets the revision, and whoever watches over
deadlines finds an escalation.
"""

from dataclasses import dataclass

import msgspec
import structlog

from forwarder.ports import Transaction
from gateway import due
from gateway.access.person import Person
from gateway.back import notices, timeline
from gateway.back.saying import ALARM
from gateway.back.timeline import Told
from gateway.handling.deciding import Decider
from gateway.handling.replying import OFFICE
from gateway.handling.seeing import Seen, note
from gateway.vault import Vault

log = structlog.get_logger()

EMERGENCY = "darurat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Makes cases emergencies."""

    vault: Vault
    decider: Decider

    def raise_it(self, tx: Transaction, seen: Seen, person: Person, now: int) -> bool:
        """
        Make the case an emergency; False where it is one already, raised by an officer.

        One that was taken back may be raised again, and is told again.
        """
        record_id, code = seen.status.record_id, seen.status.case_code
        revision = seen.record.revision
        if seen.record.urgency.value == EMERGENCY and _was_raised(tx, record_id):
            return False
        entry = timeline.Entry(
            record_id=record_id,
            store=OFFICE,
            update_id=f"{record_id} {ALARM} {revision}",
            at=now,
            kind=ALARM,
            sealed=self.vault.seal(msgspec.json.encode(Told(agency=person.agency))),
        )
        new = timeline.put(tx, [entry], now)
        if not new:
            return False
        self.decider.correct(
            tx, person, record_id, {"urgency": EMERGENCY}, revision=revision, now=now
        )
        people = {record_id: seen.status.pseudonym}
        notices.add(tx, people, [new[0][0]], due=now, now=now, urgent=True)
        due.tell(
            tx,
            due.Escalation(
                record_id=record_id,
                step=EMERGENCY,
                level=EMERGENCY,
                agency=seen.record.agency.value,
                due_at=now,
            ),
            now,
        )
        note(tx, person, f"made case {code} an emergency", now)
        log.warning("emergency", case=record_id)
        return True


def _was_raised(tx: Transaction, record_id: str) -> bool:
    return any(step.kind == ALARM for step in timeline.of(tx, record_id))
