"""
Rows of the journal: each linked to the one before, inserted once.

`Rows` makes them where all are thought to be new; `append` looks first, within the transaction,
where the chain ends and what is there already.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from channels.contract import Accepted, Cursor
from forwarder.ports import Transaction
from gateway import cursors
from gateway.chain import Head, journal_id, last_head, link
from gateway.store import Insert

COLUMNS = (
    "id",
    "chain",
    "position",
    "channel",
    "external_id",
    "received_at",
    "payload",
    "data_key",
    "digest",
)
KNOWN = """
select external_id, id from journal where channel = :channel and external_id {among:ids}
"""


@dataclass(slots=True)
class Waiting:
    """One delivery on its way to disk."""

    channel: str
    external_id: str
    received_at: int
    payload: bytes
    data_key: bytes
    future: asyncio.Future[Accepted]
    #: Moves in the commit of the last delivery it stands for.
    cursor: Cursor | None = None


class Rows:
    """New rows at the end of a chain, as `Insert` wants them."""

    def __init__(self, chain: int, head: Head) -> None:
        self._chain = chain
        self._position, self._digest = head.position, head.digest
        self._values: list[object] = []

    def add(self, item: Waiting) -> int:
        """One more; returns its journal id."""
        self._position += 1
        row = journal_id(self._chain, self._position)
        ids = (item.channel, item.external_id, item.received_at)
        self._digest = link(self._digest, ids, item.payload)
        place = (row, self._chain, self._position)
        self._values += (*place, *ids, item.payload, item.data_key, self._digest)
        return row

    @property
    def insert(self) -> Insert:
        """The work that writes them."""
        return Insert("journal", COLUMNS, self._values)

    @property
    def head(self) -> Head:
        """Where the chain ends with these rows."""
        return Head(self._position, self._digest)


def append(tx: Transaction, batch: Sequence[Waiting], chain: int) -> tuple[list[Accepted], Head]:
    """Insert what is new at the end of the chain; tell for each whether it was."""
    rows, known, answers = Rows(chain, last_head(tx, chain)), _known(tx, batch), []
    for item in batch:
        key = (item.channel, item.external_id)
        if key in known:
            answers.append(Accepted(id=known[key], new=False))
        else:
            known[key] = rows.add(item)
            answers.append(Accepted(id=known[key], new=True))
    rows.insert(tx)
    for item in batch:
        if item.cursor:
            cursors.move(tx, channel=item.channel, cursor=item.cursor, now=item.received_at)
    return answers, rows.head


def _known(tx: Transaction, batch: Sequence[Waiting]) -> dict[tuple[str, str], int]:
    """What the journal holds already of a batch."""
    by_channel: dict[str, list[str]] = {}
    for item in batch:
        by_channel.setdefault(item.channel, []).append(item.external_id)
    return {
        (channel, row[0]): row[1]
        for channel, ids in by_channel.items()
        for row in tx.all(KNOWN, channel=channel, ids=ids)
    }
