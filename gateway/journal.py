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
from collections.abc import Callable, Iterable, Sequence

from channels.contract import Accepted, Cursor, Delivery, NotStored
from forwarder.ports import Database, Transaction, Vault
from gateway import cursors
from gateway.chain import Head, genesis, last_head
from gateway.crowd import Crowd
from gateway.journal_rows import Append, Tail, Waiting, popped
from gateway.leases import Superseded
from gateway.store import StoreConflict, StoreError

# Beyond this the gateway says "not now" rather than grow: what waits is in memory only.
QUEUE_ROWS = 20_000
QUEUE_BYTES = 256 << 20
ID_LENGTH = 300
# A commit that takes longer goes on, for it is never cancelled, but nobody outside waits for it: a
# provider that hears "not now" comes again, and one that hears nothing may not.
PATIENCE_SECONDS = 4.0


class Journal:
    """The one way in."""

    def __init__(
        self,
        store: Database,
        vault: Vault,
        *,
        clock: Callable[[], int],
        chain: int = 0,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._patience = patience
        self._tail = Tail(chain, genesis(chain))
        self._queue: deque[Waiting] = deque()
        #: Deliveries and their bytes that were not answered yet.
        self._rows = self._bytes = 0
        #: The commit that will take what is added to the queue now.
        self._next: Append | None = None
        self._writing: set[asyncio.Task[None]] = set()
        #: Commits that take too long; as long as there is one nothing new is taken.
        self._overdue: set[Append] = set()
        #: Set after every commit that brought something new; the pipeline waits for it.
        self.arrived = asyncio.Event()
        self._crowd = Crowd()

    async def open(self) -> None:
        """Find the end of the chain."""
        chain = self._tail.chain
        self._tail.head = await self._store.read(lambda tx: last_head(tx, chain))

    def use(self, chain: int) -> None:
        """Write this chain from now on; where it ends is looked up with the next rows."""
        self._tail = Tail(chain, genesis(chain))

    @property
    def crowded(self) -> bool:
        """Whether so much arrives that acknowledging comes first."""
        return self._crowd.is_there(time.monotonic())

    @property
    def head(self) -> Head:
        """The end of the chain as of the last commit."""
        return self._tail.head

    async def accept(
        self,
        channel: str,
        deliveries: Sequence[Delivery],
        cursor: Cursor | None = None,
        allowed: Callable[[Transaction], None] = lambda _: None,
    ) -> list[Accepted]:
        """
        Return when every delivery is on disk; raise NotStored when that cannot be promised.

        `allowed` raises, in the commit that would move the cursor, where it must not move any more.
        """
        self._refuse_excess()
        if not deliveries:
            return await self._move(channel, cursor, allowed)
        now = self._clock()
        waiting = [self._sealed(channel, delivery, now) for delivery in deliveries]
        if cursor:
            waiting[-1].cursor, waiting[-1].allowed = cursor, allowed
        self._add(waiting)
        if len(waiting) == 1:
            return [await waiting[0].future]
        return list(await asyncio.gather(*(item.future for item in waiting)))

    def begin(self, channel: str, delivery: Delivery) -> asyncio.Future[Accepted]:
        """As `accept` of one delivery; done, or refused with NotStored, when it is on disk."""
        self._refuse_excess()
        item = self._sealed(channel, delivery, self._clock())
        self._add([item])
        return item.future

    def _refuse_excess(self) -> None:
        if self._rows >= QUEUE_ROWS or self._bytes >= QUEUE_BYTES:
            raise NotStored("the gateway is too busy to store more")
        if self._overdue:
            raise NotStored("the database does not answer")

    def _sealed(self, channel: str, delivery: Delivery, now: int) -> Waiting:
        payload, data_key = self._vault.seal(delivery.payload)
        key = storable_id(delivery.external_id)
        return Waiting(
            channel, key, now, payload, data_key, asyncio.get_running_loop().create_future()
        )

    def _add(self, waiting: list[Waiting]) -> None:
        self._rows += len(waiting)
        self._bytes += sum(len(item.payload) for item in waiting)
        if waiting[-1].cursor:
            # A commit of its own: a cursor is never ahead of any part of its page.
            self._begin(Append(self._tail, self._queue, waiting))
            return
        self._queue.extend(waiting)
        self._order()

    async def _move(
        self, channel: str, cursor: Cursor | None, allowed: Callable[[Transaction], None]
    ) -> list[Accepted]:
        """A page with nothing in it."""

        def move(tx: Transaction) -> None:
            if cursor:
                allowed(tx)
                cursors.move(tx, channel=channel, cursor=cursor, now=self._clock())

        if cursor:
            try:
                await self._store.write(move)
            except (StoreError, Superseded) as exc:
                raise NotStored("the cursor could not be written") from exc
        return []

    def _order(self) -> None:
        """Order a commit for what waits, unless one is ordered that has not begun."""
        if self._next is None or self._next.taken:
            self._next = Append(self._tail, self._queue)
            self._begin(self._next)

    def _begin(self, work: Append) -> None:
        task = asyncio.get_running_loop().create_task(self._write(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, work: Append) -> None:
        late = asyncio.get_running_loop().call_later(self._patience, self._give_up, work)
        try:
            await self._commit(work)
        except BaseException as exc:
            # A commit whose answer was lost may have happened.
            self._tail.careful = True
            if work is self._next:
                self._next = None
            self._refuse(work.batch, exc)
            if not isinstance(exc, Superseded):
                # Whoever queued meanwhile would only wait as long again to hear the same.
                self._refuse(popped(self._queue, QUEUE_ROWS), exc)
            if not isinstance(exc, StoreError | Superseded):
                raise
        finally:
            late.cancel()
            self._overdue.discard(work)
        if self._queue:
            self._order()

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

    def _give_up(self, work: Append) -> None:
        """Answer all who wait: what is being written may still come to be stored."""
        self._overdue.add(work)
        self._refuse([*work.batch, *popped(self._queue, QUEUE_ROWS)], TimeoutError())

    def _refuse(self, batch: Iterable[Waiting], error: BaseException) -> None:
        for item in batch:
            self._forget(item)
            if not item.future.done():
                refusal = NotStored("the journal could not be written")
                refusal.__cause__ = error
                item.future.set_exception(refusal)

    def _forget(self, item: Waiting) -> None:
        if item.counted:
            item.counted = False
            self._rows -= 1
            self._bytes -= len(item.payload)


def storable_id(external_id: str) -> str:
    """An id both engines take: a longer one, or one no UTF-8 can say, is replaced by its hash."""
    if len(external_id) <= ID_LENGTH and external_id.isprintable():
        return external_id
    raw = external_id.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
