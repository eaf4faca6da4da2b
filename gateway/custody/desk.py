"""
Where orders about personal data are carried out: one transaction each, long ones a page at a time.

In the daemon where one runs, else in the command line's own process, like every other change.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from forwarder.ports import Database, Transaction
from forwarder.routing import Routes
from gateway.custody.duty import Done, Duty, note
from gateway.custody.erasing import Eraser
from gateway.custody.forgetting import erase
from gateway.custody.holding import hold, release
from gateway.custody.retaining import Retainer, Rule, rules
from gateway.custody.revealing import approve, reveal
from gateway.custody.rewrapping import TABLES, begin, rewrap
from gateway.custody.tightening import Tightener
from gateway.files import Files
from gateway.files_leaving import let_go
from gateway.ministry import Ministry
from gateway.sections import Retention
from gateway.vault import Vault

# Between two pages of a long run others come to write.
BREATH = 0.005
# Longer than any batch takes from sealing to its commit.
SETTLED = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Custodian:
    """Carries out orders about personal data."""

    database: Database
    vault: Vault
    ministry: Ministry | None
    centrals: Routes
    files: Files
    retention: Retention
    two_persons: bool
    #: Milliseconds since 1970.
    clock: Callable[[], int]

    async def carry_out(self, duty: Duty) -> Done:
        """Do it; raises LookupError for what nobody knows, Refused for what must not be."""
        if duty.verb == "retain":
            return await self._retain(duty)
        if duty.verb == "rewrap":
            return await self._rewrap(duty)
        done = await self.database.write(partial(self._at_once, duty=duty))
        await let_go(self.database, self.files)
        return done

    def _at_once(self, tx: Transaction, duty: Duty) -> Done:
        now, eraser = self.clock(), self._eraser()
        orders: dict[str, Callable[[], Done]] = {
            "tighten": lambda: self._tightener().tighten(tx, duty, now),
            "reveal": lambda: reveal(tx, self.vault, duty, now, two_persons=self.two_persons),
            "approve": lambda: approve(tx, duty, now),
            "hold": lambda: hold(tx, duty, now),
            "release": lambda: release(tx, eraser, duty, now),
            "erase": lambda: erase(tx, eraser, duty, now),
            "note": lambda: _noted(tx, duty, now),
        }
        return orders[duty.verb]()

    def _tightener(self) -> Tightener:
        return Tightener(vault=self.vault, ministry=self.ministry, centrals=self.centrals)

    # --- long runs -----------------------------------------------------------------------------

    async def _retain(self, duty: Duty) -> Done:
        retainer = Retainer(vault=self.vault, schedule=self.retention, eraser=self._eraser())
        counts: dict[str, int] = {}
        for rule in rules(self.retention):
            if duty.dry_run:
                look = partial(retainer.waiting, rule=rule, now=self.clock())
                counts[rule.name] = await self.database.read(look)
            else:
                counts[rule.name] = await self._line(retainer, rule, duty)
                await let_go(self.database, self.files)
        if not duty.dry_run:
            told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            now = self.clock()
            await self.database.write(
                lambda tx: note(tx, duty, f"retention: {told or 'nothing was due'}", now)
            )
        verb = "would be erased" if duty.dry_run else "erased"
        lines = tuple(f"{count:8} {name} {verb}" for name, count in counts.items())
        return Done(lines=lines, data=counts)

    async def _line(self, retainer: Retainer, rule: Rule, duty: Duty) -> int:
        count = 0
        while done := await self.database.write(
            lambda tx: retainer.page(tx, rule, duty, self.clock())
        ):
            count += done
            await asyncio.sleep(BREATH)
        return count

    async def _rewrap(self, duty: Duty) -> Done:
        counts: Counter[str] = Counter()
        # What was sealed by the old key in the moment of the change is committed a little later.
        while found := await self._rewrap_once():
            counts += found
            await asyncio.sleep(SETTLED)
        whole = counts.total()
        now = self.clock()
        if whole:
            await self.database.write(lambda tx: note(tx, duty, f"wrapped {whole} keys again", now))
        return Done(lines=(f"{whole} data keys were wrapped by the newest key",), data=counts)

    async def _rewrap_once(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for table in TABLES:
            after: int | str | None = begin(table)
            while after is not None:
                work = partial(rewrap, vault=self.vault, table=table, after=after)
                count, after = await self.database.write(work)
                counts[table] += count
                await asyncio.sleep(BREATH)
        return +counts

    def _eraser(self) -> Eraser:
        return Eraser(vault=self.vault, centrals=self.centrals)


def _noted(tx: Transaction, duty: Duty, now: int) -> Done:
    note(tx, duty, "breach report", now)
    return Done()
