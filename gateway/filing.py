"""
What an officer puts down by the command line: rows of a table, a signal that is a complaint.

The rows are accepted like any other delivery, in the daemon when one runs, and the report a signal
becomes is remembered with it, so that nobody reports it twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from channels.contract import Delivery
from channels.officer_found import Found, external_id
from forwarder.ports import Database, Transaction
from forwarder.routing import NOWHERE, Routes
from gateway import signals
from gateway.access.trail import enter
from gateway.codes import CaseCodes
from gateway.handoff import Handed, hand_over
from gateway.journal import Journal
from gateway.learning.corrections import Correction, correct
from gateway.naming import record_id_of
from gateway.signals import Seen
from gateway.vault import Vault
from normalizer.deadlines import Clock

CHANNEL = "officer"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery on its way from the command line."""

    external_id: str
    payload: bytes


class Filing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the command line hands to the daemon: rows, a signal by its number, a correction."""

    rows: tuple[Row, ...] = ()
    signal: int | None = None
    correction: Correction | None = None
    #: What an officer carried over to a store without an API.
    handed: tuple[Handed, ...] = ()
    who: str = "operator"


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    new: int = 0
    known: int = 0
    #: Of the report a signal became.
    case_code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where it is put down: the parts of a gateway that are needed for it."""

    database: Database
    journal: Journal
    vault: Vault
    #: Milliseconds since 1970.
    clock: Callable[[], int]
    #: Where a corrected record goes.
    centrals: Routes = NOWHERE
    #: What tracking ids look like, by store.
    tracking: Mapping[str, str] = field(default_factory=dict)
    #: By which a corrected report gets its deadlines.
    deadlines: Clock | None = None

    async def file(self, filing: Filing) -> Filed:
        """Put it into the journal; raises NotStored, and LookupError for what nobody knows."""
        if filing.correction is not None:
            return await self._correct(filing.correction)
        if filing.handed:
            return await self._hand_over(filing.handed)
        if filing.signal is not None:
            return await self._report(filing.signal, filing.who)
        deliveries = [
            Delivery(external_id=row.external_id, payload=row.payload) for row in filing.rows
        ]
        accepted = await self.journal.accept(CHANNEL, deliveries)
        new = sum(one.new for one in accepted)
        what = f"imported {new} of {len(accepted)} rows"
        await self.database.write(partial(self._audit, who=filing.who, what=what))
        return Filed(new=new, known=len(accepted) - new)

    async def _hand_over(self, handed: Sequence[Handed]) -> Filed:
        """All of them or none; ValueError and LookupError say which one does not fit."""

        def write(tx: Transaction) -> int:
            return sum(
                hand_over(tx, one, pattern=self.tracking[one.store], now=self.clock())
                for one in handed
            )

        return Filed(new=await self.database.write(write))

    async def _report(self, number: int, who: str) -> Filed:
        seen = await self.database.read(lambda tx: signals.find(tx, self.vault, number))
        if seen is None:
            raise LookupError(f"signal {number}")
        found = found_in(seen, who)
        delivery = Delivery(external_id=external_id(found), payload=msgspec.json.encode(found))
        [accepted] = await self.journal.accept(CHANNEL, [delivery])
        record_id = record_id_of(CHANNEL, delivery.external_id)

        def note(tx: Transaction) -> None:
            if signals.taken(tx, number, record_id):
                self._audit(tx, who=who, what=f"made a report of signal {number}")

        await self.database.write(note)
        code = CaseCodes(self.vault.derive("case codes")).of(accepted.id)
        return Filed(new=int(accepted.new), known=int(not accepted.new), case_code=code)

    async def _correct(self, correction: Correction) -> Filed:
        def write(tx: Transaction) -> None:
            correct(
                tx,
                self.vault,
                correction,
                centrals=self.centrals,
                now=self.clock(),
                clock=self.deadlines,
            )

        await self.database.write(write)
        return Filed(new=1)

    def _audit(self, tx: Transaction, *, who: str, what: str) -> None:
        enter(tx, who=who, what=what, now=self.clock())


def found_in(seen: Seen, by: str) -> Found:
    """A signal as an officer would have put it down; the original author stays the author."""
    signal = seen.signal
    return Found(
        text=signal.text,
        title=signal.title,
        link=signal.url,
        author=signal.author,
        written_at=signal.posted_at if signal.posted_at and signal.posted_at.tzinfo else None,
        lat=signal.point.lat if signal.point else None,
        lon=signal.point.lon if signal.point else None,
        system=seen.channel,
        id=str(seen.id),
        by=by,
    )
