"""
What a central store has of ours, as the outbox knows it: for polling and for `reconcile`.

A store's own number for a case stands as the reference of the delivered row. Where the store gives
a token first and the number later, the number takes the token's place (`rename`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from forwarder.ports import Database, Transaction

# A later revision's reference is that of the case; where it has none, an earlier one's counts.
CASES = """
select o.record_id, o.revision, coalesce(nullif(o.reference, ''), (
    select e.reference from outbox e
    where e.record_id = o.record_id and e.kind = 'record' and e.target = o.target
      and e.state = 'delivered' and e.reference <> ''
    order by e.revision desc limit 1), ''), o.settled_at
from outbox o
where o.target = :target and o.kind = 'record' and o.state = 'delivered'
  and o.record_id > :after and o.settled_at >= :since
  and o.revision = (
    select max(l.revision) from outbox l
    where l.record_id = o.record_id and l.kind = 'record' and l.target = o.target
      and l.state = 'delivered')
order by o.record_id limit :limit
"""
SUMS = """
select target, state, count(*) from outbox
where kind = 'record' and substr(target, 1, 8) = 'central:' and dismissed is null
group by target, state
"""
RENAME = """
update outbox set reference = :reference
where target = :target and record_id = :record_id and kind = 'record' and state = 'delivered'
"""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """The latest revision of a record that a store has taken."""

    record_id: str
    revision: int
    #: The store's own number; empty where it gave none.
    reference: str
    #: When it was taken: milliseconds since 1970.
    at: int


class Ledger(Protocol):
    """What a connector may ask about its own cases."""

    async def cases(self, after: str, limit: int) -> Sequence[Case]:
        """Cases worth following, by record id, behind `after`."""

    async def rename(self, record_id: str, reference: str) -> None:
        """Put the store's number in the place of its token."""


class OutboxLedger:
    """The cases of one store, in the gateway's database."""

    def __init__(
        self,
        database: Database,
        target: str,
        *,
        since: Callable[[], int] = lambda: 0,
        ended: Callable[[Transaction, Sequence[str]], set[str]] = lambda *_: set(),
    ) -> None:
        self._database = database
        self._target = target
        #: Cases taken before are not followed any more; milliseconds since 1970.
        self._since = since
        #: Which of these records need no following, since their case is closed.
        self._ended = ended

    async def cases(self, after: str, limit: int) -> Sequence[Case]:
        """Cases worth following, by record id, behind `after`."""

        def look(tx: Transaction) -> list[Case]:
            """Page by page, for a page of closed cases is not the end."""
            since, last = self._since(), after
            while page := cases(tx, self._target, after=last, limit=limit, since=since):
                ended = self._ended(tx, [case.record_id for case in page])
                if open_ := [case for case in page if case.record_id not in ended]:
                    return open_
                last = page[-1].record_id
            return []

        return await self._database.read(look)

    async def rename(self, record_id: str, reference: str) -> None:
        """Put the store's number in the place of its token."""
        await self._database.write(
            lambda tx: tx.run(RENAME, target=self._target, record_id=record_id, reference=reference)
        )


class NoLedger:
    """For a connector that is only looked at: it has no cases."""

    async def cases(self, after: str, limit: int) -> Sequence[Case]:
        """None."""
        del after, limit
        return ()

    async def rename(self, record_id: str, reference: str) -> None:
        """Nothing to rename."""


def sums(tx: Transaction) -> dict[str, dict[str, int]]:
    """How many revisions of records are in which state, by store; dismissed ones are left out."""
    counts: dict[str, dict[str, int]] = {}
    for target, state, count in tx.all(SUMS):
        counts.setdefault(target.removeprefix("central:"), {})[state] = count
    return counts


def cases(
    tx: Transaction, target: str, *, after: str = "", limit: int = 1000, since: int = 0
) -> list[Case]:
    """What a store has taken, by record id behind `after`."""
    rows = tx.all(CASES, target=target, after=after, limit=limit, since=since)
    return [Case(record_id=row[0], revision=row[1], reference=row[2], at=row[3]) for row in rows]
