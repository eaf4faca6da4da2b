"""
The rows of the board: all SQL that writes the table `board`, and what a row is made from.

A row is made from the sealed record and from what stands around it; nothing a citizen wrote goes
into it. Whoever changes a record and must see it at once calls `refresh` in the same transaction;
everything else is the follower's.
"""

from collections.abc import Iterable, Sequence

import msgspec

from forwarder.ports import Row, Transaction
from gateway.board.glance import Around, Glance, glance_of, seen_in
from gateway.board.words import packed, unpacked, words_with
from gateway.figures.tables import mark
from gateway.vault import Vault

# Another number makes every row again.
MADE = 2
COLUMNS = (
    "number",
    "made",
    "record_id",
    "revision",
    "updated_at",
    "received_at",
    "channel",
    "state",
    "cluster",
    *Glance.__struct_fields__,
    "words",
)
_RECEIVED = COLUMNS.index("received_at")
WORDS = ("word", "number")
SOURCES = """
select r.number, r.record_id, r.revision, r.updated_at, r.received_at, r.channel, r.state,
    r.cluster, r.document, r.data_key, d.who, d.at,
    (select min(t.at) from timeline t where t.record_id = r.record_id and t.kind = 'answer'),
    (select max(t.at) from timeline t where t.record_id = r.record_id
        and t.state in ('selesai', 'diarsipkan', 'dibatalkan')),
    (select min(c.due_at) from clocks c
        where c.record_id = r.record_id and c.ended is null and c.step <> '')
from records r left join decisions d on d.id = (
    select max(e.id) from decisions e where e.record_id = r.record_id and e.undone_at is null)
where r.number {among:numbers}
"""
NUMBERS = "select number from records where record_id {among:record_ids} and number is not null"
KNOWN = "select number, words from board where number {among:numbers} and words is not null"
FORGET = "delete from board_words where word {among:words} and number = :number"
# Of a board that was lost: who may have been erased meanwhile must not be found.
TIDY = "delete from board_words where not exists (select 1 from board)"
DUE = """
update board set due_at = (
    select min(c.due_at) from clocks c
    where c.record_id = board.record_id and c.ended is null and c.step <> '')
where number in (select number from records where record_id {among:record_ids})
"""
REGROUP = """
update board set cluster = case when record_id = :name then null else :name end
where cluster = :cluster
"""


def made(tx: Transaction, vault: Vault, numbers: Sequence[int]) -> list[Row]:
    """The rows these records should have, in the order of `COLUMNS`; written by `put`."""
    return [_row(vault, row) for row in tx.all(SOURCES, numbers=list(numbers))]


def put(tx: Transaction, rows: Sequence[Row]) -> None:
    """Write rows, in place of those that are there, and let them be found by their words."""
    kept = {row[0]: bytes(row[1]) for row in tx.all(KNOWN, numbers=[row[0] for row in rows])}
    new: list[tuple[int, int]] = []
    for row in rows:
        number, words = row[0], row[-1]
        if kept.get(number, b"") != words:
            before, after = set(unpacked(kept.get(number, b""))), set(unpacked(words))
            new += ((word, number) for word in after - before)
            if gone := sorted(before - after):
                tx.run(FORGET, words=gone, number=number)
    # In the order of the index, whose pages are found once each.
    tx.insert("board_words", WORDS, sorted(new))
    tx.upsert("board", COLUMNS, rows)
    mark(tx, [row[_RECEIVED] for row in rows])


def tidy(tx: Transaction) -> None:
    """Let go of the words where the rows were lost: they are made again together."""
    tx.run(TIDY)


def refresh(tx: Transaction, vault: Vault, record_ids: Iterable[str]) -> None:
    """Make the rows of these records again at once."""
    rows = tx.all(NUMBERS, record_ids=list(record_ids))
    put(tx, made(tx, vault, [row[0] for row in rows]))


def regroup(tx: Transaction, cluster: str, name: str) -> None:
    """A cluster is named after another of its records, which stands in none but its own then."""
    tx.run(REGROUP, cluster=cluster, name=name)


def due_again(tx: Transaction, record_ids: Iterable[str]) -> None:
    """The clocks of these records have changed."""
    ids = list(dict.fromkeys(record_ids))
    if ids:
        tx.run(DUE, record_ids=ids)


def _row(vault: Vault, row: Row) -> Row:
    number, record_id, revision, updated_at, received_at, channel, state, cluster = row[:8]
    document = b"" if row[9] is None else opened(vault, bytes(row[8]), bytes(row[9]))
    around = Around(
        received_at=received_at,
        updated_at=updated_at,
        state=state,
        accepted_by=row[10],
        accepted_at=row[11],
        answered_at=row[12],
        closed_at=row[13],
        due_at=row[14],
    )
    seen = seen_in(document)
    glance = glance_of(seen, around)
    words = words_with(vault.derive("board words")).of(() if glance.erased else seen.texts())
    stands = (number, MADE, record_id, revision, updated_at, received_at, channel, state, cluster)
    return *stands, *msgspec.structs.astuple(glance), packed(words)


def opened(vault: Vault, document: bytes, data_key: bytes) -> bytes:
    """The record as JSON; nothing where no key fits, so that one such row holds up no other."""
    try:
        return vault.open(document, data_key)
    except ValueError:
        return b""
