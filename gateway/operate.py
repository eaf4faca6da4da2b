"""
What an operator may do to the gateway's state: retry, drop, replay; each with an audit line.

Plain functions of a transaction. The command line runs them itself when no daemon holds the
database, else hands them to the daemon over the internal listener, because only one process may
write to SQLite.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from forwarder import outbox_desk
from forwarder.ports import Row, Transaction, Vault
from gateway import work
from gateway.access.trail import enter
from gateway.back import notices, strays

# What waits for a person: its part of the list, the letter of its id and its number.
WAITING = """
select 1 as part, 'j' as letter, w.journal_id as number, j.channel as place, j.received_at as since,
    w.reason as reason
from work w join journal j on j.id = w.journal_id where w.state = 'parked'
union all
select 2, 'o', id, target, created_at, reason from outbox
where state = 'parked' and dismissed is null
union all
select 3, 's', id, 'central:' || store, taken_at, 'about a case nobody knows' from strays
where dismissed is null
union all
select 4, 'n', id, 'notice', created_at, reason from notices where state = 'held'
"""
LISTED = f"""
select letter, number, place, since, reason from ({WAITING}) waiting
order by part, number limit :limit
"""
COUNTED = f"select count(*) from ({WAITING}) waiting"
ONE = f"""
select letter, number, place, since, reason from ({WAITING}) waiting
where letter = :letter and number = :number
"""
EVERYTHING = 1 << 62
# Of a number in an id; a longer one would not fit the databases' integers.
MOST_DIGITS = 18
REPLAYABLE = """
select w.journal_id from work w join journal j on j.id = w.journal_id
where w.state in ('recorded', 'parked') and j.data_key is not null and j.received_at >= :since
and (:channel = '' or j.channel = :channel) order by w.journal_id
"""


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operation as the command line sends it to the daemon."""

    verb: Literal["retry", "drop", "replay"]
    #: "j12" is a journal row, "o7" an outbox row, "s3" an update of a store about a case nobody
    #: knows, "n5" a notice held for want of budget; empty means all that are parked.
    ids: list[str] = []
    reason: str = ""
    since: int = 0
    channel: str = ""
    who: str = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Something that waits for a person."""

    id: str
    where: str
    at: int
    reason: str


def parked(tx: Transaction, limit: int = EVERYTHING) -> list[Parked]:
    """What could not be read or delivered, and why; no more than so many."""
    return [_parked(row) for row in tx.all(LISTED, limit=limit)]


def parked_count(tx: Transaction) -> int:
    """How much of it there is."""
    row = tx.one(COUNTED)
    return int(row[0]) if row else 0


def parked_one(tx: Transaction, id_: str) -> Parked | None:
    """What has this id, if it is parked."""
    letter, number = id_[:1], id_[1:]
    if not number.isdecimal() or len(number) > MOST_DIGITS:
        return None
    row = tx.one(ONE, letter=letter, number=int(number))
    return _parked(row) if row else None


def content(tx: Transaction, vault: Vault, id_: str) -> str:
    """What is stored of a parked row, for a person who may see it."""
    number = int(id_[1:])
    if id_[0] == "j":
        rows = work.load(tx, [number])
        sealed = (rows[0].payload, rows[0].data_key)
    elif id_[0] == "s":
        sealed = strays.content(tx, number)
    elif id_[0] == "n":
        return "worded when it goes"
    else:
        sealed = outbox_desk.sealed_body(tx, number)
    if sealed[1] is None:
        return "erased"
    return vault.open(sealed[0], sealed[1]).decode("utf-8", "backslashreplace")


def carry_out(tx: Transaction, order: Order, now: int) -> int:
    """Do what an order says; returns how many rows it touched."""
    if order.verb == "replay":
        rows = tx.all(REPLAYABLE, since=order.since, channel=order.channel)
        touched = _replay(tx, [row[0] for row in rows], now)
    else:
        chosen = _chosen(tx, order.ids)
        journal, sent, homeless = (_numbers(chosen, kind) for kind in "jos")
        held = _numbers(chosen, "n")
        if order.verb == "retry":
            work.requeue(tx, journal, now=now)
            outbox_desk.retry(tx, sent, now)
            for id_ in held:
                notices.release(tx, id_, now)
            # An update is taken by itself as soon as its case is known.
        else:
            _drop(tx, (journal, sent, homeless), order.reason, now)
            for id_ in held:
                notices.drop(tx, id_, f"dropped: {order.reason}", now)
        touched = len(chosen)
    what = f"{order.verb} {touched} rows {order.channel} {order.reason}".strip()
    enter(tx, who=order.who, what=what, now=now)
    return touched


def _chosen(tx: Transaction, ids: Sequence[str]) -> list[str]:
    """Which of these are parked, each once; without any, all that are."""
    found = (parked_one(tx, id_) for id_ in ids) if ids else parked(tx)
    return list(dict.fromkeys(item.id for item in found if item))


def _parked(row: Row) -> Parked:
    letter, number, place, since, reason = row
    return Parked(id=f"{letter}{number}", where=place, at=since, reason=reason or "")


def _replay(tx: Transaction, ids: Sequence[int], now: int) -> int:
    work.requeue(tx, ids, now=now)
    return len(ids)


def _drop(tx: Transaction, rows: tuple[Sequence[int], ...], why: str, now: int) -> None:
    journal, sent, homeless = rows
    reason = f"dropped: {why}"
    work.settle(
        tx, [work.Settled(id=id_, state="ignored", reason=reason) for id_ in journal], now=now
    )
    for id_ in sent:
        outbox_desk.dismiss(tx, id_, reason, now)
    for id_ in homeless:
        strays.dismiss(tx, id_, reason)


def _numbers(ids: Sequence[str], kind: str) -> list[int]:
    return [int(id_[1:]) for id_ in ids if id_[0] == kind]
