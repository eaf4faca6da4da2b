"""
The gateway's own copy of each record: all SQL that changes `records` and `reporters`.

What was said and who said it are sealed and stand in different tables. Readable are ids, times,
the channel, the case code and the public state; senders appear as pseudonyms only. Which records a
message is compared with is asked in `gateway/neighbours.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from forwarder.ports import Transaction
from gateway import fingerprints
from gateway.store.errors import StoreOvertaken

COLUMNS = (
    "record_id",
    "revision",
    "case_code",
    "channel",
    "external_id",
    "received_at",
    "updated_at",
    "pseudonym",
    "state",
    "document",
    "data_key",
    "number",
    "cluster",
)
# Only the revision that follows the one it was made from: who was slower must look again.
REWRITE = """
update records set revision = :revision, updated_at = :now, document = :document,
    data_key = :data_key
where record_id = :record_id and revision = :revision - 1
"""
MOVE = """
update records set state = :state, updated_at = :now
where record_id = :record_id and state <> :state
"""
UPSERT_REPORTER = """
insert into reporters (record_id, pseudonym, identity, data_key)
values (:record_id, :pseudonym, :identity, :data_key)
on conflict (record_id) do update set identity = excluded.identity, data_key = excluded.data_key
"""
NUMBERS = "select record_id, number from records where record_id {among:record_ids}"
REVISIONS = """
select record_id, pseudonym, received_at, document, data_key, revision from records
where record_id {among:record_ids}
"""
FORWARDED = """
update records set state = 'diteruskan', updated_at = :now
where record_id {among:record_ids} and state = 'diterima'
"""
ENDED = """
select record_id from records
where record_id {among:record_ids} and state in ('selesai', 'dibatalkan')
"""
PAGE_ROWS = 500
PAGE = """
select record_id, pseudonym, received_at, document, data_key from records
where (received_at > :received or (received_at = :received and record_id > :after))
and (:channel = '' or channel = :channel)
order by received_at, record_id limit :limit
"""
CODES = "select record_id, case_code from records where record_id {among:record_ids}"
STATUS_COLUMNS = "record_id, case_code, channel, state, received_at, updated_at, pseudonym"


class Stored(msgspec.Struct, frozen=True):
    """A record as the table has it; a struct, because hundreds travel to the craft at a time."""

    record_id: str
    pseudonym: str
    received_at: int
    #: Empty in a neighbour, see `gateway/neighbours.py`.
    document: bytes
    data_key: bytes | None
    #: Of a neighbour: the reports that say the same, and how many there are.
    cluster: str = ""
    volume: int = 1


class Joined(msgspec.Struct, frozen=True):
    """What a new record is to a cluster."""

    cluster: str
    #: Not only suggested.
    same: bool
    #: Its sender had not said so before.
    fresh: bool
    #: Clusters that are one with it by this record.
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the table tells of a case without opening it."""

    record_id: str
    case_code: str
    channel: str
    state: str
    received_at: int
    updated_at: int
    pseudonym: str


class Written(msgspec.Struct, frozen=True):
    """A record to write, sealed."""

    record_id: str
    revision: int
    case_code: str
    channel: str
    external_id: str
    received_at: int
    pseudonym: str
    document: tuple[bytes, bytes]
    identity: tuple[bytes, bytes]
    keys: Sequence[int]
    #: Of a new record: the journal row it begins with.
    number: int | None = None
    joined: Joined | None = None
    #: SHA-256 of its attachments.
    files: tuple[str, ...] = ()
    #: Stores that get what is new in this revision as a comment, if they have the record.
    commented: tuple[str, ...] = ()


class Stale(StoreOvertaken):
    """The record was revised by somebody else meanwhile; look again."""


def write(tx: Transaction, rows: Sequence[Written], *, now: int) -> None:
    """
    Insert records, or replace them by the revision that follows.

    Raises Stale when another revision was written since the record was read.
    """
    new = [row for row in rows if row.revision == 1]
    if tx.insert("records", COLUMNS, [_record_row(row, now) for row in new]) != len(new):
        raise Stale("a new record was there already")
    for row in rows:
        if row.revision > 1 and not rewrite(tx, row.record_id, row.revision, row.document, now=now):
            raise Stale(row.record_id)
    tx.insert(
        "reporters",
        ("record_id", "pseudonym", "identity", "data_key"),
        [(row.record_id, row.pseudonym, *row.identity) for row in new],
    )
    tx.many(
        UPSERT_REPORTER,
        [
            {
                "record_id": row.record_id,
                "pseudonym": row.pseudonym,
                "identity": row.identity[0],
                "data_key": row.identity[1],
            }
            for row in rows
            if row.revision > 1
        ],
    )
    _fingerprint(tx, rows)
    put_files(tx, [(sha256, row.record_id) for row in rows for sha256 in row.files])


def put_files(tx: Transaction, pairs: Sequence[tuple[str, str]]) -> None:
    """Note which files belong to which records: (SHA-256, record id)."""
    if pairs:
        tx.insert("record_files", ("sha256", "record_id"), pairs)


def rewrite(
    tx: Transaction, record_id: str, revision: int, sealed: tuple[bytes, bytes], *, now: int
) -> bool:
    """Put the next revision in place of the last; False where that is another one by now."""
    changed = tx.run(
        REWRITE,
        record_id=record_id,
        revision=revision,
        document=sealed[0],
        data_key=sealed[1],
        now=now,
    )
    return changed > 0


def find(tx: Transaction, record_id: str) -> tuple[int, Stored] | None:
    """A record's revision and what is stored of it."""
    return find_all(tx, [record_id]).get(record_id)


def find_all(tx: Transaction, record_ids: Sequence[str]) -> dict[str, tuple[int, Stored]]:
    """The revisions of these records and what is stored of them; unknown ones are left out."""
    rows = tx.all(REVISIONS, record_ids=list(record_ids))
    return {row[0]: (row[5], stored(row)) for row in rows}


def stored(row: tuple[Any, ...]) -> Stored:
    """A row of what is stored, in the order of its fields."""
    return Stored(
        record_id=row[0],
        pseudonym=row[1],
        received_at=row[2],
        document=bytes(row[3]),
        data_key=None if row[4] is None else bytes(row[4]),
    )


def status_of(tx: Transaction, case_code: str) -> Status | None:
    """The state of a case by its code."""
    row = tx.one(
        f"select {STATUS_COLUMNS} from records where case_code = :case_code",
        case_code=case_code,
    )
    return _status(row)


def status_by_id(tx: Transaction, record_id: str) -> Status | None:
    """The state of a case by its record."""
    row = tx.one(
        f"select {STATUS_COLUMNS} from records where record_id = :record_id", record_id=record_id
    )
    return _status(row)


def codes_of(tx: Transaction, record_ids: Sequence[str]) -> dict[str, str]:
    """The case codes of these records, as far as they are there."""
    return dict(tx.all(CODES, record_ids=list(record_ids)))


def latest_of(tx: Transaction, pseudonym: str, *, without: str = "") -> Status | None:
    """The state of a sender's newest case; those in the state `without` are passed over."""
    row = tx.one(
        f"select {STATUS_COLUMNS} from records"
        " where pseudonym = :pseudonym and state <> :without order by received_at desc limit 1",
        pseudonym=pseudonym,
        without=without,
    )
    return _status(row)


def all_of(tx: Transaction, pseudonym: str) -> list[str]:
    """The ids of everything a sender reported, oldest first."""
    rows = tx.all(
        "select record_id from records where pseudonym = :pseudonym order by received_at",
        pseudonym=pseudonym,
    )
    return [row[0] for row in rows]


def move(tx: Transaction, record_id: str, state: str, *, now: int) -> None:
    """Put a case into another public state."""
    tx.run(MOVE, record_id=record_id, state=state, now=now)


def since(tx: Transaction, received: int, channel: str = "") -> Iterator[Stored]:
    """Every record received at or after a time, oldest first, a page at a time."""
    after = ""
    while rows := tx.all(PAGE, received=received, after=after, channel=channel, limit=PAGE_ROWS):
        yield from map(stored, rows)
        received, after = rows[-1][2], rows[-1][0]


def forwarded(tx: Transaction, record_ids: Sequence[str], now: int) -> None:
    """A central store has taken the records."""
    tx.run(FORWARDED, record_ids=list(record_ids), now=now)


def ended(tx: Transaction, record_ids: Sequence[str]) -> set[str]:
    """Which of these cases are closed."""
    return {row[0] for row in tx.all(ENDED, record_ids=list(record_ids))}


def _record_row(row: Written, now: int) -> tuple[object, ...]:
    """A new record's values, in the order of `COLUMNS`."""
    names = (row.record_id, row.revision, row.case_code, row.channel, row.external_id)
    cluster = row.joined.cluster if row.joined and row.joined.same else None
    state = (now, row.pseudonym, "diterima")
    return (*names, row.received_at, *state, *row.document, row.number, cluster)


def _fingerprint(tx: Transaction, rows: Sequence[Written]) -> None:
    """Let records be found by their words; a revision also by the words it had before."""
    revised = [row.record_id for row in rows if row.revision > 1]
    found = tx.all(NUMBERS, record_ids=revised) if revised else []
    numbers: dict[str, int | None] = dict(cast("Sequence[tuple[str, int]]", found))
    named = [(numbers.get(row.record_id, row.number), row) for row in rows]
    fingerprints.put(
        tx, [(number, row.received_at, row.keys) for number, row in named if number is not None]
    )


def _status(row: tuple[Any, ...] | None) -> Status | None:
    if row is None:
        return None
    return Status(
        record_id=row[0],
        case_code=row[1],
        channel=row[2],
        state=row[3],
        received_at=row[4],
        updated_at=row[5],
        pseudonym=row[6],
    )
