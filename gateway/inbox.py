"""What one channel sees of the gateway: the journal under its name, codes, public cases."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from channels.contract import (
    Accepted,
    CaseQuery,
    Cursor,
    Delivery,
    InboundMessage,
    NotStored,
    PublicCase,
    PublicStatus,
    Topic,
    Trouble,
)
from forwarder.ports import Database, Transaction
from gateway import cursors, public_cases, records, work
from gateway.back import timeline
from gateway.back.history import shown
from gateway.cluster import ALONE, Lead
from gateway.codes import CaseCodes
from gateway.journal import Journal
from gateway.leases import Superseded
from gateway.metrics import Metrics
from gateway.naming import TELLING, kept_id, moment
from gateway.troubles import Troubles
from gateway.vault import Vault
from normalizer.codes import read_case_code
from normalizer.dialog import hear
from normalizer.privacy_hidden import self_told


class ChannelInbox:
    """`channels.contract.Inbox` for one channel."""

    def __init__(  # noqa: PLR0913 (the composition root names each)
        self,
        channel: str,
        *,
        journal: Journal,
        codes: CaseCodes,
        database: Database,
        vault: Vault,
        metrics: Metrics,
        troubles: Troubles,
        topics: Sequence[Topic],
        lead: Lead = ALONE,
    ) -> None:
        """Through this inbox a cursor moves only while `lead` is ours."""
        self._channel = channel
        self._is_telling = channel in TELLING
        self._journal = journal
        self._codes = codes
        self._database = database
        self._vault = vault
        self._metrics = metrics
        self._troubles = troubles
        self._topics = topics
        self._lead = lead

    async def accept(
        self, deliveries: Sequence[Delivery], cursor: Cursor | None = None
    ) -> list[Accepted]:
        """Return when every delivery is on disk; raise NotStored when that cannot be promised."""
        began = time.perf_counter()
        if self._is_telling:
            deliveries = [
                replace(one, external_id=self._kept_id(one.external_id)) for one in deliveries
            ]
        try:
            accepted = await self._journal.accept(
                self._channel, deliveries, cursor, self._allowed() if cursor else _always
            )
        except NotStored:
            self._metrics.rejected(self._channel, "not_stored")
            raise
        new = sum([item.new for item in accepted])
        seconds = time.perf_counter() - began
        self._metrics.accepted(self._channel, new=new, known=len(accepted) - new, seconds=seconds)
        return accepted

    def begin(self, delivery: Delivery) -> asyncio.Future[Accepted]:
        """As `accept` of one delivery, for who needs no task to wait."""
        began = time.perf_counter()
        if self._is_telling:
            delivery = replace(delivery, external_id=self._kept_id(delivery.external_id))
        try:
            stored = self._journal.begin(self._channel, delivery)
        except NotStored:
            self._metrics.rejected(self._channel, "not_stored")
            raise
        stored.add_done_callback(partial(self._count, began))
        return stored

    def _count(self, began: float, stored: asyncio.Future[Accepted]) -> None:
        if stored.cancelled() or stored.exception():
            self._metrics.rejected(self._channel, "not_stored")
            return
        new, seconds = stored.result().new, time.perf_counter() - began
        self._metrics.accepted(self._channel, new=new, known=not new, seconds=seconds)

    def _allowed(self) -> Callable[[Transaction], None]:
        lead, epoch = self._lead, self._lead.epoch
        if epoch is None:
            raise NotStored("another process asks this provider now")

        def allowed(tx: Transaction) -> None:
            if not lead.holds(tx, epoch):
                raise Superseded

        return allowed

    async def cursor(self, name: str = "") -> str:
        """How far this channel has read, as it last told `accept`; "" at first."""
        known = await self._database.read(lambda tx: cursors.of(tx, self._channel))
        return known.get(name, "")

    async def stored(self, external_id: str) -> bytes | None:
        """The payload accepted under this id, or None."""
        kept = self._kept_id(external_id)
        found = await self._database.read(lambda tx: work.sealed(tx, self._channel, kept))
        return self._vault.open(*found) if found else None

    def _kept_id(self, external_id: str) -> str:
        return kept_id(self._vault, self._channel, external_id)

    def case_code(self, accepted: Accepted) -> str:
        """The case code a report made of this delivery will carry."""
        return self._codes.of(accepted.id)

    async def status(self, case_code: str) -> PublicStatus | None:
        """The public status of a case, or None where no such case is known."""
        code = read_case_code(case_code)
        if not code:
            return None
        found = await self._database.read(lambda tx: _status(tx, code))
        if found is None:
            return None
        status, steps = found
        return PublicStatus(
            case_code=status.case_code,
            state=status.state,
            received_at=moment(status.received_at),
            updated_at=moment(status.updated_at),
            steps=shown(steps),
        )

    async def cases(self, wanted: CaseQuery) -> list[PublicCase]:
        """Public cases, newest first; private and confidential ones are not among them."""
        return await self._database.read(lambda tx: public_cases.find(tx, self._vault, wanted))

    def topics(self) -> Sequence[Topic]:
        """Every kind of complaint the gateway tells apart."""
        return self._topics

    def self_told(self, message: InboundMessage) -> Sequence[str]:
        """What an anonymous message tells of who wrote it, by its kinds."""
        return self_told(hear(message).message)

    def trouble(self, kind: Trouble | None, detail: str = "") -> None:
        """What is wrong with the channel now, or None: all is well again."""
        self._troubles.note(self._channel, kind, detail)


def _always(tx: Transaction) -> None:
    del tx


def _status(tx: Transaction, code: str) -> tuple[records.Status, list[timeline.Kept]] | None:
    status = records.status_of(tx, code)
    return (status, timeline.kept(tx, status.record_id)) if status else None
