"""
Who a named citizen is, shown to a person who says why they must know; each look is audited.

With `two_persons` the first order is a request, somebody else approves it, and the one who asked
sees the identity once, within a day. Who is anonymous is not revealed here by anybody.
"""

import msgspec

from forwarder.ports import Transaction
from gateway.custody.duty import Done, Duty, Refused, case_of, note
from gateway.identities import sender_of
from gateway.naming import is_hidden
from gateway.vault import Vault

VALID_MS = 24 * 3_600_000

ASK = """
insert into reveals (record_id, case_code, asked_by, asked_at, reason)
values (:record_id, :case_code, :who, :now, :reason)
"""
OPEN = """
select id, approved_by from reveals
where record_id = :record_id and asked_by = :who and used_at is null and asked_at >= :since
order by id desc limit 1
"""
WAITING = """
select id, asked_by, asked_at, reason from reveals
where record_id = :record_id and approved_by is null and used_at is null and asked_at >= :since
order by id
"""
REQUEST = "select asked_by, case_code, approved_by, asked_at from reveals where id = :number"
APPROVE = "update reveals set approved_by = :who, approved_at = :now where id = :number"
USED = "update reveals set used_at = :now where id = :number"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that waits for another person."""

    number: int
    asked_by: str
    #: Milliseconds since 1970.
    asked_at: int
    reason: str


def open_requests(tx: Transaction, record_id: str, now: int) -> list[Asked]:
    """Who asked who reported a case, and nobody has approved it yet."""
    rows = tx.all(WAITING, record_id=record_id, since=now - VALID_MS)
    return [Asked(number=row[0], asked_by=row[1], asked_at=row[2], reason=row[3]) for row in rows]


def reveal(tx: Transaction, vault: Vault, duty: Duty, now: int, *, two_persons: bool) -> Done:
    """The identity of a case, or the request for it."""
    status = case_of(tx, duty.case_code)
    if is_hidden(status.pseudonym):
        raise Refused("the report is anonymous: only the ministry can tell, with `unseal`")
    sender = sender_of(tx, vault, status.record_id)
    if sender is None:
        raise Refused("nobody knows any more: the identity was erased")
    if two_persons:
        asked = tx.one(OPEN, record_id=status.record_id, who=duty.who, since=now - VALID_MS)
        if asked is None:
            return _requested(tx, duty, status.record_id, now)
        if asked[1] is None:
            raise Refused(f"request {asked[0]} waits for another person's approval")
        tx.run(USED, number=asked[0], now=now)
    note(tx, duty, f"revealed who reported case {duty.case_code}", now)
    known = {
        "channel": status.channel,
        "sender": sender.sender,
        "name": sender.name,
        "contact": sender.contact,
    }
    return Done(
        lines=tuple(f"{name:8} {value}" for name, value in known.items() if value),
        data=known,
    )


def approve(tx: Transaction, duty: Duty, now: int) -> Done:
    """Consent to a request of somebody else."""
    request = tx.one(REQUEST, number=duty.number)
    if request is None or request[3] < now - VALID_MS:
        raise LookupError(f"request {duty.number}")
    asked_by, case_code, approved_by, _ = request
    if asked_by == duty.who:
        raise Refused("whoever asked cannot approve")
    if approved_by is None:
        tx.run(APPROVE, number=duty.number, who=duty.who, now=now)
        what = f"approved that {asked_by} learns who reported case {case_code}"
        note(tx, duty, what, now)
    return Done(lines=(f"approved; {asked_by} may reveal {case_code} once within a day",))


def _requested(tx: Transaction, duty: Duty, record_id: str, now: int) -> Done:
    tx.run(
        ASK,
        record_id=record_id,
        case_code=duty.case_code,
        who=duty.who,
        now=now,
        reason=duty.reason,
    )
    row = tx.one(OPEN, record_id=record_id, who=duty.who, since=now)
    note(tx, duty, f"asked who reported case {duty.case_code}", now)
    number = row[0] if row else 0
    how = f"lapor-gateway reveal --approve {number} --who NAME"
    return Done(lines=(f"request {number} noted; another person approves: {how}",))
