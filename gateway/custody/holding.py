"""
Legal holds: what a court or an audit needs is erased by nobody, until it is released.

Where its sender asked meanwhile to be forgotten, the release is what erases it.
"""

from collections.abc import Sequence

import msgspec

from forwarder.ports import Transaction
from gateway.custody.duty import Done, Duty, case_of, note
from gateway.custody.erasing import Eraser

#: On whose word a released case is erased, and a citizen's data by HAPUS.
BY_SENDER = Duty(verb="erase", who="citizen", reason="HAPUS")
HOLD = """
insert into holds (record_id, who, reason, since) values (:record_id, :who, :reason, :now)
on conflict (record_id) do nothing
"""
RELEASE = "delete from holds where record_id = :record_id"
ASKED = "select asked_at from holds where record_id = :record_id"
ASK = """
update holds set asked_at = :now where record_id {among:ids} and asked_at is null
"""
# Whether a case is held stays as it is until the transaction's end; always in the same order, so
# that nobody waits for one who waits for them.
LOCK = "select record_id from records where record_id {among:ids} order by record_id {hold}"
AMONG = "select record_id from holds where record_id {among:ids}"
OF = """
select r.case_code from holds h join records r on r.record_id = h.record_id
where r.pseudonym {among:lanes} order by r.received_at
"""
LISTED = """
select r.case_code, h.since, h.who, h.reason, h.asked_at
from holds h join records r on r.record_id = h.record_id order by h.since, r.case_code
"""


class Held(msgspec.Struct, frozen=True):
    """A case nobody may erase."""

    case_code: str
    since: int
    who: str
    reason: str
    #: When its sender asked to be forgotten, if they did.
    asked_at: int | None


def hold(tx: Transaction, duty: Duty, now: int) -> Done:
    """Keep a case whatever else asks for its erasure."""
    status = case_of(tx, duty.case_code)
    lock(tx, [status.record_id])
    put = tx.run(HOLD, record_id=status.record_id, who=duty.who, reason=duty.reason, now=now)
    if put:
        note(tx, duty, f"held case {duty.case_code}", now)
    return Done(lines=(f"{duty.case_code} is {'held' if put else 'held already'}",))


def release(tx: Transaction, eraser: Eraser, duty: Duty, now: int) -> Done:
    """Let a case go its way again; erase it where its sender asked for that."""
    status = case_of(tx, duty.case_code)
    lock(tx, [status.record_id])
    asked = tx.one(ASKED, record_id=status.record_id)
    if not tx.run(RELEASE, record_id=status.record_id):
        return Done(lines=(f"{duty.case_code} is not held",))
    note(tx, duty, f"released case {duty.case_code}", now)
    if asked is None or asked[0] is None:
        return Done(lines=(f"{duty.case_code} is released",))
    eraser.erase(tx, status.record_id, BY_SENDER, now)
    return Done(lines=(f"{duty.case_code} is released, and erased as its sender asked",))


def asked_for(tx: Transaction, record_ids: Sequence[str], now: int) -> None:
    """The sender of these held records wants them erased."""
    tx.run(ASK, ids=list(record_ids), now=now)


def lock(tx: Transaction, record_ids: Sequence[str]) -> None:
    """
    Let nobody else hold, release or erase these cases meanwhile; wait for who does.

    Whoever erases asks after it what is held: one that began at the same moment is seen then.
    """
    if record_ids:
        tx.all(LOCK, ids=list(record_ids))


def held_among(tx: Transaction, record_ids: Sequence[str]) -> set[str]:
    """Which of these records are held."""
    rows = tx.all(AMONG, ids=list(record_ids)) if record_ids else []
    return {row[0] for row in rows}


def held_of(tx: Transaction, lanes: Sequence[str]) -> tuple[str, ...]:
    """The codes of a sender's cases that are held, oldest first."""
    return tuple(row[0] for row in tx.all(OF, lanes=list(lanes)))


def listed(tx: Transaction) -> list[Held]:
    """Every hold, oldest first."""
    return [Held(*row) for row in tx.all(LISTED)]
