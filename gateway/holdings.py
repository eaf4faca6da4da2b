"""
Asking the stores what they hold: the other half of `reconcile`.

What we call delivered a store may have lost since, or never had (a portal that answered 200). A
sample is asked for every day, the whole of it by `reconcile --ask --whole`. A store that will not
say counts as silent, never as missing.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from forwarder import ledger
from forwarder.central.contract import Central
from forwarder.ledger import Case
from forwarder.outbox import CENTRAL
from forwarder.ports import Database, Transaction

log = structlog.get_logger()

SAMPLE = 1000
#: Cases in one question to a store.
AT_ONCE = 200
FIRST_SECONDS = 900.0
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one store said."""

    store: str
    asked: int
    there: int
    #: Record ids it does not have, though it took them.
    missing: tuple[str, ...]
    #: It would not say.
    silent: int


def chosen(tx: Transaction, store: str, *, whole: bool = False, start: str = "") -> list[Case]:
    """The cases to ask for: all of them, or some from a place that chance decides."""
    target = CENTRAL + store
    if not whole:
        # Ids are hashes, so what stands behind a random one is as good as drawn.
        begin = start or str(UUID(bytes=secrets.token_bytes(16)))
        some = ledger.cases(tx, target, after=begin, limit=SAMPLE)
        if len(some) < SAMPLE:
            others = ledger.cases(tx, target, limit=SAMPLE - len(some))
            some += [case for case in others if case.record_id <= begin]
        return some
    everything: list[Case] = []
    after = ""
    while page := ledger.cases(tx, target, after=after, limit=SAMPLE):
        everything += page
        after = page[-1].record_id
    return everything


async def ask(central: Central, cases: Sequence[Case]) -> Holding:
    """Ask a store for these cases."""
    answers: list[bool | None] = []
    for begin in range(0, len(cases), AT_ONCE):
        answers += await central.holds(cases[begin : begin + AT_ONCE])
    told = list(zip(cases, answers, strict=True))
    return Holding(
        store=central.name,
        asked=len(cases),
        there=sum(answer is True for answer in answers),
        missing=tuple(case.record_id for case, answer in told if answer is False),
        silent=sum(answer is None for answer in answers),
    )


class Holdings:
    """Asks every store once a day for a sample."""

    def __init__(
        self,
        centrals: Mapping[str, Central],
        database: Database,
        told: Callable[[Holding], None],
    ) -> None:
        self._centrals = centrals
        self._database = database
        self._told = told
        #: What each store said last, in this process.
        self.last: dict[str, Holding] = {}

    async def run(self) -> None:
        """Ask until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            await self.look()
            await asyncio.sleep(DAY_SECONDS)

    async def look(self) -> None:
        """Ask each store once; one that fails says nothing, and the others are asked."""
        for name, central in self._centrals.items():
            if central.by_hand:
                continue
            cases = await self._database.read(partial(chosen, store=name))
            holding = await ask(central, cases)
            self.last[name] = holding
            self._told(holding)
            if holding.missing:
                log.warning("store lacks records", store=name, missing=len(holding.missing))
