"""
The journal: every provider message as it came, sealed, chained, and on disk before "ok".

What arrives while the last commit runs goes into the next, and each waiter goes on after its own;
the store's writer takes it itself, so that it never rests while rows wait. A row's digest covers
the digest before it and this row's ciphertext, so `verify` finds any change, removal or swap.
Erasing a person destroys `data_key` only, and the chain stays whole.
"""

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from channels.contract import Accepted, Cursor, Delivery, NotStored
from forwarder.ports import Database, Vault
from gateway import cursors
from gateway.chain import Head, genesis, last_head
from gateway.crowd import Crowd
from gateway.journal_rows import Append, Tail, Waiting, popped
from gateway.store import StoreConflict, StoreError

# Beyond this the gateway says "not now" rather than grow: what waits is in memory only.
QUEUE_ROWS = 20_000
QUEUE_BYTES = 256 << 20
ID_LENGTH = 300


class Journal:
    """The one way in."""

    def __init__(
        self, store: Database, vault: Vault, *, clock: Callable[[], int], chain: int = 0
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._tail = Tail(chain, genesis(chain))
        self._queue: deque[Waiting] = deque()
        #: Deliveries and their bytes that were not answered yet.
        self._rows = self._bytes = 0
        #: The commit that will take what is added to the queue now.
        self._next: Append | None = None
        self._writing: set[asyncio.Task[None]] = set()
        #: Set after every commit that brought something new; the pipeline waits for it.
        self.arrived = asyncio.Event()
        self._crowd = Crowd()

    async def open(self) -> None:
        """Find the end of the chain."""
        chain = self._tail.chain
        self._tail.head = await self._store.read(lambda tx: last_head(tx, chain))

    @property
    def crowded(self) -> bool:
        """Whether so much arrives that acknowledging comes first."""
        return self._crowd.is_there(time.monotonic())

    @property
    def head(self) -> Head:
        """The end of the chain as of the last commit."""
        return self._tail.head

    async def accept(
        self, channel: str, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Return when every delivery is on disk; raise NotStored when that cannot be promised."""
        if self._rows >= QUEUE_ROWS or self._bytes >= QUEUE_BYTES:
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
        self._rows += len(waiting)
        self._queue.extend(waiting)
        self._begin()
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

    def _begin(self) -> None:
        """Order a commit for what waits, unless one is ordered that has not begun."""
        if self._next is None or self._next.taken:
            self._next = Append(self._tail, self._queue)
            task = asyncio.get_running_loop().create_task(self._write(self._next))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _write(self, work: Append) -> None:
        try:
            await self._commit(work)
        except BaseException as exc:
            # A commit whose answer was lost may have happened.
            self._tail.careful = True
            if work is self._next:
                self._next = None
            # Whoever queued meanwhile would only wait as long again to hear the same.
            self._refuse([*work.batch, *popped(self._queue, QUEUE_ROWS)], exc)
            if not isinstance(exc, StoreError):
                raise
        if self._queue:
            self._begin()

    async def _commit(self, work: Append) -> None:
        try:
            await self._store.write(work)
        except StoreConflict:
            if work.careful:
                raise
            # One of them is known already.
            work = Append(self._tail, self._queue, work.batch)
            await self._store.write(work)
        self._crowd.committed(len(work.batch), now=time.monotonic(), worked=time.thread_time())
        for item, answer in zip(work.batch, work.answers, strict=True):
            self._forget(item)
            if not item.future.done():
                item.future.set_result(answer)
        self.arrived.set()

    def _refuse(self, batch: Sequence[Waiting], error: BaseException) -> None:
        for item in batch:
            self._forget(item)
            if not item.future.done():
                refusal = NotStored("the journal could not be written")
                refusal.__cause__ = error
                item.future.set_exception(refusal)

    def _forget(self, item: Waiting) -> None:
        self._rows -= 1
        self._bytes -= len(item.payload)


def storable_id(external_id: str) -> str:
    """An id both engines take: a longer one, or one no UTF-8 can say, is replaced by its hash."""
    if len(external_id) <= ID_LENGTH and external_id.isprintable():
        return external_id
    raw = external_id.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
