"""
The journal: every provider message as it came, sealed, chained, and on disk before "ok".

`Journal.accept` collects what arrives while the last commit runs and hands it to the store's
writer as one batch; each waiter goes on after its own commit. A row's digest covers the digest
before it and this row's ciphertext, so `verify` finds any change, removal or swap. Erasing a
person destroys `data_key` only, and the chain stays whole.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from channels.contract import Accepted, Delivery, NotStored
from forwarder.ports import Transaction, Vault
from gateway.chain import Head, genesis, journal_id, last_head, link
from gateway.store import Store, StoreError

# Beyond this the gateway says "not now" rather than grow: what waits is in memory only.
QUEUE_ROWS = 20_000
QUEUE_BYTES = 256 << 20
# What one transaction takes: bounds how long the writer is busy with one batch.
BATCH_ROWS = 1_000

ID_LENGTH = 300

INSERT = """
insert into journal (id, chain, position, channel, external_id, received_at,
                     payload, data_key, digest)
values (:id, :chain, :position, :channel, :external_id, :received_at,
        :payload, :data_key, :digest)
on conflict (channel, external_id) do nothing
"""
INSERT_WORK = "insert into work (journal_id, due) values (:id, :due)"
FIND = "select id from journal where channel = :channel and external_id = :external_id"


@dataclass(slots=True)
class _Waiting:
    """One delivery on its way to disk."""

    channel: str
    external_id: str
    received_at: int
    payload: bytes
    data_key: bytes
    future: asyncio.Future[Accepted]


class Journal:
    """The one way in."""

    def __init__(
        self, store: Store, vault: Vault, *, clock: Callable[[], int], chain: int = 0
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._chain = chain
        self._head = genesis(chain)
        self._queue: list[_Waiting] = []
        self._bytes = 0
        self._flushing: asyncio.Task[None] | None = None
        #: Set after every commit that brought something new; the pipeline waits for it.
        self.arrived = asyncio.Event()

    async def open(self) -> None:
        """Find the end of the chain."""
        self._head = await self._store.read(lambda tx: last_head(tx, self._chain))

    @property
    def head(self) -> Head:
        """The end of the chain as of the last commit."""
        return self._head

    async def accept(self, channel: str, deliveries: Sequence[Delivery]) -> list[Accepted]:
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
        self._queue += waiting
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        if len(waiting) == 1:
            return [await waiting[0].future]
        return list(await asyncio.gather(*(item.future for item in waiting)))

    async def _flush(self) -> None:
        """Write batches until nothing waits; the only task the journal ever has."""
        try:
            while self._queue:
                batch, self._queue = self._queue[:BATCH_ROWS], self._queue[BATCH_ROWS:]
                self._bytes -= sum(len(item.payload) for item in batch)
                await self._write(batch)
        finally:
            _refuse(self._queue, None)
            self._queue = []
            self._flushing = None

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        work = partial(append, batch=batch, chain=self._chain, head=self._head)
        try:
            answers, self._head = await self._store.write(work)
        except StoreError as exc:
            _refuse(batch, exc)
            return
        except BaseException as exc:
            _refuse(batch, exc)
            raise
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
    tx: Transaction, batch: Iterable[_Waiting], chain: int, head: Head
) -> tuple[list[Accepted], Head]:
    """Insert what is new at the end of the chain; tell for each whether it was."""
    position, digest = head.position, head.digest
    answers = []
    fresh = []
    for item in batch:
        link_ = link(digest, item.channel, item.external_id, item.received_at, item.payload)
        row = journal_id(chain, position + 1)
        inserted = tx.run(
            INSERT,
            id=row,
            chain=chain,
            position=position + 1,
            channel=item.channel,
            external_id=item.external_id,
            received_at=item.received_at,
            payload=item.payload,
            data_key=item.data_key,
            digest=link_,
        )
        if inserted:
            position, digest = position + 1, link_
            fresh.append({"id": row, "due": item.received_at})
            answers.append(Accepted(id=row, new=True))
        else:
            answers.append(Accepted(id=_existing(tx, item), new=False))
    tx.many(INSERT_WORK, fresh)
    return answers, Head(position, digest)


def _existing(tx: Transaction, item: _Waiting) -> int:
    row = tx.one(FIND, channel=item.channel, external_id=item.external_id)
    if row is None:
        raise StoreError("a journal row neither went in nor is there")
    return int(row[0])


def _refuse(batch: Sequence[_Waiting], error: BaseException | None) -> None:
    for item in batch:
        if not item.future.done():
            refusal = NotStored("the journal could not be written")
            refusal.__cause__ = error
            item.future.set_exception(refusal)
