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
where o.target = :target and o.state in ('pending', 'uncertain')
  and (:record_id = '' or o.record_id = :record_id)
order by o.id limit :limit
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


def waiting(
    tx: Transaction, vault: Vault, target: str, *, record_id: str = "", limit: int = 100_000
) -> list[Waiting]:
    """What an officer still has to carry over, oldest first; erased rows are left out."""
    rows = tx.all(WAITING, target=target, record_id=record_id, limit=limit)
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
