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
from functools import partial

from channels.contract import Accepted, Cursor, Delivery, NotStored
from forwarder.ports import Database, Vault
from gateway import cursors
from gateway.chain import Head, genesis, last_head
from gateway.crowd import Crowd
from gateway.journal_rows import Rows, Waiting, append
from gateway.store import StoreConflict, StoreError

# Beyond this the gateway says "not now" rather than grow: what waits is in memory only.
QUEUE_ROWS = 20_000
QUEUE_BYTES = 256 << 20
# What one transaction takes: bounds how long the writer is busy with one batch.
BATCH_ROWS = 1_000

# To digest more than this is the writer thread's work: the event loop would stand still.
LARGE = 256 << 10

ID_LENGTH = 300


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
        #: Look where the chain ends and what is known before inserting: at first, after an error,
        #: and while providers repeat themselves.
        self._careful = True
        self._queue: list[Waiting] = []
        self._bytes = 0
        self._flushing: asyncio.Task[None] | None = None
        #: Set after every commit that brought something new; the pipeline waits for it.
        self.arrived = asyncio.Event()
        self._crowd = Crowd()

    async def open(self) -> None:
        """Find the end of the chain."""
        self._head = await self._store.read(lambda tx: last_head(tx, self._chain))

    @property
    def crowded(self) -> bool:
        """Whether so much arrives that acknowledging comes first."""
        return self._crowd.is_there(time.monotonic())

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
        if not deliveries:
            return await self._move(channel, cursor)
        loop, now, waiting = asyncio.get_running_loop(), self._clock(), []
        for delivery in deliveries:
            payload, data_key = self._vault.seal(delivery.payload)
            key, future = storable_id(delivery.external_id), loop.create_future()
            waiting.append(Waiting(channel, key, now, payload, data_key, future))
            self._bytes += len(payload)
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

    async def _write(self, batch: Sequence[Waiting]) -> None:
        try:
            answers, self._head = await self._append(batch)
        except StoreError as exc:
            # A commit whose answer was lost may have happened.
            self._careful = True
            # Whoever queued meanwhile would only wait as long again to hear the same.
            _refuse([*batch, *self._queue], exc)
            self._queue, self._bytes = [], 0
            return
        except BaseException as exc:
            self._careful = True
            _refuse(batch, exc)
            raise
        self._crowd.committed(len(batch), now=time.monotonic(), worked=time.thread_time())
        for item, answer in zip(batch, answers, strict=True):
            if not item.future.done():
                item.future.set_result(answer)
        self.arrived.set()

    async def _append(self, batch: Sequence[Waiting]) -> tuple[list[Accepted], Head]:
        """Insert as if all were new, which they nearly always are; else look first."""
        if not self._careful and all(map(_is_simple, batch)):
            rows = Rows(self._chain, self._head)
            answers = [Accepted(id=rows.add(item), new=True) for item in batch]
            try:
                await self._store.write(rows.insert)
            except StoreConflict:
                self._careful = True
            else:
                return answers, rows.head
        answers, head = await self._store.write(partial(append, batch=batch, chain=self._chain))
        self._careful = not all(answer.new for answer in answers)
        return answers, head


def _is_simple(item: Waiting) -> bool:
    return item.cursor is None and len(item.payload) <= LARGE


def storable_id(external_id: str) -> str:
    """An id both engines take: a longer one, or one no UTF-8 can say, is replaced by its hash."""
    if len(external_id) <= ID_LENGTH and external_id.isprintable():
        return external_id
    raw = external_id.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _refuse(batch: Sequence[Waiting], error: BaseException | None) -> None:
    for item in batch:
        if not item.future.done():
            refusal = NotStored("the journal could not be written")
            refusal.__cause__ = error
            item.future.set_exception(refusal)
