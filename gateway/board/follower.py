"""
Keeps the board true while the gateway runs: what changed is looked at within about a second.

Only one process of a cluster writes it; the others look whether something changed and tell their
own people. What was committed late is found because each look goes back a little, and what was
missed all the same because everything is compared once an hour and at the start.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from forwarder.ports import Database, Row, Transaction
from gateway import leases
from gateway.board import rows
from gateway.vault import Vault

log = structlog.get_logger()

LOOK_SECONDS = 1.0
# So long a commit may take after the time that is written in its rows.
OVERLAP_MS = 10_000
WHOLE_SECONDS = 3_600.0
# Records opened in one read and written in one write, so that nobody waits long behind them; then
# so many times as long is left to the pipeline, which has the same work before it.
SLICE = 50
REST = 3
# Records compared in one read; nothing is opened for it.
PAGE = 2_000
TOLD_EVERY = 10_000
LEASE = "board"
LEASE_MS = 30_000

DIFFERS = """
b.number is null or b.made <> :made or b.revision <> r.revision or b.state <> r.state
or b.updated_at <> r.updated_at
"""
CHANGED = f"""
select r.updated_at, r.number from records r left join board b on b.number = r.number
where (r.updated_at, r.number) > (:since, :after) and r.number is not null and ({DIFFERS})
order by r.updated_at, r.number limit :limit
"""
COMPARED = f"""
select r.number, case when {DIFFERS} then 1 else 0 end
from records r left join board b on b.number = r.number
where r.number > :after order by r.number limit :limit
"""
NEWEST = "select max(updated_at) from records"
_RECORD_ID = rows.COLUMNS.index("record_id")


class Follower:
    """Follows the records of a database."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        now: Callable[[], int],
        owner: str,
        told: Callable[[], None],
    ) -> None:
        """`told` is called after each change; `owner` names this process in the cluster."""
        self._database = database
        self._vault = vault
        self._now = now
        self._owner = owner
        self._told = told
        self._epoch: int | None = None
        self._until = 0
        self._since = 0
        self._whole_at = 0.0
        self._newest = 0
        #: Whether everything there is stands on the board, as far as this process knows.
        self.is_whole = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """Take up what changed; how many records that were."""
        seconds, since = asyncio.get_running_loop().time(), self._now() - OVERLAP_MS
        if seconds >= self._whole_at and await self._ours():
            taken = await self._catch_up()
            self._whole_at = seconds + WHOLE_SECONDS
            self.is_whole = True
        else:
            taken = await self._follow(self._since)
        # Only now: what a look that failed did not reach is looked at by the next one.
        self._since = since
        if self._epoch is None:
            self.is_whole = True
            await self._tell_of_others()
        return taken

    async def _follow(self, since: int) -> int:
        taken, after = 0, -1
        while True:
            changed = await self._database.read(partial(_changed, since=since, after=after))
            if not changed or not await self._take_up([number for _, number in changed]):
                return taken
            taken += len(changed)
            if len(changed) < SLICE:
                return taken
            # Not from the beginning: in a burst that would compare thousands for every few.
            since, after = changed[-1]

    async def _catch_up(self) -> int:
        """Compare all; after an upgrade or a loss that makes every row again."""
        taken, told, after = 0, TOLD_EVERY, -1
        await self._database.write(rows.tidy)
        while True:
            found = await self._database.read(partial(_compared, after=after))
            stale = [number for number, differs in found if differs]
            for start in range(0, len(stale), SLICE):
                if not await self._take_up(stale[start : start + SLICE]):
                    return taken
            taken += len(stale)
            if taken >= told:
                log.info("board catching up", records=taken)
                told += TOLD_EVERY
            if len(found) < PAGE:
                return taken
            after = found[-1][0]

    async def _take_up(self, numbers: Sequence[int]) -> bool:
        """Made beside the writer, for whom others wait; False where the board is not ours."""
        if not await self._ours():
            return False
        began = asyncio.get_running_loop().time()
        made = await self._database.read(partial(rows.made, vault=self._vault, numbers=numbers))
        if not await self._database.write(partial(self._put, made=made)):
            self._epoch = None
            return False
        self._told()
        if len(numbers) == SLICE:
            await asyncio.sleep(REST * (asyncio.get_running_loop().time() - began))
        return True

    def _put(self, tx: Transaction, made: Sequence[Row]) -> bool:
        if self._epoch is None or not leases.held(tx, LEASE, self._owner, self._epoch):
            return False
        rows.put(tx, made)
        # The clocks may have gone on since the rows were read, and nothing else tells of it.
        rows.due_again(tx, [row[_RECORD_ID] for row in made])
        return True

    async def _ours(self) -> bool:
        """Whether this process is the one that writes; asked of the database now and then."""
        now = self._now()
        if now > self._until - LEASE_MS // 2:
            before, self._until = self._epoch, now + LEASE_MS
            self._epoch = await self._database.write(
                partial(leases.take, name=LEASE, owner=self._owner, now=now, until=self._until)
            )
            if before is None and self._epoch is not None:
                self._whole_at = 0.0  # whoever had it may have stopped in the middle
        return self._epoch is not None

    async def _tell_of_others(self) -> None:
        """Another process writes the board; its own people hear of it there, ours here."""
        row = await self._database.read(lambda tx: tx.one(NEWEST))
        newest = int(row[0] or 0) if row else 0
        if newest != self._newest:
            self._newest = newest
            self._told()


def _changed(tx: Transaction, *, since: int, after: int) -> list[tuple[int, int]]:
    found = tx.all(CHANGED, since=since, after=after, made=rows.MADE, limit=SLICE)
    return [(row[0], row[1]) for row in found]


def _compared(tx: Transaction, *, after: int) -> list[tuple[int, bool]]:
    found = tx.all(COMPARED, after=after, made=rows.MADE, limit=PAGE)
    return [(row[0], bool(row[1])) for row in found]
