"""
Outbox rows that no worker delivers: an officer carries them over and says when it is done.

They wait like all others and end like all others, in the state "delivered" with the other side's
number as reference; only who delivers them differs. SQL on table `outbox`, as in outbox.py.
"""

import msgspec

from forwarder.ports import Transaction, Vault

WAITING = """
select o.id, o.record_id, o.kind, o.revision, o.created_at, o.data_key, b.body
from outbox o join outbox_bodies b on b.id = o.id
where o.target = :target and o.state in ('pending', 'uncertain') and o.record_id {among:record_ids}
order by o.id
"""
OLDEST = """
select record_id from outbox
where target = :target and state in ('pending', 'uncertain') and data_key is not null
group by record_id order by min(id) limit :limit
"""
COUNT = """
select count(distinct record_id) from outbox
where target = :target and state in ('pending', 'uncertain') and data_key is not null
"""
GIVEN = """
select record_id, reference from outbox
where target = :target and kind = 'record' and state = 'delivered' and reference <> ''
  and record_id {among:record_ids}
order by id
"""
TAKEN_BY = """
select record_id from outbox
where target = :target and kind = 'record' and reference = :reference and record_id <> :record_id
limit 1
"""
DONE = """
update outbox set state = 'delivered', reference = :reference, owner = null, reason = null,
    attempts = attempts + 1, settled_at = :now
where target = :target and record_id = :record_id and id <= :last
  and state in ('pending', 'uncertain')
"""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One row, readable."""

    id: int
    record_id: str
    kind: str
    revision: int
    created_at: int
    body: bytes


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What an officer has carried over."""

    target: str
    record_id: str
    #: Everything up to this row.
    last: int
    #: The other side's number.
    reference: str


def oldest(tx: Transaction, target: str, limit: int) -> list[str]:
    """The records an officer still has to carry over, whichever waits longest first."""
    return [row[0] for row in tx.all(OLDEST, target=target, limit=limit)]


def count(tx: Transaction, target: str) -> int:
    """How many records wait for an officer."""
    row = tx.one(COUNT, target=target)
    return int(row[0]) if row else 0


def waiting(tx: Transaction, vault: Vault, target: str, record_ids: list[str]) -> list[Waiting]:
    """What of these records is still to be carried over, oldest first; erased rows are left out."""
    rows = tx.all(WAITING, target=target, record_ids=record_ids) if record_ids else []
    return [
        Waiting(
            id=row[0],
            record_id=row[1],
            kind=row[2],
            revision=row[3],
            created_at=row[4],
            body=vault.open(bytes(row[6]), bytes(row[5])),
        )
        for row in rows
        if row[5] is not None
    ]


def given(tx: Transaction, target: str, record_ids: list[str]) -> dict[str, str]:
    """The other side's numbers of records it has already."""
    return dict(tx.all(GIVEN, target=target, record_ids=record_ids)) if record_ids else {}


def taken_by(tx: Transaction, target: str, reference: str, record_id: str) -> str | None:
    """Another record that bears this number already."""
    row = tx.one(TAKEN_BY, target=target, reference=reference, record_id=record_id)
    return row[0] if row else None


def done(tx: Transaction, carried: Carried, now: int) -> int:
    """A record is over there; how many rows that were."""
    return tx.run(DONE, **msgspec.structs.asdict(carried), now=now)
