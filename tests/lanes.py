"""Several central stores side by side on one outbox, each with a worker of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from clock import START, Clock
from forwarding import NOW

from forwarder import outbox
from forwarder.backoff import Policy
from forwarder.central.contract import Central
from forwarder.item import Item
from forwarder.outbox import Entry
from forwarder.ports import Transaction
from forwarder.target import Surroundings, Target, to_central
from forwarder.worker import Worker
from gateway.store import Store, StoreUnavailable
from gateway.vault import Vault

# Pauses as in earnest, on the test's own clock; only how often one looks is quicker.
POLICY = Policy(poll=0.005, grace=1.0)


class Lanes:
    """An outbox, workers for its targets, and a clock the test moves."""

    def __init__(self, database: Store, vault: Vault) -> None:
        self.database = database
        self.vault = vault
        self.clock = Clock(START.fromtimestamp(NOW / 1000, START.tzinfo))
        self.totals: Counter[tuple[str, str]] = Counter()
        #: Records in the order a store took them.
        self.taken: list[tuple[str, str, int]] = []
        self._settled = asyncio.Condition()
        self._ringing: set[asyncio.Task[None]] = set()

    async def put(self, entries: Sequence[Entry]) -> None:
        """Write entries down now."""
        now = self.clock.milliseconds
        await self.database.write(lambda tx: outbox.put(tx, self.vault, entries, now))

    @asynccontextmanager
    async def running(
        self, *targets: Central | Target, policy: Policy = POLICY
    ) -> AsyncIterator[list[Worker]]:
        """Workers for these targets for the time of a block."""
        workers = [self._worker(target, policy) for target in targets]
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.run())
            yield workers
            for worker in workers:
                worker.stop()

    async def until(self, target: str, state: str, count: int) -> None:
        """Wait until so many rows of a target were settled into a state."""
        async with self._settled:
            await self._settled.wait_for(lambda: self.totals[target, state] >= count)

    async def states(self, target: str) -> dict[str, int]:
        """How many rows of a target are in which state."""

        def look(tx: Transaction) -> dict[str, int]:
            sql = "select state, count(*) from outbox where target = :target group by state"
            return dict(tx.all(sql, target=target))

        return await self.database.read(look)

    def _worker(self, target: Central | Target, policy: Policy) -> Worker:
        around = Surroundings(
            database=self.database,
            unavailable=StoreUnavailable,
            vault=self.vault,
            policy=policy,
            clock=lambda: self.clock.milliseconds,
            jitter=lambda: 0.5,
            owner="test/1",
            on_delivered=self._note,
            on_settled=self._count,
        )
        return Worker(to_central(target) if isinstance(target, Central) else target, around)

    def _note(self, _tx: Transaction, items: Sequence[Item], _now: int) -> None:
        self.taken += [(item.target, item.record_id, item.revision) for item in items]

    def _count(self, target: str, states: Mapping[str, int]) -> None:
        for state, count in states.items():
            self.totals[target, state] += count
        ringing = asyncio.ensure_future(self._ring())
        self._ringing.add(ringing)
        ringing.add_done_callback(self._ringing.discard)

    async def _ring(self) -> None:
        async with self._settled:
            self._settled.notify_all()
