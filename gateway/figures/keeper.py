"""
Keeps the figures true while the gateway runs: days that changed are counted again.

Only one process of a cluster does it. A day of many reports takes longer to count, and then it is
counted less often, so that a flood of reports costs no more than a bounded share of a processor.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from channels.contract import Cursor
from forwarder.ports import Database, Transaction
from gateway import cursors, leases
from gateway.figures import tables
from gateway.figures.folding import folded

log = structlog.get_logger()

LOOK_SECONDS = 3.0
#: So much longer than the counting took nothing is counted again.
REST = 20.0
# Another number counts everything again.
MADE = 1
LEASE = "figures"
LEASE_MS = 60_000


class Keeper:
    """Counts what the board lists."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], int],
        utc_hours: int,
        owner: str,
        told: Callable[[], None],
    ) -> None:
        """`told` is called after each change; `owner` names this process in the cluster."""
        self._database = database
        self._now = now
        self._utc_hours = utc_hours
        self._owner = owner
        self._told = told
        #: The month that goes on, when it was last looked at.
        self._month = 0

    async def run(self) -> None:
        """Look until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            if await self.look():
                await asyncio.sleep(REST * (clock() - began))
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Count again what changed; how many days that were."""
        found = await self._database.read(partial(tables.marked, span="utc"))
        right = await self._database.read(self._is_right)
        month = self._current_month()
        if right and not found.starts and month == self._month:
            return 0
        epoch = await self._database.write(self._take)
        if epoch is None:
            return 0
        if not right:
            await self._write(epoch, self._begin_anew)
            found = await self._database.read(partial(tables.marked, span="utc"))
        days = await self._days(epoch, found, month)
        if month != self._month:
            await self._write(epoch, partial(tables.mark_month, month=month - 1))
        await self._months(epoch)
        self._month = month
        if days:
            self._told()
        return days

    async def _days(self, epoch: int, found: tables.Marked, month: int) -> int:
        """A day there is one or two by the office's clock; the marks go with the last of them."""
        last: dict[int, list[int]] = {}
        touched: set[int] = set()
        for start in found.starts:
            pair = self._local(start)
            touched.update(pair)
            last.setdefault(max(pair), []).extend(found.ids[start])
        for day in sorted(touched):
            rows = await self._database.read(
                partial(tables.seen_on, day=day, utc_hours=self._utc_hours)
            )
            sums = await asyncio.to_thread(folded, rows)
            put = partial(tables.put_day, day=day, sums=sums, seen=last.get(day, []), month=month)
            if not await self._write(epoch, put):
                return 0
        return len(touched)

    async def _months(self, epoch: int) -> None:
        found = await self._database.read(partial(tables.marked, span="month"))
        for month in found.starts:
            sums = await self._database.read(partial(tables.month_sums, month=month))
            put = partial(tables.put_month, month=month, sums=sums, seen=found.ids[month])
            await self._write(epoch, put)

    def _local(self, utc_day: int) -> Iterable[int]:
        """The days of the office's clock that share an hour with a day of UTC."""
        begins = utc_day * 24 + self._utc_hours
        return {begins // 24, (begins + 23) // 24}

    def _current_month(self) -> int:
        return tables.month_of((self._now() + self._utc_hours * tables.HOUR_MS) // tables.DAY_MS)

    async def _write(self, epoch: int, work: Callable[[Transaction], None]) -> bool:
        def write(tx: Transaction) -> bool:
            if not leases.held(tx, LEASE, self._owner, epoch):
                return False
            work(tx)
            return True

        return await self._database.write(write)

    def _take(self, tx: Transaction) -> int | None:
        now = self._now()
        return leases.take(tx, LEASE, self._owner, now=now, until=now + LEASE_MS)

    def _is_right(self, tx: Transaction) -> bool:
        """Whether what is there was counted this way and by this clock."""
        return cursors.of(tx, LEASE).get(LEASE) == self._way

    def _begin_anew(self, tx: Transaction) -> None:
        tables.begin_anew(tx)
        cursor = Cursor(name=LEASE, value=self._way)
        cursors.move(tx, channel=LEASE, cursor=cursor, now=self._now())

    @property
    def _way(self) -> str:
        return f"{MADE} {self._utc_hours:+}"
