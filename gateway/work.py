"""
What becomes of each journal row: all SQL on the table `work`.

    received ▶ recorded │ joined │ command │ ignored     settled
    received ▶ waiting                                   a part whose message is not complete yet
    received ▶ parked                                    unreadable, or our bug: kept for a person

There is no "doing" state: a claim moves `due` ahead, so a dead worker's rows come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, cast

import msgspec

from forwarder.ports import Row, Transaction
from gateway.chain import chain_of, chains, journal_id

State = Literal["waiting", "recorded", "joined", "command", "ignored", "parked"]

# A batch may hold this many payload bytes, so that a burst of large mails is not all in memory.
BATCH_BYTES = 32 << 20

# Of each chain so many times what is claimed: whatever is older than a claimed row must be there,
# and a claim should be short, for acknowledgements wait behind it.
ADOPTED = 2
# Rows that were taken up and not finished so often are taken alone, so that they stop no others.
SUSPICIOUS = 3

DUE = """
select journal_id, attempts from work where state in ('received', 'waiting') and due <= :now
order by due, journal_id limit :limit {lock}
"""
LOAD = """
select j.id, j.channel, j.external_id, j.received_at, j.payload, j.data_key, w.state, w.attempts,
       w.record_id
from journal j join work w on w.journal_id = j.id where j.id {among:ids} order by j.id
"""
SIZES = "select id, length(payload) from journal where id {among:ids}"
CLAIM = """
update work set owner = :owner, due = :until, attempts = attempts + :counted
where journal_id {among:ids}
"""
SEALED = """
select payload, data_key from journal
where channel = :channel and external_id = :external_id and data_key is not null
"""
SETTLED = (
    "journal_id",
    "state",
    "lane",
    "batch",
    "record_id",
    "reason",
    "due",
    "settled_at",
    "owner",
    "attempts",
)
UNSETTLED = """
select count(*), min(j.received_at) from work w join journal j on j.id = w.journal_id
where w.state in ('received', 'waiting')
"""
NEWEST = "select max(journal_id) from work where journal_id >= :start and journal_id < :end"
BEYOND = "select count(*), min(received_at) from journal where id > :newest and id < :end"
# In one statement, which sees all chains at one moment: what a sender said first is there too.
ENDS = """
select asked.value, (
    select max(id) from journal where id >= asked.value and id < asked.value + :width
) from {each:starts}
"""
ADOPT = """
insert into work (journal_id, due)
select id, case when received_at < :now then received_at else :now end from journal
where id > coalesce((select max(journal_id) from work where journal_id < :end), 0)
and id >= :start and id < :end order by id limit :limit
on conflict do nothing
"""
RELEASE = """
update work set owner = null, attempts = attempts + :blamed,
    due = (select received_at from journal where journal.id = work.journal_id)
where owner = :owner and state in ('received', 'waiting')
"""
# Written while the clock of some machine was ahead: nothing waits that long for a worker or a part.
PULL_IN = """
update work set due = case when state = 'waiting' and owner is null then :parts else :now end
where state in ('received', 'waiting') and due > :now and (
    (state = 'received' and owner is null)
    or (owner is not null and due > :leased) or (owner is null and due > :parts))
"""
OWNERS = """
select distinct owner from work where owner is not null and state in ('received', 'waiting')
"""
BATCH = """
select journal_id, state, record_id from work where batch = :batch
and (state = 'waiting' or (state in ('recorded', 'joined') and settled_at >= :since))
order by journal_id
"""


class Claimed(msgspec.Struct, frozen=True):
    """A journal row somebody is working on; a struct, because it travels to the craft."""

    id: int
    channel: str
    external_id: str
    received_at: int
    payload: bytes
    #: None when the person asked to be erased.
    data_key: bytes | None
    state: str
    #: How often it was taken up before without an end: a row that kills its reader shows here.
    attempts: int
    #: The record it became or joined before, when it is run again.
    record_id: str | None


class Settled(msgspec.Struct, frozen=True):
    """How a journal row ended, or that it waits."""

    id: int
    state: State
    lane: str | None = None
    batch: str | None = None
    record_id: str | None = None
    #: A short phrase, never the citizen's words.
    reason: str | None = None
    #: When to look again, for rows that wait.
    due: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Rows that are not settled, since when, and rows that wait for a person."""

    waiting: int
    oldest: int | None
    parked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the pipeline asks for; times in milliseconds."""

    owner: str
    now: int
    lease: int
    limit: int
    #: Count the claim itself as an attempt: for a pipeline a message could end with its process.
    counted: bool


def claim(tx: Transaction, wanted: Claim) -> list[Claimed]:
    """Take the oldest due rows, as many as fit in one batch; one that looks deadly comes alone."""
    _adopt(tx, wanted.now, limit=ADOPTED * wanted.limit)
    due = _unsuspicious(tx.all(DUE, now=wanted.now, limit=wanted.limit))
    if not due:
        return []
    sizes: dict[int, int] = dict(cast("Sequence[tuple[int, int]]", tx.all(SIZES, ids=due)))
    ids = _within([(id_, sizes[id_]) for id_ in _as_they_came(due)])
    until, counted = wanted.now + wanted.lease, int(wanted.counted)
    tx.run(CLAIM, ids=ids, owner=wanted.owner, until=until, counted=counted)
    return load(tx, ids, counted=counted)


def _adopt(tx: Transaction, now: int, *, limit: int) -> None:
    """Give each new journal row its work row; `accept` leaves that to us."""
    starts = [journal_id(chain, 0) for chain in chains(tx)]
    for start, last in tx.all(ENDS, starts=starts, width=journal_id(1, 0)) if starts else ():
        # Due when it came, by the clock of who took it in, which may be ahead of ours.
        tx.run(ADOPT, start=start, end=last + 1, limit=limit, now=now)


def load(tx: Transaction, ids: Sequence[int], *, counted: int = 0) -> list[Claimed]:
    """The rows with their payloads, oldest first; `attempts` without this claim's own."""
    return [
        Claimed(
            id=row[0],
            channel=row[1],
            external_id=row[2],
            received_at=row[3],
            payload=bytes(row[4]),
            data_key=None if row[5] is None else bytes(row[5]),
            state=row[6],
            attempts=row[7] - counted,
            record_id=row[8],
        )
        for row in tx.all(LOAD, ids=list(ids))
    ]


def sealed(tx: Transaction, channel: str, external_id: str) -> tuple[bytes, bytes] | None:
    """A message's payload and its data key; None where it is unknown or was erased."""
    row = tx.one(SEALED, channel=channel, external_id=external_id)
    return (bytes(row[0]), bytes(row[1])) if row else None


def settle(tx: Transaction, rows: Sequence[Settled], *, now: int) -> None:
    """Write how rows ended; the last end of a row that has several counts."""
    ends = {row.id: row for row in rows}.values()
    tx.upsert("work", SETTLED, [_end(row, now) for row in ends])


def _end(row: Settled, now: int) -> tuple[object, ...]:
    """A row's values, in the order of `SETTLED`."""
    names = (row.id, row.state, row.lane, row.batch, row.record_id, row.reason)
    return (*names, row.due, None if row.state == "waiting" else now, None, 0)


def batch_of(tx: Transaction, batch: str, *, since: int) -> list[tuple[int, str, str | None]]:
    """The parts of one long message: (journal id, state, record id), recent or waiting."""
    return [(row[0], row[1], row[2]) for row in tx.all(BATCH, batch=batch, since=since)]


def _unadopted(tx: Transaction, chain: int) -> Row | None:
    """Journal rows of a chain that have no work row yet: how many, and since when."""
    start, end = journal_id(chain, 0), journal_id(chain + 1, 0)
    newest = tx.one(NEWEST, start=start, end=end)
    return tx.one(BEYOND, newest=newest[0] if newest and newest[0] else start, end=end)


def members_of(tx: Transaction, record_id: str) -> list[int]:
    """The journal rows a record was made of, oldest first."""
    rows = tx.all(
        "select journal_id from work where record_id = :record_id order by journal_id",
        record_id=record_id,
    )
    return [row[0] for row in rows]


def backlog(tx: Transaction) -> Backlog:
    """What the pipeline has before it."""
    found = [tx.one(UNSETTLED), *(_unadopted(tx, chain) for chain in chains(tx))]
    waiting = sum(row[0] for row in found if row)
    oldest = min((row[1] for row in found if row and row[1] is not None), default=None)
    stuck = tx.one("select count(*) from work where state = 'parked'")
    return Backlog(waiting=waiting, oldest=oldest, parked=stuck[0] if stuck else 0)


def release(tx: Transaction, *, owner: str, blamed: bool = False) -> int:
    """
    Give back what somebody who died, or met bad weather, had claimed; it keeps its place.

    `blamed`: one of these rows may have been what ended the reader.
    """
    return tx.run(RELEASE, owner=owner, blamed=int(blamed))


def release_all(tx: Transaction) -> None:
    """Give back what anybody had claimed, where nobody is left to work on it."""
    for [owner] in tx.all(OWNERS):
        release(tx, owner=owner)


def pull_in(tx: Transaction, *, now: int, lease: int, patience: int) -> int:
    """
    Let nothing wait for a time that only a wrong clock could mean; how many rows did.

    `lease` and `patience` are the longest a worker and a message's parts may take, in milliseconds.
    """
    return tx.run(PULL_IN, now=now, leased=now + lease, parts=now + patience)


def requeue(tx: Transaction, ids: Sequence[int], *, now: int) -> None:
    """Run rows through the pipeline again; records they made are revised, not made twice."""
    tx.many(
        "update work set state = 'received', due = :now, attempts = 0, owner = null,"
        " reason = null, settled_at = null where journal_id = :id",
        [{"id": id_, "now": now} for id_ in ids],
    )


def _unsuspicious(rows: Sequence[tuple[int, int]]) -> list[int]:
    """The rows before the first suspicious one, or that one if it comes first."""
    usual = list(takewhile(lambda row: row[1] < SUSPICIOUS, rows))
    return [row[0] for row in usual or rows[:1]]


def _as_they_came(due: Sequence[int]) -> Sequence[int]:
    """Rows as they were due; within a chain by its positions, for a clock may be set back."""
    return due if len({chain_of(id_) for id_ in due}) > 1 else sorted(due)


def _within(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """The first rows that fit, and always at least one."""
    ids: list[int] = []
    total = 0
    for id_, size in sizes:
        total += size
        if ids and total > BATCH_BYTES:
            break
        ids.append(id_)
    return ids
