"""
Making fingerprints again from the records: after an upgrade, or when the table was lost.

Newest first, a page at a time and beside the daily work; how far it got is written down with each
page, so a stop in the middle costs nothing.
"""

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from channels.contract import Cursor
from forwarder.ports import Database, Transaction
from gateway import cursors, fingerprints
from gateway.craft import Craft
from gateway.neighbours import DOCUMENTS
from gateway.records import Stored
from gateway.workshop import Workshop
from normalizer.fingerprint import VERSION

log = structlog.get_logger()

PAGE = 200
# Cursors of our own stand under no channel's name.
OURS = "-"
NAME = f"fingerprints {VERSION}"
# There are no records.
NOTHING = -1
EMPTY = "select 1 from fingerprints limit 1"
NEWEST = "select max(number) from records"
BEFORE = """
select record_id, number from records where number < :before and received_at >= :since
order by number desc limit :limit
"""


async def refill(
    database: Database, workshop: Workshop, *, window: int, clock: Callable[[], int]
) -> None:
    """Bring the table up to date with the records of the window."""
    before, made = await database.read(_begin), 0
    if before == NOTHING:  # it will fill as records come in
        await database.write(partial(_put, found=[], before=0, now=clock()))
    while before > 0:
        since = clock() - window
        rows = await database.read(partial(_page, before=before, since=since))
        stored = [row for row, _ in rows]
        keys = await workshop.run(Craft.fingerprint, stored) if stored else []
        before = min((number for _, number in rows), default=0)
        found = [
            (number, row.received_at, each) for (row, number), each in zip(rows, keys, strict=True)
        ]
        await database.write(partial(_put, found=found, before=before, now=clock()))
        made += len(found)
    if made:
        log.info("fingerprints made again", records=made)


def _begin(tx: Transaction) -> int:
    """The number below which records are still to be looked at; 0 where all were."""
    row = tx.one(NEWEST)
    if row is None or row[0] is None:
        return NOTHING
    lost = tx.one(EMPTY) is None
    reached = cursors.of(tx, OURS).get(NAME)
    return int(row[0]) + 1 if lost or reached is None else int(reached)


def _page(tx: Transaction, *, before: int, since: int) -> list[tuple[Stored, int]]:
    found = tx.all(BEFORE, before=before, since=since, limit=PAGE)
    numbers: dict[str, int] = {record_id: number for record_id, number in found}  # noqa: C416
    rows = tx.all(DOCUMENTS, record_ids=list(numbers)) if numbers else []
    return [
        (Stored(id_, lane, at, bytes(document), key and bytes(key)), numbers[id_])
        for id_, lane, at, document, key in rows
    ]


def _put(
    tx: Transaction, *, found: Sequence[tuple[int, int, Sequence[int]]], before: int, now: int
) -> None:
    fingerprints.put(tx, found)
    cursors.move(tx, channel=OURS, cursor=Cursor(name=NAME, value=str(before)), now=now)
