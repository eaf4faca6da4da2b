"""Who a notice is for, and what it tells them, as the tables have it."""

from collections.abc import Sequence
from dataclasses import dataclass

from forwarder.ports import Transaction
from gateway import neighbours, records
from gateway.back import timeline
from gateway.back.saying import Line
from gateway.identities import sender_of
from gateway.revise import opened
from gateway.vault import Vault
from normalizer.dialog_talk import WITHDRAWN
from normalizer.record import Record

# Whatever they sent: reports, commands, and what was added to this report.
HEARD = """
select max(at) from (
    select max(received_at) as at from records where pseudonym = :lane
    union all select max(j.received_at) from work w join journal j on j.id = w.journal_id
        where w.lane = :lane and w.state = 'command'
    union all select max(j.received_at) from work w join journal j on j.id = w.journal_id
        where w.record_id = :record_id
) as heard
"""
EMERGENCY = "darurat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A reporter who is to be told something."""

    record: Record
    #: The public state of their case.
    state: str
    channel: str
    return_address: str | None
    contact: str
    #: When they last wrote to us there.
    heard_at: int

    @property
    def urgent(self) -> bool:
        """Whether they reported an emergency: news of it waits for no morning."""
        return self.record.urgency.value == EMERGENCY


def person_of(tx: Transaction, vault: Vault, record_id: str, lane: str) -> Person | str:
    """Whom a notice about a report is for, or why there is nobody to tell."""
    status = records.status_by_id(tx, record_id)
    stored = neighbours.documents(tx, [record_id]).get(record_id)
    sender = sender_of(tx, vault, record_id)
    if status is None or stored is None or stored.data_key is None or sender is None:
        return "nobody to tell"
    if status.state == WITHDRAWN:
        return "withdrawn"
    heard = tx.one(HEARD, lane=lane, record_id=record_id)
    return Person(
        record=opened(vault, stored),
        state=status.state,
        channel=status.channel,
        return_address=sender.return_address,
        contact=sender.contact,
        heard_at=heard[0] if heard and heard[0] else status.received_at,
    )


def lines_of(tx: Transaction, vault: Vault, record_id: str, ids: Sequence[int]) -> list[Line]:
    """Entries of the timeline as lines of a notice about this record."""
    found = timeline.among(tx, vault, ids)
    strangers = sorted({owner for owner, _ in found if owner != record_id})
    hidden = {
        one.record_id
        for one in neighbours.documents(tx, strangers).values()
        if one.data_key is None or _hides(opened(vault, one))
    }
    return [
        Line(step=step, own=owner == record_id, hidden=owner in hidden) for owner, step in found
    ]


def _hides(record: Record) -> bool:
    return record.anonymous or record.confidential or record.visibility != "public"
