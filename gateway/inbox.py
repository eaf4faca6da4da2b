"""What one channel sees of the gateway: the journal under its name, codes, public states."""

import time
from collections.abc import Sequence

from channels.contract import Accepted, Delivery, NotStored, PublicStatus
from forwarder.ports import Database
from gateway import records
from gateway.codes import CaseCodes
from gateway.journal import Journal
from gateway.metrics import Metrics
from gateway.naming import moment
from normalizer.codes import read_case_code


class ChannelInbox:
    """`channels.contract.Inbox` for one channel."""

    def __init__(
        self,
        channel: str,
        *,
        journal: Journal,
        codes: CaseCodes,
        database: Database,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._journal = journal
        self._codes = codes
        self._database = database
        self._metrics = metrics

    async def accept(self, deliveries: Sequence[Delivery]) -> list[Accepted]:
        """Return when every delivery is on disk; raise NotStored when that cannot be promised."""
        began = time.perf_counter()
        try:
            accepted = await self._journal.accept(self._channel, deliveries)
        except NotStored:
            self._metrics.rejected(self._channel, "not_stored")
            raise
        new = sum(item.new for item in accepted)
        self._metrics.accepted(
            self._channel,
            new=new,
            known=len(accepted) - new,
            seconds=time.perf_counter() - began,
        )
        return accepted

    def case_code(self, accepted: Accepted) -> str:
        """The case code a report made of this delivery will carry."""
        return self._codes.of(accepted.id)

    async def status(self, case_code: str) -> PublicStatus | None:
        """The public status of a case, or None where no such case is known."""
        code = read_case_code(case_code)
        if not code:
            return None
        status = await self._database.read(lambda tx: records.status_of(tx, code))
        if status is None:
            return None
        return PublicStatus(
            case_code=status.case_code,
            state=status.state,
            received_at=moment(status.received_at),
            updated_at=moment(status.updated_at),
        )
