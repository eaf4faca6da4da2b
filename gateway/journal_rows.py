"""
Rows of the journal: each linked to the one before, inserted once.

`Append` is one commit of them, at first as if all were new; where one is not, it looks within the
transaction where the chain ends and what is there already.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from channels.contract import Accepted, Cursor
from forwarder.ports import Transaction
from gateway import cursors
from gateway.chain import Head, journal_id, last_head, link
from gateway.store import Insert, Urgent
from gateway.store.engine import together

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
    #: Moves with the last delivery of its page.
    cursor: Cursor | None = None
    #: Raises where the cursor must not move any more; asked in the commit that would move it.
    allowed: Callable[[Transaction], None] = lambda _: None
    #: Whether it is among what waits for an answer.
    counted: bool = True


class Tail:
    """Where a chain ends as of the last commit; the writer's thread alone moves it on."""

    def __init__(self, chain: int, head: Head) -> None:
        self.chain = chain
        self.head = head
        #: Look where the chain ends and what is known before inserting: at first, after an error,
        #: and while providers repeat themselves.
        self.careful = True


class Append(Urgent):
    """
    One commit of the journal: what waits when the writer has time for it.

    Rows are linked in the writer's thread, commit after commit, so the next one begins without
    asking the event loop, which has much to do just then. `batch`: these and no others, as the
    page of a channel that reads a provider's list, whose cursor moves with it.
    """

    def __init__(
        self, tail: Tail, queue: deque[Waiting], batch: Sequence[Waiting] | None = None
    ) -> None:
        self._tail = tail
        self._queue = queue
        self.taken = batch is not None
        self.batch = list(batch or ())
        #: Insert as if all were new, which they nearly always are; else look first.
        self.careful = self.taken
        self.answers: list[Accepted] = []
        self._head = tail.head

    def is_one_statement(self) -> bool:
        """Take what waits."""
        if not self.taken:
            # First this: what comes after it finds that it needs another commit.
            self.taken = True
            self.batch = list(popped(self._queue, together(len(self._queue))))
            self.careful = self._tail.careful
        is_simple = not (self.careful or any(item.cursor for item in self.batch))
        rows = len(self.batch)
        return not rows or (is_simple and together(rows) == rows)

    def __call__(self, tx: Transaction, /) -> None:
        """Insert what is new at the end of the chain; tell for each whether it was."""
        chain = self._tail.chain
        rows = Rows(chain, last_head(tx, chain) if self.careful else self._tail.head)
        known = _known(tx, self.batch) if self.careful else None
        self.answers = [_answer(item, rows, known) for item in self.batch]
        rows.insert(tx)
        if self.answers and not any(answer.new for answer in self.answers):
            # A commit whose wait was cancelled left its rows on one machine: known is not safe.
            tx.one("{standbys}")
        for item in self.batch:
            if item.cursor:
                item.allowed(tx)
                cursors.move(tx, channel=item.channel, cursor=item.cursor, now=item.received_at)
        self._head = rows.head

    def committed(self) -> None:
        """The chain goes on from here."""
        if self.batch:
            self._tail.head = self._head
            self._tail.careful = not all(answer.new for answer in self.answers)


def popped(queue: deque[Waiting], most: int) -> Iterator[Waiting]:
    """Take so many from the beginning, if there are; others may take and add meanwhile."""
    with suppress(IndexError):
        for _ in range(most):
            yield queue.popleft()


def _answer(item: Waiting, rows: "Rows", known: dict[tuple[str, str], int] | None) -> Accepted:
    if known is None:
        return Accepted(id=rows.add(item), new=True)
    key = (item.channel, item.external_id)
    is_new = key not in known
    if is_new:
        known[key] = rows.add(item)
    return Accepted(id=known[key], new=is_new)


class Rows:
    """New rows at the end of a chain."""

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

    def insert(self, tx: Transaction) -> None:
        """Write them."""
        Insert("journal", COLUMNS, self._values)(tx)

    @property
    def head(self) -> Head:
        """Where the chain ends with these rows."""
        return Head(self._position, self._digest)


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
