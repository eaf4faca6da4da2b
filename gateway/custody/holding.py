"""Legal holds: what a court or an audit needs is erased by nobody, until it is released."""

from collections.abc import Sequence

from forwarder.ports import Transaction
from gateway.custody.duty import Done, Duty, case_of, note

HOLD = """
insert into holds (record_id, who, reason, since) values (:record_id, :who, :reason, :now)
on conflict (record_id) do nothing
"""
RELEASE = "delete from holds where record_id = :record_id"
AMONG = "select record_id from holds where record_id {among:ids}"


def hold(tx: Transaction, duty: Duty, now: int) -> Done:
    """Keep a case whatever else asks for its erasure."""
    status = case_of(tx, duty.case_code)
    put = tx.run(HOLD, record_id=status.record_id, who=duty.who, reason=duty.reason, now=now)
    if put:
        note(tx, duty, f"held case {duty.case_code}", now)
    return Done(lines=(f"{duty.case_code} is {'held' if put else 'held already'}",))


def release(tx: Transaction, duty: Duty, now: int) -> Done:
    """Let a case go its way again."""
    status = case_of(tx, duty.case_code)
    if not tx.run(RELEASE, record_id=status.record_id):
        return Done(lines=(f"{duty.case_code} is not held",))
    note(tx, duty, f"released case {duty.case_code}", now)
    return Done(lines=(f"{duty.case_code} is released",))


def held_among(tx: Transaction, record_ids: Sequence[str]) -> set[str]:
    """Which of these records are held."""
    rows = tx.all(AMONG, ids=list(record_ids)) if record_ids else []
    return {row[0] for row in rows}
