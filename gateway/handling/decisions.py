"""
What officers decided in the console: all SQL on the table `decisions`.

Accepting and correcting leave a row; for some minutes it also holds, sealed, what stood there
before. What one act did to several cases has the same time, and is taken back together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from forwarder.ports import Row, Transaction

Kind = Literal["accept", "correct"]
#: So long an act can be taken back.
UNDO_MS = 10 * 60_000

PUT = """
insert into decisions (record_id, who, at, kind, revision, before, data_key)
values (:record_id, :who, :at, :kind, :revision, :before, :data_key)
"""
LAST = """
select id, record_id, at, kind, revision, before, data_key from decisions
where who = :who and undone_at is null and at = (
    select max(d.at) from decisions d where d.who = :who and d.undone_at is null)
order by id
"""
UNDONE = "update decisions set undone_at = :now, data_key = null, before = null where id = :id"
TIDY = """
update decisions set data_key = null, before = null where data_key is not null and at < :limit
"""
UNLEARN = "delete from corrections where record_id = :record_id and who = :who and at = :at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An act on one case."""

    id: int
    record_id: str
    #: Milliseconds since 1970.
    at: int
    kind: Kind
    #: The record's revision that it made.
    revision: int
    #: Sealed; None once it can no longer be taken back.
    before: tuple[bytes, bytes] | None


def put(  # noqa: PLR0913 (a row's values)
    tx: Transaction,
    record_id: str,
    *,
    who: str,
    kind: Kind,
    revision: int,
    before: tuple[bytes, bytes],
    now: int,
) -> None:
    """Remember an act; what can no longer be taken back is forgotten on the way."""
    tx.run(TIDY, limit=now - UNDO_MS)
    tx.run(
        PUT,
        record_id=record_id,
        who=who,
        at=now,
        kind=kind,
        revision=revision,
        before=before[0],
        data_key=before[1],
    )


def last(tx: Transaction, who: str, *, now: int) -> Sequence[Decision]:
    """What this person did last, if it can still be taken back."""
    rows = [_decision(row) for row in tx.all(LAST, who=who)]
    return [row for row in rows if row.before and row.at >= now - UNDO_MS]


def undo(tx: Transaction, decision: Decision, *, who: str, now: int) -> None:
    """It is taken back, and teaches nothing."""
    tx.run(UNDONE, id=decision.id, now=now)
    tx.run(UNLEARN, record_id=decision.record_id, who=who, at=decision.at)


def _decision(row: Row) -> Decision:
    before = None if row[6] is None else (bytes(row[5]), bytes(row[6]))
    return Decision(
        id=row[0], record_id=row[1], at=row[2], kind=row[3], revision=row[4], before=before
    )
