"""Cases as the way back finds them: records of people, passed on to stores."""

import msgspec
from forwarding import NOW, document, record_id

from channels.contract import Receipt
from forwarder import claiming, outbox
from forwarder.backoff import Policy
from forwarder.claiming import Claim
from forwarder.item import Result, Rules
from forwarder.outbox import Entry
from forwarder.ports import Transaction
from forwarder.update import Update
from gateway import records
from gateway.records import Joined, Written
from gateway.store import Store
from gateway.vault import Vault
from normalizer.record import Record

STORE = "ministry"


async def reported(  # noqa: PLR0913 (what tells one report from another)
    database: Store,
    vault: Vault,
    number: int,
    *,
    channel: str = "sms",
    to: str = "+6281200000001",
    language: str = "id",
    urgency: str = "biasa",
    lane: str = "",
    cluster: str = "",
    contact: str = "",
    anonymous: bool = False,
    confidential: bool = False,
    at: int = NOW,
) -> str:
    """A report of somebody, on its way nowhere; its id."""
    record = msgspec.json.decode(document(number), type=Record)
    record = msgspec.structs.replace(
        record,
        channel=channel,
        language=language,
        anonymous=anonymous,
        confidential=confidential,
        urgency=msgspec.structs.replace(record.urgency, value=urgency),
    )
    identity = {"return_address": to, "sender": to, "name": "", "contact": contact}
    written = Written(
        record_id=record_id(number),
        revision=1,
        case_code=f"C{number:07}X",
        channel=channel,
        external_id=f"m-{number}",
        received_at=at,
        pseudonym=lane or f"{number:032x}",
        document=vault.seal(msgspec.json.encode(record)),
        identity=vault.seal(msgspec.json.encode(identity)),
        keys=(),
        number=number,
        joined=Joined(cluster=cluster, same=True, fresh=True) if cluster else None,
    )
    await database.write(lambda tx: records.write(tx, [written], now=at))
    return record_id(number)


async def passed_on(
    database: Store, vault: Vault, number: int, reference: str, *, store: str = STORE
) -> None:
    """The store takes a report and gives it a number of its own."""
    target = f"central:{store}"
    entry = Entry(
        record_id=record_id(number),
        kind="record",
        revision=1,
        target=target,
        lane=record_id(number),
        body=document(number),
        due=NOW,
    )
    rules = Rules(policy=Policy(), resend=True, jitter=lambda: 0.0, on_delivered=_forwarded)

    def carry(tx: Transaction) -> None:
        outbox.put(tx, vault, [entry], NOW)
        wanted = Claim(target=target, owner="w", limit=9, lease_ms=1, resend=True)
        results = [
            Result(item=item, outcome=Receipt(reference=reference))
            for item in claiming.claim(tx, wanted, NOW)
        ]
        outbox.settle(tx, results, rules, NOW)

    await database.write(carry)


def update(name: str, *, at: int = 0, **said: object) -> Update:
    """An update, so many seconds after the report."""
    return msgspec.convert({"update_id": name, "at": NOW + at * 1000, **said}, type=Update)


async def state_of(database: Store, number: int) -> str:
    """The public state of a case."""
    found = await database.read(lambda tx: records.status_by_id(tx, record_id(number)))
    assert found
    return found.state


def _forwarded(tx: Transaction, items: object, now: int) -> None:
    records.forwarded(tx, [item.record_id for item in items], now)  # type: ignore[attr-defined]
