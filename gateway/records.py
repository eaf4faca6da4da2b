"""
The gateway's own copy of each record: all SQL on `records`, `reporters` and `fingerprints`.

What was said and who said it are sealed and stand in different tables. Readable are ids, times,
the channel, the case code and the public state; senders appear as pseudonyms only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from forwarder.ports import Transaction

# Candidates one message is compared with, newest and most alike first (see design/matching).
NEIGHBOURS = 16

UPSERT = """
insert into records (record_id, revision, case_code, channel, external_id, received_at,
                     updated_at, pseudonym, state, document, data_key)
values (:record_id, :revision, :case_code, :channel, :external_id, :received_at,
        :updated_at, :pseudonym, 'diterima', :document, :data_key)
on conflict (record_id) do update set revision = excluded.revision,
    updated_at = excluded.updated_at, document = excluded.document, data_key = excluded.data_key
where records.revision < excluded.revision
"""
UPSERT_REPORTER = """
insert into reporters (record_id, pseudonym, identity, data_key)
values (:record_id, :pseudonym, :identity, :data_key)
on conflict (record_id) do update set identity = excluded.identity, data_key = excluded.data_key
"""
ALIKE = """
select r.record_id, r.pseudonym, r.received_at, r.document, r.data_key
from (
    select f.record_id, count(*) as shared, max(f.received_at) as newest
    from fingerprints f where f.key {among:keys} and f.received_at >= :since
    group by f.record_id order by shared desc, newest desc limit :limit
) a join records r on r.record_id = a.record_id
"""
SAME_SENDER = """
select record_id, pseudonym, received_at, document, data_key from records
where pseudonym = :pseudonym and received_at >= :since order by received_at desc limit :limit
"""
FORWARDED = """
update records set state = 'diteruskan', updated_at = :now
where record_id = :record_id and state = 'diterima'
"""
PAGE_ROWS = 500
PAGE = """
select record_id, pseudonym, received_at, document, data_key from records
where (received_at > :received or (received_at = :received and record_id > :after))
and (:channel = '' or channel = :channel)
order by received_at, record_id limit :limit
"""
STATUS_COLUMNS = "case_code, state, received_at, updated_at, pseudonym"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A record as the table has it."""

    record_id: str
    pseudonym: str
    received_at: int
    document: bytes
    data_key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What the table tells of a case without opening it."""

    case_code: str
    state: str
    received_at: int
    updated_at: int
    pseudonym: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
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


def write(tx: Transaction, rows: Sequence[Written], *, now: int) -> None:
    """Insert records, or replace them by a higher revision."""
    tx.many(UPSERT, [_record_row(row, now) for row in rows])
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
        ],
    )
    tx.insert(
        "fingerprints",
        ("key", "record_id", "received_at"),
        [(key, row.record_id, row.received_at) for row in rows for key in row.keys],
    )


def find(tx: Transaction, record_id: str) -> tuple[int, Stored] | None:
    """A record's revision and what is stored of it."""
    row = tx.one(
        "select record_id, pseudonym, received_at, document, data_key, revision from records"
        " where record_id = :record_id",
        record_id=record_id,
    )
    return (row[5], _stored(row)) if row else None


def neighbours(tx: Transaction, *, keys: Sequence[int], pseudonym: str, since: int) -> list[Stored]:
    """Earlier records that share words with a text, or its sender."""
    rows = tx.all(ALIKE, keys=list(keys), since=since, limit=NEIGHBOURS) if keys else []
    rows += tx.all(SAME_SENDER, pseudonym=pseudonym, since=since, limit=NEIGHBOURS)
    return list({row[0]: _stored(row) for row in rows}.values())


def status_of(tx: Transaction, case_code: str) -> Status | None:
    """The state of a case by its code."""
    row = tx.one(
        f"select {STATUS_COLUMNS} from records where case_code = :case_code",
        case_code=case_code,
    )
    return _status(row)


def latest_of(tx: Transaction, pseudonym: str) -> Status | None:
    """The state of a sender's newest case."""
    row = tx.one(
        f"select {STATUS_COLUMNS} from records where pseudonym = :pseudonym"
        " order by received_at desc limit 1",
        pseudonym=pseudonym,
    )
    return _status(row)


def since(tx: Transaction, received: int, channel: str = "") -> Iterator[Stored]:
    """Every record received at or after a time, oldest first, a page at a time."""
    after = ""
    while rows := tx.all(PAGE, received=received, after=after, channel=channel, limit=PAGE_ROWS):
        yield from map(_stored, rows)
        received, after = rows[-1][2], rows[-1][0]


def forwarded(tx: Transaction, record_id: str, now: int) -> None:
    """A central store has taken the record."""
    tx.run(FORWARDED, record_id=record_id, now=now)


def _record_row(row: Written, now: int) -> dict[str, object]:
    return {
        "record_id": row.record_id,
        "revision": row.revision,
        "case_code": row.case_code,
        "channel": row.channel,
        "external_id": row.external_id,
        "received_at": row.received_at,
        "updated_at": now,
        "pseudonym": row.pseudonym,
        "document": row.document[0],
        "data_key": row.document[1],
    }


def _stored(row: tuple[Any, ...]) -> Stored:
    return Stored(
        record_id=row[0],
        pseudonym=row[1],
        received_at=row[2],
        document=bytes(row[3]),
        data_key=None if row[4] is None else bytes(row[4]),
    )


def _status(row: tuple[Any, ...] | None) -> Status | None:
    if row is None:
        return None
    return Status(
        case_code=row[0], state=row[1], received_at=row[2], updated_at=row[3], pseudonym=row[4]
    )
