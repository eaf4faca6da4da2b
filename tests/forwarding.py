"""What several tests of the forwarder need: entries, records, rules."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from channels.contract import Outcome
from forwarder.backoff import Policy
from forwarder.claiming import Claim, claim
from forwarder.item import Item, Result, Rules
from forwarder.outbox import Entry, put, settle
from forwarder.outbox_desk import retry
from forwarder.ports import Database, Transaction, Vault
from forwarder.push import Push
from normalizer.record import Agency, Judgement, Record, Reporter, Urgency

NOW = 1_767_403_800_000
STORE = "central:store"
SMS = "channel:sms"
POLICY = Policy()


def record_id(number: int) -> str:
    """The id of an invented record."""
    return str(UUID(int=number))


def document(number: int, revision: int = 1, text: str = "Lampu jalan padam") -> bytes:
    """An invented record as JSON."""
    nobody = Judgement(value=None, confidence=0.0)
    return msgspec.json.encode(
        Record(
            record_id=record_id(number),
            revision=revision,
            case_code=f"C{number:07}X",
            received_at=datetime(2026, 1, 3, 1, 30, 0, 123456, tzinfo=UTC),
            sent_at=None,
            channel="sms",
            external_id=f"m-{number}",
            visibility="public",
            reporter=Reporter(pseudonym="p" * 32),
            anonymous=False,
            confidential=True,
            text=text,
            clean_text=text.lower(),
            title="Lampu",
            language="id",
            type=Judgement(value="pengaduan", confidence=0.9, why=("padam",)),
            topic=nobody,
            agency=Agency(value=None, confidence=0.0),
            urgency=Urgency(),
        )
    )


def push(number: int, revision: int = 1, *, doubtful: bool = False) -> Push:
    """A push of an invented record."""
    return Push(
        record_id=record_id(number),
        revision=revision,
        document=document(number, revision),
        created_at=NOW,
        doubtful=doubtful,
    )


def record_entry(number: int, revision: int = 1) -> Entry:
    """A record on its way to the store."""
    return Entry(
        record_id=record_id(number),
        kind="record",
        revision=revision,
        target=STORE,
        lane=record_id(number),
        body=document(number, revision),
        due=NOW,
    )


def reply_entry(
    number: int, *, lane: str = "a", kind: str = "receipt", due: int = NOW, revision: int = 1
) -> Entry:
    """An answer on its way to a citizen."""
    return Entry(
        record_id=record_id(number),
        kind=kind,
        revision=revision,
        target=SMS,
        lane=lane,
        body=b'{"text":"Laporan diterima"}',
        due=due,
    )


def rules(*, resend: bool, policy: Policy = POLICY) -> Rules:
    """Rules without chance or consequences."""
    return Rules(policy=policy, resend=resend, jitter=lambda: 0.0, on_delivered=lambda *_: None)


class Desk:
    """An outbox driven by hand, as a worker would."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def put(self, *entries: Entry, now: int = NOW) -> None:
        """Write entries down."""
        await self._database.write(lambda tx: put(tx, self._vault, entries, now))

    async def claim(
        self, target: str = STORE, *, owner: str = "w1", limit: int = 100, now: int = NOW
    ) -> list[Item]:
        """Claim for a minute."""
        resend = target.startswith("central:")
        wanted = Claim(target=target, owner=owner, limit=limit, lease_ms=60_000, resend=resend)
        return await self._database.write(lambda tx: claim(tx, wanted, now))

    async def retry(self, id_: int, *, now: int = NOW) -> None:
        """Try a parked row again."""
        await self._database.write(lambda tx: retry(tx, [id_], now))

    async def settle(
        self,
        items: Sequence[Item],
        outcome: Outcome,
        *,
        now: int = NOW,
        with_rules: Rules | None = None,
    ) -> dict[str, int]:
        """Settle all items with the same outcome."""
        results = [Result(item=item, outcome=outcome) for item in items]
        chosen = with_rules or rules(resend=items[0].target.startswith("central:"))
        counts, _ = await self._database.write(lambda tx: settle(tx, results, chosen, now))
        return dict(counts)

    async def rows(self, columns: str) -> list[tuple[object, ...]]:
        """Columns of all rows, oldest first."""

        def look(tx: Transaction) -> list[tuple[object, ...]]:
            return [tuple(row) for row in tx.all(f"select {columns} from outbox order by id")]

        return await self._database.read(look)
