"""
The journal: every provider message as it came, sealed, chained, and on disk before "ok".

`Journal.accept` collects what arrives while the last commit runs and hands it to the store's
writer as one batch; each waiter goes on after its own commit. A row's digest covers the digest
before it and this row's ciphertext, so `verify` finds any change, removal or swap. Erasing a
person destroys `data_key` only, and the chain stays whole.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from channels.contract import Accepted, Cursor, Delivery, NotStored
from forwarder.ports import Database, Transaction, Vault
from gateway import cursors
from gateway.chain import Head, genesis, journal_id, last_head, link
from gateway.store import StoreError, StoreUnavailable

# Beyond this the gateway says "not now" rather than grow: what waits is in memory only.
QUEUE_ROWS = 20_000
QUEUE_BYTES = 256 << 20
# What one transaction takes: bounds how long the writer is busy with one batch.
BATCH_ROWS = 1_000

# Rows to a commit from which on a burst is going on, and how long that holds.
CROWD = 8
LATELY_SECONDS = 0.1

ID_LENGTH = 300

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
class _Waiting:
    """One delivery on its way to disk."""

    channel: str
    external_id: str
    received_at: int
    payload: bytes
    data_key: bytes
    future: asyncio.Future[Accepted]
    #: Moves in the commit of the last delivery it stands for.
    cursor: Cursor | None = None


class Journal:
    """The one way in."""

    def __init__(
        self, store: Database, vault: Vault, *, clock: Callable[[], int], chain: int = 0
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._chain = chain
        self._head = genesis(chain)
        self._head_is_sure = False
        self._queue: list[_Waiting] = []
        self._bytes = 0
        self._flushing: asyncio.Task[None] | None = None
        #: Set after every commit that brought something new; the pipeline waits for it.
        self.arrived = asyncio.Event()
        #: How many rows share a commit, smoothed, and when the last commit was.
        self._together = 0.0
        self._committed_at = 0.0

    async def open(self) -> None:
        """Find the end of the chain."""
        self._head = await self._store.read(lambda tx: last_head(tx, self._chain))

    @property
    def crowded(self) -> bool:
        """Whether so much arrives that many share each commit; then acknowledging comes first."""
        lately = time.monotonic() - self._committed_at < LATELY_SECONDS
        return lately and self._together >= CROWD

    @property
    def head(self) -> Head:
        """The end of the chain as of the last commit."""
        return self._head

    async def accept(
        self, channel: str, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Return when every delivery is on disk; raise NotStored when that cannot be promised."""
        if len(self._queue) >= QUEUE_ROWS or self._bytes >= QUEUE_BYTES:
            raise NotStored("the gateway is too busy to store more")
        loop = asyncio.get_running_loop()
        now = self._clock()
        waiting = []
        for delivery in deliveries:
            payload, data_key = self._vault.seal(delivery.payload)
            item = _Waiting(
                channel,
                storable_id(delivery.external_id),
                now,
                payload,
                data_key,
                loop.create_future(),
            )
            self._bytes += len(payload)
            waiting.append(item)
        if not waiting:
            return await self._move(channel, cursor)
        waiting[-1].cursor = cursor
        self._queue += waiting
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        if len(waiting) == 1:
            return [await waiting[0].future]
        return list(await asyncio.gather(*(item.future for item in waiting)))

    async def _move(self, channel: str, cursor: Cursor | None) -> list[Accepted]:
        """A page with nothing in it."""
        if cursor:
            moved = partial(cursors.move, channel=channel, cursor=cursor, now=self._clock())
            try:
                await self._store.write(moved)
            except StoreError as exc:
                raise NotStored("the cursor could not be written") from exc
        return []

    async def _flush(self) -> None:
        """Write batches until nothing waits; the only task the journal ever has."""
        try:
            while self._queue:
                batch, self._queue = self._queue[:BATCH_ROWS], self._queue[BATCH_ROWS:]
                self._bytes -= sum(len(item.payload) for item in batch)
                await self._write(batch)
        finally:
            _refuse(self._queue, None)
            # Counted bytes that are gone would make the queue look full for ever.
            self._queue, self._bytes = [], 0
            self._flushing = None

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        head = self._head if self._head_is_sure else None
        work = partial(append, batch=batch, chain=self._chain, head=head)
        try:
            answers, self._head = await self._store.write(work)
        except StoreError as exc:
            # A commit whose answer was lost may have happened: look where the chain ends now.
            self._head_is_sure = False
            # Whoever queued meanwhile would only wait as long again to hear the same.
            _refuse([*batch, *self._queue], exc)
            self._queue, self._bytes = [], 0
            return
        except BaseException as exc:
            _refuse(batch, exc)
            raise
        self._head_is_sure = True
        self._together += (len(batch) - self._together) / 8
        self._committed_at = time.monotonic()
        for item, answer in zip(batch, answers, strict=True):
            if not item.future.done():
                item.future.set_result(answer)
        self.arrived.set()


def storable_id(external_id: str) -> str:
    """An id both engines take: a longer one, or one no UTF-8 can say, is replaced by its hash."""
    if len(external_id) <= ID_LENGTH and external_id.isprintable():
        return external_id
    raw = external_id.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def append(
    tx: Transaction, batch: Sequence[_Waiting], chain: int, head: Head | None
) -> tuple[list[Accepted], Head]:
    """Insert what is new at the end of the chain; tell for each whether it was."""
    head = head or last_head(tx, chain)
    position, digest = head.position, head.digest
    known = _known(tx, batch)
    answers, rows = [], []
    for item in batch:
        key = (item.channel, item.external_id)
        if key in known:
            answers.append(Accepted(id=known[key], new=False))
            continue
        position += 1
        ids = (item.channel, item.external_id, item.received_at)
        digest = link(digest, ids, item.payload)
        row = known[key] = journal_id(chain, position)
        rows.append((row, chain, position, *ids, item.payload, item.data_key, digest))
        answers.append(Accepted(id=row, new=True))
    if tx.insert("journal", COLUMNS, rows) != len(rows):
        raise StoreUnavailable("another process stored the same message at the same moment")
    for item in batch:
        if item.cursor:
            cursors.move(tx, channel=item.channel, cursor=item.cursor, now=item.received_at)
    return answers, Head(position, digest)


def _known(tx: Transaction, batch: Sequence[_Waiting]) -> dict[tuple[str, str], int]:
    """What the journal holds already of a batch."""
    by_channel: dict[str, list[str]] = {}
    for item in batch:
        by_channel.setdefault(item.channel, []).append(item.external_id)
    return {
        (channel, row[0]): row[1]
        for channel, ids in by_channel.items()
        for row in tx.all(KNOWN, channel=channel, ids=ids)
    }


def _refuse(batch: Sequence[_Waiting], error: BaseException | None) -> None:
    for item in batch:
        if not item.future.done():
            refusal = NotStored("the journal could not be written")
            refusal.__cause__ = error
            item.future.set_exception(refusal)
