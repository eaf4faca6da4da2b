"""
Reports that say the same as one, for who looks at it: counted, a page at a time, and moved.

Which cluster a record is in stands in `records.cluster`, or is the record's own id; which clusters
are one by now is told by gateway/clusters.py. Nobody appears here but by a pseudonym.
"""

from dataclasses import dataclass

from forwarder.ports import Transaction, Vault
from gateway import clusters
from gateway.board import rows
from gateway.handling.seeing import Seen, is_theirs
from gateway.records import stored
from gateway.revise import opened
from normalizer.record import Record

OF = "select coalesce(cluster, record_id), cluster from records where record_id = :record_id"
PARTS = "select cluster from clusters where whole = :whole"
COUNT = """
select channel, count(*), count(distinct pseudonym) from records
where record_id {among:parts} or cluster {among:parts} group by channel order by 2 desc, channel
"""
PAGE_ROWS = 20
PAGE = """
select record_id, pseudonym, received_at, document, data_key, case_code, channel, state
from records where record_id {among:parts} or cluster {among:parts}
order by received_at, record_id limit :limit offset :offset
"""
MEMBERS = """
select record_id from records where record_id {among:parts} or cluster {among:parts}
order by received_at desc, record_id limit :limit
"""
#: Of a flood of the same, so many of the newest are remembered as not the same.
MOST_MEMBERS = 200
OLDEST = """
select record_id from records where cluster = :cluster order by received_at, record_id limit 1
"""
MOVE = "update records set cluster = :name where cluster = :cluster and record_id <> :name"
FREE = "update records set cluster = null where record_id = :record_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """One report of the cluster."""

    record_id: str
    case_code: str
    channel: str
    state: str
    received_at: int
    #: None where it is another agency's, or was erased.
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """A cluster, and one page of its reports."""

    reports: int
    #: Different senders, on each channel for itself.
    senders: int
    channels: tuple[tuple[str, int], ...]
    page: tuple[Reporter, ...]


def parts_of(tx: Transaction, record_id: str) -> list[str]:
    """The clusters that are one with that of a record, its own among them."""
    whole = clusters.whole(tx, cluster_of(tx, record_id))
    return sorted({whole, *(row[0] for row in tx.all(PARTS, whole=whole))})


def cluster_of(tx: Transaction, record_id: str) -> str:
    """The cluster a record was put into, or would begin."""
    row = tx.one(OF, record_id=record_id)
    return row[0] if row else record_id


def kin_of(tx: Transaction, vault: Vault, seen: Seen, *, agency: str, page: int) -> Kin:
    """Who reports the same, a page at a time; what another agency has is counted, not shown."""
    parts = parts_of(tx, seen.status.record_id)
    counts = tx.all(COUNT, parts=parts)
    found = tx.all(PAGE, parts=parts, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS)
    return Kin(
        reports=sum(row[1] for row in counts),
        senders=sum(row[2] for row in counts),
        channels=tuple((row[0], row[1]) for row in counts),
        page=tuple(
            Reporter(
                record_id=row[0],
                case_code=row[5],
                channel=row[6],
                state=row[7],
                received_at=row[2],
                record=_record(vault, row, agency),
            )
            for row in found
        ),
    )


def members(tx: Transaction, record_id: str) -> list[str]:
    """The newest reports of a record's cluster."""
    rows_ = tx.all(MEMBERS, parts=parts_of(tx, record_id), limit=MOST_MEMBERS)
    return [row[0] for row in rows_]


def take_out(tx: Transaction, record_id: str) -> bool:
    """A record leaves its cluster; False where it is alone in it."""
    parts = parts_of(tx, record_id)
    own = tx.one(OF, record_id=record_id)
    if own is None or sum(row[1] for row in tx.all(COUNT, parts=parts)) == 1:
        return False
    clusters.leave(tx, own[0])
    if own[1] is not None:
        tx.run(FREE, record_id=record_id)
        clusters.stand_alone(tx, record_id)
        return True
    heir = tx.one(OLDEST, cluster=record_id)
    if heir is None:  # a report of its own that was put to others, or others to it
        if clusters.whole(tx, record_id) == record_id:
            clusters.succeed(tx, record_id, next(part for part in parts if part != record_id))
        clusters.stand_alone(tx, record_id)
        return True
    tx.run(FREE, record_id=heir[0])
    tx.run(MOVE, cluster=record_id, name=heir[0])
    clusters.rename(tx, record_id, heir[0])
    rows.regroup(tx, record_id, heir[0])
    return True


def _record(vault: Vault, row: tuple[object, ...], agency: str) -> Record | None:
    kept = stored(row[:5])
    if kept.data_key is None:
        return None
    record = opened(vault, kept)
    return record if is_theirs(record, agency) else None
