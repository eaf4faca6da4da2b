"""
What people and late news have to do with the outbox: the rest of the SQL on table `outbox`.

Looking (depth, oldest, parked), deciding over parked rows (retry, dismiss) and what providers
report about replies afterwards (feedback). Nothing here deletes a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import DeliveryReport
from forwarder.item import plain
from forwarder.ports import Transaction

DEPTH = """
select target, state, count(*) from outbox
where state in ('pending', 'uncertain') group by target, state
union all
select target, state, count(*) from outbox
where state = 'parked' and dismissed is null group by target, state
"""
OLDEST = """
select target, min(created_at) from outbox where state in ('pending', 'uncertain') group by target
"""
PARKED = """
select id, record_id, kind, revision, target, attempts, created_at, settled_at, reason, feedback
from outbox where state = 'parked' and dismissed is null order by id limit :limit
"""
RETRY = """
update outbox set state = 'pending', due = :now, attempts = 0, owner = null, reason = null,
    settled_at = null, dismissed = null
where state = 'parked' and id = :id
"""
DISMISS = """
update outbox set dismissed = :reason, settled_at = :now where state = 'parked' and id = :id
"""
REPORTED = "select id, state, owner, feedback from outbox where reply_id = :reply_id"
NOTE = "update outbox set feedback = :feedback where id = :id"
CONFIRM = """
update outbox set state = 'delivered', owner = null, reason = null, feedback = :feedback,
    settled_at = :now
where id = :id
"""
FAIL = """
update outbox set state = 'parked', owner = null, reason = :reason, feedback = :feedback,
    settled_at = :now
where id = :id
"""
ERASE = """
update outbox set data_key = null, owner = null,
    reason = case when state in ('pending', 'uncertain') then 'erased on request' else reason end,
    dismissed = case when state in ('pending', 'uncertain') then 'erased on request'
        else dismissed end,
    settled_at = case when state in ('pending', 'uncertain') then :now else settled_at end,
    state = case when state in ('pending', 'uncertain') then 'parked' else state end
where lane = :lane and reply_id is not null
  and record_id not in (select record_id from holds)
"""
SEALED = """
select b.body, o.data_key from outbox o join outbox_bodies b on b.id = o.id where o.id = :id
"""
RECENT = """
select lane, count(*) from outbox
where lane {among:lanes} and created_at >= :since and reply_id is not null group by lane
"""
ARRIVED = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A row that waits for a person, without its content."""

    id: int
    record_id: str
    kind: str
    revision: int
    target: str
    attempts: int
    created_at: int
    settled_at: int
    reason: str
    feedback: str | None


def depth(tx: Transaction) -> dict[tuple[str, str], int]:
    """How many rows are not delivered, by (target, state); dismissed ones are not counted."""
    return {(row[0], row[1]): row[2] for row in tx.all(DEPTH)}


def oldest(tx: Transaction) -> dict[str, int]:
    """When the oldest row that is still to be delivered was written, by target."""
    return {row[0]: row[1] for row in tx.all(OLDEST)}


def parked(tx: Transaction, limit: int = 1000) -> list[Parked]:
    """Rows that wait for a person, oldest first."""
    return [
        Parked(
            id=row[0],
            record_id=row[1],
            kind=row[2],
            revision=row[3],
            target=row[4],
            attempts=row[5],
            created_at=row[6],
            settled_at=row[7],
            reason=row[8],
            feedback=row[9],
        )
        for row in tx.all(PARKED, limit=limit)
    ]


def retry(tx: Transaction, ids: Sequence[int], now: int) -> int:
    """Send parked rows again under the same id; how many there were."""
    return sum(tx.run(RETRY, id=id_, now=now) for id_ in ids)


def dismiss(tx: Transaction, id_: int, reason: str, now: int) -> bool:
    """Put a parked row aside for good, with a reason; the row stays."""
    return tx.run(DISMISS, id=id_, reason=plain(reason), now=now) > 0


def forget(tx: Transaction, lane: str, now: int) -> None:
    """Destroy the keys to every answer of a lane; what was still to be sent is put aside."""
    tx.run(ERASE, lane=lane, now=now)


def recent(tx: Transaction, lanes: Sequence[str], since: int) -> dict[str, int]:
    """How many answers were put for each of these lanes since then, where there were any."""
    return dict(tx.all(RECENT, lanes=list(lanes), since=since))


def replies_to(tx: Transaction, record_id: str) -> list[tuple[bytes, bytes, str]]:
    """The answers to a citizen about one record: sealed body, data key, state."""
    rows = tx.all(
        "select b.body, o.data_key, o.state from outbox o join outbox_bodies b on b.id = o.id"
        " where o.record_id = :record_id and o.reply_id is not null and o.data_key is not null"
        " order by o.id",
        record_id=record_id,
    )
    return [(bytes(row[0]), bytes(row[1]), row[2]) for row in rows]


def sealed_body(tx: Transaction, id_: int) -> tuple[bytes, bytes | None]:
    """The body of a row and its data key, which is None once the person was erased."""
    row = tx.one(SEALED, id=id_)
    if row is None:
        raise KeyError(id_)
    return bytes(row[0]), None if row[1] is None else bytes(row[1])


def record_of(tx: Transaction, reply_id: str) -> str | None:
    """The record a reply of ours was about, or None when the id is not ours."""
    row = tx.one("select record_id from outbox where reply_id = :reply_id", reply_id=reply_id)
    return row[0] if row else None


def feedback(tx: Transaction, report: DeliveryReport, now: int) -> str | None:
    """
    Write down what a provider says about a reply; the state the row has then, None if unknown.

    A report may overtake our own settling: then it decides. A reply the phone or mailbox refused
    is parked, so that an officer sees who was not reached.
    """
    row = tx.one(REPORTED, reply_id=report.reply_id)
    if row is None:
        return None
    id_, state, owner, said = row
    if not report.final:
        # "buffered" may come after "delivered"; the later word is the weaker one then.
        if not (said or "").startswith(ARRIVED):
            tx.run(NOTE, id=id_, feedback=plain(f"on its way: {report.detail}"))
        return str(state)
    if report.delivered:
        tx.run(CONFIRM, id=id_, feedback=plain(f"{ARRIVED}: {report.detail}"), now=now)
        return "delivered"
    if (said or "").startswith(ARRIVED):
        return str(state)
    word = plain(f"undeliverable: {report.detail}")
    if state == "pending" and owner is None:  # about an earlier attempt; the next one is to come
        tx.run(NOTE, id=id_, feedback=word)
        return "pending"
    tx.run(FAIL, id=id_, reason=word, feedback=word, now=now)
    return "parked"
